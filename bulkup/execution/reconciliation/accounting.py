"""What became of every chunk, and the totals of a run that is not over, from its journal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bulkup.model import Chunk, JobState, Status
from bulkup.results.totals import Totals
from bulkup.runs.events import ChunkEvent, Discarded, Event, Finished, Lost, Saved
from bulkup.runs.journal import last_events


def provisional_totals(
    chunks: Sequence[Chunk], events: Sequence[Event], unsent: Mapping[Status, int]
) -> Totals:
    """The books of a run that is not over, from its journal: the last word of each chunk.

    `settled` counts the rows of the source that are not in any chunk.
    """
    counts = dict.fromkeys(Status, 0) | dict(unsent)
    created = 0
    last = last_events(events)
    for chunk in chunks:
        if chunk.round > 1:
            continue
        match last.get(chunk.number):
            case Saved() as saved:
                counts[Status.SUCCEEDED] += saved.succeeded
                counts[Status.FAILED] += saved.failed
                counts[Status.UNPROCESSED] += saved.unprocessed
                counts[Status.UNKNOWN] += saved.unknown
                created += saved.created
            case Lost():
                counts[Status.UNKNOWN] += chunk.rows
            case None | Discarded():
                counts[Status.NOT_SENT] += chunk.rows
            case _:
                counts[Status.PENDING] += chunk.rows
    return Totals(counts=counts, created=created, chunk_rows={c.number: c.rows for c in chunks})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkOutcome:
    """What the journal knows of a chunk's rows, before its results are read.

    `otherwise` is what rows are that no result names, `reason` says why. `processed` and `failed`
    are Salesforce's own counts where they can be relied on. `job` is empty for a chunk never sent.
    """

    chunk: Chunk
    job: str = ""
    otherwise: Status = Status.NOT_SENT
    reason: str = ""
    processed: int | None = None
    failed: int | None = None


def chunk_outcomes(
    chunks: Sequence[Chunk], events: Sequence[Event], why_not_sent: str
) -> list[ChunkOutcome]:
    """The fate of each chunk, from the journal."""
    last = last_events(events)
    ends = {e.job: e for e in events if isinstance(e, Finished)}
    return [_chunk_outcome(chunk, last.get(chunk.number), ends, why_not_sent) for chunk in chunks]


def _chunk_outcome(
    chunk: Chunk, last: ChunkEvent | None, ends: Mapping[str, Finished], why_not_sent: str
) -> ChunkOutcome:
    if last is None or isinstance(last, Discarded):
        return ChunkOutcome(chunk=chunk, reason=f"bulkup: {why_not_sent or 'not sent'}")
    if isinstance(last, Lost):
        reason = f"bulkup: {last.reason}"
        return ChunkOutcome(chunk=chunk, job=last.job, otherwise=Status.UNKNOWN, reason=reason)
    end = ends.get(last.job)
    if isinstance(last, Saved) and last.rest is Status.UNPROCESSED:
        reason = f"bulkup: {end.message}" if end and end.message else ""
        return ChunkOutcome(chunk=chunk, job=last.job, otherwise=Status.UNPROCESSED, reason=reason)
    whole = end is not None and end.state is JobState.JOB_COMPLETE and not _lags(end, last, chunk)
    return ChunkOutcome(
        chunk=chunk,
        job=last.job,
        otherwise=Status.UNKNOWN,
        reason="bulkup: Salesforce's results do not hold this row",
        processed=end.processed if whole and end else None,
        failed=end.failed if whole and end else None,
    )


def _lags(end: Finished, last: ChunkEvent, chunk: Chunk) -> bool:
    """Whether the job's counts are behind its results: those name every row of the chunk."""
    named = last.succeeded + last.failed + last.unprocessed if isinstance(last, Saved) else 0
    return named == chunk.rows and (end.processed or 0) < chunk.rows
