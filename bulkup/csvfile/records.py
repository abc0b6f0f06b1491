"""A CSV file as its raw records: exactly those of CPython's csv module, text unchanged."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

from bulkup.csvfile.scanner import record_pattern
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
    """Some records in a row, as bytes without their line endings.

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
    """All records of the source, in order, about `size` bytes at a time.

    Blank lines after the last record are none.
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
    """The records from the byte `start` on. A last one with an open quote goes to the end."""
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
    """The whole records of `data`, and what is left. Only lines with a quote meet the pattern."""
    raw, at, plain = list[bytes](), 0, True
    while (quote := data.find(b'"', at)) >= 0:
        begin = max(at, data.rfind(b"\n", at, quote) + 1)
        raw += data[at:begin].split(ending)[:-1]
        found = whole.match(data, begin)
        if found is None:
            return Block(raw=raw, plain=plain), data[begin:]
        record = found.group().removesuffix(ending).removesuffix(b"\n")
        plain = plain and b"\n" not in record
        raw.append(record)
        at = found.end()
    cut = max(at, data.rfind(b"\n") + 1)
    raw += data[at:cut].split(ending)[:-1]
    return Block(raw=raw, plain=plain), data[cut:]


_OWN = ("sf__", "bulkup__")


def is_own(name: str) -> bool:
    """Whether a column is one of ours or of Salesforce's results.

    Such columns are never sent, and are replaced in the files that we write.
    """
    return name.casefold().startswith(_OWN)


class ColumnProjection:
    """The columns of a source at the places `kept`, in its own dialect."""

    def __init__(self, source: Source, kept: Sequence[int]) -> None:
        self.ending = source.line_ending.chars.encode()
        self._mark = source.delimiter.char
        self._kept = kept
        self._all = list(kept) == list(range(len(source.header)))

    def header(self, names: Iterable[str]) -> bytes:
        """A header record of these names."""
        return self._joined([list(names)])[0] + self.ending

    def records(self, raw: list[bytes]) -> list[bytes]:
        """The records with the kept columns only; as they are where all are kept."""
        if self._all:
            return raw
        rows = self.cells(one.decode("utf-8") for one in raw)
        return self._joined(
            [cells[at] if at < len(cells) else "" for at in self._kept] for cells in rows
        )

    def cells(self, raw: Iterable[str]) -> Iterator[list[str]]:
        """The cells of raw records."""
        return open_reader(raw, self._mark)

    def _joined(self, rows: Iterable[Sequence[str]]) -> list[bytes]:
        text = io.StringIO(newline="")
        written = csv.writer(text, delimiter=self._mark, lineterminator="\r\n")
        records = []
        for row in rows:
            written.writerow(row)
            records.append(text.getvalue()[:-2].encode("utf-8"))
            text.seek(0)
            text.truncate()
        return records
