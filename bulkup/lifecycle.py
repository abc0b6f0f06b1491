"""One chunk's life, told as events: one step, then what happened, and on only when asked.

Whoever asks writes the event down first, so "durable before next" holds by construction. This
module knows no journal, no screen, no threads and no retries: a fault comes out as its error, and
`drive` is called again with the last durable event.

A job can be begun again only if it is certain that it was never closed. So there is an intent
before each step that can't be taken back: `Closing`, `Aborting`.
"""

from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from bulkup.answers import Answers, Counts
from bulkup.clock import Clock
from bulkup.errors import Gone, Refused, RunError
from bulkup.events import (
    Aborting,
    ChunkEvent,
    Closed,
    Closing,
    Created,
    Discarded,
    Finished,
    Looked,
    Lost,
    Saved,
    Uploaded,
)
from bulkup.model import Chunk, Job, JobState, ResultKind

MISSING_ROWS_SECONDS = 60.0
LATE_ROWS_SECONDS = 600.0


class Sendable(Protocol):
    """A chunk as a request body that can be sent twice."""

    def __iter__(self) -> Iterator[bytes]:
        """The blocks, from the beginning each time."""
        ...

    def __len__(self) -> int:
        """The length in bytes."""
        ...

    def intact(self) -> bool:
        """Whether the file is still the one that was planned."""
        ...


class Ingest(Protocol):
    """What the org can do with an ingest job. Each call is tried once."""

    def create(self) -> Job:
        """A new job, Open."""
        ...

    def upload(self, job: Job, body: Sendable, /) -> None:
        """The one upload of a job."""
        ...

    def close(self, job_id: str, /) -> Job:
        """UploadComplete: from here on rows are processed."""
        ...

    def abort(self, job_id: str, /) -> Job:
        """Aborted: what is not yet at work stays undone."""
        ...

    def look(self, job_id: str, /) -> Job:
        """How the job stands. Raises Gone when there is none."""
        ...

    def fetch(self, job_id: str, kind: ResultKind, to: Path, /) -> None:
        """One result, whole or not at all. Raises Gone when it is not kept any more."""
        ...


