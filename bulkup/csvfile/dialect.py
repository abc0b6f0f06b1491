"""Determines from a text what separates cells and what ends records."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from io import StringIO
from itertools import islice

from bulkup.csvfile.quoting.reader import UnclearRecord
from bulkup.csvfile.quoting.strict import strict_record
from bulkup.csvfile.records import CellTooLong, open_reader
from bulkup.errors import InputError
from bulkup.model import DELIMITER_CHARS, Delimiter

_BY_CHAR = {char: name for name, char in DELIMITER_CHARS.items()}
_SEPARATOR_LINE = re.compile(r'\A"?sep=(.)"?(\r\n|\n|\r|\Z)', re.IGNORECASE)
_RECORDS_TRIED = 50
_LONGEST_LINE = 16_000_000

ReadOdd = Callable[[Iterable[str]], Iterable[list[str]]]


def delimiter_of(char: str) -> Delimiter | None:
    """Salesforce's name for a character that separates cells, where it has one."""
    return _BY_CHAR.get(char)


def separator_line(text: str) -> tuple[str, str]:
    """The character that Excel's first line `sep=;` names, or nothing; and the text after it."""
    result = _SEPARATOR_LINE.match(text)
    return (result[1], text[result.end() :]) if result else ("", text)


def guess_delimiter(text: str) -> str:
    """The character that splits the first records into the same number of cells, the most.

    The header decides, first of all by its quotes: `Time,"Interests (Sales; IT)"` has commas. Where
    two characters split it alike, the records after it do.
    """
    best, best_score = ",", (False, 1, 0)
    first = text.lstrip("\r\n")
    for char in _BY_CHAR:
        widths = [len(row) for row in _first_records(text, char) if row]
        if not widths or widths[0] == 1:
            continue
        same_width = Counter(widths)[widths[0]]
        strict = strict_record(char).match(first) is not None
        if (score := (strict, widths[0], same_width)) > best_score:
            best, best_score = char, score
    return best


def _first_records(text: str, char: str) -> list[list[str]]:
    return list(islice(open_reader(StringIO(text, newline=""), char), _RECORDS_TRIED))


@dataclass(slots=True)
class Breaks:
    """Counts the line breaks of a text, block by block, without regard to quotes."""

    lf: int = 0
    crlf: int = 0
    cr: int = 0
    quotes: bool = False
    blank: bool = False
    """Whether there may be a blank line before the last record."""
    _last: str = field(default="", repr=False)
    _ends: str = field(default="\n", repr=False)

    def add(self, block: str) -> None:
        """Count a further block."""
        lf = block.count("\n")
        crlf = cr = 0
        if "\r" in block:
            crlf, cr = block.count("\r\n"), block.count("\r")
        self._find_blank(block, lf=lf > crlf, crlf=crlf > 0, cr=cr > crlf)
        self.crlf += crlf + (self._last.endswith("\r") and block.startswith("\n"))
        self.lf += lf
        self.cr += cr
        self.quotes = self.quotes or '"' in block
        self._last = block[-1:] or self._last

    def _find_blank(self, block: str, *, lf: bool, crlf: bool, cr: bool) -> None:
        """Look for two breaks in a row before more text; at the very end they do no harm."""
        text = block.rstrip("\r\n")
        if not text:
            self._ends = (self._ends + block)[-4:]
            return
        seam = self._ends + text[:4]
        self.blank = (
            self.blank
            or (lf and "\n\n" in text)
            or (crlf and "\n\r\n" in text)
            or (cr and "\r\r" in text)
            or any(pair in seam for pair in ("\n\n", "\n\r\n", "\r\r"))
        )
        self._ends = block[len(text) :][-4:]

    @property
    def kinds(self) -> set[str]:
        """The line breaks that occur."""
        counts = {"\r\n": self.crlf, "\n": self.lf - self.crlf, "\r": self.cr - self.crlf}
        return {kind for kind, count in counts.items() if count}


def endings(
    lines: Iterable[str], delimiter: str, *, read_odd: ReadOdd | None = None
) -> tuple[set[str], bool]:
    """Which breaks end records, and whether there are blank lines before the last: exact but slow.

    `lines` keep their endings. The second kind of break ends the search: the file has to be
    rewritten then, whatever else it holds. `read_odd` reads the records of a file with odd quotes.
    """
    kinds: set[str] = set()
    blank = empty = False
    last = ""

    def remember_last() -> Iterator[str]:
        nonlocal last
        for line in lines:
            last = line
            yield line

    rows = read_odd(remember_last()) if read_odd else open_reader(remember_last(), delimiter)
    with suppress(CellTooLong, UnclearRecord):  # an open quote: open_source says where
        for row in rows:
            kinds.add(_ending(last))
            blank = blank or (empty and bool(row))
            empty = empty or not row
            if len(kinds - {""}) > 1:
                break
    return kinds - {""}, blank


def text_lines(blocks: Iterable[str]) -> Iterator[str]:
    """Split a text into lines, each with the ending it has: LF, CRLF or CR.

    Raises:
        InputError: a line is longer than any record may be.
    """
    rest = ""
    number = 1
    for block in blocks:
        lines = list(StringIO(rest + block, newline=""))
        rest = lines.pop() if lines else ""
        if rest.endswith("\n"):
            lines.append(rest)
            rest = ""
        number += len(lines)
        if len(rest) > _LONGEST_LINE:
            raise InputError(
                f"Line {number} has more than {_LONGEST_LINE:,} characters",
                "Is it a CSV? A record has at most 400,000 characters.",
                name="InvalidCsv",
            )
        yield from lines
    if rest:
        yield from StringIO(rest, newline="")


def _ending(line: str) -> str:
    return "\r\n" if line.endswith("\r\n") else line[-1:] if line[-1:] in {"\n", "\r"} else ""
