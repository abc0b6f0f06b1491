"""The run directory: a plan that never changes, a journal, a lock, and Salesforce's answers."""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from filelock import FileLock, Timeout

from bulkup import __version__
from bulkup.clock import Clock
from bulkup.errors import NotWritable, RunError, RunNotFound
from bulkup.files import sync, write_private
from bulkup.model import Chunk, Part, Source
from bulkup.runs.events import Event, RetryRound, RunPaused, RunStarted
from bulkup.runs.job_results import Answers
from bulkup.runs.journal import Journal, begin, journal_damaged, read
from bulkup.runs.place import Place, place_of
from bulkup.runs.plan import READABLE_FORMATS, Plan
from bulkup.runs.words import plan_of, plan_text
from bulkup.state_dir import StateDir

LOCK_SECONDS = 0.3
"""How long to wait for the lock: `bulkup runs` holds each run for a moment."""


@dataclass(frozen=True, slots=True)
class RunDir:
    """Where each file of a run directory is. The only place that knows their names."""

    path: Path

    @property
    def name(self) -> str:
        """The directory's own name, which is the name of the run."""
        return self.path.name

    @property
    def plan(self) -> Path:
        """What the run is to do; without it there is no run."""
        return self.path / "plan.json"

    @property
    def journal(self) -> Path:
        """The events, one a line."""
        return self.path / "journal.jsonl"

    @property
    def lock(self) -> Path:
        """The file that is locked by the process that works on the run."""
        return self.path / "lock"

    @property
    def prepared(self) -> Path:
        """The folder of copies of the source, where the file can't be sent as it is."""
        return self.path / "prepared"

    @property
    def rows_to_send(self) -> Path:
        """The numbers of the rows to send, one a line, where not all are sent."""
        return self.prepared / "rows.txt"

    @property
    def chosen(self) -> Path:
        """The copy that holds only the rows to send."""
        return self.prepared / "chosen.csv"

    @property
    def chosen_numbers(self) -> Path:
        """Which row of the user's file each record of `chosen` is."""
        return self.prepared / "chosen.numbers.csv"

    def level_rows(self, number: int) -> Path:
        """The numbers of the rows of a level, one a line; 1 is the first level."""
        return self.prepared / f"level-{number}.txt"

    def level(self, number: int) -> Path:
        """The rows of a level after the first, which have their parents in the same file."""
        return self.prepared / f"level-{number}.csv"

    def level_numbers(self, number: int) -> Path:
        """Which row of the user's file each record of a level after the first is."""
        return self.prepared / f"level-{number}.numbers.csv"

    @property
    def sent(self) -> Path:
        """The copy without dropped columns, or with blank cells replaced."""
        return self.prepared / "sent.csv"

    @property
    def unsent(self) -> Path:
        """The rows that are in no chunk, each with its status and reason."""
        return self.path / "settled.csv"

    @property
    def invalid(self) -> Path:
        """The rows that the check leaves out."""
        return self.path / "invalid.csv"

    @property
    def results(self) -> Path:
        """The folder of Salesforce's results, as they were downloaded."""
        return self.path / "results"

    @property
    def rounds(self) -> Path:
        """The folder of the sources of retry rounds."""
        return self.path / "rounds"

    def round_source(self, part: Part) -> Path:
        """The rows of a retry round (2 is the first) of a level."""
        return self.rounds / f"{_part_name(part)}.csv"

    def round_numbers(self, part: Part) -> Path:
        """Which row of the user's file each record of a retry round is."""
        return self.rounds / f"{_part_name(part)}.numbers.csv"

    @property
    def outcome(self) -> Path:
        """The folder that tells the final status of each row, without the rows, for `retry`."""
        return self.path / "outcome"

    @property
    def work(self) -> Path:
        """The folder of DuckDB's temporary files."""
        return self.path / "work"

    def forget_rows(self) -> None:
        """Remove all copies of rows, once the result files are written."""
        for folder in (self.results, self.rounds, self.prepared, self.work):
            shutil.rmtree(folder, ignore_errors=True)


