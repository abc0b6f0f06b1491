"""One chunk's life, told as events: one step, then what happened, and on only when asked.

Whoever asks writes the event down first, so "durable before next" holds by construction. This
module knows no journal, no screen, no threads and no retries: a fault comes out as its error, and
`run` is called again with the last durable event.

A job can be begun again only if it is certain that it was never closed. So there is an intent
before each step that can't be taken back: `Closing`, `Aborting`.
"""

from collections.abc import Generator, Iterator
from typing import Protocol

from bulkup.clock import Clock
from bulkup.errors import Gone, Refused, RunError
from bulkup.execution.completion import (
    LATE_ROWS_SECONDS,
    MISSING_ROWS_SECONDS,
    Ended,
    Ending,
    lost,
)
from bulkup.model import Chunk, Job, JobState
from bulkup.runs.events import (
    Aborting,
    ChunkEvent,
    Closed,
    Closing,
    Created,
    Discarded,
    Finished,
    JobPolled,
    Uploaded,
)
from bulkup.runs.job_results import Answers

MOST_JOBS = 3
"""Jobs that are made for a chunk, one after another, while Salesforce refuses to close them."""


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


class Ingest(Ended, Protocol):
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


class ChunkJob:
    """The job that loads one chunk into one org; for the two limits see `Ending`."""

    def __init__(
        self,
        chunk: Chunk,
        body: Sendable,
        ingest: Ingest,
        answers: Answers,
        clock: Clock,
        *,
        missing_for: float = MISSING_ROWS_SECONDS,
        late_for: float = LATE_ROWS_SECONDS,
    ) -> None:
        self._chunk = chunk
        self._body = body
        self._ingest = ingest
        self._ending = Ending(
            chunk, ingest, answers, clock, missing_for=missing_for, late_for=late_for
        )
        self._jobs_left = MOST_JOBS

    def run(self, last: ChunkEvent | None) -> Generator[ChunkEvent, None, None]:
        """Go on from the last durable event to `Saved` or `Lost`.

        Raises:
            SalesforceError: a call failed; the events yielded so far stand.
            RunError: the source is not the file any more that was planned.
        """
        match last:
            case None | Discarded():
                yield from self._begin()
            case Created() | Uploaded():
                yield from self._resume_open_job(last)
            case Closing():
                yield from self._close_after_intent(last.job)
            case Aborting():
                yield from self._abort_after_intent(last)
            case Closed():
                yield from self._watch(last.job)
            case Finished():
                yield from self._ending.save(last)
            case _:
                return

    def _begin(self) -> Iterator[ChunkEvent]:
        job = self._ingest.create()
        yield Created(chunk=self._chunk.number, job=job.id)
        try:
            self._ingest.upload(job, self._body)
        except Refused:
            job = self._ingest.get(job.id)
            if job.state is not JobState.ABORTED:
                raise
            yield from self._finish(job, closed=False)
            return
        yield from self._refuse_changed(job.id)
        yield Uploaded(chunk=self._chunk.number, job=job.id)
        yield from self._close(job.id)

    def _refuse_changed(self, job_id: str) -> Iterator[ChunkEvent]:
        """Discard the job if the file has changed: `Uploaded` stands only for what was planned."""
        if self._body.intact():
            return
        yield from self._discard(job_id)
        raise RunError(
            "The file was changed while it was being sent",
            "Nothing half sent was closed. Put the file back as it was and type: "
            "bulkup resume. Or load the new file with a new run.",
            name="SourceChanged",
        )

    def _resume_open_job(self, last: Created | Uploaded) -> Iterator[ChunkEvent]:
        """Go on with a job that was created and perhaps uploaded, by a process that ended."""
        try:
            job = self._ingest.get(last.job)
        except Gone:
            yield Discarded(chunk=self._chunk.number, job=last.job)
            yield from self._begin()
            return
        if job.state is JobState.OPEN and isinstance(last, Uploaded):
            yield from self._close(job.id)
        elif job.state is JobState.OPEN:
            # The upload may or may not have arrived, and a second one would spoil the job.
            yield from self._begin_again(job.id)
        elif job.state is JobState.ABORTED:
            yield from self._finish(job, closed=False)
        else:
            yield from self._closed(job.id)

    def discard(self, last: ChunkEvent | None) -> Iterator[ChunkEvent]:
        """Abort the job of a chunk that is given up, unless it may have been closed.

        Raises:
            SalesforceError: a call failed.
        """
        if isinstance(last, Created):
            yield from self._discard(last.job)

    def _discard(self, job_id: str) -> Generator[ChunkEvent, None, bool]:
        """Abort a job that was never closed; whether nothing of it can be processed now."""
        yield Aborting(chunk=self._chunk.number, job=job_id, closed=False)
        if not self._abort(job_id):
            return False
        yield Discarded(chunk=self._chunk.number, job=job_id)
        return True

    def _begin_again(self, job_id: str) -> Iterator[ChunkEvent]:
        """Begin again with a new job, unless somebody closed the old one meanwhile."""
        if (yield from self._discard(job_id)):
            yield from self._begin()
        else:
            yield from self._closed(job_id)

    def _close(self, job_id: str) -> Iterator[ChunkEvent]:
        yield from self._refuse_changed(job_id)
        yield Closing(chunk=self._chunk.number, job=job_id)
        try:
            self._ingest.close(job_id)
        except Refused as refusal:
            # The one close that ever was is refused: a job that is Aborted now was never closed.
            job = yield from self._get_job_or_lost(job_id)
            if job is None:
                return
            if job.state is JobState.OPEN:
                yield from self._replace_job(job_id, refusal)
                return
            if job.state is JobState.ABORTED:
                yield from self._finish(job, closed=False)
                return
        yield from self._closed(job_id)

    def _replace_job(self, job_id: str, refusal: Refused) -> Iterator[ChunkEvent]:
        """Begin again with a new job: this one is Open, and Salesforce refuses to close it.

        So does it with a job that has no upload (a gateway answered in its place), or two (a
        gateway repeated the request). An Open job was never processed.

        Raises:
            Refused: it was so for several jobs; the last one is aborted.
        """
        self._jobs_left -= 1
        if self._jobs_left:
            yield from self._begin_again(job_id)
        elif (yield from self._discard(job_id)):
            raise refusal
        else:
            yield from self._closed(job_id)

    def _get_believed(self, job_id: str) -> Job:
        """The job as it stands. It counts as gone when Salesforce says so twice."""
        try:
            return self._ingest.get(job_id)
        except Gone:
            return self._ingest.get(job_id)

    def _get_job_or_lost(self, job_id: str) -> Generator[ChunkEvent, None, Job | None]:
        """The job as it stands; None when it is gone, after a `Lost`."""
        try:
            return self._get_believed(job_id)
        except Gone:
            yield lost(self._chunk, job_id)
            return None

    def _close_after_intent(self, job_id: str) -> Iterator[ChunkEvent]:
        """A close was asked for, and its answer is not known."""
        job = yield from self._get_job_or_lost(job_id)
        if job is None:
            return
        if job.state is JobState.OPEN and (refusal := self._refusal_to_close(job_id)):
            yield from self._replace_job(job_id, refusal)
        else:
            yield from self._closed(job_id)

    def _refusal_to_close(self, job_id: str) -> Refused | None:
        """Close an Open job once more; why that was refused, if it is still Open then."""
        try:
            self._ingest.close(job_id)
        except Refused as refusal:
            return refusal if self._ingest.get(job_id).state is JobState.OPEN else None
        return None

    def _closed(self, job_id: str) -> Iterator[ChunkEvent]:
        yield Closed(chunk=self._chunk.number, job=job_id)
        yield from self._watch(job_id)

    def _abort_after_intent(self, last: Aborting) -> Iterator[ChunkEvent]:
        is_discarded = self._abort(last.job)
        if last.closed:
            yield from self._watch(last.job)
        elif is_discarded:
            yield Discarded(chunk=self._chunk.number, job=last.job)
            yield from self._begin()
        else:
            yield from self._closed(last.job)

    def _abort(self, job_id: str) -> bool:
        """Abort a job that has not ended; whether nothing of it is or will be processed.

        A refusal is believed only of a job that goes on. What counts is how the job stands
        afterwards: somebody may have closed it just before.
        """
        try:
            if not self._get_believed(job_id).state.ended:
                self._ingest.abort(job_id)
            job = self._get_believed(job_id)
        except Gone:
            return True
        except Refused:
            job = self._ingest.get(job_id)
            if not job.state.ended:
                raise
        return job.state is JobState.ABORTED and not job.processed

    def _watch(self, job_id: str) -> Iterator[ChunkEvent]:
        while True:
            job = yield from self._get_job_or_lost(job_id)
            if job is None:
                return
            yield JobPolled(chunk=self._chunk.number, job=job_id, seen=job)
            if job.state.ended:
                yield from self._finish(job, closed=True)
                return
            # Open: the close was answered, and did not take.
            if job.state is JobState.OPEN and (refusal := self._refusal_to_close(job_id)):
                yield from self._replace_job(job_id, refusal)
                return

    def _finish(self, job: Job, *, closed: bool) -> Iterator[ChunkEvent]:
        finished = Finished(
            chunk=self._chunk.number,
            job=job.id,
            state=job.state,
            closed=closed or bool(job.processed),  # somebody else may have closed it
            processed=job.processed,
            failed=job.failed,
            message=job.error_message,
        )
        yield finished
        yield from self._ending.save(finished)
