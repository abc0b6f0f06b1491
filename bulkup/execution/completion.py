"""What follows the end of a job: wait for late batches, save the results, count what they miss.

Salesforce works on several batches of a job at once and tries a batch again that takes too long,
so a batch of a Failed or Aborted job may still land minutes after the job's end (Bulk API 2.0
developer guide, "How Requests Are Processed"). Rows of such a job are unprocessed only when its
counts have not changed for `LATE_ROWS_SECONDS`; sent again before that, they could be loaded
twice. No wait is needed for a job that was never closed or whose file was refused as a whole.
"""

from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from bulkup.clock import Clock
from bulkup.errors import Gone
from bulkup.execution.control import refused_whole
from bulkup.model import Chunk, Job, JobState, Operation, ResultKind, Status
from bulkup.runs.events import ChunkEvent, Finished, JobPolled, Lost, Saved
from bulkup.runs.job_results import Answers, Counts
from bulkup.runs.plan import Plan

MISSING_ROWS_SECONDS = 60.0
"""How long results that miss rows are asked for again."""

LATE_ROWS_SECONDS = 600.0
"""How long the counts of a job that did not complete must not change."""

LATE_UPSERT_SECONDS = 60.0
"""The same for an upsert by a unique key, whose rows can't be loaded twice."""


def late_rows_seconds(plan: Plan) -> float:
    """How long the plan's jobs that do not complete may still change, in seconds."""
    # Not an upsert by Id: a row without one is inserted.
    unique = {column.field.name for column in plan.columns if column.field and column.field.unique}
    if plan.target.operation is Operation.UPSERT and plan.target.external_id in unique:
        return min(LATE_UPSERT_SECONDS, LATE_ROWS_SECONDS)
    return LATE_ROWS_SECONDS


class Ended(Protocol):
    """What can be asked of a job that has ended."""

    def get(self, job_id: str, /) -> Job:
        """How the job stands. Raises Gone when there is none."""
        ...

    def fetch(self, job_id: str, kind: ResultKind, to: Path, /) -> None:
        """One result, whole or not at all. Raises Gone when it is not kept any more."""
        ...


class Ending:
    """The end of one chunk's job. Both limits are in seconds.

    `missing_for`: how long results that miss rows are asked for again. `late_for`: how long the
    counts of a job that did not complete must not change.
    """

    def __init__(
        self,
        chunk: Chunk,
        ingest: Ended,
        answers: Answers,
        clock: Clock,
        *,
        missing_for: float,
        late_for: float,
    ) -> None:
        self._chunk = chunk
        self._ingest = ingest
        self._answers = answers
        self._clock = clock
        self._missing_for = missing_for
        self._late_for = late_for

    def save(self, finished: Finished) -> Iterator[ChunkEvent]:
        """Download and count the results, and yield `Saved`; `Lost` when they are not kept.

        Every limit counts from the moment of the last `Finished`, in whichever process.
        """
        chunk, job_id = self._chunk, finished.job
        if not finished.closed:
            rest = Status.UNPROCESSED
            yield Saved(chunk=chunk.number, job=job_id, unprocessed=chunk.rows, rest=rest)
            return
        try:
            if finished.state is JobState.JOB_COMPLETE:
                yield from self._save_results(finished, self._since(finished) + self._missing_for)
            else:
                yield from self._save_incomplete(finished)
        except Gone:
            yield lost(chunk, job_id, "its results are not kept any more")

    def _since(self, finished: Finished) -> float:
        """When the job was found to have ended, by this process's clock."""
        now = self._clock.now()
        return now - self._clock.since(finished.at) if finished.at else now

    def _save_incomplete(self, finished: Finished) -> Iterator[ChunkEvent]:
        """Save the results of a Failed or Aborted job, once no batch can land any more."""
        if refused_whole(finished):
            counts = self._fetch(finished)
            if nothing_written(finished, counts):
                yield saved(self._chunk, finished, counts)
                return
        final = yield from self._await_late_batches(finished)
        yield from self._save_results(final, self._clock.now() + self._missing_for)

    def _await_late_batches(self, finished: Finished) -> Generator[ChunkEvent, None, Finished]:
        """Poll until the counts have not changed for `late_for`.

        Each change is yielded as a new `Finished`, so that the wait begins again from there.
        """
        since = self._since(finished)
        while True:
            job = self._ingest.get(finished.job)
            # Rows that land only add to the counts; a server that lags behind may tell old ones.
            processed = _larger(job.processed, finished.processed)
            failed = _larger(job.failed, finished.failed)
            if (processed, failed) != (finished.processed, finished.failed):
                finished = replace(finished, processed=processed, failed=failed, at="")
                since = self._clock.now()
                yield finished
            left = since + self._late_for - self._clock.now()
            if left <= 0:
                return finished
            yield JobPolled(
                chunk=self._chunk.number,
                job=finished.job,
                seen=job,
                settling=True,
                late_rows_for=left,
            )

    def _save_results(self, finished: Finished, deadline: float) -> Iterator[ChunkEvent]:
        """Fetch the results until they name every row, or until `deadline`."""
        while True:
            counts = self._fetch(finished)
            if counts.total >= self._chunk.rows or self._clock.now() >= deadline:
                break
            seen = Job(id=finished.job, state=finished.state)
            yield JobPolled(chunk=self._chunk.number, job=finished.job, seen=seen, settling=True)
        yield saved(self._chunk, finished, counts)

    def _fetch(self, finished: Finished) -> Counts:
        """The results, counted. They count as gone when Salesforce says so twice."""
        arguments = self._chunk.number, finished.job, self._ingest.fetch
        try:
            return self._answers.fetch(*arguments)
        except Gone:
            return self._answers.fetch(*arguments)


def _larger(count: int | None, other: int | None) -> int | None:
    """The larger of two counts, either of which may not be known."""
    return max((known for known in (count, other) if known is not None), default=None)


def saved(chunk: Chunk, finished: Finished, counts: Counts) -> Saved:
    """What the job's results, so counted, say of the chunk's rows."""
    short = max(0, chunk.rows - counts.total)
    unwritten = nothing_written(finished, counts)
    return Saved(
        chunk=chunk.number,
        job=finished.job,
        succeeded=counts.succeeded,
        created=counts.created,
        failed=counts.failed,
        passing=counts.passing,
        unprocessed=counts.unprocessed + (short if unwritten else 0),
        unknown=0 if unwritten else short,
        rest=Status.UNPROCESSED if unwritten else Status.UNKNOWN,
    )


def lost(chunk: Chunk, job_id: str, why: str = "it is gone from Salesforce") -> Lost:
    """The event for a chunk whose rows nobody can tell the result of any more."""
    return Lost(chunk=chunk.number, job=job_id, reason=f"job {job_id}: {why}")


def nothing_written(finished: Finished, counts: Counts) -> bool:
    """Whether the org refused the header or the file as a whole, so that nothing was written."""
    return refused_whole(finished) and counts.succeeded + counts.failed == 0
