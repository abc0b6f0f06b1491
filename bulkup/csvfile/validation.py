"""Looks through a file's records: counts them, marks boundaries, notes all that is wrong."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bulkup.csvfile import problems as say
from bulkup.csvfile.header import Header
from bulkup.csvfile.problems import LineList, Problem
from bulkup.csvfile.scanner import LONGEST, Piece, first_not_utf8
from bulkup.model import LineEnding

MARK_EVERY = 1 << 20
"""Bytes from one mark to the next, about."""

_NO_BREAKS = bytes(set(range(256)) - {*b"\r\n"})

_OTHER_ENDING = {LineEnding.LF: re.compile(rb"\r\n"), LineEnding.CRLF: re.compile(rb"(?<!\r)\n")}


@dataclass(slots=True)
class Blanks:
    """Blank lines: those after the last record do no harm, so each is held until a record comes."""

    places: LineList = field(default_factory=LineList)
    held: int = 0
    _line: int = 0

    def hold(self, piece: Piece, number: int) -> None:
        """The record `number` of the piece is a blank line."""
        if not self.held and not self.places.full:
            self._line = piece.line_of(number)
        self.held += 1

    def confirm(self) -> None:
        """A record comes after them."""
        for line in range(self._line, self._line + self.held):
            self.places.add(line, f"line {line}")
        self.held = 0


class Survey:
    """What the records of a file come to, piece by piece. Memory does not grow with them.

    `marks` are record boundaries: (byte, records before it). `rows` and the last mark leave out
    blank lines after the last record.
    """

    def __init__(self, header: Header, *, check_cells: bool) -> None:
        self.rows = 0
        self.marks = [(header.start, 0)]
        self._delimiter = header.delimiter.char.encode()
        self._line_ending = header.line_ending
        self._ending = header.line_ending.chars.encode()
        self._blank = re.compile(b"\n" + self._ending)  # re finds it quicker than bytes does
        self._width = len(header.names)
        self._check_cells = check_cells
        self._skeleton = self._delimiter * (self._width - 1) + b"\n"
        self._flesh = bytes(set(range(256)) - {*self._delimiter, *b"\n"})
        self._problems: dict[str, Problem] = {}
        self._ragged = LineList()
        self._blanks = Blanks()

    def see(self, piece: Piece) -> None:
        """Take one more piece into account; they come in order."""
        self._see_bytes(piece)
        self._see_endings(piece)
        self._see_length(piece)
        if self._is_regular(piece):
            self._blanks.confirm()
            rows = piece.rows
        else:
            rows = self._see_each(piece)
        if rows:
            end = piece.offset + len(piece.data) - self._blanks.held * len(self._ending)
            self.rows += rows
            self._mark(end)

    def _mark(self, end: int) -> None:
        """The last mark is the end of the records so far; the one before it stays."""
        if len(self.marks) > 1 and end - self.marks[-2][0] <= MARK_EVERY:
            self.marks.pop()
        self.marks.append((end, self.rows))

    def problems(self) -> Iterator[Problem]:
        """All that was found."""
        yield from self._problems.values()
        if self._ragged.count:
            yield say.ragged(self._ragged.line, self._width, str(self._ragged))
        if self._blanks.places.count:
            yield say.blank_lines(self._blanks.places.line, str(self._blanks.places))

    def _first(self, kind: str, problem: Problem) -> None:
        self._problems.setdefault(kind, problem)

    def _see_bytes(self, piece: Piece) -> None:
        data = piece.data
        if b"\0" in data:
            self._first("nul", say.nul_byte(piece.line_at(data.find(b"\0"))))
        if not data.isascii() and (at := first_not_utf8(data)) is not None:
            self._first("utf-8", say.not_utf8(piece.line_at(at), data[at]))

    def _see_endings(self, piece: Piece) -> None:
        """One kind of line ending between records, and no carriage return without a line feed."""
        bare = piece.bare
        if self._line_ending is LineEnding.LF:
            right = b"\r" not in bare
        else:
            right = bare.translate(None, _NO_BREAKS) == b"\r\n" * piece.rows
        if right:
            return
        if other := _OTHER_ENDING[self._line_ending].search(piece.cells):
            line = piece.line_at(other.start())
            self._first("mixed", say.mixed_endings(line, self._line_ending))
        if lone := say.BARE_RETURN.search(piece.cells):
            self._first("return", say.bare_return(piece.line_at(lone.start())))

    def _see_length(self, piece: Piece) -> None:
        if piece.open_quote is not None:
            self._first("quote", say.open_quote(piece.line_at(piece.open_quote)))
        elif len(piece.data) > LONGEST and piece.rows == 1:
            self._first("length", say.too_long(piece.line, LONGEST))

    def _is_regular(self, piece: Piece) -> bool:
        """No blank lines and the right number of cells, all records looked at together."""
        bare = piece.bare
        if self._check_cells:
            if bare.translate(None, self._flesh) != self._skeleton * piece.rows:
                return False
            if self._width > 1:
                return True
        return not (bare.startswith(self._ending) or self._blank.search(bare))

    def _see_each(self, piece: Piece) -> int:
        """Record by record, because something is wrong. How many are no blank lines."""
        rows = 0
        for number, record in enumerate(piece.bare.split(b"\n")[:-1]):
            if record.strip(b"\r"):
                self._blanks.confirm()
                rows += 1
                if self._check_cells:
                    self._see_width(piece, number, record.count(self._delimiter) + 1)
            else:
                self._blanks.hold(piece, number)
        return rows

    def _see_width(self, piece: Piece, number: int, cells: int) -> None:
        if cells != self._width:
            line = 0 if self._ragged.full else piece.line_of(number)
            self._ragged.add(line, f"line {line} has {cells}")
