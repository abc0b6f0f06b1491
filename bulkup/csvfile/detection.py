"""Detects a file's encoding and dialect, and whether Salesforce takes it as it is."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from io import StringIO
from itertools import islice
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
from bulkup.csvfile.encoding.example import better_example, example_cell
from bulkup.csvfile.encoding.marks import by_escapes, by_mark
from bulkup.csvfile.encoding.names import Encoding, named
from bulkup.csvfile.encoding.sample import Sample
from bulkup.csvfile.encoding.unmarked import guesses, sample_of
from bulkup.csvfile.formats import must_look_like_csv
from bulkup.csvfile.layout.top import (
    lines_above_header,
    require_header,
    skip_first_lines,
    value_in_header,
)
from bulkup.csvfile.quoting.reader import QuoteReader, is_backslash_escaped
from bulkup.csvfile.quoting.strict import has_odd_quotes
from bulkup.csvfile.records import open_reader
from bulkup.errors import InputError
from bulkup.model import Delimiter, LineEnding

_HEAD = 1 << 16
_TAIL = 1 << 16
END_MARK = "\x1a"
"""Ctrl-Z, by which DOS ends a text."""

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
    """What was detected of a file.

    `char` separates its cells, `breaks` end its records; `delimiter` and `line_ending` are what it
    is sent with. `header` is without the columns at the end that have no name, of which
    there are `unnamed`. `skip_lines` lines stand above it. `odd_quotes`: a strict reader would
    refuse quotes of the file; `backslash`: they are escaped by one. `end_mark`: the file ends in
    Ctrl-Z. `reasons` are what Salesforce would not take: without any, the file is sent
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
    skip_lines: int = 0
    odd_quotes: bool = False
    backslash: bool = False
    end_mark: bool = False
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
class _Content:
    """What one pass over the text gives."""

    encoding: Encoding
    breaks: Breaks
    head: str
    tail: str
    example: str = ""
    escapes: tuple[Encoding, ...] = ()


def detect(
    path: Path,
    *,
    name: str | None = None,
    encoding: str | None = None,
    delimiter: Delimiter | None = None,
    line_ending: LineEnding | None = None,
    skip_lines: int = 0,
) -> FileFormat:
    """Read the whole file once. What is given overrules what is detected.

    `name` is what the user calls the file; `encoding` is any name that Python knows; `skip_lines`
    is how many physical lines stand above the header. A file that
    is only damaged (broken UTF-8, an open quote, ragged rows) is left to `open_source`, which
    reports all that is wrong with it.

    Raises:
        InputError: the file can't be read, is no CSV, does not begin with its header, or is not in
            the encoding that was named.
    """
    with open_decompressed(path) as stream:
        head = stream.read(_HEAD)
    with path.open("rb") as plain:
        is_gzip = compressed(plain.read(2))
    name = name or path.name
    must_look_like_csv(head, name)
    content = _read_content(path, name, head, encoding, is_gzip=is_gzip)
    first, body = separator_line(skip_first_lines(content.head, skip_lines, name))
    char = delimiter.char if delimiter else first or guess_delimiter(body[:_HEAD])
    above = skip_lines + bool(first)
    require_header(body[:_HEAD], char if delimiter or first else None, name, skipped=above)
    header = _header(body, char)
    named_columns = len(header)
    while named_columns and not header[named_columns - 1].strip():
        named_columns -= 1
    named_columns = named_columns or len(header)
    odd, backslash = _find_odd_quotes(path, content, char, above, len(header))
    breaks, blank = _endings(path, content, char, odd=odd, backslash=backslash)
    file_format = FileFormat(
        path=path,
        name=name,
        encoding=content.encoding,
        char=char,
        delimiter=delimiter_of(char) or Delimiter.COMMA,
        line_ending=line_ending or (LineEnding.CRLF if breaks == {"\r\n"} else LineEnding.LF),
        header=tuple(header[:named_columns]),
        breaks=frozenset(breaks),
        compressed=is_gzip,
        separator_line=bool(first),
        skip_lines=skip_lines,
        odd_quotes=odd,
        backslash=backslash,
        end_mark=content.tail.rstrip("\r\n").endswith(END_MARK),
        unnamed=len(header) - named_columns,
        blank_lines=blank,
        empty_rows=named_columns > 1 and _ends_empty(content.tail, char),
        quotes=content.breaks.quotes,
        example=example_cell(content.example, char),
    )
    return replace(file_format, reasons=tuple(_reasons(file_format)))


