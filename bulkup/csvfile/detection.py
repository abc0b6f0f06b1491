"""What a user's file is, whatever wrote it, and whether Salesforce takes it as it is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

from bulkup.csvfile.decoding import Undecodable, blocks, compressed, open_decompressed
from bulkup.csvfile.dialect import (
    Breaks,
    delimiter_of,
    endings,
    guess_delimiter,
    separator_line,
    text_lines,
)
from bulkup.csvfile.encoding import (
    Encoding,
    better_example,
    by_mark,
    example_cell,
    guesses,
    mostly_utf8,
    named,
)
from bulkup.csvfile.formats import must_look_like_csv
from bulkup.csvfile.records import open_reader
from bulkup.errors import InputError
from bulkup.model import Delimiter, LineEnding

_HEAD = 1 << 16
_SAMPLE = 1 << 20
_TAIL = 1 << 16
_WORDS = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteReason:
    """Something that Salesforce does not take: what it is, and what is done about it.

    `change` is empty where only the rewriting can say how much there was. `by_records`: it can't
    be changed block by block, so each record is read and written.
    """

    problem: str
    change: str = ""
    by_records: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """A file as it was found.

    `char` stands between its cells, `breaks` end its records; `delimiter` and `line_ending` are
    what it is sent with. `header` is without the columns at the end that have no name, of which
    there are `unnamed`. `reasons` are what Salesforce would not take: without any, the file is sent
    as it is. `example` is a value by which a person sees whether a guessed encoding is right.
    """

    path: Path
    name: str
    encoding: Encoding
    char: str
    delimiter: Delimiter
    line_ending: LineEnding
    header: tuple[str, ...]
    breaks: frozenset[str] = frozenset()
    compressed: bool = False
    separator_line: bool = False
    unnamed: int = 0
    blank_lines: bool = False
    empty_rows: bool = False
    quotes: bool = False
    example: str = ""
    reasons: tuple[RewriteReason, ...] = ()

    @property
    def as_is(self) -> bool:
        """Whether Salesforce takes the file byte for byte."""
        return not self.reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What one pass over the text tells."""

    encoding: Encoding
    breaks: Breaks
    head: str
    tail: str
    example: str = ""


def detect(
    path: Path,
    *,
    name: str | None = None,
    encoding: str | None = None,
    delimiter: Delimiter | None = None,
    line_ending: LineEnding | None = None,
) -> FileFormat:
    """Look at the whole file once. What is given overrules what is found.

    `name` is what the user calls the file; `encoding` is any name that Python knows. A file that
    is only damaged (broken UTF-8, an open quote, ragged rows) is left to `open_source`, which
    tells all that is wrong with it.

    Raises:
        InputError: the file can't be read, is no CSV, or is not in the encoding that was named.
    """
    with open_decompressed(path) as stream:
        head = stream.read(_HEAD)
    with path.open("rb") as plain:
        packed = compressed(plain.read(2))
    name = name or path.name
    must_look_like_csv(head, name)
    seen = _seen(path, name, head, encoding, packed=packed)
    first, body = separator_line(seen.head)
    char = delimiter.char if delimiter else first or guess_delimiter(body[:_HEAD])
    header = _header(body, char)
    named_columns = len(header)
    while named_columns and not header[named_columns - 1].strip():
        named_columns -= 1
    named_columns = named_columns or len(header)
    breaks, blank = _endings(path, seen, char)
    found = FileFormat(
        path=path,
        name=name,
        encoding=seen.encoding,
        char=char,
        delimiter=delimiter_of(char) or Delimiter.COMMA,
        line_ending=line_ending or (LineEnding.CRLF if breaks == {"\r\n"} else LineEnding.LF),
        header=tuple(header[:named_columns]),
        breaks=frozenset(breaks),
        compressed=packed,
        separator_line=bool(first),
        unnamed=len(header) - named_columns,
        blank_lines=blank,
        empty_rows=named_columns > 1 and _ends_empty(seen.tail, char),
        quotes=seen.breaks.quotes,
        example=example_cell(seen.example, char),
    )
    return replace(found, reasons=tuple(_reasons(found)))


