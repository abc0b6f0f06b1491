r"""Reads records whose quotes are odd: as they are meant where that is clear, else as csv does.

The meaning is one, for a record that has as many cells as the header:

| in the file | the cell |
| --- | --- |
| `5" pipe` | `5" pipe`: a quote inside a plain cell |
| `"5" pipe"`, `"a "b" c"` | `5" pipe`, `a "b" c`: inches, and pairs that open before a word |
| ` "a, b" ` | `a, b`: blanks beside a quoted cell |
| `"say \"hi\""` | `say "hi"`: where the whole file is written so |

It is not in `"Hello" world` or `"Hello" and "bye"`, nor where some quotes of a cell are doubled and
others are not.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from bulkup.csvfile.quoting.strict import strict_record
from bulkup.csvfile.records import LONGEST_CELL, open_reader

_BEFORE_OPENING = " \t([{/-"
"""What stands before a quote that opens inside a text."""


class Correction(StrEnum):
    """What is done about odd quotes, as a sentence that lines follow."""

    DOUBLED = "Quotes inside cells were doubled"
    BLANKS = "Blanks beside quoted cells were left out"
    BACKSLASH = r"Quotes after a backslash (\") were doubled"


class UnclearRecord(ValueError):
    """Where the record ends can't be known: the line, 0 = its first, where the quote opens."""

    def __init__(self, line: int, *, closed: bool) -> None:
        super().__init__()
        self.line = line
        self.closed = closed


@dataclass(slots=True, kw_only=True)
class QuotedRecord:
    """The cells of a record, and what about its quotes was odd. `lines` are physical lines."""

    cells: list[str] = field(default_factory=list)
    lines: int = 1
    corrections: set[Correction] = field(default_factory=set)
    unclear: bool = False
    unclear_cell: str = ""

    @property
    def odd(self) -> bool:
        """Whether a strict reader would refuse the record."""
        return self.unclear or bool(self.corrections)


