"""Validates a file's records: counts them, marks boundaries, collects all problems."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bulkup.csvfile import problems as say
from bulkup.csvfile.header import Header
from bulkup.csvfile.layout.ragged import RaggedRows
from bulkup.csvfile.problems import LineList, Problem
from bulkup.csvfile.records import open_reader
from bulkup.csvfile.scanner import LONGEST, Piece, first_not_utf8
from bulkup.model import LineEnding

MARK_EVERY = 1 << 20
"""Bytes from one mark to the next, about."""

_NO_BREAKS = bytes(set(range(256)) - {*b"\r\n"})

_OTHER_ENDING = {LineEnding.LF: re.compile(rb"\r\n"), LineEnding.CRLF: re.compile(rb"(?<!\r)\n")}


@dataclass(slots=True)
class Blanks:
    """Blank lines: those after the last record do no harm, so they count once a record follows."""

    places: LineList = field(default_factory=LineList)
    held: int = 0
    _line: int = 0

    def hold(self, piece: Piece, number: int) -> None:
        """Remember the record `number` of the piece, which is a blank line."""
        if not self.held and not self.places.full:
            self._line = piece.line_of(number)
        self.held += 1

    def confirm(self) -> None:
        """Count the blank lines: a record follows."""
        for line in range(self._line, self._line + self.held):
            self.places.add(line, f"line {line}")
        self.held = 0


class Survey:
    """Validates records piece by piece. Memory does not grow with them.

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
        self._separators = self._delimiter * (self._width - 1) + b"\n"
        self._not_separators = bytes(set(range(256)) - {*self._delimiter, *b"\n"})
        self._problems: dict[str, Problem] = {}
        self._ragged = RaggedRows(self._width)
        self._blanks = Blanks()

    def add(self, piece: Piece) -> None:
        """Validate a further piece; they come in order."""
        self._check_bytes(piece)
        self._check_endings(piece)
        if piece.odd:
            self._problems.setdefault("odd", say.odd_quote(piece.first_odd_quote()))
        self._check_length(piece)
        if self._is_regular(piece):
            self._blanks.confirm()
            rows = piece.rows
        else:
            rows = self._check_each(piece)
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
        """All problems."""
        yield from self._problems.values()
        yield from self._ragged.problems()
        if self._blanks.places.count:
            yield say.blank_lines(self._blanks.places.line, str(self._blanks.places))

    def _add_problem(self, kind: str, problem: Problem) -> None:
        self._problems.setdefault(kind, problem)

    def _check_bytes(self, piece: Piece) -> None:
        data = piece.data
        if b"\0" in data:
            self._add_problem("nul", say.nul_byte(piece.line_at(data.find(b"\0"))))
        if not data.isascii() and (offset := first_not_utf8(data)) is not None:
            self._add_problem("utf-8", say.not_utf8(piece.line_at(offset), data[offset]))

    def _check_endings(self, piece: Piece) -> None:
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
            self._add_problem("mixed", say.mixed_endings(line, self._line_ending))
        if lone := say.BARE_RETURN.search(piece.cells):
            self._add_problem("return", say.bare_return(piece.line_at(lone.start())))

    def _check_length(self, piece: Piece) -> None:
        if piece.open_quote is not None:
            self._add_problem("quote", say.open_quote(piece.line_at(piece.open_quote)))
        elif len(piece.data) > LONGEST and piece.rows == 1:
            self._add_problem("length", say.too_long(piece.line, LONGEST))

    def _is_regular(self, piece: Piece) -> bool:
        """Whether there are no blank lines and all records have the right number of cells."""
        bare = piece.bare
        if self._check_cells:
            if bare.translate(None, self._not_separators) != self._separators * piece.rows:
                return False
            if self._width > 1:
                return True
        return not (bare.startswith(self._ending) or self._blank.search(bare))

    def _check_each(self, piece: Piece) -> int:
        """Check record by record, because something is wrong. Returns how many are not blank."""
        rows = 0
        for number, record in enumerate(piece.bare.split(b"\n")[:-1]):
            if record.strip(b"\r"):
                self._blanks.confirm()
                rows += 1
                if self._check_cells and record.count(self._delimiter) + 1 != self._width:
                    self._add_ragged(piece, number)
            else:
                self._blanks.hold(piece, number)
        return rows

    def _add_ragged(self, piece: Piece, number: int) -> None:
        text = piece.record(number).decode("utf-8", "replace")
        cells = next(open_reader([text], piece.delimiter.char), [])
        self._ragged.add(piece.line_of(number), cells or [""])
