"""Faults to order: which requests go wrong and how, and which jobs."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from bulkup.localorg.http.messages import ConnectionFault, Fault

FOR_EVER = 0
LATE_AFTER = 60.0


class FaultAction(StrEnum):
    """What happens to a request."""

    STATUS = "status"
    """It is answered with a status and body of the plan's; the work is done only if `works`."""

    EXPIRE_TOKEN = "expire-token"  # noqa: S105  # an act, not a token
    """The token that it carries is over from now on; then it is answered as ever: 401."""

    RESET = ConnectionFault.RESET.value
    RESET_UPLOAD = ConnectionFault.RESET_UPLOAD.value
    LOST = ConnectionFault.LOST.value
    CUT = ConnectionFault.CUT.value
    SLOW = ConnectionFault.SLOW.value
    HANG = ConnectionFault.HANG.value


_SECONDS = {FaultAction.SLOW: 5.0, FaultAction.HANG: 3600.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFault:
    """What happens to the nth request that matches, and to the `times` - 1 matching ones after it.

    `method` is any when empty; `path` is a pattern (`*`, `?`, `[…]`) for the path without the
    query; `times` 0 is for ever. `retry_after` is sent as it is: seconds or a HTTP date.
    `seconds` is how long SLOW (5 if not said) and HANG (3600) take.
    """

    act: FaultAction
    method: str = ""
    path: str = "*"
    nth: int = 1
    times: int = 1
    status: int = 503
    body: str | None = None
    content_type: str = "application/json;charset=UTF-8"
    retry_after: str | int | None = None
    works: bool = False
    seconds: float | None = None

    def counts(self, method: str, path: str) -> bool:
        """Whether this request is of the kind that the entry counts."""
        return self.method.upper() in ("", method.upper()) and fnmatchcase(path, self.path)

    def applies_to(self, count: int) -> bool:
        """Whether the fault applies to the `count`th counted request, from 1."""
        if count < self.nth:
            return False
        return self.times == FOR_EVER or count < self.nth + self.times

    @property
    def on_the_way(self) -> Fault | None:
        """The trouble that whoever carries the request has to act out, if it is one of those."""
        if self.act in {FaultAction.STATUS, FaultAction.EXPIRE_TOKEN}:
            return None
        seconds = _SECONDS.get(self.act, 0.0) if self.seconds is None else self.seconds
        return Fault(trouble=ConnectionFault(self.act.value), seconds=seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFault:
    """What happens to the nth job made (of this object and operation), and to those after it.

    `fail_after`: the job ends Failed after so many rows, with `error`. `locked`: the share of rows
    refused with UNABLE_TO_LOCK_ROW. `unprocessed`: the share of rows that is left unprocessed.
    `lag`: so many looks at the ended job still tell of half its rows. `abort_lands`: so many rows
    still land after an abort. `late_rows`: so many rows still land `late_after` seconds after the
    job was aborted or ended Failed by `fail_after`, and are unprocessed until then. `missing`: the
    share of rows that results leave out, in the first `missing_answers` answers (0: in all).
    `gone`: the job is gone (404) once it has reached this state. Shares are from 0 to 1; which
    rows is decided by the org's seed.
    """

    object: str = ""
    operation: str = ""
    nth: int = 1
    times: int = 1
    fail_after: int | None = None
    error: str = "InternalServerError : ordered fault"
    locked: float = 0.0
    unprocessed: float = 0.0
    lag: int = 0
    abort_lands: int | None = None
    late_rows: int = 0
    late_after: float = LATE_AFTER
    missing: float = 0.0
    missing_answers: int = 0
    gone: str = ""

    def counts(self, object_: str, operation: str) -> bool:
        """Whether this job is of the kind that the entry counts."""
        return self.object.lower() in ("", object_.lower()) and self.operation in ("", operation)

    def applies_to(self, count: int) -> bool:
        """Whether the fault applies to the `count`th counted job, from 1."""
        if count < self.nth:
            return False
        return self.times == FOR_EVER or count < self.nth + self.times

    def ordered(self) -> dict[str, Any]:
        """What differs from a job without faults, as the job keeps it."""
        skipped = {"object", "operation", "nth", "times"}
        return {
            key.name: value
            for key in fields(self)
            if key.name not in skipped and (value := getattr(self, key.name)) != key.default
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """All that is to go wrong. Every entry counts for itself; the first that is met acts."""

    requests: Sequence[RequestFault] = ()
    jobs: Sequence[JobFault] = ()


@dataclass(slots=True)
class Faults:
    """A plan while it is carried out: it counts. Safe for several threads."""

    plan: FaultPlan = field(default_factory=FaultPlan)
    _requests: dict[int, int] = field(default_factory=dict)
    _jobs: dict[int, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def for_request(self, method: str, path: str) -> RequestFault | None:
        """Count this request; return the first fault that applies to it, if any."""
        with self._lock:
            applicable = [
                fault
                for index, fault in enumerate(self.plan.requests)
                if fault.counts(method, path)
                and fault.applies_to(_increment(self._requests, index))
            ]
        return applicable[0] if applicable else None

    def for_job(self, object_: str, operation: str) -> Mapping[str, Any]:
        """Count this new job; return the faults for it. Several entries add up."""
        ordered: dict[str, Any] = {}
        with self._lock:
            for index, fault in enumerate(self.plan.jobs):
                if fault.counts(object_, operation) and fault.applies_to(
                    _increment(self._jobs, index)
                ):
                    ordered = fault.ordered() | ordered
        return ordered


def _increment(counts: dict[int, int], index: int) -> int:
    counts[index] = counts.get(index, 0) + 1
    return counts[index]
