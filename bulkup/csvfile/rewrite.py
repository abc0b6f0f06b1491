"""Writes a file anew as Salesforce takes it: by blocks where it can, by records where it must."""

import csv
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import IO

from bulkup.csvfile import problems
from bulkup.csvfile.decoding import blocks
from bulkup.csvfile.detection import FileFormat
from bulkup.csvfile.dialect import separator_line, text_lines
from bulkup.csvfile.header import header_bytes, read_header
from bulkup.csvfile.problems import Problem, as_error
from bulkup.csvfile.records import CellTooLong, open_reader
from bulkup.errors import InputError
from bulkup.model import Delimiter

_WRITTEN_AT_ONCE = 2000
Row = list[str]


FIRST = 5


class RewriteProblems:
    """What is wrong with the header and the records, by the lines of the user's file."""

    def __init__(self, look: FileFormat) -> None:
        self._look = look
        self._found: dict[str, Problem] = {}
        self._first: list[str] = []
        self._line = 0
        self._ragged = 0

    def header(self, line: int, names: list[str]) -> None:
        """Look at the names as `open_source` does."""
        head = header_bytes(names, self._look.delimiter, self._look.line_ending)
        told = read_header(head, delimiter=self._look.delimiter, line_ending=self._look.line_ending)
        for one in told.problems:
            self._found.setdefault(one.message, replace(one, line=line))

    def nul(self, line: int) -> None:
        """A NUL byte; the first is told."""
        self._found.setdefault("nul", problems.nul_byte(line))

    def unnamed(self, line: int) -> None:
        """A value in one of the columns at the end that have no name; the first is told."""
        problem = Problem(
            name="InvalidCsv",
            message="a value in a column without a name",
            hint="Give the column a name, or take the value out",
            line=line,
        )
        self._found.setdefault("unnamed", problem)

    def ragged(self, line: int, row: list[str]) -> None:
        """A record with another number of cells than the header: the first few are told."""
        self._ragged += 1
        self._line = self._line or line
        if self._ragged <= FIRST:
            self._first.append(f"line {line} has {len(row)}")

    def raise_if_any(self) -> None:
        """Tell all at once."""
        found = list(self._found.values())
        if self._ragged:
            more = f", and {self._ragged - FIRST} more" if self._ragged > FIRST else ""
            where = ", ".join(self._first) + more
            found.append(problems.ragged(self._line, len(self._look.header), where))
        if found:
            raise as_error(self._look.name, found)


def by_blocks(look: FileFormat, to: IO[bytes]) -> None:
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
class ColumnSelection:
    """What was left out on the way."""

    blank_lines: int = 0
    empty_rows: int = 0


def by_records(look: FileFormat, to: IO[bytes], note: Callable[[int], None]) -> ColumnSelection:
    """Every record read and written anew; `note` gets each kept record's line in the file.

    Raises:
        InputError: all that is wrong with the header and the rows, by the lines of the file.
    """
    left = ColumnSelection()
    trouble = RewriteProblems(look)
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

    def __init__(self, look: FileFormat, trouble: RewriteProblems) -> None:
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


def _records(
    look: FileFormat, left: ColumnSelection, trouble: RewriteProblems
) -> Iterator[tuple[int, Row]]:
    """The header and the records, each with the line where it starts; blank ones are counted."""
    lines = _Lines(look, trouble)
    single = len(look.header) == 1
    try:
        for row in open_reader(lines, look.char):
            line = lines.next_record()
            if len(row) > 1 or (row and (row[0].strip() or (single and row[0]))):
                yield line, row
            else:
                left.blank_lines += 1
    except CellTooLong as error:
        raise lines.open_quote() from error


def _even(
    records: Iterator[tuple[int, Row]], look: FileFormat, trouble: RewriteProblems
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
    left: ColumnSelection,
    trouble: RewriteProblems,
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


"""How many ragged rows an error names."""
