"""Splits a CSV's bytes between records, exactly where CPython's csv module ends them.

A quote opens a cell only at the cell's beginning; what follows a closing quote is plain text.
Blocks without a quote only need `rfind`; the others are matched by a regular expression.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from bulkup.csvfile.quoting.strict import strict_cells
from bulkup.model import Delimiter

BLOCK = 1 << 18
"""Bytes that are read at once: they stay in the processor's cache while they are searched."""

_DECODED = 1 << 16
"""Bytes that are decoded at once: for larger texts Python asks the system for fresh memory."""

LONGEST = 16 << 20
"""Bytes that no record may exceed: Salesforce takes 400,000 characters."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Whole records, from byte `offset` and physical line `line` of the file on.

    `bare` is `data` with each quoted cell shrunk to one letter, and with a line ending after the
    last record even where the file has none: its delimiters and line breaks are those between
    cells and records. `open_quote` is where in `data` a quote opens that is never closed, `odd`
    whether there are quotes that Salesforce's reader refuses.
    """

    offset: int
    line: int
    data: bytes
    bare: bytes
    delimiter: Delimiter
    open_quote: int | None = None
    odd: bool = False

    @cached_property
    def rows(self) -> int:
        """How many records there are, blank lines included."""
        return self.bare.count(b"\n")

    @property
    def breaks(self) -> int:
        """How many physical lines end here."""
        return self.rows if self.data is self.bare else self.data.count(b"\n")

    @cached_property
    def cells(self) -> bytes:
        """The data with its quoted cells masked."""
        return masked(self.data, self.delimiter)

    def first_odd_quote(self) -> int:
        """The physical line of the first odd quote."""
        cells = strict_cells(self.delimiter.char)
        return self.line_at(cells.sub(lambda cell: b"x" * len(cell[0]), self.data).find(b'"'))

    def line_at(self, offset: int) -> int:
        """The physical line of the byte `offset` of the data."""
        return self.line + self.data.count(b"\n", 0, offset)

    def line_of(self, number: int) -> int:
        """The physical line where a record begins (0 = the piece's first)."""
        if self.breaks == self.rows:
            return self.line + number
        return self.line_at(self._starts[number])

    def record(self, number: int) -> bytes:
        """The bytes of a record, with its line ending."""
        end = self._starts[number + 1] if number + 1 < len(self._starts) else len(self.data)
        return self.data[self._starts[number] : end]

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(line_break.end() for line_break in re.finditer(rb"\n", self.cells))]


@lru_cache
def quoted_cells(delimiter: Delimiter) -> re.Pattern[bytes]:
    """Matches each quoted cell of whole records; one that is never closed goes to the end."""
    # No possessive quantifiers here: CPython before 3.11.5 gets some of them wrong (gh-106052).
    before = re.escape(delimiter.char.encode())
    return re.compile(rb'"(?:(?<=[' + before + rb'\n]")|(?<=\A"))[^"]*(?:""[^"]*)*(?:"|\Z)')


def first_not_utf8(data: bytes) -> int | None:
    """The offset of the first byte that is not UTF-8, or None."""
    offset = 0
    while offset < len(data):
        part = data[offset : offset + _DECODED]
        try:
            is_last = offset + len(part) == len(data)
            offset += codecs.utf_8_decode(part, "strict", is_last)[1]
        except UnicodeDecodeError as error:
            return offset + error.start
    return None


@lru_cache
def record_pattern(delimiter: Delimiter) -> re.Pattern[bytes]:
    """Matches one record with its line feed. A closing quote is one that no other follows."""
    mark = re.escape(delimiter.char)
    text = rf"[^{mark}\n]*"
    cell = rf'(?:"[^"]*(?:""[^"]*)*"(?!"){text}|(?!"){text})'
    return re.compile(rf"{cell}(?:{mark}{cell})*\n".encode())


def masked(data: bytes, delimiter: Delimiter) -> bytes:
    """Whole records in which every byte of a quoted cell is a quote; the length is the same."""
    if b'"' not in data:
        return data
    return quoted_cells(delimiter).sub(lambda cell: b'"' * len(cell[0]), data)


def pieces(
    blocks: Iterable[bytes], *, offset: int, line: int, delimiter: Delimiter, ending: bytes
) -> Iterator[Piece]:
    """Split the blocks into pieces; the first begins at byte `offset` of the file, in line `line`.

    A piece with an open quote or with a record longer than `LONGEST` is the last.
    """
    rest = b""
    for block in blocks:
        rest = rest + block if rest else block
        piece = _whole(rest, offset, line, delimiter)
        if piece.data:
            yield piece
            rest = rest[len(piece.data) :]
            offset += len(piece.data)
            line += piece.breaks
        elif len(rest) > LONGEST:
            break
    if rest:
        yield _last(rest, offset, line, delimiter, ending)


def _whole(data: bytes, offset: int, line: int, delimiter: Delimiter) -> Piece:
    """As many whole records as there are in `data`, maybe none."""
    data = bare = data[: data.rfind(b"\n") + 1]
    odd = False
    if b'"' in data:
        bare, odd = _shrink(data, delimiter)
        if not bare.endswith(b"\n"):  # the last line break stands in a cell that is still open
            data = data[: masked(data, delimiter).rfind(b"\n") + 1]
            bare = bare[: bare.rfind(b"\n") + 1]
    return Piece(offset=offset, line=line, data=data, bare=bare, delimiter=delimiter, odd=odd)


def _last(data: bytes, offset: int, line: int, delimiter: Delimiter, ending: bytes) -> Piece:
    """What is left after the last line break between records: a record without an ending."""
    bare, odd = _shrink(data + ending, delimiter)
    opens = None
    if not bare.endswith(ending):
        *_, cell = quoted_cells(delimiter).finditer(data)
        opens = cell.start()
        bare += ending
    return Piece(
        offset=offset,
        line=line,
        data=data,
        bare=bare,
        delimiter=delimiter,
        open_quote=opens,
        odd=odd,
    )


def _shrink(data: bytes, delimiter: Delimiter) -> tuple[bytes, bool]:
    """The data with a letter for each quoted cell, and whether there are odd quotes."""
    bare = strict_cells(delimiter.char).sub(b"x", data)
    if b'"' not in bare:
        return bare, False
    return quoted_cells(delimiter).sub(b"x", data), True
