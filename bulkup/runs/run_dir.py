"""The run directory: a plan that never changes, a journal, a lock, and Salesforce's answers."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec
from filelock import FileLock, Timeout

from bulkup.clock import Clock
from bulkup.errors import NotWritable, RunError, RunNotFound
from bulkup.files import sync, write_private
from bulkup.model import Chunk, Source
from bulkup.runs.events import Event, RetryRound
from bulkup.runs.job_results import Answers
from bulkup.runs.journal import Journal, read
from bulkup.runs.plan import FORMAT, Plan
from bulkup.state_dir import StateDir

_URI = "file://"
_NOT_UTF8 = re.compile("[\ud800-\udfff]")
"""Surrogates: what Python has in a file name for bytes that are not UTF-8."""

LOOKED_AT_SECONDS = 0.3
"""`bulkup runs` holds a run for a moment, to see whether somebody else does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run's directory and its plan. What is done with it, needs `holding` first."""

    folder: Path
    plan: Plan = field(repr=False)

    @property
    def name(self) -> str:
        """The directory's own name, by which the user calls the run."""
        return self.folder.name

    @property
    def journal(self) -> Path:
        """Where the events stand."""
        return self.folder / "journal.jsonl"

    @property
    def outcome(self) -> Path:
        """What became of each row, without the rows: what `retry` goes by."""
        return self.folder / "outcome"

    @property
    def rounds(self) -> Path:
        """Where the sources of further rounds lie."""
        return self.folder / "rounds"

    def answers(self, passing: frozenset[str]) -> Answers:
        """Salesforce's answers about this run."""
        return Answers(
            folder=self.folder / "results", delimiter=self.plan.sheet.delimiter, passing=passing
        )

    def events(self) -> list[Event]:
        """All that was written down, without holding the run."""
        return read(self.journal)[0]

    @contextmanager
    def holding(self, clock: Clock) -> Iterator[Journal]:
        """Hold the run and its journal: nobody else may go on with it meanwhile.

        Raises:
            RunError: another process holds it, or the journal is damaged.
        """
        with self.locked(), Journal(self.journal, clock) as journal:
            yield journal

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run whatever its journal is like.

        Raises:
            RunError: another process holds it.
        """
        lock = FileLock(self.folder / "lock", mode=0o600)
        try:
            lock.acquire(timeout=LOOKED_AT_SECONDS)
        except Timeout as error:
            raise RunError(
                f"Another process is working on run {self.name}",
                f"Wait for it; see how far it is with: bulkup runs {self.name}",
                name="RunLocked",
            ) from error
        except OSError as error:
            raise NotWritable(self.folder, error) from error
        try:
            yield
        finally:
            lock.release()


def reserve(places: StateDir, stem: str) -> Path:
    """An empty run directory with a name of its own, for its owner only.

    Raises:
        RunError: it can't be made.
    """
    places.make()
    name = re.sub(r"[^\w.-]+", "-", stem).strip("-.")
    for number in range(1, 1000):
        folder = places.runs / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            continue
        except OSError as error:
            raise NotWritable(places.runs, error) from error
        sync(places.runs)
        return folder
    raise RunError(
        f"{places.runs} holds too many runs named {name}", "Type: bulkup runs --prune 1d"
    )


def write_plan(folder: Path, plan: Plan) -> Run:
    """Write the plan, once and durably: from here on there is a run.

    Raises:
        RunError: the disk did not take it.
    """
    plan = replace(
        plan,
        source=replace(plan.source, marks=()),
        original=replace(plan.original, marks=()),
        sheet=replace(plan.sheet, marks=()),
    )
    text = msgspec.json.format(msgspec.json.encode(plan, enc_hook=_paths_from(folder)))
    write_private(folder / "plan.json", text)
    return Run(folder=folder, plan=plan)


def withdraw(run: Run) -> None:
    """Take the plan of a run back of which nothing was sent; as far as the disk lets us."""
    with suppress(OSError):
        (run.folder / "plan.json").unlink(missing_ok=True)


def open_run(folder: Path) -> Run:
    """The run of a directory.

    Raises:
        RunError: there is none, or its plan is of a newer bulkup or damaged.
    """
    try:
        text = (folder / "plan.json").read_bytes()
        if (found := msgspec.json.decode(text)["format"]) != FORMAT:
            raise RunError(
                f"Run {folder.name} was made by another bulkup (format {found})",
                "Go on with it with the bulkup that made it.",
                name="PlanFormat",
            )
        plan = msgspec.json.decode(text, type=Plan, dec_hook=_paths_in(folder))
        return Run(folder=folder, plan=plan)
    except FileNotFoundError as error:
        raise RunNotFound(f"There is no run {folder.name}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"The plan of run {folder.name} is damaged: {error}",
            "What its jobs did can be seen in Salesforce under Setup, Bulk Data Load Jobs. "
            f"To be rid of it, remove the folder {folder}",
            name="PlanDamaged",
        ) from error


def all_runs(places: StateDir) -> list[Path]:
    """The folders of all runs that have a plan, by their names, the last first."""
    plans = places.runs.glob("*/plan.json") if places.runs.is_dir() else ()
    return sorted((plan.parent for plan in plans), key=lambda folder: folder.name, reverse=True)


def _paths_from(folder: Path) -> Callable[[Any], str]:
    """What writes paths down: those inside the run directory from there, so that it can move.

    A path that is not UTF-8 can't stand in JSON as it is, but as a URI.
    """

    def encode(value: Any) -> str:
        if isinstance(value, Path):
            text = str(value.relative_to(folder) if value.is_relative_to(folder) else value)
            return value.as_uri() if _NOT_UTF8.search(text) else text
        raise NotImplementedError(type(value))

    return encode


def _paths_in(folder: Path) -> Callable[[type, Any], Any]:
    """What reads such paths; an absolute one stays as it is."""

    def decode(kind: type, value: Any) -> Any:
        if issubclass(kind, Path):
            if value.startswith(_URI):
                return Path(os.fsdecode(unquote_to_bytes(value.removeprefix(_URI))))
            return folder / value
        raise NotImplementedError(kind)

    return decode


def with_options(run: Run, **wishes: Any) -> Run:
    """The run with other options for this process; the plan on the disk stays as it is.

    A wish that is None leaves the option as it was when the run began.
    """
    asked = {name: value for name, value in wishes.items() if value is not None}
    if "directory" in asked:
        asked["directory"] = asked["directory"].absolute()
    return replace(run, plan=replace(run.plan, options=replace(run.plan.options, **asked)))


def with_source(run: Run, path: Path) -> Run:
    """The run with its source where it lies now."""
    path, plan = path.absolute(), run.plan

    def moved(source: Source) -> Source:
        return replace(source, path=path) if source.path == plan.source.path else source

    plan = replace(
        plan, source=moved(plan.source), original=moved(plan.original), sheet=moved(plan.sheet)
    )
    return replace(run, plan=plan)


def chunks_of(run: Run, events: Sequence[Event]) -> list[Chunk]:
    """The plan's chunks and those of the further rounds."""
    rounds = [chunk for event in events if isinstance(event, RetryRound) for chunk in event.chunks]
    return [*run.plan.chunks, *rounds]
