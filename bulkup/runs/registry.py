"""This machine's runs: how each stands, and which one the user means."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from bulkup.errors import BulkupError, RunError, RunNotFound
from bulkup.model import Chunk
from bulkup.runs.events import Abandoned, Event, RunPaused, Stopping, Superseded
from bulkup.runs.journal import over
from bulkup.runs.run_dir import Run, RunDir, all_runs, chunks_of, open_run
from bulkup.runs.state import State
from bulkup.runs.takeover import superseded_by
from bulkup.state_dir import StateDir

RECENT = timedelta(days=7)
PREPARED_WITHIN = timedelta(days=1)
"""A folder that nothing was written into for so long is no run that is being prepared."""
RUNNING, KILLED, ABANDONED, SUPERSEDED = "running", "killed", "abandoned", "superseded"
DAMAGED = "damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """How a run stands. `state` is a State, or one of the five words of this module."""

    run: Run = field(repr=False)
    state: str
    superseded_by: str = ""
    resumable: bool = False

    @property
    def retriable(self) -> bool:
        """Whether `retry` may take the run's rows over."""
        return self.state in {State.COMPLETE, State.PARTIAL, State.FAILED}

    @property
    def way_on(self) -> str:
        """What to type to go on, or nothing."""
        if self.resumable:
            return f"bulkup resume {self.run.name}"
        if self.state in {State.PARTIAL, State.FAILED}:
            return f"bulkup retry {self.run.name}"
        if self.state == DAMAGED:
            return f"bulkup runs {self.run.name} --abandon"
        return f"superseded by {self.superseded_by}" if self.superseded_by else ""


def run_status(run: Run, events: Sequence[Event] | None = None) -> RunStatus:
    """How a run stands, from its journal; `events` where they are at hand, the run being held.

    Raises:
        RunError: the journal is damaged.
    """
    held = events is not None
    events = run.events() if events is None else events
    for event in events:
        if isinstance(event, Superseded):
            return RunStatus(run=run, state=SUPERSEDED, superseded_by=event.by)
        if isinstance(event, Abandoned):
            return RunStatus(run=run, state=ABANDONED)
    if not held and in_use(run.folder):
        return RunStatus(run=run, state=RUNNING)
    if not events and (by := _passed_over(run)):
        return RunStatus(run=run, state=SUPERSEDED, superseded_by=by)
    last = events[-1] if events else None
    if not isinstance(last, RunPaused):
        return RunStatus(run=run, state=KILLED, resumable=True)
    over = State(last.state).over
    ended_by_user = any(isinstance(event, Stopping) for event in events)
    stopped_by_limit = (
        last.state == State.PARTIAL and not ended_by_user and bool(open_chunks(run, events))
    )
    return RunStatus(run=run, state=last.state, resumable=not over or stopped_by_limit)


def _passed_over(run: Run) -> str:
    """The run that took the rows over which this retry never came to send, or nothing."""
    if not run.plan.retry_of:
        return ""
    try:
        by = superseded_by(replace(run, files=RunDir(run.folder.parent / run.plan.retry_of)))
    except RunError:
        return ""  # its own damage is its own story
    return by if by != run.name else ""


def open_chunks(run: Run, events: Sequence[Event]) -> list[Chunk]:
    """The chunks of the plan and of further rounds that are not at their end."""
    ended = over(events)
    return [chunk for chunk in chunks_of(run, events) if chunk.number not in ended]


def in_use(folder: Path) -> bool:
    """Whether another process works on the folder's run now."""
    try:
        with FileLock(RunDir(folder).lock, timeout=0, mode=0o600):
            return False
    except Timeout:
        return True


def all_run_statuses(places: StateDir) -> list[RunStatus]:
    """All runs, newest first; those whose plan can't be read are left out."""
    found = []
    for folder in all_runs(places):
        try:
            run = open_run(folder)
        except BulkupError:
            continue
        try:
            found.append(run_status(run))
        except BulkupError:
            found.append(RunStatus(run=run, state=DAMAGED))
    # The folders' names tell the second only, and are the user's to change.
    return sorted(found, key=lambda one: one.run.plan.created, reverse=True)


def find_run(places: StateDir, name: str) -> Run:
    """The run of that name.

    Raises:
        RunError: there is none.
    """
    if not name or Path(name).name != name:
        raise RunNotFound(f"{name!r} is not the name of a run")
    return open_run(places.runs / name)


def find_run_to_resume(places: StateDir, now: datetime) -> Run:
    """The only unfinished run of the last seven days.

    Raises:
        RunError: there is none, or there are several, which are then listed.
    """
    recent = [s for s in all_run_statuses(places) if s.resumable and _made(s.run) > now - RECENT]
    if len(recent) == 1:
        return recent[0].run
    if not recent:
        raise RunNotFound(
            "There is no unfinished run of the last 7 days", "See all runs with: bulkup runs"
        )
    names = "\n".join(f"  bulkup resume {s.run.name}   ({_words(s)})" for s in recent)
    raise RunError(
        f"There are {len(recent)} unfinished runs of the last 7 days",
        f"Name the one that you mean:\n{names}",
        name="SeveralRuns",
    )


def find_run_to_retry(places: StateDir) -> Run:
    """The newest run that is over and not superseded.

    Raises:
        RunError: there is none.
    """
    for one in all_run_statuses(places):
        if one.retriable:
            return one.run
    raise RunNotFound("There is no run that is over", "See all runs with: bulkup runs")


def prune(places: StateDir, older_than: timedelta, now: datetime) -> list[str]:
    """Remove the directories of runs that are over and older than that; their names.

    And those in which no plan was ever written: whatever prepared them has died.
    """
    gone = []
    all_ = all_run_statuses(places)
    unfinished = {one.run.name for one in all_ if one.resumable or one.state in {RUNNING, DAMAGED}}
    needed = {one.run.plan.retry_of for one in all_ if one.run.name in unfinished}
    for one in all_:
        if one.run.name not in unfinished | needed and _made(one.run) < now - older_than:
            shutil.rmtree(one.run.folder, ignore_errors=True)
            gone.append(one.run.name)
    for folder in _never_planned(places, now - max(older_than, PREPARED_WITHIN)):
        shutil.rmtree(folder, ignore_errors=True)
        gone.append(folder.name)
    return gone


def _never_planned(places: StateDir, before: datetime) -> list[Path]:
    """The folders without a plan in which nothing has changed since then."""
    folders = [path for path in places.runs.glob("*") if path.is_dir()]
    return [
        folder
        for folder in folders
        if not RunDir(folder).plan.exists() and _changed(folder) < before.timestamp()
    ]


def _changed(folder: Path) -> float:
    """The last change of anything in a folder, in seconds since 1970; now, if it is at work."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
    except OSError:
        return time.time()


def _made(run: Run) -> datetime:
    return datetime.fromisoformat(run.plan.created).astimezone(UTC)


def _words(one: RunStatus) -> str:
    plan = one.run.plan
    return f"{plan.target.operation} {plan.target.object} from {plan.source.name}, {one.state}"
