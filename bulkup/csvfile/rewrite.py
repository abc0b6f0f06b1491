"""Rewrites a file as Salesforce takes it: by blocks where it can, by records where it must."""

import csv
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import IO

from bulkup.csvfile import problems
from bulkup.csvfile.decoding import blocks
from bulkup.csvfile.detection import END_MARK, FileFormat
from bulkup.csvfile.dialect import separator_line, text_lines
from bulkup.csvfile.header import header_bytes, read_header
from bulkup.csvfile.layout.ragged import RaggedRows
from bulkup.csvfile.problems import Problem, as_error
from bulkup.csvfile.quoting.notes import QuoteNotes
from bulkup.csvfile.quoting.reader import QuotedRecord, QuoteReader, UnclearRecord
from bulkup.csvfile.records import CellTooLong, open_reader
from bulkup.errors import InputError
from bulkup.model import Delimiter

_WRITTEN_AT_ONCE = 2000
"""Records."""

Row = list[str]


class RewriteProblems:
    """What is wrong with the header and the records, by the lines of the user's file."""

    def __init__(self, file_format: FileFormat) -> None:
        self._format = file_format
        self._problems: dict[str, Problem] = {}
        self._ragged = RaggedRows(len(file_format.header))

    def check_header(self, line: int, names: list[str]) -> None:
        """Add what `open_source` would say of the names."""
        written = header_bytes(names, self._format.delimiter, self._format.line_ending)
        header = read_header(
            written, delimiter=self._format.delimiter, line_ending=self._format.line_ending
        )
        for problem in header.problems:
            self._problems.setdefault(problem.message, replace(problem, line=line))

    def add_nul(self, line: int) -> None:
        """Add a NUL byte; only the first is named."""
        self._problems.setdefault("nul", problems.nul_byte(line))

    def add_unnamed(self, line: int) -> None:
        """Add a value in one of the columns at the end without a name; only the first is named."""
        problem = Problem(
            name="InvalidCsv",
            message="a value in a column without a name",
            hint="Give the column a name, or take the value out",
            line=line,
        )
        self._problems.setdefault("unnamed", problem)

    def add_ragged(self, line: int, row: Row, *, odd: bool) -> None:
        """Add a record with another number of cells than the header; `odd`: its quotes are."""
        self._ragged.add(line, row, odd=odd)

    def add_unclear_header(self, line: int) -> None:
        """Add a header whose quotes may mean several things."""
        self._problems.setdefault("header", problems.odd_quote(line))

    def raise_if_any(self) -> None:
        """Raise all of them as one error."""
        every = [*self._problems.values(), *self._ragged.problems()]
        if every:
            raise as_error(self._format.name, every)


def rewrite_blocks(file_format: FileFormat, to: IO[bytes]) -> None:
    """Write the same records in UTF-8 with one line ending: only where no break is in quotes."""
    ending = file_format.line_ending.chars
    held = ""
    for block in blocks(file_format.path, file_format.encoding):
        if file_format.breaks <= {ending}:
            to.write(block.encode())
            continue
        text = held + block
        held = "\r" if text.endswith("\r") else ""
        to.write(_with_ending(text[: len(text) - len(held)], ending).encode())
    to.write(_with_ending(held, ending).encode())


def _with_ending(text: str, ending: str) -> str:
    lf = text.replace("\r\n", "\n").replace("\r", "\n")
    return lf if ending == "\n" else lf.replace("\n", ending)


@dataclass(slots=True)
class Omissions:
    """How much was left out in rewriting, and what was made of quotes."""

    blank_lines: int = 0
    empty_rows: int = 0
    quotes: QuoteNotes = field(default_factory=QuoteNotes)


def rewrite_records(
    file_format: FileFormat, to: IO[bytes], add_line: Callable[[int], None]
) -> Omissions:
    """Read and write every record; `add_line` gets the line that each row had in the file.

    Raises:
        InputError: all that is wrong with the header and the rows, by the lines of the file.
    """
    omissions = Omissions()
    file_problems = RewriteProblems(file_format)
    records = _records(file_format, omissions, file_problems)
    rows = _even_rows(records, file_format, file_problems, omissions.quotes)
    kept = _without_empty_end(rows, omissions, file_problems, add_line)
    write_rows(to, kept, file_format.delimiter, file_format.line_ending.chars)
    file_problems.raise_if_any()
    return omissions


def write_rows(to: IO[bytes], rows: Iterable[Row], delimiter: Delimiter, ending: str) -> None:
    """Write rows as CSV in UTF-8, quoted where needed, many at a time."""
    buffer = _RecordBuffer(ending)
    writer = csv.writer(buffer, delimiter=delimiter.char, lineterminator="\r\n")
    for number, row in enumerate(rows, 1):
        writer.writerow(row)
        if not number % _WRITTEN_AT_ONCE:
            to.write(buffer.take())
    to.write(buffer.take())


