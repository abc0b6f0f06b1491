"""Writes a file anew as Salesforce takes it: by blocks where it can, by records where it must."""

import csv
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO

from bulkup import problems
from bulkup.errors import InputError
from bulkup.model import Delimiter
from bulkup.problems import as_error
from bulkup.rows.dialect import MOST_CELL, separator_line, text_lines
from bulkup.rows.look import Look
from bulkup.rows.opened import blocks
from bulkup.rows.trouble import Trouble

_WRITTEN_AT_ONCE = 2000
Row = list[str]


def by_blocks(look: Look, to: IO[bytes]) -> None:
    """The same records in UTF-8, with the one line ending. Only where no quote hides a break."""
    ending = look.line_ending.chars
    held = ""
    for block in blocks(look.path, look.encoding):
        if look.breaks <= {ending}:
            to.write(block.encode())
            continue
        text = held + block
        held = "\r" if text.endswith("\r") else ""
        to.write(_one_ending(text[: len(text) - len(held)], ending).encode())
    to.write(_one_ending(held, ending).encode())


def _one_ending(text: str, ending: str) -> str:
    lf = text.replace("\r\n", "\n").replace("\r", "\n")
    return lf if ending == "\n" else lf.replace("\n", ending)


@dataclass(slots=True)
class Left:
    """What was left out on the way."""

    blank_lines: int = 0
    empty_rows: int = 0


def by_records(look: Look, to: IO[bytes], note: Callable[[int], None]) -> Left:
    """Every record read and written anew; `note` gets each kept record's line in the file.

    Raises:
        InputError: all that is wrong with the header and the rows, by the lines of the file.
    """
    left = Left()
    trouble = Trouble(look)
    rows = _even(_records(look, left, trouble), look, trouble)
    kept = _without_empty_end(rows, left, trouble, note)
    write_rows(to, kept, look.delimiter, look.line_ending.chars)
    trouble.raise_if_any()
    return left


def write_rows(to: IO[bytes], rows: Iterable[Row], delimiter: Delimiter, ending: str) -> None:
    """Rows as CSV in UTF-8, quoted where needed, written many at a time."""
    written = _Written(ending)
    writer = csv.writer(written, delimiter=delimiter.char, lineterminator="\r\n")
    for number, row in enumerate(rows, 1):
        writer.writerow(row)
        if not number % _WRITTEN_AT_ONCE:
            to.write(written.taken())
    to.write(written.taken())


class _Written:
    """Takes records as csv writes them, and gives them the ending that is wanted.

    csv quotes a cell with a line break only if the break is part of its line terminator, so it
    is told the longest one.
    """

    def __init__(self, ending: str) -> None:
        self._ending = ending
        self._records: list[str] = []

    def write(self, record: str) -> None:
        self._records.append(record[:-2])

    def taken(self) -> bytes:
        text = self._ending.join([*self._records, ""])
        self._records.clear()
        return text.encode()


class _Lines:
    """The file's lines as csv takes them, and where the record it is reading began."""

    def __init__(self, look: Look, trouble: Trouble) -> None:
        self._look = look
        self._trouble = trouble
        self.line = 1
        self.taken = 0

    def __iter__(self) -> Iterator[str]:
        for number, line in enumerate(text_lines(blocks(self._look.path, self._look.encoding))):
            if number == 0 and self._look.separator_line and separator_line(line)[0]:
                self.line += 1
                continue
            if "\0" in line:
                self._trouble.nul(self.line + self.taken)
            self.taken += 1
            yield line
        if self.taken:
            # csv asks for another line only inside a record: there is none.
            raise self.open_quote()

    def next_record(self) -> int:
        """The line of the record that was read; the next one begins after it."""
        line = self.line
        self.line += self.taken
        self.taken = 0
        return line

    def open_quote(self) -> InputError:
        return as_error(self._look.name, [problems.open_quote(self.line)])


def _records(look: Look, left: Left, trouble: Trouble) -> Iterator[tuple[int, Row]]:
    """The header and the records, each with the line where it starts; blank ones are counted."""
    csv.field_size_limit(MOST_CELL)
    lines = _Lines(look, trouble)
    single = len(look.header) == 1
    try:
        for row in csv.reader(lines, delimiter=look.char):
            line = lines.next_record()
            if len(row) > 1 or (row and (row[0].strip() or (single and row[0]))):
                yield line, row
            else:
                left.blank_lines += 1
    except csv.Error as error:
        raise lines.open_quote() from error


def _even(
    records: Iterator[tuple[int, Row]], look: Look, trouble: Trouble
) -> Iterator[tuple[int, Row]]:
    """Records as wide as the header; ragged ones are noted and left out."""
    width = len(look.header)
    whole = width + look.unnamed
    for line, row in records:
        if len(row) == width:
            yield line, row
        elif width < len(row) <= whole and not any(map(str.strip, row[width:])):
            yield line, row[:width]
        elif width < len(row) <= whole:
            trouble.unnamed(line)
        else:
            trouble.ragged(line, row)


def _without_empty_end(
    records: Iterator[tuple[int, Row]],
    left: Left,
    trouble: Trouble,
    note: Callable[[int], None],
) -> Iterator[Row]:
    """The rows, without those at the end whose cells are all empty; the header is not noted."""
    line, header = next(records, (0, []))
    trouble.header(line, header)
    yield header
    held: array[int] = array("q")
    for line, row in records:
        if not any(row):
            held.append(line)
            continue
        for empty in held:
            note(empty)
            yield [""] * len(header)
        del held[:]
        note(line)
        yield row
    left.empty_rows = len(held)
