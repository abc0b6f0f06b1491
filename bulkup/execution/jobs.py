"""A run's own view of the org's ingest jobs, and the bodies that are sent into them."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bulkup.csvfile.source_file import SourceFile
from bulkup.execution.body import Body
from bulkup.execution.chunk_job import Sendable
from bulkup.execution.reconcile_run import open_round
from bulkup.model import Chunk, Job, ResultKind
from bulkup.runs.run_dir import Run
from bulkup.salesforce.ingest import IngestJobs


@dataclass(frozen=True, slots=True)
class RunJobs:
    """The org's ingest jobs, made for one run."""

    jobs: IngestJobs
    run: Run

    def create(self) -> Job:
        """Create a job for the plan's target, in the dialect of its file."""
        sheet = self.run.plan.sheet
        return self.jobs.create(
            self.run.plan.target, delimiter=sheet.delimiter, line_ending=sheet.line_ending
        )

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
        self.jobs.fetch(job_id, kind, to)


class ChunkBodies:
    """Makes bodies; the file of a retry round is held open from its first chunk to the end."""

    def __init__(self, run: Run, header: bytes, file: SourceFile, stack: ExitStack) -> None:
        self._run = run
        self._header = header
        self._stack = stack
        self._files = {1: file}

    def __call__(self, chunk: Chunk, checkpoint: Callable[[int], None], /) -> Body:
        """Make the body of a chunk of the plan's file or of a retry round's."""
        if chunk.round not in self._files:
            file = open_round(self._run, chunk.round)
            self._files[chunk.round] = self._stack.enter_context(file)
        return Body(self._files[chunk.round], self._header, chunk, checkpoint)
