"""What a run is to do: written once before anything is sent, and never changed."""

from dataclasses import dataclass
from pathlib import Path

from bulkup.check.column import Column
from bulkup.model import Chunk, Delimiter, LineEnding, Source, Target
from bulkup.runs.place import Place

FORMAT = 2
"""Of the plans that are written. 1 is that of bulkup 0.1.0: it has `machine` in place of `place`.
"""
READABLE_FORMATS = frozenset({1, FORMAT})


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxFailed:
    """How many rows may fail for a reason that does not pass: a number, or a share in percent."""

    rows: int | None = None
    percent: float | None = None

    def limit(self, total: int) -> float:
        """The largest number of failed rows that is still borne, of so many rows in all."""
        return self.rows if self.rows is not None else total * (self.percent or 0.0) / 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the user wants a load to be done. Durations are in seconds."""

    directory: Path
    parallel: int = 4
    chunk_bytes: int = 100_000_000
    chunk_rows: int | None = None
    retry_for: float = 15 * 60.0
    row_retries: int = 3
    canary: int = 0
    max_failed: MaxFailed | None = None
    blank_null: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How the user said that the file is to be read. What is None was detected."""

    encoding: str | None = None
    delimiter: Delimiter | None = None
    line_ending: LineEnding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is to do, written once before anything is sent.

    `source` is the user's file, and `dialect` what the user said of it. `original` has all of its
    rows and columns in a form that Salesforce takes, and `sheet` is what is sent and cut into
    chunks: each the file itself, or a copy in the run directory, with `numbers` telling which row
    of the user's file each of its records is. `settled` tells of the rows that are in no chunk.
    `retry_of` is the run whose rows are sent again, and `retry_of_events` how many events its
    journal had then. `place` is where the run directory was made.
    """

    run: str
    created: str
    version: str
    source: Source
    original: Source
    sheet: Source
    target: Target
    columns: tuple[Column, ...]
    chunks: tuple[Chunk, ...]
    options: Options
    dialect: Dialect = Dialect()
    key: str | None = None
    original_numbers: Path | None = None
    numbers: Path | None = None
    settled: Path | None = None
    changes: tuple[str, ...] = ()
    retry_of: str = ""
    retry_of_events: int = 0
    machine: str = ""
    place: Place | None = None
    format: int = FORMAT