class Life:
    """One chunk on its way into one org. `missing_for`: seconds to ask for rows not in results."""

    def __init__(
        self,
        chunk: Chunk,
        body: Sendable,
        ingest: Ingest,
        answers: Answers,
        clock: Clock,
        *,
        missing_for: float = MISSING_ROWS_SECONDS,
    ) -> None:
        self._chunk = chunk
        self._body = body
        self._ingest = ingest
        self._answers = answers
        self._clock = clock
        self._missing_for = missing_for

    def drive(self, last: ChunkEvent | None) -> Generator[ChunkEvent, None, None]:
        """Go on from the last durable event to `Saved` or `Lost`; see the table in docs.

        Raises:
            SalesforceError: a call failed; nothing of what was told is undone.
            RunError: the source is not the file any more that was planned.
        """
        match last:
            case None | Discarded():
                yield from self._begin()
            case Created() | Uploaded():
                yield from self._take_up(last)
            case Closing():
                yield from self._close_after_intent(last.job)
            case Aborting():
                yield from self._abort_after_intent(last)
            case Closed():
                yield from self._watch(last.job)
            case Finished():
                yield from self._save(last)
            case _:
                return

    def _begin(self) -> Iterator[ChunkEvent]:
        job = self._ingest.create()
        yield Created(chunk=self._chunk.number, job=job.id)
        try:
            self._ingest.upload(job, self._body)
        except Refused:
            now = self._ingest.look(job.id)
            if now.state is not JobState.ABORTED:
                raise
            yield from self._finish(now, closed=False)
            return
        yield Uploaded(chunk=self._chunk.number, job=job.id)
        yield from self._close(job.id)

    def _take_up(self, last: Created | Uploaded) -> Iterator[ChunkEvent]:
        """The job was made and perhaps uploaded, but whoever did it did not go on."""
        try:
            job = self._ingest.look(last.job)
        except Gone:
            yield Discarded(chunk=self._chunk.number, job=last.job)
            yield from self._begin()
            return
        if job.state is JobState.OPEN and isinstance(last, Uploaded):
            yield from self._close(job.id)
        elif job.state is JobState.OPEN:
            # The upload may or may not have arrived, and a second one would spoil the job.
            yield from self._discard(job.id)
            yield from self._begin()
        elif job.state is JobState.ABORTED:
            yield from self._finish(job, closed=False)
        else:
            yield from self._closed(job.id)

    def _discard(self, job_id: str) -> Iterator[ChunkEvent]:
        yield Aborting(chunk=self._chunk.number, job=job_id, closed=False)
        self._abort(job_id)
        yield Discarded(chunk=self._chunk.number, job=job_id)

    def _close(self, job_id: str) -> Iterator[ChunkEvent]:
        if not self._body.intact():
            yield from self._discard(job_id)
            raise RunError(
                "The file was changed while it was being sent",
                "Nothing half sent was closed. Put the file back as it was and type: "
                "bulkup resume. Or load the new file with a new run.",
                name="SourceChanged",
            )
        yield Closing(chunk=self._chunk.number, job=job_id)
        try:
            self._ingest.close(job_id)
        except Refused:
            # The one close that ever was is refused: a job that is Aborted now was never closed.
            now = yield from self._look_or_lost(job_id)
            if now is None:
                return
            if now.state is JobState.OPEN:
                raise
            if now.state is JobState.ABORTED:
                yield from self._finish(now, closed=False)
                return
        yield from self._closed(job_id)

    def _look_or_lost(self, job_id: str) -> Generator[ChunkEvent, None, Job | None]:
        """The job as it stands, or None when it is gone, which is then told."""
        try:
            return self._ingest.look(job_id)
        except Gone:
            yield self._lost(job_id)
            return None

    def _close_after_intent(self, job_id: str) -> Iterator[ChunkEvent]:
        """A close was asked for, and its answer is not known."""
        job = yield from self._look_or_lost(job_id)
        if job is None:
            return
        if job.state is JobState.OPEN:
            try:
                self._ingest.close(job_id)
            except Refused:
                if self._ingest.look(job_id).state is JobState.OPEN:
                    raise
        yield from self._closed(job_id)

    def _closed(self, job_id: str) -> Iterator[ChunkEvent]:
        yield Closed(chunk=self._chunk.number, job=job_id)
        yield from self._watch(job_id)

    def _abort_after_intent(self, last: Aborting) -> Iterator[ChunkEvent]:
        try:
            job = self._ingest.look(last.job)
        except Gone:
            if last.closed:
                yield self._lost(last.job)
                return
            yield Discarded(chunk=self._chunk.number, job=last.job)
            yield from self._begin()
            return
        if not job.state.ended:
            self._abort(job.id)
        if last.closed:
            yield from self._watch(last.job)
        elif job.state in {JobState.OPEN, JobState.ABORTED}:
            yield Discarded(chunk=self._chunk.number, job=last.job)
            yield from self._begin()
        else:
            yield from self._closed(last.job)

    def _abort(self, job_id: str) -> None:
        """Abort; a refusal is believed only of a job that has not ended."""
        try:
            self._ingest.abort(job_id)
        except Gone:
            return
        except Refused:
            if not self._ingest.look(job_id).state.ended:
                raise

    def _watch(self, job_id: str) -> Iterator[ChunkEvent]:
        while True:
            try:
                job = self._ingest.look(job_id)
            except Gone:
                yield self._lost(job_id)
                return
            yield Looked(chunk=self._chunk.number, job=job_id, seen=job)
            if job.state.ended:
                yield from self._finish(job, closed=True)
                return

    def _finish(self, job: Job, *, closed: bool) -> Iterator[ChunkEvent]:
        finished = Finished(
            chunk=self._chunk.number,
            job=job.id,
            state=job.state,
            closed=closed,
            processed=job.processed,
            failed=job.failed,
            message=job.error_message,
        )
        yield finished
        yield from self._save(finished)

    def _save(self, finished: Finished) -> Iterator[ChunkEvent]:
        chunk, job_id = self._chunk, finished.job
        if not finished.closed:
            yield Saved(chunk=chunk.number, job=job_id, unprocessed=chunk.rows)
            return
        try:
            if finished.state is not JobState.JOB_COMPLETE:
                finished = yield from self._settle(finished)
            yield from self._save_results(finished)
        except Gone:
            yield self._lost(job_id, "its results are not kept any more")

    def _settle(self, finished: Finished) -> Generator[ChunkEvent, None, Finished]:
        """Batches of a Failed or Aborted job may still land: look until the counts stand still."""
        since = self._clock.now()
        before = self._ingest.look(finished.job)
        while True:
            yield Looked(chunk=self._chunk.number, job=finished.job, seen=before, settling=True)
            now = self._ingest.look(finished.job)
            still = (now.processed, now.failed) == (before.processed, before.failed)
            if still or self._clock.now() - since >= LATE_ROWS_SECONDS:
                return replace(finished, processed=now.processed, failed=now.failed)
            before = now

    def _save_results(self, finished: Finished) -> Iterator[ChunkEvent]:
        complete = finished.state is JobState.JOB_COMPLETE
        patience = self._missing_for if complete else LATE_ROWS_SECONDS
        since = self._clock.now()
        while True:
            counts = self._answers.fetch(self._chunk.number, finished.job, self._ingest.fetch)
            short = max(0, self._chunk.rows - counts.total)
            untouched = _untouched(finished, counts)
            if not short or untouched or self._clock.now() - since >= patience:
                break
            seen = Job(id=finished.job, state=finished.state)
            yield Looked(chunk=self._chunk.number, job=finished.job, seen=seen, settling=True)
        yield Saved(
            chunk=self._chunk.number,
            job=finished.job,
            succeeded=counts.succeeded,
            created=counts.created,
            failed=counts.failed,
            passing=counts.passing,
            unprocessed=counts.unprocessed + (short if untouched else 0),
            unknown=0 if untouched else short,
        )

    def _lost(self, job_id: str, why: str = "it is gone from Salesforce") -> Lost:
        return Lost(chunk=self._chunk.number, job=job_id, reason=f"job {job_id}: {why}")


def _untouched(finished: Finished, counts: Counts) -> bool:
    """Whether the org refused the header or the file as a whole, so that nothing was written."""
    return (
        finished.state is JobState.FAILED
        and not finished.processed
        and not finished.failed
        and counts.succeeded + counts.failed == 0
    )
