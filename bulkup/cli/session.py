"""What `run`, `resume` and `retry` share: a planned run is carried out, shown and reported."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bulkup.auth.connection import Connection
from bulkup.cli import signals
from bulkup.cli.output import Output
from bulkup.cli.progress import show_progress
from bulkup.cli.summary import present
from bulkup.clock import RealClock
from bulkup.csvfile.source_file import SourceFile
from bulkup.execution import reconcile_run
from bulkup.execution.body import Body
from bulkup.execution.chunk_job import Sendable
from bulkup.execution.control import FailureGuard, RunControl
from bulkup.execution.execute import execute_run, header_of
from bulkup.execution.runner import Runner
from bulkup.model import Chunk, Job, ResultKind
from bulkup.report.report import Report
from bulkup.runs.journal import Journal
from bulkup.runs.run_dir import Run, chunks_of

if TYPE_CHECKING:
    from bulkup.salesforce.ingest import IngestJobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How this process goes about a run, whatever the plan says. `timeout` is in seconds."""

    timeout: float | None = None
    wait: bool = True


@dataclass(frozen=True, slots=True)
class RunJobs:
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

    def get(self, job_id: str, /) -> Job:
        """How it stands."""
        return self.jobs.get(job_id)

    def fetch(self, job_id: str, kind: ResultKind, to: Path, /) -> None:
        """One result."""
        columns = [column.name for column in self.run.plan.columns]
        self.jobs.fetch(job_id, kind, to, columns=columns)


def execute_and_present(
    run: Run,
    journal: Journal,
    file: SourceFile,
    connection: Connection,
    screen: Output,
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
    screen: Output,
    pace: Pace,
) -> tuple[Report, bool]:
    """The report, and whether threads still hang in calls."""
    from bulkup.salesforce import error_codes
    from bulkup.salesforce.ingest import IngestJobs

    options, clock = run.plan.options, RealClock()
    stop = RunControl(clock, timeout=pace.timeout, wait=pace.wait)
    connection.client.remaining = stop.remaining
    limit = options.max_failed.limit(run.plan.source.rows) if options.max_failed else None
    header = header_of(run)
    with ExitStack() as stack:
        stack.enter_context(signals.handle_signals(stop, run.name))
        chunks = chunks_of(run, journal.events)
        runner = Runner(
            journal=journal,
            ingest=RunJobs(IngestJobs(connection.client), run),
            body_of=ChunkBodies(run, header, file, stack),
            answers=run.answers(error_codes.PASSING),
            clock=clock,
            executor=_executor(options.parallel, stack),
            stop=stop,
            watcher=FailureGuard(stop, limit),
            listener=stack.enter_context(show_progress(screen, chunks, len(header))),
            retry_for=options.retry_for,
        )
        report = execute_run(
            run, journal, runner, reconcile_run.reconcile_hooks(connection, stop, file)
        )
        return report, bool(runner.left_behind)


def _executor(parallel: int, stack: ExitStack) -> ThreadPoolExecutor:
    """Threads that are not waited for: by the end they are idle, or they hang and are left."""
    executor = ThreadPoolExecutor(parallel)
    stack.callback(executor.shutdown, wait=False)
    return executor


class ChunkBodies:
    """Makes bodies; a further round's file is held open from its first chunk to the end."""

    def __init__(self, run: Run, header: bytes, file: SourceFile, stack: ExitStack) -> None:
        self._run = run
        self._header = header
        self._stack = stack
        self._files = {1: file}

    def __call__(self, chunk: Chunk, checkpoint: Callable[[int], None], /) -> Body:
        """The body of a chunk of the plan's file or of a further round's."""
        if chunk.round not in self._files:
            file = reconcile_run.open_round(self._run, chunk.round)
            self._files[chunk.round] = self._stack.enter_context(file)
        return Body(self._files[chunk.round], self._header, chunk, checkpoint)
