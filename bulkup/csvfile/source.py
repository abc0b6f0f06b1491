"""Opens a CSV: one pass validates it and finds its dialect, columns, rows and fingerprint."""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Self

from bulkup.csvfile import problems as say
from bulkup.csvfile.encoding.marks import by_mark
from bulkup.csvfile.header import HEAD, Header, header_bytes, read_header
from bulkup.csvfile.problems import ODD_QUOTES, as_error
from bulkup.csvfile.scanner import BLOCK, pieces
from bulkup.csvfile.source_file import open_file
from bulkup.csvfile.validation import Survey
from bulkup.model import Delimiter, LineEnding, Source

__all__ = ["header_bytes", "open_source"]

_MARK = b"\xef\xbb\xbf"


def open_source(
    path: Path,
    *,
    name: str | None = None,
    delimiter: Delimiter | None = None,
    line_ending: LineEnding | None = None,
    check_cells: bool = True,
    allow_empty: bool = False,
    strict_quotes: bool = False,
) -> Source:
    """Read the file once, from beginning to end.

    `name` is what the user calls it. What is given overrules what the header says. Without
    `check_cells` the number of cells in each row is not checked; `allow_empty` accepts a header
    without records; `strict_quotes` refuses quotes that Salesforce's reader refuses.

    Raises:
        InputError: all that is wrong with the file, a line each. Its name says what rewriting
            the file can correct: `MixedLineEndings`, `BareCarriageReturn`, `BlankLines`,
            `InvalidEncoding`, `Utf16`, `OddQuotes`.
    """
    name = name or path.name
    with open_file(path) as file:
        header = _header(file, name, delimiter, line_ending)
        digest = _Digest()
        with digest:
            survey = _survey(_blocks(file, digest), header, check_cells=check_cells)
            size = file.tell()
    problems = [
        problem
        for problem in (*header.problems, *survey.problems())
        if strict_quotes or problem.name != ODD_QUOTES
    ]
    if not survey.rows and not problems and not allow_empty:
        problems.append(say.no_records())
    if problems:
        raise as_error(name, problems)
    return Source(
        path=path,
        name=os.fsencode(name).decode("utf-8", "replace"),  # it goes into JSON
        size=size,
        sha256=digest.hex(),
        encoding="utf-8",
        delimiter=header.delimiter,
        line_ending=header.line_ending,
        header=header.names,
        start=header.start,
        rows=survey.rows,
        header_lines=header.lines,
        marks=tuple(survey.marks),
    )


def _header(
    file: BinaryIO, name: str, delimiter: Delimiter | None, line_ending: LineEnding | None
) -> Header:
    """Read the header.

    Raises:
        InputError: there is none, or the rest of the file can't be read by it.
    """
    head = file.read(HEAD)
    file.seek(0)
    if not head.removeprefix(_MARK).strip():
        raise as_error(name, [say.empty()])
    encoding = by_mark(head)
    if encoding and encoding.name != "utf-8":
        raise as_error(name, [say.utf16()])
    header = read_header(head, delimiter=delimiter, line_ending=line_ending)
    no_records_end = any(problem.name == "BareCarriageReturn" for problem in header.problems)
    if header.problems and (no_records_end or not header.ended):
        raise as_error(name, header.problems)
    return header


def _survey(blocks: Iterator[bytes], header: Header, *, check_cells: bool) -> Survey:
    survey = Survey(header, check_cells=check_cells)
    survey_pieces = pieces(
        _after(blocks, header.start),
        offset=header.start,
        line=1 + header.lines,
        delimiter=header.delimiter,
        ending=header.line_ending.chars.encode(),
    )
    for piece in survey_pieces:
        survey.add(piece)
    return survey


def _after(blocks: Iterator[bytes], start: int) -> Iterator[bytes]:
    """The blocks without the header, which ends in the first of them."""
    yield next(blocks)[start:]
    yield from blocks


def _blocks(file: BinaryIO, digest: "_Digest") -> Iterator[bytes]:
    while block := file.read(BLOCK):
        digest.update(block)
        yield block


class _Digest:
    """The sha256 of what is read, computed in a second thread (it needs no GIL)."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._thread = ThreadPoolExecutor(1)
        self._last: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def update(self, block: bytes) -> None:
        """Add a block, once the one before is done: at most two are in memory."""
        if self._last:
            self._last.result()
        self._last = self._thread.submit(self._sha256.update, block)

    def hex(self) -> str:
        """The digest, after the block that ends the file."""
        return self._sha256.hexdigest()
