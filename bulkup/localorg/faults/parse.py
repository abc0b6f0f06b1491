"""Reads a plan of faults from TOML, and says exactly what is wrong with one that is."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bulkup.localorg.faults.plan import FaultAction, FaultPlan, JobFault, RequestFault

_STATES = ("Open", "UploadComplete", "InProgress", "JobComplete")
_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
_STATUSES = range(200, 600)
_NEEDS = dict.fromkeys(
    ("status", "body", "content_type", "retry_after", "works"), FaultAction.STATUS
)


class FaultPlanError(Exception):
    """A plan that can't be used: the file, the key in it, and what is allowed there."""

    def __init__(self, file: str, key: str, allowed: str) -> None:
        where = f"{file}: {key}: " if key else f"{file}: "
        super().__init__(where + allowed)
        self.file = file
        self.key = key
        self.allowed = allowed


@dataclass(frozen=True, slots=True)
class _Rule:
    allowed: str
    holds: Callable[[Any], bool]


def _one_of(*values: str) -> _Rule:
    return _Rule("one of " + ", ".join(values), lambda value: value in values)


def _whole(least: int) -> _Rule:
    return _Rule(
        f"a whole number from {least} on",
        lambda v: isinstance(v, int) and not isinstance(v, bool) and v >= least,
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TEXT = _Rule("a text", lambda value: isinstance(value, str))
_FLAG = _Rule("true or false", lambda value: isinstance(value, bool))
_SHARE = _Rule("a number from 0 to 1", lambda value: _is_number(value) and 0 <= value <= 1)
_SECONDS = _Rule("a number of seconds, 0 or more", lambda value: _is_number(value) and value >= 0)
_STATUS = _Rule("a status from 200 to 599", lambda value: type(value) is int and value in _STATUSES)
_WAIT = _Rule(
    "a whole number of seconds or a HTTP date",
    lambda value: isinstance(value, str) or (type(value) is int and value >= 0),
)

_REQUEST: Mapping[str, _Rule] = {
    "act": _one_of(*[act.value for act in FaultAction]),
    "method": _one_of("GET", "POST", "PUT", "PATCH", "DELETE"),
    "path": _TEXT,
    "nth": _whole(1),
    "times": _whole(0),
    "status": _STATUS,
    "body": _TEXT,
    "content_type": _TEXT,
    "retry_after": _WAIT,
    "works": _FLAG,
    "seconds": _SECONDS,
}
_JOB: Mapping[str, _Rule] = {
    "object": _TEXT,
    "operation": _one_of(*_OPERATIONS),
    "nth": _whole(1),
    "times": _whole(0),
    "fail_after": _whole(0),
    "error": _TEXT,
    "locked": _SHARE,
    "unprocessed": _SHARE,
    "lag": _whole(0),
    "abort_lands": _whole(0),
    "late_rows": _whole(0),
    "late_after": _SECONDS,
    "missing": _SHARE,
    "missing_answers": _whole(0),
    "gone": _one_of(*_STATES),
}


def read_plan(path: Path) -> FaultPlan:
    """The plan in this file. Raises FaultPlanError, with what is allowed, for one that is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FaultPlanError(str(path), "", error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise FaultPlanError(str(path), "", "it is not UTF-8") from error
    return parse_plan(text, file=str(path))


def parse_plan(text: str, *, file: str = "plan") -> FaultPlan:
    """The plan in this TOML; `file` is what errors call it. Raises FaultPlanError."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FaultPlanError(file, "", f"it is no TOML: {error}") from error
    for name in data:
        if name not in {"request", "job"}:
            raise FaultPlanError(file, name, "not known; known are [[request]] and [[job]]")
    requests = [_request(file, key, table) for key, table in _tables(file, data, "request")]
    jobs = [
        JobFault(**_checked(file, key, table, _JOB)) for key, table in _tables(file, data, "job")
    ]
    return FaultPlan(requests=requests, jobs=jobs)


def _tables(file: str, data: Mapping[str, Any], name: str) -> list[tuple[str, Mapping[str, Any]]]:
    tables = data.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise FaultPlanError(file, name, f"must be tables, each under a line [[{name}]]")
    return [(f"{name} {number}", table) for number, table in enumerate(tables, 1)]


def _request(file: str, key: str, table: Mapping[str, Any]) -> RequestFault:
    values = _checked(file, key, table, _REQUEST)
    if "act" not in values:
        raise FaultPlanError(file, f"{key}: act", f"must be there: {_REQUEST['act'].allowed}")
    values["act"] = FaultAction(values["act"])
    for name, act in _NEEDS.items():
        if name in values and values["act"] is not act:
            raise FaultPlanError(file, f"{key}: {name}", f'only for act = "{act.value}"')
    return RequestFault(**values)


def _checked(
    file: str, key: str, table: Mapping[str, Any], rules: Mapping[str, _Rule]
) -> dict[str, Any]:
    for name, value in table.items():
        if name not in rules:
            known = ", ".join(rules)
            raise FaultPlanError(file, f"{key}: {name}", f"not known; known are {known}")
        if not rules[name].holds(value):
            raise FaultPlanError(
                file, f"{key}: {name}", f"{value!r} is not allowed; it takes {rules[name].allowed}"
            )
    return dict(table)
