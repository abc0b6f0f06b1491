"""Reads CSV records, raw or as cells: exactly those of CPython's csv module."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

from bulkup.csvfile.scanner import quoted_cells, record_pattern
from bulkup.errors import InputError
from bulkup.model import Delimiter, LineEnding, Source

T = TypeVar("T")
BLOCK = 1 << 18

LONGEST_CELL = 20_000_000
"""Characters in a cell: more than a record of a source may have bytes (`scanner.LONGEST`)."""


class CellTooLong(InputError):
    """A cell has more than `LONGEST_CELL` characters. In most cases its quote is never closed."""


def open_reader(lines: Iterable[str], delimiter: str = ",") -> Iterator[list[str]]:
    """Read CSV records: the cells of each, an empty list for a blank line.

    `lines` is a file opened with `newline=""`, or texts of one whole record each. Every reader of
    the program is opened here, because the csv module has one limit on cells for the whole
    process: a reader opened elsewhere would depend on what was read before it.

    Raises:
        CellTooLong: while reading.
    """
    csv.field_size_limit(LONGEST_CELL)
    return _translate_errors(csv.reader(lines, delimiter=delimiter))


def open_dict_reader(lines: Iterable[str], delimiter: str = ",") -> Iterator[dict[str, str]]:
    """Read the records after a header, each as a dictionary. A missing cell is empty.

    Raises:
        CellTooLong: while reading.
    """
    csv.field_size_limit(LONGEST_CELL)
    return _translate_errors(csv.DictReader(lines, delimiter=delimiter, restval=""))


def _translate_errors(reader: Iterable[T]) -> Iterator[T]:
    try:
        yield from reader
    except csv.Error as error:
        raise CellTooLong(
            f"A cell has more than {LONGEST_CELL:,} characters",
            "Salesforce takes at most 131,072. Is a quote never closed?",
            name="InvalidCsv",
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Consecutive records, as bytes without their line endings.

    `plain`: each takes one physical line.
    """

    raw: list[bytes]
    plain: bool

    @property
    def records(self) -> list[str]:
        """The records as text."""
        return [record.decode("utf-8") for record in self.raw]

    def lines(self, first: int) -> list[int]:
        """The physical line on which each record starts, and the one after the last."""
        if self.plain:
            return list(range(first, first + len(self.raw) + 1))
        heights = (record.count(b"\n") + 1 for record in self.raw)
        return list(accumulate(heights, initial=first))


def blocks(source: Source, *, size: int = BLOCK) -> Iterator[Block]:
    """Read all records of the source, in order, about `size` bytes at a time.

    Blank lines after the last record are left out.
    """
    left = source.rows
    for block in read(source.path, source.start, source.delimiter, source.line_ending, size):
        kept = block.raw[:left]
        left -= len(kept)
        if kept:
            yield Block(raw=kept, plain=block.plain)


def read(
    path: Path, start: int, delimiter: Delimiter, line_ending: LineEnding, size: int = BLOCK
) -> Iterator[Block]:
    """Read the records from the byte `start` on. A last one with an open quote goes to the end."""
    whole = record_pattern(delimiter)
    with path.open("rb") as file:
        file.seek(start)
        rest = b""
        while piece := file.read(max(size, len(rest))):
            rest += piece
            block, rest = _split(rest, whole, line_ending.chars.encode())
            if block.raw:
                yield block
    if rest:
        yield Block(raw=[rest], plain=b"\n" not in rest)


def _split(data: bytes, whole: re.Pattern[bytes], ending: bytes) -> tuple[Block, bytes]:
    """Split off the whole records of `data`. Only lines with a quote are matched by the pattern."""
    raw, position, plain = list[bytes](), 0, True
    while (quote := data.find(b'"', position)) >= 0:
        begin = max(position, data.rfind(b"\n", position, quote) + 1)
        raw += data[position:begin].split(ending)[:-1]
        record_match = whole.match(data, begin)
        if record_match is None:
            return Block(raw=raw, plain=plain), data[begin:]
        record = record_match.group().removesuffix(ending).removesuffix(b"\n")
        plain = plain and b"\n" not in record
        raw.append(record)
        position = record_match.end()
    cut = max(position, data.rfind(b"\n") + 1)
    raw += data[position:cut].split(ending)[:-1]
    return Block(raw=raw, plain=plain), data[cut:]


_OWN = ("sf__", "bulkup__")


def is_own(name: str) -> bool:
    """Whether a column is one of ours or of Salesforce's results.

    Such columns are never sent, and are replaced in the files that we write.
    """
    return name.casefold().startswith(_OWN)


class ColumnProjection:
    """Takes some columns of a source, those at the indexes `kept`, in its own dialect."""

    def __init__(self, source: Source, kept: Sequence[int]) -> None:
        self.ending = source.line_ending.chars.encode()
        self._delimiter = source.delimiter.char
        self._quoted = quoted_cells(source.delimiter)
        self._kept = kept
        self._all = list(kept) == list(range(len(source.header)))

    def header(self, names: Iterable[str]) -> bytes:
        """Write a header record of these names."""
        return self._write([list(names)])[0] + self.ending

    def records(self, raw: list[bytes], *, even: bool = False) -> list[bytes]:
        """The records with the kept columns only; unchanged where all are kept.

        With `even` each has as many cells as there are columns.
        """
        if self._all and not (even and self._has_ragged(raw)):
            return raw
        rows = self.cells(record.decode("utf-8") for record in raw)
        return self._write(
            [cells[index] if index < len(cells) else "" for index in self._kept] for cells in rows
        )

    def _has_ragged(self, raw: list[bytes]) -> bool:
        """Whether a record has another number of cells than there are columns."""
        bare = b"\n".join(raw)
        if b'"' in bare:
            bare = self._quoted.sub(b"x", bare)
        mark, breaks = self._delimiter.encode(), len(self._kept) - 1
        return any(record.count(mark) != breaks for record in bare.split(b"\n"))

    def cells(self, raw: Iterable[str]) -> Iterator[list[str]]:
        """The cells of raw records."""
        return open_reader(raw, self._delimiter)

    def _write(self, rows: Iterable[Sequence[str]]) -> list[bytes]:
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=self._delimiter, lineterminator="\r\n")
        records = []
        for row in rows:
            writer.writerow(row)
            records.append(text.getvalue()[:-2].encode("utf-8"))
            text.seek(0)
            text.truncate()
        return records
