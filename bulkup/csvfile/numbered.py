"""A CSV whose records have the row and line numbers of the user's own file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bulkup.csvfile.records import blocks
from bulkup.files import open_private
from bulkup.model import Source

NUMBERS_HEADER = "row,line"
"""The header of a sidecar: a CSV with a record `row,line` for each record of another, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedCsv:
    """A CSV, and in `numbers` which row of the user's file each of its records is.

    Without `numbers` it is the user's file itself: row = position. Rows count from 1 = the first
    record, lines from 1 = the first line of the file. A sidecar's rows ascend, except where the
    records were sorted otherwise on purpose.
    """

    source: Source
    numbers: Path | None = None


def numbered(csv_file: NumberedCsv) -> Iterator[tuple[list[int], list[int], list[str]]]:
    """Read the records, many at a time: rows, lines and raw texts."""
    own = None if csv_file.numbers is None else read_numbers(csv_file.numbers)
    row, line = 1, 1 + csv_file.source.header_lines
    for block in blocks(csv_file.source):
        count = len(block.records)
        if own is None:
            lines = block.lines(line)
            yield list(range(row, row + count)), lines[:-1], block.records
            row, line = row + count, lines[-1]
        else:
            pairs = [next(own) for _ in range(count)]
            yield [row for row, _ in pairs], [line for _, line in pairs], block.records


def read_numbers(path: Path) -> Iterator[tuple[int, int]]:
    """Row and line of each record, in order."""
    with path.open(encoding="utf-8") as file:
        next(file)
        for text in file:
            row, line = text.split(",")
            yield int(row), int(line)


def write_numbers(path: Path, numbers: Iterable[tuple[int, int]]) -> None:
    """Write a sidecar.

    Raises:
        RunError: it can't be written.
    """
    with open_private(path) as file:
        file.write(NUMBERS_HEADER.encode() + b"\n")
        file.writelines(b"%d,%d\n" % pair for pair in numbers)


def one_line_each(csv_file: NumberedCsv) -> bool:
    """Whether no record holds a line break."""
    source, breaks, last = csv_file.source, 0, b""
    with source.path.open("rb") as file:
        while block := file.read(8 << 20):
            breaks += block.count(b"\n")
            last = block
    return breaks + (not last.endswith(b"\n")) == source.rows + source.header_lines
