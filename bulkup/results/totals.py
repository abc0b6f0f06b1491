"""What became of every row, in numbers: the totals of a run, provisional or final.

An example, of the four rows in `row_status`:

    counts      {succeeded: 2, skipped: 1, unknown: 1}   their sum is the rows of the file
    created     1                                        row 2; row 3 was updated
    chunk_rows  {1: 2, 2: 1}                             rows 2 and 4; row 3
    attempts    {1: 1, 2: 1}                             succeeded rows by round
    differences ("Chunk 1: the results name 2 of its 3 rows",)
"""

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

    `chunk_rows`: rows whose latest status comes from that chunk. `attempts`: rows that succeeded,
    by round. `differences`: where the counts contradict each other, in words.
    `skipped`: skipped rows by reason (`row_files.SkipReason`). `emptied`: by field, how many cells
    of the rows that were sent empty it (`#N/A`).
    """

    counts: Mapping[Status, int]
    created: int = 0
    chunk_rows: Mapping[int, int] = field(default_factory=dict)
    attempts: Mapping[int, int] = field(default_factory=dict)
    errors: tuple[ErrorGroup, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    differences: tuple[str, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    emptied: Mapping[str, int] = field(default_factory=dict)
