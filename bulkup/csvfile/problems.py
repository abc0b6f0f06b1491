"""What can be wrong with a file: each problem a line with its place, all in one error."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bulkup.errors import InputError, NoRecords
from bulkup.model import LineEnding

BARE_RETURN = re.compile(rb"\r(?!\n)")
"""A carriage return without a line feed, in data whose quoted cells are masked."""

ODD_QUOTES = "OddQuotes"

FIRST = 5
"""How many lines or columns a problem names; of the others it says how many they are."""


def first_of(words: Sequence[str], count: int) -> str:
    """The first few words and how many more there are, of `count` in all."""
    more = f" and {count - FIRST:,} more" if count > FIRST else ""
    return ", ".join(words[:FIRST]) + more


@dataclass(slots=True)
class LineList:
    """Lines with the same problem: the number of the first, the first few in words, a count."""

    count: int = 0
    line: int = 0
    first: list[str] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Whether further lines are only counted: their numbers need not be known."""
        return self.count >= FIRST

    def add(self, line: int, words: str) -> None:
        """Add a line."""
        if not self.full:
            self.first.append(words)
        self.line = self.line or line
        self.count += 1

    def __str__(self) -> str:
        return first_of(self.first, self.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem; `line` is its physical line, 0 where it concerns the whole file."""

    name: str
    message: str
    hint: str
    line: int = 0


def as_error(name: str, problems: Sequence[Problem]) -> InputError:
    """One error for all problems of the file of that name, a line each, in the order of lines."""
    ordered = sorted(problems, key=lambda problem: problem.line)
    kinds = {problem.name for problem in ordered}
    kind = NoRecords if kinds == {"NoRecords"} else InputError
    return kind(
        "\n".join(
            f"{name}{f', line {problem.line}' if problem.line else ''}: {problem.message}"
            for problem in ordered
        ),
        "\n".join(dict.fromkeys(_with_period(problem.hint) for problem in ordered)),
        name=kinds.pop() if len(kinds) == 1 else "InvalidCsv",
    )


def _with_period(hint: str) -> str:
    return hint if hint.endswith((".", "?")) else f"{hint}."


def nul_byte(line: int) -> Problem:
    """A NUL byte."""
    return Problem(
        name="NulBytes",
        message="a NUL byte, which Salesforce does not take",
        hint="Is it a text file? Export it again as CSV in UTF-8",
        line=line,
    )


def not_utf8(line: int, byte: int) -> Problem:
    """A byte that is not UTF-8."""
    return Problem(
        name="InvalidEncoding",
        message=f"not UTF-8 (byte 0x{byte:02X})",
        hint="Save the file as UTF-8",
        line=line,
    )


def utf16() -> Problem:
    """Another encoding of Unicode, such as that of Excel's 'Unicode text'."""
    return Problem(
        name="Utf16", message="the file is UTF-16, not UTF-8", hint="Save the file as UTF-8"
    )


def mixed_endings(line: int, expected: LineEnding) -> Problem:
    """A record with another line ending than the first."""
    other = LineEnding.CRLF if expected is LineEnding.LF else LineEnding.LF
    return Problem(
        name="MixedLineEndings",
        message=f"ends in {other}, while the file is to have {expected} after each record",
        hint="Save the file with one kind of line ending",
        line=line,
    )


def bare_return(line: int) -> Problem:
    """A record that ends in a carriage return alone, as on old Macs."""
    return Problem(
        name="BareCarriageReturn",
        message="a carriage return alone (CR) ends a record, which Salesforce does not take",
        hint="Save the file with LF or CRLF at the end of each line",
        line=line,
    )


def odd_quote(line: int) -> Problem:
    """A quote that Salesforce's reader refuses."""
    return Problem(
        name=ODD_QUOTES,
        message="a quote inside a plain cell, or text beside a quoted one",
        hint="Put the whole cell in double quotes, and double each quote that belongs to its text",
        line=line,
    )


def unclear_quote(line: int) -> Problem:
    """A quoted cell of several lines that is closed in the middle of text."""
    return Problem(
        name="InvalidCsv",
        message="text follows the quote that closes what is opened here, so where the record ends "
        "can't be known",
        hint='Close the quote in its line, or double a quote that belongs to the text: ""',
        line=line,
    )


def open_quote(line: int) -> Problem:
    """A quoted cell that is never closed."""
    return Problem(
        name="InvalidCsv",
        message="a quote that opens here is never closed",
        hint='Close it, or double a quote that belongs to the text: ""',
        line=line,
    )


def too_long(line: int, limit: int) -> Problem:
    """A record that is too long to be one."""
    return Problem(
        name="RecordTooLong",
        message=f"the record that begins here has more than {limit:,} bytes",
        hint="Is it a CSV? Salesforce takes at most 400,000 characters in a record",
        line=line,
    )


def blank_lines(line: int, where: str) -> Problem:
    """Blank lines before the last record."""
    return Problem(
        name="BlankLines",
        message=f"blank lines between records: {where}",
        hint='Take them out; an empty cell that stands alone is written as ""',
        line=line,
    )


def no_records() -> Problem:
    """A header without records. Commands that accept it say so in a hint of their own."""
    return Problem(
        name="NoRecords",
        message="a header without records: there is nothing to load",
        hint="Export it again, with its records",
    )


def empty() -> Problem:
    """An empty file, but for a byte order mark."""
    return Problem(
        name="EmptyFile", message="the file is empty", hint="Export it again, with a header"
    )


def in_header(message: str, hint: str) -> Problem:
    """A problem of the header."""
    return Problem(name="InvalidCsv", message=f"the header {message}", hint=hint, line=1)
