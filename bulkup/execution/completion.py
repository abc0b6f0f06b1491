"""A job that has ended: its counts settle, its results are saved, what is missing is named.

Some rows of a Failed or Aborted job may land after its end, and results may miss rows for a
while. Whatever nobody can tell in time is unknown.
"""

from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from bulkup.clock import Clock
from bulkup.errors import Gone
from bulkup.execution.control import refused_whole
from bulkup.model import Chunk, Job, JobState, ResultKind, Status
from bulkup.runs.events import ChunkEvent, Finished, JobPolled, Lost, Saved
from bulkup.runs.job_results import Answers, Counts

MISSING_ROWS_SECONDS = 60.0
LATE_ROWS_SECONDS = 600.0


class Ended(Protocol):
    """What can be asked of a job that has ended."""

    def get(self, job_id: str, /) -> Job:
        """How the job stands. Raises Gone when there is none."""
        ...

    def fetch(self, job_id: str, kind: ResultKind, to: Path, /) -> None:
        """One result, whole or not at all. Raises Gone when it is not kept any more."""
        ...


class Ending:
    """The end of one chunk's job. `missing_for`: seconds to ask for rows that results miss."""

    def __init__(
        self,
        chunk: Chunk,
        ingest: Ended,
        answers: Answers,
        clock: Clock,
        *,
        missing_for: float,
    ) -> None:
        self._chunk = chunk
        self._ingest = ingest
        self._answers = answers
        self._clock = clock
        self._missing_for = missing_for

    def save(self, finished: Finished) -> Iterator[ChunkEvent]:
        """Download and count the results, and tell `Saved`; or `Lost` when they are not kept.

        How long was waited already counts from the moment of `finished`, in whichever process.
        """
        chunk, job_id = self._chunk, finished.job
        if not finished.closed:
            rest = Status.UNPROCESSED
            yield Saved(chunk=chunk.number, job=job_id, unprocessed=chunk.rows, rest=rest)
            return
        since = self._clock.now() - (self._clock.since(finished.at) if finished.at else 0.0)
        try:
            if finished.state is not JobState.JOB_COMPLETE:
                finished = yield from self._settle(finished, since)
            yield from self._save_results(finished, since)
        except Gone:
            yield lost(chunk, job_id, "its results are not kept any more")

    def _settle(self, finished: Finished, since: float) -> Generator[ChunkEvent, None, Finished]:
        """Batches of a Failed or Aborted job may still land: look until the counts stand still."""
        before = self._ingest.get(finished.job)
        while True:
            yield JobPolled(chunk=self._chunk.number, job=finished.job, seen=before, settling=True)
            now = self._ingest.get(finished.job)
            still = (now.processed, now.failed) == (before.processed, before.failed)
            if still or self._clock.now() - since >= LATE_ROWS_SECONDS:
                return replace(finished, processed=now.processed, failed=now.failed)
            before = now

    def _save_results(self, finished: Finished, since: float) -> Iterator[ChunkEvent]:
        complete = finished.state is JobState.JOB_COMPLETE
        patience = self._missing_for if complete else LATE_ROWS_SECONDS
        while True:
            counts = self._answers.fetch(self._chunk.number, finished.job, self._ingest.fetch)
            short = max(0, self._chunk.rows - counts.total)
            untouched = _untouched(finished, counts)
            if not short or untouched or self._clock.now() - since >= patience:
                break
            seen = Job(id=finished.job, state=finished.state)
            yield JobPolled(chunk=self._chunk.number, job=finished.job, seen=seen, settling=True)
        yield Saved(
            chunk=self._chunk.number,
            job=finished.job,
            succeeded=counts.succeeded,
            created=counts.created,
            failed=counts.failed,
            passing=counts.passing,
            unprocessed=counts.unprocessed + (short if untouched else 0),
            unknown=0 if untouched else short,
            rest=Status.UNPROCESSED if untouched else Status.UNKNOWN,
        )


def lost(chunk: Chunk, job_id: str, why: str = "it is gone from Salesforce") -> Lost:
    """Nobody can tell any more what became of the chunk."""
    return Lost(chunk=chunk.number, job=job_id, reason=f"job {job_id}: {why}")


def _untouched(finished: Finished, counts: Counts) -> bool:
    """Whether the org refused the header or the file as a whole, so that nothing was written."""
    return refused_whole(finished) and counts.succeeded + counts.failed == 0