class QuoteReader:
    """The records of `lines`, which keep their line breaks.

    `backslash`: quotes inside cells are escaped by a backslash and not doubled. `pairs`, `lone` and
    `doubled` say whether doubled backslashes, single ones and doubled quotes were met then.
    """

    def __init__(self, lines: Iterable[str], char: str, *, backslash: bool = False) -> None:
        self.pairs = self.lone = self.doubled = False
        self._lines = iter(lines)
        self._char = char
        self._backslash = backslash
        self._strict = strict_record(char)
        mark = re.escape(char)
        blanks = "[ ]*" if char == "\t" else r"[ \t]*"
        text = r'[^"\\]*(?:\\.[^"\\]*)*' if backslash else r'[^"]*(?:""[^"]*)*'
        end = rf"(?={mark}|[\r\n]*\Z)"
        self._plain = re.compile(rf'[^"{mark}\r\n]*{end}')
        self._quoted = re.compile(rf'({blanks})"({text})"({blanks}){end}', re.DOTALL)
        self._open = re.compile(rf'{blanks}"({text})\Z', re.DOTALL)
        self._close = re.compile(rf'({text})"(?!")({blanks})({end})?', re.DOTALL)
        self._with_quotes_inside = re.compile(rf'{blanks}"([^\r\n]*?)"{blanks}{end}')
        self._with_text_after = re.compile(rf'"({text})"([^{mark}\r\n]*){end}')
        self._any = re.compile(rf"[^{mark}\r\n]*")
        self._begins_cell = re.compile(rf'{mark}{blanks}"')

    def __iter__(self) -> Iterator[QuotedRecord]:
        """Read record by record; no line is read before it is needed.

        Raises:
            UnclearRecord: where one ends can't be known.
        """
        for line in self._lines:
            if '"' not in line:
                text = line.rstrip("\r\n")
                yield QuotedRecord(cells=text.split(self._char) if text else [])
            elif self._strict.fullmatch(line) and not (self._backslash and "\\" in line):
                cells = next(open_reader([line], self._char), [])
                self.doubled = self.doubled or any('"' in cell for cell in cells)
                yield QuotedRecord(cells=cells)
            else:
                yield self._read_record(line)

    def _read_record(self, line: str) -> QuotedRecord:
        record, position = QuotedRecord(), 0
        while True:
            line, position = self._read_cell(record, line, position)
            if not line.startswith(self._char, position):
                return record
            position += 1

    def _read_cell(self, record: QuotedRecord, line: str, position: int) -> tuple[str, int]:
        """Add the cell that begins at the position; returns where it ends."""
        if cell := self._plain.match(line, position):
            record.cells.append(cell[0])
        elif cell := self._quoted.match(line, position):
            self._add_quoted(record, cell[2])
            if cell[1] or cell[3]:
                record.corrections.add(Correction.BLANKS)
        elif opened := self._open.match(line, position):
            return self._read_on(record, opened)
        elif (cell := self._with_quotes_inside.match(line, position)) and self._is_clear(cell[1]):
            record.cells.append(cell[1])
            record.corrections.add(Correction.DOUBLED)
        elif cell := self._with_text_after.match(line, position):
            self._add_unclear(record, cell[1].replace('""', '"') + cell[2])
        else:
            cell = self._any.match(line, position)
            assert cell is not None  # noqa: S101  it matches nothing too
            self._add_literal(record, cell[0])
        return line, cell.end()

    def _read_on(self, record: QuotedRecord, opened: re.Match[str]) -> tuple[str, int]:
        """Read a quoted cell that goes on in the next lines."""
        first, parts, size = record.lines - 1, [opened[1]], len(opened[1])
        for line in self._lines:
            record.lines += 1
            closed = self._close.match(line)
            parts.append(closed[1] if closed else line)
            size += len(parts[-1])
            if closed:
                if closed[3] is None:
                    raise UnclearRecord(first, closed=True)
                self._add_quoted(record, "".join(parts))
                if closed[2] or not opened[0].startswith('"'):
                    record.corrections.add(Correction.BLANKS)
                return line, closed.end()
            if size > LONGEST_CELL:
                break
        raise UnclearRecord(first, closed=False)

    def _add_quoted(self, record: QuotedRecord, text: str) -> None:
        if not self._backslash:
            record.cells.append(text.replace('""', '"'))
            return
        if '\\"' in text:
            record.corrections.add(Correction.BACKSLASH)
        escapes = re.findall(r"\\(.)", text, re.DOTALL)
        self.pairs = self.pairs or "\\" in escapes
        self.lone = self.lone or any(char not in '"\\' for char in escapes)
        record.cells.append(re.sub(r'\\(["\\])', r"\1", text))

    def _add_literal(self, record: QuotedRecord, text: str) -> None:
        """A cell that does not begin with a quote is what it is, quotes and all."""
        blank_first = text.lstrip(" \t").startswith('"')
        if '\\"' in text and self._backslash:
            text = text.replace('\\"', '"')
            record.corrections.add(Correction.BACKSLASH)
        elif blank_first or '\\"' in text:
            self._add_unclear(record, text)
            return
        else:
            record.corrections.add(Correction.DOUBLED)
        record.cells.append(text)

    def _add_unclear(self, record: QuotedRecord, text: str) -> None:
        record.unclear_cell = record.unclear_cell or text
        record.unclear = True
        record.cells.append(text)

    def _is_clear(self, text: str) -> bool:
        """Whether the quotes in a quoted cell can only be its text."""
        doubled_or_escaped = '""' in text or '\\"' in text
        if doubled_or_escaped or self._backslash or self._begins_cell.search(text):
            return False
        opened = 0
        for quote in re.finditer('"', text):
            before = text[quote.start() - 1 : quote.start()]
            if not before or before in _BEFORE_OPENING:
                opened += 1
            elif opened:
                opened -= 1
            elif not before.isdigit():
                return False
        return not opened


def is_backslash_escaped(lines: Iterable[str], char: str, width: int) -> bool:
    """Whether a whole file has its quotes escaped by a backslash, and none doubled.

    Where some backslashes are doubled and others are not, nobody can tell what a doubled one is.
    """
    reader = QuoteReader(lines, char, backslash=True)
    escaped = False
    try:
        for record in reader:
            if record.unclear or (record.cells and len(record.cells) != width):
                return False
            escaped = escaped or Correction.BACKSLASH in record.corrections
    except UnclearRecord:
        return False
    return escaped and not reader.doubled and not (reader.pairs and reader.lone)
