"""When rows are sent again by themselves: which chunks of the last round have such rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from bulkup.execution.control import passes
from bulkup.model import Chunk, Field, JobState
from bulkup.runs.events import Event, Finished, Saved

ROWS = 10_000
"""Rows of one job in a further round: one batch of Salesforce's, so that none lock each other."""

FIRST_CHOICE = "AccountId"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryCandidates:
    """Chunks of which rows may go again: after passing errors, or left over by a failed job."""

    failed: frozenset[int]
    unprocessed: frozenset[int]

    def __bool__(self) -> bool:
        """Whether there is anything to send again."""
        return bool(self.failed or self.unprocessed)


def retry_candidates(chunks: Sequence[Chunk], events: Sequence[Event]) -> RetryCandidates:
    """What of these chunks, the last round's, Salesforce says was not loaded and may pass now."""
    numbers = {chunk.number for chunk in chunks}
    ends = {e.chunk: e for e in events if isinstance(e, Finished) and e.chunk in numbers}
    saved = [e for e in events if isinstance(e, Saved) and e.chunk in numbers]
    return RetryCandidates(
        failed=frozenset(item.chunk for item in saved if item.passing),
        unprocessed=frozenset(
            item.chunk for item in saved if item.unprocessed and _may_pass(ends.get(item.chunk))
        ),
    )


def _may_pass(end: Finished | None) -> bool:
    return end is not None and end.state is JobState.FAILED and passes(end.message)


def parent_column(columns: Sequence[tuple[str, Field | None]]) -> str | None:
    """The first column that names a parent by its Id, AccountId before others.

    `columns` are names in the file, each with its field.
    """
    parents = [(name, field.name) for name, field in columns if field and field.reference_to]
    first = next((name for name, field in parents if field == FIRST_CHOICE), None)
    return first or (parents[0][0] if parents else None)
