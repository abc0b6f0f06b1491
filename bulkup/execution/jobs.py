"""A run's own view of the org's ingest jobs, and the bodies that are sent into them."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bulkup.csvfile.source_file import SourceFile
from bulkup.errors import RunError, Transient
from bulkup.execution.body import Body
from bulkup.execution.chunk_job import Sendable
from bulkup.execution.reconciliation.reconcile_run import open_part
from bulkup.model import FIRST_PART, Chunk, Job, ResultKind
from bulkup.runs.events import ChunkEvent, Event
from bulkup.runs.run_dir import Run
from bulkup.salesforce.errors import PASSING_HINT
from bulkup.salesforce.ingest import ID_LENGTH, IngestJobs


@dataclass(frozen=True, slots=True)
class RunJobs:
    """The org's ingest jobs, made for one run. `known` are the ids of those that it made."""

    jobs: IngestJobs
    run: Run
    known: set[str] = field(default_factory=set, kw_only=True)
    _lock: threading.Lock = field(default_factory=threading.Lock, kw_only=True)

    def create(self) -> Job:
        """Create a job for the plan's target, in the dialect of its file.

        Raises:
            Transient: the answer names a job of another chunk: a gateway gave an earlier answer
                once more. The results of one job can't tell of two chunks.
        """
        csv_file = self.run.plan.csv_file
        job = self.jobs.create(
            self.run.plan.target, delimiter=csv_file.delimiter, line_ending=csv_file.line_ending
        )
        with self._lock:
            is_new = job.id[:ID_LENGTH] not in self.known
            self.known.add(job.id[:ID_LENGTH])
        if not is_new:
            raise Transient(
                f"Salesforce's answer to a new job names {job.id}, which the run has already",
                PASSING_HINT,
            )
        return job

    def upload(self, job: Job, body: Sendable, /) -> None:
        """Send the one upload of the job."""
        self.jobs.upload(job, body)

    def close(self, job_id: str, /) -> Job:
        """Set the job to UploadComplete."""
        return self.jobs.close(job_id)

    def abort(self, job_id: str, /) -> Job:
        """Set the job to Aborted."""
        return self.jobs.abort(job_id)

    def get(self, job_id: str, /) -> Job:
        """Get the job as it is now."""
        return self.jobs.get(job_id)

    def fetch(self, job_id: str, kind: ResultKind, to: Path, /) -> None:
        """Download one of the job's results."""
        columns = [column.name for column in self.run.plan.columns]
        self.jobs.fetch(job_id, kind, to, columns=columns)


def jobs_in(events: Iterable[Event]) -> set[str]:
    """The ids of the jobs of which the journal tells, as `RunJobs` knows them."""
    return {event.job[:ID_LENGTH] for event in events if isinstance(event, ChunkEvent)}


class MissingBody:
    """The body of a chunk whose source is gone: it can't be sent, and is never taken for whole."""

    def __iter__(self) -> Iterator[bytes]:
        raise RunError("The source is gone, so nothing of it can be sent", name="SourceMissing")

    def __len__(self) -> int:
        return 0

    def intact(self) -> bool:
        """Whether the source is as it was planned: it is not."""
        return False


class ChunkBodies:
    """Makes bodies; a file is held open from the first of its chunks to the end.

    `file` is None for a run that is stopped without its source.
    """

    def __init__(self, run: Run, header: bytes, file: SourceFile | None, stack: ExitStack) -> None:
        self._run = run
        self._header = header
        self._stack = stack
        self._files = {FIRST_PART: file}

    def __call__(self, chunk: Chunk, checkpoint: Callable[[int], None], /) -> Sendable:
        """Make the body of a chunk of the plan's file, of a later level's or a retry round's."""
        if chunk.part not in self._files:
            self._files[chunk.part] = self._stack.enter_context(open_part(self._run, chunk.part))
        file = self._files[chunk.part]
        return Body(file, self._header, chunk, checkpoint) if file else MissingBody()
