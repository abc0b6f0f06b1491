"""The runs of this machine: their status, and which one the user means."""

import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from bulkup.errors import BulkupError, RunError, RunNotFound
from bulkup.model import Chunk, Status
from bulkup.runs.events import Abandoned, Event, RunPaused, RunStarted, Stopping, Superseded
from bulkup.runs.journal import is_begun, over
from bulkup.runs.run_dir import Run, RunDir, all_runs, chunks_of, held_by_another, open_run
from bulkup.runs.state import SUCCESS_STATUSES, State
from bulkup.runs.takeover import superseded_by
from bulkup.state_dir import StateDir
from bulkup.text import amount

RECENT = timedelta(days=7)
PREPARED_WITHIN = timedelta(days=1)
"""A folder without a plan that has not changed for so long is not being prepared any more."""
RUNNING, KILLED, ABANDONED, SUPERSEDED = "running", "killed", "abandoned", "superseded"
DAMAGED, OTHER_VERSION = "damaged", "other version"
LAST = "last"
NUMBER = re.compile(r"[0-9]{1,9}")
"""How a user may name a run beside its name: `last`, or its number in the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """The status of a run. `state` is a `State`, or one of the words of this module.

    `damage` says what is wrong with the journal of a damaged run.
    """

    run: Run = field(repr=False)
    state: str
    superseded_by: str = ""
    resumable: bool = False
    damage: str = ""

    @property
    def name(self) -> str:
        """The name of the run."""
        return self.run.name

    @property
    def made(self) -> datetime:
        """When the plan was written."""
        return datetime.fromisoformat(self.run.plan.created).astimezone(UTC)

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
    """Read the status of a run from its journal, or from `events` where the caller holds the run.

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
    if not is_begun(events) and (by := _passed_over(run)):
        return RunStatus(run=run, state=SUPERSEDED, superseded_by=by)
    turns = [event for event in events if isinstance(event, RunStarted | RunPaused)]
    last = turns[-1] if turns else None
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
    except OSError:
        return False  # who can't write here can't work on the run either


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRun:
    """A run whose plan is damaged, or can't be carried out by this version: `error` says which."""

    files: RunDir
    error: BulkupError
    made: datetime

    @property
    def name(self) -> str:
        """The name of the run."""
        return self.files.name

    @property
    def state(self) -> str:
        """The word for the list of runs."""
        return OTHER_VERSION if self.error.name == "PlanFormat" else DAMAGED

    @property
    def damage(self) -> str:
        """What is wrong, in a sentence."""
        return self.error.message


def list_runs(state_dir: StateDir) -> list[RunStatus | UnreadableRun]:
    """All runs, newest first. The number by which a user may name a run counts from 1 here."""
    # The folders' names tell the second only, and are the user's to change.
    return sorted(map(status_of, all_runs(state_dir)), key=lambda run: run.made, reverse=True)


def status_of(folder: Path) -> RunStatus | UnreadableRun:
    """How the run of a directory stands, whatever is damaged there."""
    try:
        run = open_run(folder)
    except BulkupError as error:
        files = RunDir(folder)
        made = datetime.fromtimestamp(_last_change(files.plan), UTC)
        return UnreadableRun(files=files, error=error, made=made)
    try:
        return run_status(run)
    except BulkupError as error:
        return RunStatus(run=run, state=DAMAGED, damage=error.message)


def all_run_statuses(state_dir: StateDir) -> list[RunStatus]:
    """The runs whose plan can be read, newest first."""
    return [run for run in list_runs(state_dir) if isinstance(run, RunStatus)]


def find_run(state_dir: StateDir, name: str) -> Run:
    """The run of that name, else the one that `last`, a number or a beginning of its name means.

    Raises:
        RunError: there is none, there are several, or its plan can't be read.
    """
    names = [folder.name for folder in all_runs(state_dir)]
    if name in names:
        return open_run(state_dir.runs / name)
    if numbered := _run_by_number(state_dir, name):
        if isinstance(numbered, UnreadableRun):
            raise numbered.error
        return numbered.run
    matching = [other for other in names if name and other.startswith(name)]
    if len(matching) > 1:
        lines = "\n".join(f"  {other}" for other in matching)
        raise RunError(
            f"The names of {len(matching)} runs begin with {name}",
            f"Name the one that you mean:\n{lines}",
            name="SeveralRuns",
        )
    if not matching:
        raise RunNotFound(f"There is no run {name}" if name else "The name of a run is empty")
    return open_run(state_dir.runs / matching[0])


def _run_by_number(state_dir: StateDir, name: str) -> RunStatus | UnreadableRun | None:
    """The run that a number of the list or `last` means, if any."""
    number = 1 if name == LAST else int(name) if NUMBER.fullmatch(name) else 0
    runs = list_runs(state_dir) if number else []
    return runs[number - 1] if 0 < number <= len(runs) else None


