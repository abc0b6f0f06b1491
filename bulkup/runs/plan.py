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
    """How many rows may fail with an error that is not temporary: a number, or a percentage."""

    rows: int | None = None
    percent: float | None = None

    def limit(self, total: int) -> float:
        """Return the largest number of failed rows that does not stop a load of `total` rows."""
        return self.rows if self.rows is not None else total * (self.percent or 0.0) / 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a load is carried out. Durations are in seconds, sizes in bytes."""

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
    """How the user wants the file to be read. What is None is detected.

    `skip_lines` is how many physical lines stand above the header. `unclear_quotes`: rows whose
    quotes may mean several things are sent as the csv module reads them.
    """

    encoding: str | None = None
    delimiter: Delimiter | None = None
    line_ending: LineEnding | None = None
    skip_lines: int = 0
    unclear_quotes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Rows that are sent when those of the levels before are over: a copy in the run directory.

    `numbers` has the row of the user's file for each of its records.
    """

    source: Source
    numbers: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is to do, written once before anything is sent.

    `source` is the user's file, `dialect` the user's options for reading it. `original` has all of
    its rows and columns in a form that Salesforce accepts, `csv_file` is what is sent and cut into
    chunks: each is the file itself or a copy in the run directory. `original_numbers` and `numbers`
    are files with the row of the user's file for each of their records (None: the same row),
    `unsent` is one of the rows that are in no chunk. `levels` are the levels after the first, which
    is `csv_file`, where rows name parents in the same file. `changes` are sentences about what
    differs from the file. `retry_of` is the run whose rows are sent again, `retry_of_events` the
    number of events in its journal at that time. `place` is where the run directory was made;
    `machine` is what bulkup 0.1.0 wrote instead. `journalled`: the journal was there before the
    plan, so that a run without one has lost it.
    """

    run: str
    created: str
    version: str
    source: Source
    original: Source
    csv_file: Source
    target: Target
    columns: tuple[Column, ...]
    chunks: tuple[Chunk, ...]
    options: Options
    dialect: Dialect = Dialect()
    key: str | None = None
    original_numbers: Path | None = None
    numbers: Path | None = None
    unsent: Path | None = None
    levels: tuple[Level, ...] = ()
    changes: tuple[str, ...] = ()
    retry_of: str = ""
    retry_of_events: int = 0
    machine: str = ""
    place: Place | None = None
    journalled: bool = False
    format: int = FORMAT