def needs_no_rewrite(path: Path, delimiter: Delimiter | None = None) -> Delimiter | None:
    """The delimiter of a file that seems to need no rewriting; None where it does.

    Reads only its two ends: `open_source` refuses whatever else Salesforce would not take.

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
    known_char = delimiter.char if delimiter else None
    if not whole or lines_above_header(text, known_char) or value_in_header(text, known_char):
        return None
    if (len(names) > 1 and _ends_empty(tail, char)) or tail.rstrip("\r\n").endswith(END_MARK):
        return None
    return delimiter_of(char)


def _reasons(file_format: FileFormat) -> Iterator[RewriteReason]:
    yield from _reasons_of_text(file_format)
    yield from _reasons_of_ends(file_format)
    yield from _reasons_of_records(file_format)


def _reasons_of_text(file_format: FileFormat) -> Iterator[RewriteReason]:
    if file_format.compressed:
        yield RewriteReason(
            problem="it is compressed (gzip)", change="It was unpacked (gzip)", by_records=False
        )
    if file_format.encoding.name != "utf-8":
        problem, note = f"its encoding is {file_format.encoding.shown}", ""
        if file_format.encoding.guessed:
            problem += ", as far as can be told"
            note = " (as far as can be told: --encoding overrules)"
        yield RewriteReason(
            problem=problem,
            change=f"It was read as {file_format.encoding.shown}{note} and written as UTF-8",
            by_records=False,
        )


def _reasons_of_ends(file_format: FileFormat) -> Iterator[RewriteReason]:
    if file_format.skip_lines:
        yield RewriteReason(
            problem=f"{file_format.skip_lines} lines stand above its header",
            change=left_out(file_format.skip_lines, "line", " above the header"),
        )
    if file_format.end_mark:
        yield RewriteReason(
            problem="it ends in Ctrl-Z", change="The Ctrl-Z at the end of the file was left out"
        )
    if file_format.separator_line:
        yield RewriteReason(
            problem=f"its first line is sep={file_format.char}",
            change=f"The first line, sep={file_format.char}, was left out",
        )


def _reasons_of_records(file_format: FileFormat) -> Iterator[RewriteReason]:
    if file_format.odd_quotes:
        yield RewriteReason(problem="some of its quotes are not where CSV has them")
    if delimiter_of(file_format.char) is None:
        yield RewriteReason(
            problem=f"{file_format.char!r} stands between its cells",
            change=f"{file_format.char!r} between cells became a comma",
        )
    if file_format.breaks - {file_format.line_ending.chars}:
        breaks = " and ".join(sorted(_WORDS[chars] for chars in file_format.breaks))
        yield RewriteReason(
            problem=f"its line endings are {breaks}",
            change=f"All records end in {file_format.line_ending} now",
            by_records=file_format.quotes,  # a quoted cell keeps the breaks that it holds
        )
    if file_format.unnamed:
        yield RewriteReason(
            problem=f"it has {file_format.unnamed} columns without a name at the end",
            change=left_out(file_format.unnamed, "empty column", " at the end"),
        )
    if file_format.blank_lines:
        yield RewriteReason(problem="it has blank lines")
    if file_format.empty_rows:
        yield RewriteReason(problem="it has empty rows at the end")


def left_out(count: int, what: str, where: str = "") -> str:
    """What was left out of a file, as a sentence."""
    subject = f"{what}{where} was" if count == 1 else f"{what}s{where} were"
    return f"{count:,} {subject} left out"


def _read_content(
    path: Path, name: str, head: bytes, wanted: str | None, *, is_gzip: bool
) -> _Content:
    known = named(wanted, by_mark(head)) if wanted else by_mark(head)
    try:
        content = _read_as(path, known or Encoding(name="utf-8"))
        return content if known else _read_escaped(path, content)
    except Undecodable as error:
        if known and known.name != "utf-8":
            raise not_of_encoding(name, error) from error
        sample = None if known else sample_of(path)
        if sample and not sample.is_damaged_utf8:
            return _read_guessed(path, name, sample)
        if is_gzip:
            raise not_of_encoding(name, error) from error
    text, breaks = head.decode("utf-8-sig", "replace"), Breaks()
    breaks.add(text)
    return _Content(encoding=known or Encoding(name="utf-8"), breaks=breaks, head=text, tail="")


def not_of_encoding(name: str, error: Undecodable) -> InputError:
    """An error for bytes that are not of the encoding."""
    return InputError(
        f"{name}, line {error.line}: {error}",
        "Export it again as UTF-8, or say in which encoding it is with --encoding.",
        name="InvalidEncoding",
    )


def _read_guessed(path: Path, name: str, sample: Sample) -> _Content:
    for guess in guesses(path, name, sample):
        with suppress(Undecodable):
            return _read_as(path, guess)
    raise AssertionError  # pragma: no cover  without a further guess, an error is raised


def _read_escaped(path: Path, content: _Content) -> _Content:
    """The content in the encoding that its escape sequences are of, else as it is."""
    for encoding in content.escapes:
        with suppress(Undecodable):
            return _read_as(path, encoding)
    return content


def _read_as(path: Path, encoding: Encoding) -> _Content:
    breaks = Breaks()
    head = tail = example = ""
    escapes: tuple[Encoding, ...] = ()
    for text in blocks(path, encoding):
        breaks.add(text)
        head = head or text
        if "\x1b" in text:
            escapes = escapes or tuple(by_escapes(text))
        if encoding.guessed:
            example = better_example(example, text)
        tail = text if len(text) >= _TAIL else (tail + text)[-_TAIL:]
    return _Content(
        encoding=encoding,
        breaks=breaks,
        head=head,
        tail=tail[-_TAIL:],
        example=example,
        escapes=escapes,
    )


def _header(text: str, char: str) -> list[str]:
    rows = open_reader(StringIO(text, newline=""), char)
    return next((row for row in rows if any(cell.strip() for cell in row)), [])


def _endings(
    path: Path, content: _Content, char: str, *, odd: bool, backslash: bool
) -> tuple[set[str], bool]:
    """Line endings and whether there are blank lines: exact where quotes may hide breaks."""
    quick = content.breaks.kinds, content.breaks.blank
    if not content.breaks.quotes or (len(quick[0]) <= 1 and not quick[1]):
        return quick

    def read_odd(lines: Iterable[str]) -> Iterator[list[str]]:
        return (record.cells for record in QuoteReader(lines, char, backslash=backslash))

    lines = text_lines(blocks(path, content.encoding))
    return endings(lines, char, read_odd=read_odd if odd else None)


def _find_odd_quotes(
    path: Path, content: _Content, char: str, above: int, width: int
) -> tuple[bool, bool]:
    """Whether quotes are odd, and whether all of them are escaped by a backslash."""

    def read() -> Iterator[str]:
        return blocks(path, content.encoding)

    try:
        if not content.breaks.quotes or not has_odd_quotes(read(), char):
            return False, False
        if not any('\\"' in block for block in read()):
            return True, False
        return True, is_backslash_escaped(islice(text_lines(read()), above, None), char, width)
    except Undecodable:
        return False, False  # open_source says where


def _ends_empty(tail: str, char: str) -> bool:
    last = tail.rstrip("\r\n").replace("\r", "\n").rsplit("\n", 1)[-1]
    return bool(re.fullmatch(rf'(?:""|{re.escape(char)})+', last)) and char in last
