"""What in a CSV's bytes decides how DuckDB may read it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bulkup.csvfile.scanner import pieces
from bulkup.model import Delimiter

_BLOCK = 1 << 18
"""Bytes that are read at once: they stay in the processor's cache."""

_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """What the bytes say.

    `line_breaks` are the newlines and the one that the last line may lack, counted only in a file
    with quotes. `odd_quotes`: a strict reader refuses a quote, so DuckDB may read it otherwise than
    the csv module: of `"a" ,` and `, "a"` it drops the blanks. `returns`: there are carriage
    returns, looked for only in a file with quotes.
    """

    line_breaks: int
    quotes: bool
    ended: bool
    odd_quotes: bool
    returns: bool


def find_quirks(path: Path, delimiter: Delimiter, *, whole: bool) -> Quirks:
    """Read the file's bytes. One that isn't `whole` is Salesforce's, which has no odd quotes."""
    if not _has_quotes(path):
        return Quirks(
            line_breaks=0, quotes=False, ended=_is_ended(path), odd_quotes=False, returns=False
        )
    line_breaks = 0
    returns = False
    with path.open("rb") as file:
        for block in _blocks(file):
            line_breaks += block.count(b"\n")
            returns = returns or b"\r" in block
    ended = _is_ended(path)
    return Quirks(
        line_breaks=line_breaks + (not ended),
        quotes=True,
        ended=ended,
        odd_quotes=whole and _has_odd_quotes(path, delimiter),
        returns=returns,
    )


def _has_quotes(path: Path) -> bool:
    with path.open("rb") as file:
        return any(b'"' in block for block in _blocks(file))


def _has_odd_quotes(path: Path, delimiter: Delimiter) -> bool:
    """By the rule of `csvfile.quoting.strict`; what is prepared for Salesforce has none."""
    with path.open("rb") as file:
        if file.read(len(_MARK)) != _MARK:
            file.seek(0)
        records = pieces(_blocks(file), offset=0, line=1, delimiter=delimiter, ending=b"\n")
        return any(piece.odd or piece.open_quote is not None for piece in records)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block


def _is_ended(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