class _RecordBuffer:
    """Takes records as csv writes them, and gives them the ending that is wanted.

    csv quotes a cell with a line break only if the break is part of its line terminator, so it
    gets the longest one.
    """

    def __init__(self, ending: str) -> None:
        self._ending = ending
        self._records: list[str] = []

    def write(self, record: str) -> None:
        self._records.append(record[:-2])

    def take(self) -> bytes:
        text = self._ending.join([*self._records, ""])
        self._records.clear()
        return text.encode()


class _Lines:
    """The file's lines as csv takes them, and where the record it is reading begins."""

    def __init__(self, file_format: FileFormat, file_problems: RewriteProblems) -> None:
        self._format = file_format
        self._problems = file_problems
        self.line = 1
        self.taken = 0

    def __iter__(self) -> Iterator[str]:
        above = self._format.skip_lines
        lines = text_lines(blocks(self._format.path, self._format.encoding))
        if self._format.end_mark:
            lines = _without_end_mark(lines)
        for number, line in enumerate(lines):
            is_separator = (
                number == above and self._format.separator_line and separator_line(line)[0]
            )
            if number < above or is_separator:
                self.line += 1
                continue
            if "\0" in line:
                self._problems.add_nul(self.line + self.taken)
            self.taken += 1
            yield line
        if self.taken and not self._format.odd_quotes:
            # csv asks for another line only inside a record: there is none.
            raise self.open_quote()

    def next_record(self) -> int:
        """The line of the record that was read; the next one begins after it."""
        line = self.line
        self.line += self.taken
        self.taken = 0
        return line

    def open_quote(self) -> InputError:
        return as_error(self._format.name, [problems.open_quote(self.line)])

    def unclear(self, error: UnclearRecord) -> InputError:
        problem = problems.unclear_quote if error.closed else problems.open_quote
        return as_error(self._format.name, [problem(self.line + error.line)])


def _without_end_mark(lines: Iterable[str]) -> Iterator[str]:
    last = ""
    for line in lines:
        if last:
            yield last
        last = line
    last = last.rstrip("\r\n").removesuffix(END_MARK)
    if last:
        yield last


def _records(
    file_format: FileFormat, omissions: Omissions, file_problems: RewriteProblems
) -> Iterator[tuple[int, Row]]:
    """The header and the records, each with the line where it starts; blank ones are counted."""
    lines = _Lines(file_format, file_problems)
    single = len(file_format.header) == 1
    try:
        for row, quoted in _cells(lines, file_format):
            line = lines.next_record()
            omissions.quotes.hold(line, quoted)
            if len(row) > 1 or (row and (row[0].strip() or (single and row[0]))):
                yield line, row
            else:
                omissions.blank_lines += 1
    except CellTooLong as error:
        raise lines.open_quote() from error
    except UnclearRecord as error:
        raise lines.unclear(error) from error


def _cells(lines: Iterable[str], file_format: FileFormat) -> Iterator[tuple[Row, QuotedRecord]]:
    if not file_format.odd_quotes:
        nothing = QuotedRecord()
        yield from ((row, nothing) for row in open_reader(lines, file_format.char))
        return
    for record in QuoteReader(lines, file_format.char, backslash=file_format.backslash):
        yield record.cells, record


def _even_rows(
    records: Iterator[tuple[int, Row]],
    file_format: FileFormat,
    file_problems: RewriteProblems,
    quotes: QuoteNotes,
) -> Iterator[tuple[int, Row]]:
    """Records as wide as the header; the others are problems, and left out."""
    width = len(file_format.header)
    width_with_unnamed = width + file_format.unnamed
    for line, row in records:
        if len(row) == width:
            yield line, row
        elif not width < len(row) <= width_with_unnamed:
            file_problems.add_ragged(line, row, odd=quotes.is_odd(line))
        elif any(map(str.strip, row[width:])):
            file_problems.add_unnamed(line)
        else:
            yield line, row[:width]


def _without_empty_end(
    records: Iterator[tuple[int, Row]],
    omissions: Omissions,
    file_problems: RewriteProblems,
    add_line: Callable[[int], None],
) -> Iterator[Row]:
    """The header and the rows, without those at the end whose cells are all empty.

    `add_line` gets the line of each row, not that of the header.
    """
    line, header = next(records, (0, []))
    omissions.quotes.add(0, line)
    if omissions.quotes.unclear:
        file_problems.add_unclear_header(line)
    file_problems.check_header(line, header)
    yield header
    empty_lines: array[int] = array("q")
    number = 0
    for line, row in records:
        if not any(row):
            empty_lines.append(line)
            continue
        for empty_line in empty_lines:
            add_line(empty_line)
            number += 1
            yield [""] * len(header)
        del empty_lines[:]
        add_line(line)
        number += 1
        omissions.quotes.add(number, line)
        yield row
    omissions.empty_rows = len(empty_lines)