def find_run_to_resume(state_dir: StateDir, now: datetime) -> Run:
    """The only unfinished run of the last seven days.

    Raises:
        RunError: there is none, or there are several, which are then listed; with them those that
            can't be read.
    """
    recent = [run for run in list_runs(state_dir) if run.made > now - RECENT]
    resumable = [run for run in recent if isinstance(run, RunStatus) and run.resumable]
    if len(resumable) == 1:
        return resumable[0].run
    damaged = [run for run in recent if run.damage]
    running = [run.name for run in recent if run.state == RUNNING]
    if not resumable and not damaged and running:
        raise _running(state_dir, running)
    if not resumable and not damaged:
        raise RunNotFound(
            "There is no unfinished run of the last 7 days", "See all runs with: bulkup runs"
        )
    lines = [f"  bulkup resume {run.name}   ({_describe(run)})" for run in resumable]
    lines += [f"  {run.name}   ({run.damage})" for run in damaged]
    if not resumable:
        raise RunError(
            f"{amount(len(damaged), 'run')} of the last 7 days can't be read, and no other is "
            "unfinished",
            "\n".join(["What is damaged:", *lines, "See all runs with: bulkup runs"]),
            name="RunDamaged",
        )
    raise RunError(
        f"There are {len(resumable)} unfinished runs of the last 7 days",
        "\n".join(["Name the one that you mean:", *lines]),
        name="SeveralRuns",
    )


def _running(state_dir: StateDir, names: Sequence[str]) -> RunError:
    """The error for runs that other processes hold, with what to do."""
    errors = [held_by_another(open_run(state_dir.runs / name)) for name in names]
    return RunError(
        "; ".join(error.message for error in errors), errors[0].hint, name=errors[0].name
    )


def find_run_to_retry(state_dir: StateDir, *, include_unknown: bool = False) -> Run:
    """The newest run that is over, not superseded, and has rows to send.

    Where none has rows to send it is the newest of the others.

    Raises:
        RunError: no run is over.
    """
    retriable = [status for status in all_run_statuses(state_dir) if status.retriable]
    if not retriable:
        raise RunNotFound("There is no run that is over", "See all runs with: bulkup runs")
    with_rows = (
        status for status in retriable if _has_rows_to_send(status, include_unknown=include_unknown)
    )
    return next(with_rows, retriable[0]).run


def _has_rows_to_send(status: RunStatus, *, include_unknown: bool) -> bool:
    """Whether a retry of a run that is over would send anything; True where it can't be known."""
    if status.state == State.COMPLETE:
        return False
    from bulkup.results.row_files import count_outcome  # noqa: PLC0415 -- DuckDB loads slowly

    kept = SUCCESS_STATUSES if include_unknown else {*SUCCESS_STATUSES, Status.UNKNOWN}
    files = status.run.files
    try:
        return bool(set(count_outcome(files.outcome, files.work)) - kept)
    except BulkupError:
        return True


def prune(state_dir: StateDir, older_than: timedelta, now: datetime) -> list[str]:
    """Remove the directories of runs that are over and older than that; their names.

    And those in which no plan was ever written: whatever prepared them has died.
    """
    removed = []
    runs = all_run_statuses(state_dir)
    unfinished = [run for run in runs if run.resumable or run.state in {RUNNING, DAMAGED}]
    needed = {run.name for run in unfinished} | {run.run.plan.retry_of for run in unfinished}
    for run in runs:
        if run.name not in needed and run.made < now - older_than:
            shutil.rmtree(run.run.folder, ignore_errors=True)
            removed.append(run.name)
    for folder in _never_planned(state_dir, now - max(older_than, PREPARED_WITHIN)):
        shutil.rmtree(folder, ignore_errors=True)
        removed.append(folder.name)
    return removed


def _never_planned(state_dir: StateDir, before: datetime) -> list[Path]:
    """The folders without a plan in which nothing has changed since then."""
    folders = [path for path in state_dir.runs.glob("*") if path.is_dir()]
    return [
        folder
        for folder in folders
        if not RunDir(folder).plan.exists() and _last_change(folder) < before.timestamp()
    ]


def _last_change(path: Path) -> float:
    """The last change of a file, or of anything in a folder, in seconds since 1970.

    Now, where it changes meanwhile.
    """
    try:
        return max(inner.stat().st_mtime for inner in (path, *path.rglob("*")))
    except OSError:
        return time.time()


def _describe(status: RunStatus) -> str:
    plan = status.run.plan
    return f"{plan.target.operation} {plan.target.object} from {plan.source.name}, {status.state}"
