"""A header against the object's describe: what each column is sent as, what is wrong with it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bulkup.check.column import Column
from bulkup.check.relationships import Relation, relation
from bulkup.check.requirements import (
    BY_ID,
    doubled,
    key_field,
    missing,
    object_findings,
    unwritable,
)
from bulkup.check.rules import finding
from bulkup.csvfile.records import is_own
from bulkup.errors import InputError
from bulkup.model import Field, Finding, ObjectInfo, Target
from bulkup.text import as_argument, closest, plain

NOT_LOADABLE = frozenset({"UNKNOWN_COLUMN", "COLUMN_NOT_LOADABLE", "RELATIONSHIP_UNKNOWN"})
"""Codes of columns that `--drop-unknown` leaves out."""

OTHER_TOOLS = frozenset({"_", "__Status", "__Id", "__Action", "__Errors", "ERROR", "STATUS"})
"""Columns that Salesforce Inspector and Data Loader add to the files that they write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What is sent, what is left out (by `--drop`, or because it is ours), and the findings.

    `key` is the column by which records are found; None for an insert, or where it is missing.
    `external_id` is the key field of an upsert in the describe's own case, else None.
    """

    as_sent: tuple[Column, ...]
    left_out: tuple[str, ...]
    key: Column | None
    external_id: str | None
    findings: tuple[Finding, ...]

    @property
    def not_loadable(self) -> set[str]:
        """The columns that are no field of the object, or that the operation can't write."""
        known = {column.source for column in self.as_sent if column != self.key}
        if any(finding.code == "ONLY_ID_FOR_DELETE" for finding in self.findings):
            return known
        return known & {item.column for item in self.findings if item.code in NOT_LOADABLE}

    @property
    def names(self) -> tuple[str, ...]:
        """The header that is sent."""
        return tuple(column.name for column in self.as_sent)

    @property
    def fields(self) -> dict[str, Field | None]:
        """The described field of each column by the name that is sent."""
        return {column.name: column.field for column in self.as_sent}


def resolve(
    header: Sequence[str],
    info: ObjectInfo,
    target: Target,
    renames: Mapping[str, Sequence[str]] | None = None,
    drops: Collection[str] = (),
    *,
    parents: Mapping[str, ObjectInfo] | None = None,
) -> Columns:
    """What each column of the header is at Salesforce, all that can be said against it included.

    `renames` has the fields that a column is sent as, each of them. `parents` are the objects that
    relationship columns refer to, by name.

    Raises:
        InputError: `--map` or `--drop` name a column that the file does not have, or the target
            names a key that is none.
    """
    renames = renames or {}
    _must_exist(header, renames, drops)
    fields = {field.name.lower(): field for field in info.fields.values()}
    kept = [
        source
        for source in header
        if source in renames
        or not (source in drops or is_own(source) or _is_of_other_tool(source, fields))
    ]
    if target.operation in BY_ID and (own_id := _own_id(header, kept, renames, drops)):
        renames = {**renames, own_id: ("Id",)}
        known = {*kept, own_id}
        kept = [source for source in header if source in known]
    looked_up = [
        _column(source, name, info, fields, parents or {})
        for source, name in sent_as(kept, renames)
    ]
    as_sent = tuple(column for column, _ in looked_up)
    by = key_field(info, target, fields)
    key = next((column for column in as_sent if by and column.field == by), None)
    return Columns(
        as_sent=as_sent,
        left_out=tuple(name for name in header if name not in kept),
        key=key,
        external_id=by.name if by and target.external_id else None,
        findings=(
            *object_findings(info, target),
            *(problem for _, problem in looked_up if problem),
            *doubled(as_sent),
            *unwritable(as_sent, key, info, target),
            *missing(as_sent, key, by, info, target),
        ),
    )


def sent_as(kept: Iterable[str], renames: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Each column of the file with each name that it is sent under."""
    for source in kept:
        for name in renames.get(source, (source,)):
            yield source, name


def _is_of_other_tool(source: str, fields: Mapping[str, Field]) -> bool:
    return source in OTHER_TOOLS and source.lower() not in fields


def _own_id(
    header: Sequence[str],
    kept: Sequence[str],
    renames: Mapping[str, Sequence[str]],
    drops: Collection[str],
) -> str:
    """The column `sf__Id` of a result file of ours, where no other column is the Id."""
    if "id" in {name.strip().lower() for _, name in sent_as(kept, renames)}:
        return ""
    return next((name for name in header if name.lower() == "sf__id" and name not in drops), "")


def _must_exist(
    header: Sequence[str], renames: Mapping[str, Sequence[str]], drops: Collection[str]
) -> None:
    asked = [("--map", rename) for rename in renames] + [("--drop", drop) for drop in drops]
    problems = [_no_such(option, name, header) for option, name in asked if name not in header]
    problems += [f"{rename!r} is in --map and in --drop" for rename in renames if rename in drops]
    problems += _contradictions(renames)
    if problems:
        raise InputError(
            "; ".join(problems),
            f"The file's columns are: {', '.join(header)}",
            name="UnknownColumn",
        )


def _contradictions(renames: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Fields that `--map` gives to two columns."""
    sources: dict[str, list[str]] = defaultdict(list)
    for source, names in renames.items():
        for name in names:
            sources[name.lower()].append(f"{source}={name}")
    for pairs in sources.values():
        if len(pairs) > 1:
            yield f"{' and '.join(f'--map {as_argument(pair)}' for pair in pairs)} fill one field"


def _no_such(option: str, name: str, header: Sequence[str]) -> str:
    near = closest(name, header)
    return f"{option}: the file has no column {name!r}" + (
        f", did you mean {near!r}?" if near else ""
    )


def _column(
    source: str,
    name: str,
    info: ObjectInfo,
    fields: Mapping[str, Field],
    parents: Mapping[str, ObjectInfo],
) -> tuple[Column, Finding | None]:
    wanted = name.strip()
    if field := fields.get(wanted.lower()):
        return Column(source=source, name=field.name, field=field), None
    if "." in wanted and plain(wanted):
        result = relation(source, wanted, info, parents)
        if isinstance(result, Relation):
            column = Column(
                source=source,
                name=result.name,
                reference=result.reference,
                parent_key=result.parent_key,
            )
            return column, None
        return Column(source=source, name=wanted), result
    return Column(source=source, name=wanted), _unknown(source, wanted, info)


def _unknown(source: str, name: str, info: ObjectInfo) -> Finding:
    same_label = [
        field.name
        for field in info.fields.values()
        if field.label.strip().lower() == name.lower() and field.type != "address"
    ]
    if same_label:
        arguments = " or ".join(f"--map {as_argument(f'{source}={item}')}" for item in same_label)
        message = f"{name!r} is a label: its field is {' or '.join(same_label)} ({arguments})"
        return finding("LABEL_NOT_NAME", message, column=source)
    drop = f"--drop {as_argument(source)}"
    near = closest(name, (value.name for value in info.fields.values() if value.type != "address"))
    if near:
        advice = f"did you mean {near}? (--map {as_argument(f'{source}={near}')}, or {drop})"
    else:
        advice = f"name its field with --map, or leave it out with {drop}"
    message = f"{info.name} has no field {name!r}: {advice}"
    return finding("UNKNOWN_COLUMN", message, column=source)
