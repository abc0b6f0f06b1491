"""Any CSV in: what Salesforce would refuse is written anew, once, into the run directory.

::

    found = look(path)                         what the file is
    prepared = prepare(found, folder)          the file itself, or a copy that Salesforce takes
    source = open_source(prepared.path, …)     raises for what nobody can put right
    sheet = Sheet(source=source, numbers=prepared.numbers)
    sent = leave_out(sheet.source, …)          only where columns are dropped, or blanks become #N/A
"""

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import IO, BinaryIO

from bulkup.csvfile.decoding import Undecodable
from bulkup.csvfile.detection import FileFormat, detect, not_of_encoding
from bulkup.csvfile.dialect import delimiter_of
from bulkup.csvfile.numbered import NUMBERS_HEADER
from bulkup.csvfile.records import open_reader
from bulkup.csvfile.rewrite import ColumnSelection, by_blocks, by_records, write_rows
from bulkup.files import open_private
from bulkup.model import Delimiter, LineEnding, Source

__all__ = ["FileFormat", "Prepared", "detect", "keep_input", "leave_out", "prepare"]

NULL = "#N/A"
"""What Salesforce empties a field for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A CSV that Salesforce takes, and what was changed for that, a sentence each.

    `numbers` is the sidecar of `Sheet`: None where each record still has its place and its line.
    """

    path: Path
    delimiter: Delimiter
    line_ending: LineEnding
    numbers: Path | None = None
    changes: tuple[str, ...] = ()


def prepare(found: FileFormat, folder: Path) -> Prepared:
    """The file itself where Salesforce takes it as it is, else a copy in `folder` (mode 0600).

    Raises:
        InputError: rows do not fit the header, a quote is never closed, or bytes are not of the
            encoding; lines are those of the user's file.
        RunError: the copy can't be written.
    """
    if found.as_is:
        return Prepared(path=found.path, delimiter=found.delimiter, line_ending=found.line_ending)
    to = folder / "source.csv"
    try:
        if _by_blocks(found):
            with open_private(to) as file:
                by_blocks(found, file)
            left, numbers = ColumnSelection(), None
        else:
            numbers = folder / "source.numbers.csv"
            with open_private(to) as file, _notes(numbers) as notes:
                left = by_records(found, file, notes.line)
    except Undecodable as error:
        raise not_of_encoding(found.name, error) from error
    return Prepared(
        path=to,
        delimiter=found.delimiter,
        line_ending=found.line_ending,
        numbers=numbers,
        changes=tuple(_changes(found, left)),
    )


def _by_blocks(found: FileFormat) -> bool:
    """Whether nothing inside a record has to change, nor is any left out."""
    plain_breaks = not found.quotes or found.breaks <= {found.line_ending.chars}
    inside = (
        found.separator_line or found.unnamed or found.blank_lines or found.empty_rows
        or delimiter_of(found.char) is None
    )  # fmt: skip
    return plain_breaks and not inside


class _Notes:
    """Writes a sidecar, a record at a time: rows count on, lines are told."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._row = 0
        file.write(NUMBERS_HEADER.encode() + b"\n")

    def line(self, line: int) -> None:
        self._row += 1
        self._file.write(b"%d,%d\n" % (self._row, line))


@contextmanager
def _notes(path: Path) -> Iterator[_Notes]:
    with open_private(path) as file:
        yield _Notes(file)


def _changes(found: FileFormat, left: ColumnSelection) -> Iterator[str]:
    if found.compressed:
        yield "It was unpacked (gzip)"
    if found.encoding.name != "utf-8":
        guess = " (as far as can be told: --encoding overrules)" if found.encoding.guessed else ""
        yield f"It was read as {found.encoding.shown}{guess} and written as UTF-8"
    if found.separator_line:
        yield f"The first line, sep={found.char}, was left out"
    if delimiter_of(found.char) is None:
        yield f"{found.char!r} between cells became a comma"
    if found.breaks - {found.line_ending.chars}:
        yield f"All records end in {found.line_ending} now"
    if found.unnamed:
        yield _left_out(found.unnamed, "empty column", " at the end")
    if left.blank_lines:
        yield _left_out(left.blank_lines, "blank line", "")
    if left.empty_rows:
        yield _left_out(left.empty_rows, "empty row", " at the end")


def _left_out(count: int, what: str, where: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}{where} {'was' if count == 1 else 'were'} left out"


def leave_out(
    source: Source, to: Path, *, drop: Collection[str] = (), blank_null: bool = False
) -> Prepared:
    """The source without the columns `drop`; with `blank_null`, empty cells become `#N/A`.

    Its records keep their places, so the sidecar of the source's sheet, if any, is theirs too:
    `numbers` is None. Nothing to do: the source's own path, and no changes.

    Raises:
        RunError: the copy can't be written.
    """
    if not blank_null and not set(drop) & set(source.header):
        return Prepared(
            path=source.path, delimiter=source.delimiter, line_ending=source.line_ending
        )
    with (
        source.path.open(encoding="utf-8-sig", newline="") as text,
        open_private(to) as file,
    ):
        rows = _chosen(text, source, drop, blank_null=blank_null)
        write_rows(file, rows, source.delimiter, source.line_ending.chars)
    changes = []
    if dropped := [name for name in source.header if name in drop]:
        changes.append(f"Not sent: {', '.join(dropped)}")
    if blank_null:
        changes.append(f"Empty cells are sent as {NULL}")
    return Prepared(
        path=to,
        delimiter=source.delimiter,
        line_ending=source.line_ending,
        changes=tuple(changes),
    )


def _chosen(
    text: TextIOWrapper, source: Source, drop: Collection[str], *, blank_null: bool
) -> Iterator[list[str]]:
    kept = [at for at, name in enumerate(source.header) if name not in drop]
    reader = open_reader(text, source.delimiter.char)
    header = next(reader)
    yield [header[at] for at in kept]
    for row in islice(reader, source.rows):  # blank lines after the last record are none
        cells = [row[at] if at < len(row) else "" for at in kept]
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