def _part_name(part: Part) -> str:
    level, number = part
    return str(number) if level == 1 else f"{level}-{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run's directory and its plan. Whoever works on it must hold it (`holding`)."""

    files: RunDir
    plan: Plan = field(repr=False)

    @property
    def folder(self) -> Path:
        """The run directory."""
        return self.files.path

    @property
    def name(self) -> str:
        """The directory's own name, by which the user calls the run."""
        return self.files.name

    def answers(self, passing: frozenset[str]) -> Answers:
        """The results of this run's jobs; `passing` are the codes of temporary errors."""
        return Answers(
            folder=self.files.results, delimiter=self.plan.csv_file.delimiter, passing=passing
        )

    def last_place(self, events: Sequence[Event]) -> Place | None:
        """Where the run directory was when a process last worked on it; None: made by 0.1.0."""
        places = [event.place for event in events if isinstance(event, RunStarted)]
        return next((place for place in reversed(places) if place), self.plan.place)

    def events(self) -> list[Event]:
        """Read the journal without holding the run.

        Raises:
            RunError: it is damaged, or lost: what was sent already can't be known then.
        """
        events = read(self.files.journal)[0]
        if self.plan.journalled and not events:
            raise journal_damaged(
                self.files.journal, f"{self.files.journal} is gone or was emptied"
            )
        return events

    @contextmanager
    def holding(self, clock: Clock) -> Iterator[Journal]:
        """Lock the run and open its journal: no other process may work on it meanwhile.

        Raises:
            RunError: another process holds it, or the journal is damaged or lost.
        """
        with self.locked():
            self.events()  # before opening it would make a new one
            with Journal(self.files.journal, clock) as journal:
                yield journal

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the run, whether its journal can be read or not.

        Raises:
            RunError: another process holds it.
        """
        lock = FileLock(self.files.lock, mode=0o600)
        try:
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout as error:
            raise held_by_another(self) from error
        except OSError as error:
            raise NotWritable(self.folder, error) from error
        try:
            yield
        finally:
            lock.release()


def held_by_another(run: Run) -> RunError:
    """The error for a run that another process works on, with that process's id if it is known."""
    try:
        turns = [event for event in run.events() if isinstance(event, RunStarted | RunPaused)]
    except RunError:
        turns = []
    last = turns[-1] if turns else None
    process = f"process {last.process}" if isinstance(last, RunStarted) else "another process"
    return RunError(
        f"Run {run.name} is running in {process}",
        "Wait for it, or end it there with ^C, and then go on with resume or stop. "
        f"See how far it is with: bulkup runs {run.name}",
        name="RunLocked",
    )


def reserve(state_dir: StateDir, stem: str) -> Path:
    """Make an empty run directory with a name of its own, for its owner only.

    Raises:
        RunError: it can't be made.
    """
    state_dir.make()
    name = re.sub(r"[^\w.-]+", "-", stem).strip("-.")
    for number in range(1, 1000):
        folder = state_dir.runs / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(mode=0o700)
            sync(state_dir.runs)
        except FileExistsError:
            continue
        except OSError as error:
            with suppress(OSError):
                folder.rmdir()
            raise NotWritable(state_dir.runs, error) from error
        return folder
    raise RunError(
        f"{state_dir.runs} holds too many runs named {name}", "Type: bulkup runs --prune 1d"
    )


def write_plan(folder: Path, plan: Plan) -> Run:
    """Write the plan, once and durably: from here on there is a run. Its journal comes first.

    Raises:
        RunError: the disk did not take it.
    """
    plan = replace(
        plan,
        source=replace(plan.source, marks=()),
        original=replace(plan.original, marks=()),
        csv_file=replace(plan.csv_file, marks=()),
        levels=tuple(
            replace(level, source=replace(level.source, marks=())) for level in plan.levels
        ),
        place=place_of(folder),
        journalled=True,
    )
    files = RunDir(folder)
    begin(files.journal, plan.created)
    write_private(files.plan, plan_text(plan, folder))
    return Run(files=files, plan=plan)


