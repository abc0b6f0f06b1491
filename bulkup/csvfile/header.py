"""Reads and writes the header record, and validates its names."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bulkup.csvfile import problems as say
from bulkup.csvfile.dialect import delimiter_of, guess_delimiter
from bulkup.csvfile.problems import Problem, first_of
from bulkup.csvfile.quoting.strict import strict_cells
from bulkup.csvfile.records import open_reader
from bulkup.csvfile.scanner import BLOCK, masked, quoted_cells
from bulkup.model import Delimiter, LineEnding

HEAD = BLOCK
"""Bytes at the beginning of a file in which the header must end."""

MOST_BYTES = 128_000
"""A longer header has more than 32,000 characters: UTF-8 takes at most four bytes for one."""

MOST_CHARACTERS = 32_000
MOST_COLUMNS = 5_000

_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A header record and the dialect that it shows.

    `start` is the byte after it, `lines` how many physical lines it takes; `ended`: its end was
    found, so that the records after it can be read.
    """

    names: tuple[str, ...]
    start: int
    lines: int
    delimiter: Delimiter
    line_ending: LineEnding
    ended: bool
    problems: tuple[Problem, ...]


def header_bytes(names: Sequence[str], delimiter: Delimiter, line_ending: LineEnding) -> bytes:
    """Write a header record with its line ending, quoted where needed."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter.char, lineterminator=line_ending.chars).writerow(names)
    return text.getvalue().encode()


def read_header(
    head: bytes, *, delimiter: Delimiter | None, line_ending: LineEnding | None
) -> Header:
    """Read the first record of a file, after a byte order mark; `head` is its first block."""
    mark = len(_MARK) if head.startswith(_MARK) else 0
    data = head[mark:]
    delimiter = delimiter or _guess_delimiter(data[:MOST_BYTES])
    plain = masked(data, delimiter)
    line_break = plain.find(b"\n")
    ended = line_break >= 0 or len(head) < HEAD
    record = data[: line_break + 1] if line_break >= 0 else data
    names = _names(record, delimiter) if len(record) <= MOST_BYTES else []
    detected = LineEnding.CRLF if record.endswith(b"\r\n") else LineEnding.LF
    bare = plain[: len(record)]
    opened = _open_quote(record, delimiter)
    return Header(
        names=tuple(names),
        start=mark + len(record),
        lines=max(1, record.count(b"\n")),
        delimiter=delimiter,
        line_ending=line_ending or detected,
        ended=ended and opened is None and bool(names),
        problems=(
            (opened,)
            if opened
            else (
                *_bytes(record, bare, delimiter, line_ending or detected),
                *_mistakes(names, len(record)),
            )
        ),
    )


def _guess_delimiter(data: bytes) -> Delimiter:
    char = guess_delimiter(data.decode("utf-8", "replace"))
    return delimiter_of(char) or Delimiter.COMMA


def _names(record: bytes, delimiter: Delimiter) -> list[str]:
    text = io.StringIO(record.decode("utf-8", "replace"), newline="")
    return next(open_reader(text, delimiter.char), [])


def _open_quote(record: bytes, delimiter: Delimiter) -> Problem | None:
    cells = quoted_cells(delimiter)
    if cells.sub(b"", record + b"\n").endswith(b"\n"):
        return None
    *_, last = cells.finditer(record)
    return say.open_quote(1 + record.count(b"\n", 0, last.start()))


def _mistakes(names: Sequence[str], size: int) -> Iterator[Problem]:
    if size > MOST_BYTES or sum(map(len, names)) + len(names) > MOST_CHARACTERS + 1:
        hint = "Leave out the columns that are not to be loaded. Is it a CSV?"
        yield say.in_header(f"has more than the {MOST_CHARACTERS:,} characters there may be", hint)
    elif not names:
        yield say.in_header("is a blank line", "Begin the file with the API names of the fields")
    if len(names) > MOST_COLUMNS:
        hint = "Leave out the columns that are not to be loaded"
        words = f"has {len(names):,} columns; Salesforce takes {MOST_COLUMNS:,}"
        yield say.in_header(words, hint)
    if empty := [str(number) for number, name in enumerate(names, 1) if not name.strip()]:
        hint = "Give each column the API name of its field, or leave it out"
        yield say.in_header(
            f"has no name in column {first_of(empty, len(empty))} of {len(names):,}", hint
        )
    counts = Counter(name.lower() for name in names if name.strip())
    doubled = list(dict.fromkeys(name for name in names if counts[name.lower()] > 1))
    if doubled:
        hint = "A field can be given once: rename one of the columns, or leave it out"
        yield say.in_header(f"has a name more than once: {first_of(doubled, len(doubled))}", hint)


def _bytes(
    record: bytes, bare: bytes, delimiter: Delimiter, line_ending: LineEnding
) -> Iterator[Problem]:
    if b"\0" in record:
        yield say.nul_byte(1)
    try:
        record.decode()
    except UnicodeDecodeError as error:
        yield say.not_utf8(1 + record.count(b"\n", 0, error.start), record[error.start])
    if b'"' in strict_cells(delimiter.char).sub(b"", record.rstrip(b"\r\n") + b"\n"):
        yield say.odd_quote(1)
    if say.BARE_RETURN.search(bare):
        yield say.bare_return(1)
    ends = bare.endswith(b"\n")
    if ends and bare.endswith(b"\r\n") != (line_ending is LineEnding.CRLF):
        yield say.mixed_endings(1, line_ending)
