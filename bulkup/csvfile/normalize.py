"""Makes any CSV one that Salesforce takes: rewritten once, where it must be, in the run directory.

::

    file_format = detect(path)
    prepared = prepare(file_format, folder)    the file itself, or a copy that Salesforce takes
    source = open_source(prepared.path, …)     raises for what only the user can correct
    csv_file = NumberedCsv(source=source, numbers=prepared.numbers)
    sent = write_columns(source, …)            where columns or empty cells are sent otherwise
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import IO, BinaryIO

from bulkup.csvfile.decoding import Undecodable
from bulkup.csvfile.detection import FileFormat, detect, left_out, not_of_encoding
from bulkup.csvfile.numbered import NUMBERS_HEADER
from bulkup.csvfile.quoting.notes import QuoteNotes
from bulkup.csvfile.records import open_reader
from bulkup.csvfile.rewrite import Omissions, rewrite_blocks, rewrite_records, write_rows
from bulkup.files import open_private
from bulkup.model import Delimiter, LineEnding, Source

__all__ = ["FileFormat", "Prepared", "detect", "keep_input", "prepare", "write_columns"]

NULL = "#N/A"
"""The value by which Salesforce empties a field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A CSV that Salesforce takes, and what was changed for it, a sentence each.

    `numbers` is the sidecar of `NumberedCsv`: None where each record keeps its place and line.
    `quotes` tells which rows had odd quotes.
    """

    path: Path
    delimiter: Delimiter
    line_ending: LineEnding
    numbers: Path | None = None
    changes: tuple[str, ...] = ()
    quotes: QuoteNotes = field(default_factory=QuoteNotes)


def prepare(file_format: FileFormat, folder: Path) -> Prepared:
    """The file itself where Salesforce takes it as it is, else a copy in `folder` (mode 0600).

    Raises:
        InputError: rows do not fit the header, a quote is never closed, or bytes are not of the
            encoding; lines are those of the user's file.
        RunError: the copy can't be written.
    """
    if file_format.as_is:
        return Prepared(
            path=file_format.path,
            delimiter=file_format.delimiter,
            line_ending=file_format.line_ending,
        )
    to = folder / "source.csv"
    try:
        if any(reason.by_records for reason in file_format.reasons):
            numbers = folder / "source.numbers.csv"
            with open_private(to) as file, _open_numbers(numbers) as sidecar:
                omissions = rewrite_records(file_format, file, sidecar.add)
        else:
            numbers, omissions = None, Omissions()
            with open_private(to) as file:
                rewrite_blocks(file_format, file)
    except Undecodable as error:
        raise not_of_encoding(file_format.name, error) from error
    return Prepared(
        path=to,
        delimiter=file_format.delimiter,
        line_ending=file_format.line_ending,
        numbers=numbers,
        changes=tuple(_changes(file_format, omissions)),
        quotes=omissions.quotes,
    )


class _Sidecar:
    """Writes the numbers of records that keep their rows: row by row, with the line of each."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._row = 0
        file.write(NUMBERS_HEADER.encode() + b"\n")

    def add(self, line: int) -> None:
        self._row += 1
        self._file.write(b"%d,%d\n" % (self._row, line))


@contextmanager
def _open_numbers(path: Path) -> Iterator[_Sidecar]:
    with open_private(path) as file:
        yield _Sidecar(file)


def _changes(file_format: FileFormat, omissions: Omissions) -> Iterator[str]:
    yield from (reason.change for reason in file_format.reasons if reason.change)
    if omissions.blank_lines:
        yield left_out(omissions.blank_lines, "blank line")
    yield from omissions.quotes.sentences
    if omissions.empty_rows:
        yield left_out(omissions.empty_rows, "empty row", " at the end")


def write_columns(
    source: Source, to: Path, columns: Mapping[str, str], *, blank_null: bool = False
) -> Prepared:
    """The source with these columns, `{name that is sent: column of the source}`, in order.

    With `blank_null`, empty cells become `#N/A`. A column may be sent under several names. The
    records keep their places, so the sidecar of the source's file, if any, is theirs too:
    `numbers` is None. Where the source has just these columns, and no cell changes, it is the
    source's own path, and no changes.

    Raises:
        RunError: the copy can't be written.
    """
    if not blank_null and tuple(columns.values()) == source.header:
        return Prepared(
            path=source.path, delimiter=source.delimiter, line_ending=source.line_ending
        )
    with (
        source.path.open(encoding="utf-8-sig", newline="") as text,
        open_private(to) as file,
    ):
        rows = _chosen(text, source, columns, blank_null=blank_null)
        write_rows(file, rows, source.delimiter, source.line_ending.chars)
    return Prepared(
        path=to,
        delimiter=source.delimiter,
        line_ending=source.line_ending,
        changes=tuple(_column_changes(source, columns, blank_null=blank_null)),
    )


def _column_changes(
    source: Source, columns: Mapping[str, str], *, blank_null: bool
) -> Iterator[str]:
    sent: dict[str, list[str]] = {name: [] for name in source.header}
    for name, column in columns.items():
        sent[column].append(name)
    if dropped := [column for column, names in sent.items() if not names]:
        yield f"Not sent: {', '.join(dropped)}"
    for column, names in sent.items():
        if len(names) > 1:
            yield f"{column} is sent as {' and as '.join(names)}"
    if blank_null:
        yield f"Empty cells are sent as {NULL}"


def _chosen(
    text: TextIOWrapper, source: Source, columns: Mapping[str, str], *, blank_null: bool
) -> Iterator[list[str]]:
    places = {name: index for index, name in enumerate(source.header)}
    kept = [places[name] for name in columns.values()]
    reader = open_reader(text, source.delimiter.char)
    next(reader)
    yield list(columns)
    for row in islice(reader, source.rows):  # blank lines after the last record are none
        cells = [row[index] if index < len(row) else "" for index in kept]
        yield [cell or NULL for cell in cells] if blank_null else cells


def keep_input(stream: BinaryIO, folder: Path) -> Path:
    """Copy standard input into the run directory (mode 0600): a load must be readable twice.

    Raises:
        RunError: the copy can't be written.
    """
    to = folder / "input.csv"
    with open_private(to) as file:
        shutil.copyfileobj(stream, file, 1 << 20)
    return to
