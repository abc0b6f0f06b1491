"""What became of every row, in numbers: the books of a run, provisional or final."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bulkup.model import Status


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
class Totals:
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
