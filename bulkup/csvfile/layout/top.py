"""Looks at the first lines of a file: titles or comments above the header, or no header at all."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from itertools import islice

from bulkup.csvfile.dialect import guess_delimiter
from bulkup.csvfile.records import CellTooLong, open_reader
from bulkup.errors import InputError
from bulkup.model import DELIMITER_CHARS

_RECORDS = 50
_LONGEST_SHOWN = 60
_MOST_COMMON = 2
"""Records of the same width that there must be below a title: the header and another."""

_NAME = re.compile(r"\w+")
_VALUES = (
    re.compile(r"[^@\s<>()]+@[^@\s<>()]+\.[A-Za-z]{2,}"),
    re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?"),
    re.compile(r"\d{1,2}[./]\d{1,2}[./]\d{2,4}"),
    re.compile(r"(?:00|[5-9]0|a\d)[0-9A-Za-z]{13}(?:[A-Z0-5]{3})?"),
    re.compile(r"[+-]?\d+[.,]\d+|[+-]?\d{5,}"),
)
"""Email addresses, dates, Ids and numbers: what is no name of a column. A year may be one."""


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    cells: list[str]

    @property
    def filled(self) -> int:
        return sum(1 for cell in self.cells if cell.strip())


def skip_first_lines(text: str, count: int, name: str) -> str:
    """The text of the file without its first lines.

    Raises:
        InputError: it does not have so many.
    """
    lines = re.compile(rf"(?:[^\r\n]*(?:\r\n|\r|\n)){{{count}}}").match(text) if count else None
    if count and not lines:
        raise InputError(
            f"--skip-lines {count}: {name} has no header after that many lines",
            "Give the number of lines above the header.",
            name="InvalidOption",
        )
    return text[lines.end() :] if lines else text


def require_header(text: str, char: str | None, name: str, *, skipped: int = 0) -> None:
    """Check that the first line is the header, as far as can be told.

    `char` is the delimiter where it is known; `skipped` lines are not in the text.

    Raises:
        InputError: there are lines above it, or there seems to be none.
    """
    if above := lines_above_header(text, char):
        title, count = above
        where = "line 1" if count == 1 else f"lines 1 to {count}"
        raise InputError(
            f"{name}, line {skipped + 1}: {_shown(title)} is no header: the header seems to be "
            f"line {skipped + count + 1}, with a title or comments above it",
            f"To leave out {where}, add: --skip-lines {skipped + count}",
            name="LinesAboveHeader",
        )
    if value := value_in_header(text, char):
        raise InputError(
            f"{name}, line {skipped + 1}: {_shown(value)} stands where the name of a column is "
            "expected: the file seems to have no header",
            "Put a line above the records with the API name of the field of each column.",
            name="NoHeader",
        )


def lines_above_header(text: str, char: str | None) -> tuple[str, int] | None:
    """The first line, and how many lines seem to stand above the header; None where none do."""
    guess = char or guess_delimiter(text)
    records = _read(text, guess)
    if len(records) > 1 and records[0].filled > 1:
        width = len(records[0].cells)
        alike = sum(1 for record in records[1:] if len(record.cells) == width)
        if alike * 2 >= len(records) - 1 or all(map(_NAME.fullmatch, records[0].cells)):
            return None
    chars = [char] if char else [guess, *(set(DELIMITER_CHARS.values()) - {guess})]
    counts = [count for each in chars if (count := _count_above(_read(text, each)))]
    first = text.lstrip("\r\n").splitlines()[0].strip() if text.strip() else ""
    return (first, counts[0]) if counts else None


def value_in_header(text: str, char: str | None) -> str:
    """The first cell of the first record that seems to be a value of its column, or nothing.

    A date is one above other dates, or alone; above amounts it may be the name of a column.
    """
    records = _read(text, char or guess_delimiter(text))
    return _first_value(records[0], records[1:]) if records else ""


def _first_value(record: _Record, below: Sequence[_Record]) -> str:
    for column, cell in enumerate(record.cells):
        kind = _kind(cell)
        others = [_kind(other.cells[column]) for other in below if column < len(other.cells)]
        if kind and (kind in others or not others):
            return cell.strip()
    return ""


def _kind(cell: str) -> re.Pattern[str] | None:
    return next((value for value in _VALUES if value.fullmatch(cell.strip())), None)


def _read(text: str, char: str) -> list[_Record]:
    """The first records that are not blank."""
    line, taken = 1, 0

    def lines() -> Iterator[str]:
        nonlocal taken
        for each in StringIO(text, newline=""):
            taken += 1
            yield each

    records = list[_Record]()
    with suppress(CellTooLong):  # an open quote: open_source says where
        for cells in islice(open_reader(lines(), char), _RECORDS):
            if any(cell.strip() for cell in cells):
                records.append(_Record(line, cells))
            line, taken = line + taken, 0
    return records


def _count_above(records: Sequence[_Record]) -> int:
    """How many lines stand above the first record that looks like a header.

    That is the first one as wide as most others whose cells are filled, if the very first record
    has one cell, or half as many at most, or begins with `#`. `Name` above `Miller, Anna` is a
    header all the same.
    """
    if len(records) <= _MOST_COMMON:
        return 0
    first = records[0]
    words = [cell.strip() for cell in first.cells if cell.strip()]
    width, count = Counter(len(record.cells) for record in records[1:]).most_common(1)[0]
    if width == 1 or count < _MOST_COMMON or all(map(_NAME.fullmatch, words)):
        return 0
    is_comment = words[0].startswith("#") and len(first.cells) != width
    if first.filled > 1 and not is_comment and len(first.cells) * 2 > width:
        return 0
    for record in records[1:]:
        is_wide = len(record.cells) == width and record.filled > 1 and record.filled * 2 > width
        if is_wide and not record.cells[0].startswith("#"):
            return 0 if any(map(_kind, record.cells)) else record.line - 1
    return 0


def _shown(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")