def withdraw(run: Run) -> None:
    """Remove the plan of a run of which nothing was sent, as far as the disk allows."""
    with suppress(OSError):
        run.files.plan.unlink(missing_ok=True)


def open_run(folder: Path) -> Run:
    """Read the run of a directory.

    Raises:
        RunError: there is none, or its plan is damaged or was made by a newer bulkup.
    """
    files = RunDir(folder)
    try:
        document = msgspec.json.decode(files.plan.read_bytes())
        _require_readable(folder.name, document["format"], str(document["version"]))
        plan = plan_of(document, folder)
        datetime.fromisoformat(plan.created)
        return Run(files=files, plan=plan)
    except FileNotFoundError as error:
        raise RunNotFound(f"There is no run {folder.name}") from error
    except OSError as error:
        raise RunError(
            f"The plan of run {folder.name} can't be read: {error.strerror or error}",
            f"Set the rights of {files.plan}",
            name="PlanDamaged",
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RunError(
            f"The plan of run {folder.name} is damaged: {error}",
            "What its jobs did can be seen in Salesforce under Setup, Bulk Data Load Jobs. "
            f"To be rid of it, remove the folder {folder}",
            name="PlanDamaged",
        ) from error


def _require_readable(name: str, format_: int, version: str) -> None:
    """Refuse a plan that this version can't carry out.

    Raises:
        RunError: it was written by a newer bulkup, or has a format that is not known here.
    """
    if format_ not in READABLE_FORMATS or _numbers(version) > _numbers(__version__):
        raise RunError(
            f"Run {name} was made by bulkup {version}, and this is {__version__}",
            f"Finish it with bulkup {version}.",
            name="PlanFormat",
        )


def _numbers(version: str) -> list[int]:
    """The leading numbers of a version, as [0, 1, 0]."""
    return [int(part) for part in re.findall(r"\d+", version.partition("-")[0])[:3]]


def all_runs(state_dir: StateDir) -> list[Path]:
    """List the folders of all runs that have a plan, by their names, the last first.

    Raises:
        RunError: the folder of runs can't be read.
    """
    try:
        folders = [folder for folder in state_dir.runs.iterdir() if _may_have_plan(folder)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(
            f"{state_dir.runs} can't be read: {error.strerror or error}",
            "Set the rights of the folder, or name another with BULKUP_HOME.",
            name="RunsNotReadable",
        ) from error
    return sorted(folders, key=lambda folder: folder.name, reverse=True)


def _may_have_plan(folder: Path) -> bool:
    """Whether a folder has a plan, or can't be searched, so that nobody knows."""
    try:
        return RunDir(folder).plan.exists()
    except OSError:
        return True


def with_options(run: Run, **changes: Any) -> Run:
    """Change options of the run for this process; the plan on the disk stays as it is.

    An option that is None stays as it was when the run began.
    """
    options = {name: value for name, value in changes.items() if value is not None}
    if "directory" in options:
        options["directory"] = options["directory"].absolute()
    return replace(run, plan=replace(run.plan, options=replace(run.plan.options, **options)))


def with_source(run: Run, path: Path) -> Run:
    """Change where the source of the run is, for this process."""
    path, plan = path.absolute(), run.plan

    def moved(source: Source) -> Source:
        return replace(source, path=path) if source.path == plan.source.path else source

    plan = replace(
        plan,
        source=moved(plan.source),
        original=moved(plan.original),
        csv_file=moved(plan.csv_file),
    )
    return replace(run, plan=plan)


def chunks_of(run: Run, events: Sequence[Event]) -> list[Chunk]:
    """List the chunks of the plan and of the retry rounds."""
    rounds = [chunk for event in events if isinstance(event, RetryRound) for chunk in event.chunks]
    return [*run.plan.chunks, *rounds]