def needs_no_rewrite(path: Path, delimiter: Delimiter | None = None) -> Delimiter | None:
    """What stands between the cells of a file that seems to need no copy; None where it does.

    Looks at its two ends only: whatever else Salesforce would not take, `open_source` refuses.

    Raises:
        InputError: it is no CSV at all.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
        file.seek(max(0, file.seek(0, 2) - _TAIL))
        tail = file.read(_TAIL).decode("utf-8", "replace")
    mark = by_mark(head)
    if compressed(head[:2]) or (mark and mark.name != "utf-8"):
        return None
    must_look_like_csv(head, path.name)
    text = head.decode("utf-8-sig", "replace")
    char = delimiter.char if delimiter else guess_delimiter(text)
    names = _header(text, char)
    whole = names and names[-1].strip() and not separator_line(text)[0]
    if not whole or (len(names) > 1 and _ends_empty(tail, char)):
        return None
    return delimiter_of(char)


def _reasons(found: FileFormat) -> Iterator[RewriteReason]:
    if found.compressed:
        yield RewriteReason(
            problem="it is compressed (gzip)", change="It was unpacked (gzip)", by_records=False
        )
    if found.encoding.name != "utf-8":
        problem, note = f"its encoding is {found.encoding.shown}", ""
        if found.encoding.guessed:
            problem += ", as far as can be told"
            note = " (as far as can be told: --encoding overrules)"
        yield RewriteReason(
            problem=problem,
            change=f"It was read as {found.encoding.shown}{note} and written as UTF-8",
            by_records=False,
        )
    if found.separator_line:
        yield RewriteReason(
            problem=f"its first line is sep={found.char}",
            change=f"The first line, sep={found.char}, was left out",
        )
    if delimiter_of(found.char) is None:
        yield RewriteReason(
            problem=f"{found.char!r} stands between its cells",
            change=f"{found.char!r} between cells became a comma",
        )
    if found.breaks - {found.line_ending.chars}:
        breaks = " and ".join(sorted(_WORDS[chars] for chars in found.breaks))
        yield RewriteReason(
            problem=f"its line endings are {breaks}",
            change=f"All records end in {found.line_ending} now",
            by_records=found.quotes,  # a quoted cell keeps the breaks that it holds
        )
    if found.unnamed:
        yield RewriteReason(
            problem=f"it has {found.unnamed} columns without a name at the end",
            change=left_out(found.unnamed, "empty column", " at the end"),
        )
    if found.blank_lines:
        yield RewriteReason(problem="it has blank lines")
    if found.empty_rows:
        yield RewriteReason(problem="it has empty rows at the end")


def left_out(count: int, what: str, where: str = "") -> str:
    """What was left out of a file, as a sentence."""
    subject = f"{what}{where} was" if count == 1 else f"{what}s{where} were"
    return f"{count:,} {subject} left out"


def _seen(path: Path, name: str, head: bytes, wanted: str | None, *, packed: bool) -> _Seen:
    told = named(wanted, head) if wanted else by_mark(head)
    try:
        return _pass(path, told or Encoding(name="utf-8"))
    except Undecodable as error:
        if told and told.name != "utf-8":
            raise not_of_encoding(name, error) from error
        sample = _sample(path, error.offset)
        if not (told or mostly_utf8(sample)):
            return _guessed(path, sample)
        if packed:
            raise not_of_encoding(name, error) from error
    text, breaks = head.decode("utf-8-sig", "replace"), Breaks()
    breaks.see(text)
    return _Seen(encoding=told or Encoding(name="utf-8"), breaks=breaks, head=text, tail="")


def not_of_encoding(name: str, error: Undecodable) -> InputError:
    """Bytes that do not belong there, as an error for the user."""
    return InputError(
        f"{name}, line {error.line}: {error}",
        "Export it again as UTF-8, or say in which encoding it is with --encoding.",
        name="InvalidEncoding",
    )


def _guessed(path: Path, sample: bytes) -> _Seen:
    for guess in guesses(sample):
        try:
            return _pass(path, guess)
        except Undecodable:
            continue
    raise AssertionError  # pragma: no cover  Latin-1, the last guess, takes every byte


def _sample(path: Path, offset: int) -> bytes:
    with open_decompressed(path) as stream:
        stream.seek(max(0, offset - _HEAD))
        return stream.read(_SAMPLE)


def _pass(path: Path, encoding: Encoding) -> _Seen:
    breaks = Breaks()
    head = tail = example = ""
    for text in blocks(path, encoding):
        breaks.see(text)
        head = head or text
        if encoding.guessed:
            example = better_example(example, text)
        tail = text if len(text) >= _TAIL else (tail + text)[-_TAIL:]
    return _Seen(encoding=encoding, breaks=breaks, head=head, tail=tail[-_TAIL:], example=example)


def _header(text: str, char: str) -> list[str]:
    rows = open_reader(StringIO(text, newline=""), char)
    return next((row for row in rows if any(cell.strip() for cell in row)), [])


def _endings(path: Path, seen: _Seen, char: str) -> tuple[set[str], bool]:
    """Exact where quotes may hide it; the quick count where there is nothing to hide."""
    quick = seen.breaks.kinds, seen.breaks.blank
    if not seen.breaks.quotes or (len(quick[0]) <= 1 and not quick[1]):
        return quick
    return endings(text_lines(blocks(path, seen.encoding)), char)


def _ends_empty(tail: str, char: str) -> bool:
    last = tail.rstrip("\r\n").replace("\r", "\n").rsplit("\n", 1)[-1]
    return bool(re.fullmatch(rf'(?:""|{re.escape(char)})+', last)) and char in last
