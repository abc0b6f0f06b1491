"""What `run`, `resume` and `retry` share: a planned run is carried out, shown and reported."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bulkup.body import Body, SourceFile
from bulkup.cli import rooms, signals
from bulkup.cli.connect import Connection
from bulkup.cli.output import Screen
from bulkup.cli.present import present
from bulkup.cli.shown import shown
from bulkup.clock import RealClock
from bulkup.journal import Journal
from bulkup.lifecycle import Sendable
from bulkup.load import carry, header_of
from bulkup.model import Chunk, Job, ResultKind
from bulkup.report import Report
from bulkup.run import Run, chunks_of
from bulkup.runner import Runner
from bulkup.stop import Stop, Watcher

if TYPE_CHECKING:
    from bulkup.salesforce.ingest import IngestJobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How this process goes about a run, whatever the plan says. `timeout` is in seconds."""

    timeout: float | None = None
    wait: bool = True


@dataclass(frozen=True, slots=True)
class JobsOf:
    """The org's ingest jobs, made for one run."""

    jobs: "IngestJobs"
    run: Run

    def create(self) -> Job:
        """A job for the plan's target, in the dialect of its file."""
        sheet = self.run.plan.sheet
        return self.jobs.create(
            self.run.plan.target, delimiter=sheet.delimiter, line_ending=sheet.line_ending
        )

    def upload(self, job: Job, body: Sendable, /) -> None:
        """The one upload."""
        self.jobs.upload(job, body)

    def close(self, job_id: str, /) -> Job:
        """UploadComplete."""
        return self.jobs.close(job_id)

    def abort(self, job_id: str, /) -> Job:
        """Aborted."""
        return self.jobs.abort(job_id)

    def look(self, job_id: str, /) -> Job:
        """How it stands."""
        return self.jobs.look(job_id)

    def fetch(self, job_id: str, kind: ResultKind, to: Path, /) -> None:
        """One result."""
        self.jobs.fetch(job_id, kind, to)


def carry_out(
    run: Run,
    journal: Journal,
    file: SourceFile,
    connection: Connection,
    screen: Screen,
    pace: Pace,
) -> int:
    """Carry the run out as far as it goes, print its report, and return the exit code.

    `file` is the plan's sheet, held open since it was fingerprinted.
    """
    report, hanging = _carried(run, journal, file, connection, screen, pace)
    present(report, screen)
    if hanging:
        signals.end_around_threads(report.exit_code)
    return report.exit_code


def _carried(
    run: Run,
    journal: Journal,
    file: SourceFile,
    connection: Connection,
    screen: Screen,
    pace: Pace,
) -> tuple[Report, bool]:
    """The report, and whether threads still hang in calls."""
    from bulkup.salesforce import codes
    from bulkup.salesforce.ingest import IngestJobs

    options, clock = run.plan.options, RealClock()
    stop = Stop(clock, timeout=pace.timeout, wait=pace.wait)
    limit = options.max_failed.limit(run.plan.source.rows) if options.max_failed else None
    header = header_of(run)
    with ExitStack() as stack:
        stack.enter_context(signals.heeded(stop, run.name))
        chunks = chunks_of(run, journal.events)
        runner = Runner(
            journal=journal,
            ingest=JobsOf(IngestJobs(connection.client), run),
            body_of=Bodies(run, header, file, stack),
            answers=run.answers(codes.PASSING),
            clock=clock,
            executor=_executor(options.parallel, stack),
            stop=stop,
            watcher=Watcher(stop, limit),
            listener=stack.enter_context(shown(screen, chunks, len(header))),
            retry_for=options.retry_for,
        )
        report = carry(run, journal, runner, rooms.of(connection, stop, file))
        return report, bool(runner.left_behind)


def _executor(parallel: int, stack: ExitStack) -> ThreadPoolExecutor:
    """Threads that are not waited for: by the end they are idle, or they hang and are left."""
    executor = ThreadPoolExecutor(parallel)
    stack.callback(executor.shutdown, wait=False)
    return executor


class Bodies:
    """Makes bodies; a further round's file is held open from its first chunk to the end."""

    def __init__(self, run: Run, header: bytes, file: SourceFile, stack: ExitStack) -> None:
        self._run = run
        self._header = header
        self._stack = stack
        self._files = {1: file}

    def __call__(self, chunk: Chunk, checkpoint: Callable[[int], None], /) -> Body:
        """The body of a chunk of the plan's file or of a further round's."""
        if chunk.round not in self._files:
            file = rooms.round_as_written(self._run, chunk.round)
            self._files[chunk.round] = self._stack.enter_context(file)
        return Body(self._files[chunk.round], self._header, chunk, checkpoint)
