"""An uploaded CSV: what is wrong with it as a whole, and its records one after the other."""

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

DELIMITERS = {
    "BACKQUOTE": "`",
    "CARET": "^",
    "COMMA": ",",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
_LONGEST_RECORD = 400_000
_LONGEST_CELL = 131_072
_CELL_TOO_LONG = f"more than {_LONGEST_CELL} characters in one field"
_BLOCK = 1 << 20
_FAILED_TO_PARSE = "InvalidBatch : Failed to parse CSV. "
_OPEN_QUOTE = f"{_FAILED_TO_PARSE}EOF reached before closing an opened quote"
_SPACE_AT_QUOTE = "a space between delimiter and quote"
_TEXT_AFTER_QUOTE = "Not expecting more text after end quote"
_QUOTE_IN_PLAIN_CELL = "Found unescaped quote. A value with quote should be within a quote"
# These are the words of Salesforce's own reader (CSVReader of github.com/forcedotcom/wsc), which
# reads no further then.


@dataclass(frozen=True, slots=True)
class Text:
    """One record of an upload: its cells, or why it has none; `raw` is the record as it came."""

    cells: list[str]
    raw: str
    problem: str = ""


class Reader:
    """The records of an upload from `offset` on; `offset` goes on with what was read."""

    def __init__(self, stream: BinaryIO, delimiter: str, offset: int = 0) -> None:
        stream.seek(offset)
        self.offset = offset
        self._stream = stream
        self._char = DELIMITERS[delimiter]
        self._raw: list[str] = []
        self._csv = csv.reader(self._lines(), delimiter=self._char, strict=True)
        quoted = re.escape(self._char)
        self._quoted_cell = re.compile(rf'(?:^|(?<={quoted}))"(?:[^"]|"")*"')
        self._quote_then_space = re.compile(rf'"[ \t]+(?:{quoted}|[\r\n]*\Z)')
        self._space_then_quote = re.compile(rf'(?:^|{quoted})[ \t]+"')

    def _lines(self) -> Iterator[str]:
        for line in self._stream:
            self.offset += len(line)
            text = line.decode("utf-8")
            self._raw.append(text)
            yield text

    def __iter__(self) -> Iterator[Text]:
        """Records up to the end. An open quote at the end is a `Text` that says so."""
        while True:
            self._raw.clear()
            try:
                cells = next(self._csv)
            except StopIteration:
                return
            except csv.Error as error:
                yield Text([], "".join(self._raw), self._problem_of(error))
            else:
                raw = "".join(self._raw)
                yield Text(cells, raw, self._find_problem(cells, raw))

    def _problem_of(self, error: csv.Error) -> str:
        # The csv module has the same limit, unless somebody in this process raised it.
        if "field limit" in str(error):
            return _CELL_TOO_LONG
        if "expected after" not in str(error):
            return str(error)
        spaced = self._quote_then_space.search("".join(self._raw))
        return _SPACE_AT_QUOTE if spaced else _TEXT_AFTER_QUOTE

    def _find_problem(self, cells: list[str], raw: str) -> str:
        if len(raw) > _LONGEST_RECORD:
            return f"more than {_LONGEST_RECORD} characters in one record"
        if len(raw) > _LONGEST_CELL and max(map(len, cells)) > _LONGEST_CELL:
            return _CELL_TOO_LONG
        if '"' not in raw or '"' not in (plain := self._quoted_cell.sub("", raw)):
            return ""
        if self._space_then_quote.search(plain):
            return _SPACE_AT_QUOTE
        return _QUOTE_IN_PLAIN_CELL


def trouble(body: bytes, delimiter: str, ending: str) -> str:
    """What makes a whole upload fail before any record is looked at, or nothing.

    Only a wrong line ending is known to fail the whole job. What Salesforce makes of broken UTF-8,
    NUL or an open quote is unconfirmed: failing everything is the strictest answer.
    """
    if not _is_utf8(body):
        return "ClientInputError : The data is not UTF-8"
    if b"\0" in body:
        return "InvalidBatch : Failed to parse CSV. Invalid character: NUL"
    if _ending_may_differ(body, ending) and _ending_differs(body, delimiter, ending):
        return (
            "ClientInputError : LineEnding is invalid on user data. "
            f"Current LineEnding setting is {ending}"
        )
    if body.count(b'"') % 2 and _ends_in_quote(body, delimiter):
        return _OPEN_QUOTE
    return ""


def _is_utf8(body: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(body)
    try:
        for at in range(0, len(body), _BLOCK):
            decoder.decode(view[at : at + _BLOCK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _ending_may_differ(body: bytes, ending: str) -> bool:
    returns = body.count(b"\r")
    if ending == "LF":
        return returns > 0
    return not returns == body.count(b"\r\n") == body.count(b"\n")


def _ending_differs(body: bytes, delimiter: str, ending: str) -> bool:
    for text in Reader(BytesIO(body), delimiter):
        if "new-line character" in text.problem:
            return True
        if text.raw.endswith("\n") and text.raw.endswith("\r\n") != (ending == "CRLF"):
            return True
    return False


def _ends_in_quote(body: bytes, delimiter: str) -> bool:
    return any(at_end(text) for text in Reader(BytesIO(body), delimiter))


def at_end(text: Text) -> bool:
    """Whether this is what an unclosed quote leaves: everything up to the end of the file."""
    return text.problem == "unexpected end of data"


def failure_of_job(text: Text) -> str:
    """Why the whole job fails at this record, or nothing."""
    if at_end(text):
        return _OPEN_QUOTE
    if text.problem in {_TEXT_AFTER_QUOTE, _QUOTE_IN_PLAIN_CELL}:
        return _FAILED_TO_PARSE + text.problem
    return ""
