"""What became of every row, in numbers: the books of a run, provisional or final."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bulkup.events import Event, Lost, Saved
from bulkup.model import Chunk, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGroup:
    """Rows that failed alike. `rows` are the first row numbers, `share` is of all failed rows."""

    code: str
    field: str
    message: str
    count: int
    share: float
    rows: tuple[int, ...]
    explanation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """How many rows have which status.

    `chunk_rows`: rows whose last word comes from that chunk. `attempts`: rows that came in, by
    round. `differences`: where the books do not balance, in words.
    """

    counts: Mapping[Status, int]
    created: int = 0
    chunk_rows: Mapping[int, int] = field(default_factory=dict)
    attempts: Mapping[int, int] = field(default_factory=dict)
    errors: tuple[ErrorGroup, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    differences: tuple[str, ...] = ()


def provisional(
    chunks: Sequence[Chunk], events: Sequence[Event], settled: Mapping[Status, int]
) -> Books:
    """The books of a run that is not over, from its journal: the last word of each chunk.

    `settled` counts the rows of the source that are not in any chunk.
    """
    counts = dict.fromkeys(Status, 0) | dict(settled)
    created = 0
    ends = {e.chunk: e for e in events if isinstance(e, Saved | Lost)}
    begun = {chunk for e in events if (chunk := getattr(e, "chunk", None)) is not None}
    for chunk in chunks:
        if chunk.round > 1:
            continue
        match ends.get(chunk.number):
            case Saved() as saved:
                counts[Status.SUCCEEDED] += saved.succeeded
                counts[Status.FAILED] += saved.failed
                counts[Status.UNPROCESSED] += saved.unprocessed
                counts[Status.UNKNOWN] += saved.unknown
                created += saved.created
            case Lost():
                counts[Status.UNKNOWN] += chunk.rows
            case _ if chunk.number in begun:
                counts[Status.PENDING] += chunk.rows
            case _:
                counts[Status.NOT_SENT] += chunk.rows
    return Books(counts=counts, created=created, chunk_rows={c.number: c.rows for c in chunks})
