"""What in a CSV's bytes decides how DuckDB may read it."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = 1 << 18
"""Bytes that are read at once: they stay in the processor's cache."""

# DuckDB skips blanks after a closing quote, up to a delimiter or another quote, and before an
# opening one. It reads `"a" ,` as `a`, `"a" "b"` as `a b` and `, "a"` as `a`, where the csv module
# reads `a `, `a "b"` and ` "a"`.
_OVERLAP = 65
"""Bytes of a block that are searched again with the next one, for blanks beside their quote."""

_MANY_BLANKS = b" " * (_OVERLAP - 1)
_AFTER_CLOSING = re.compile(rb'"(?: +[",;\t|^`\r\n]|%b)' % _MANY_BLANKS)
_BEFORE_OPENING = re.compile(rb'[,;\t|^`\r\n] +"')

_SPARSE = 200
"""Bytes to a quote from which on quotes are looked at one by one; else pairs are searched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """What the bytes say.

    `line_breaks` are the newlines and the one that the last line may lack, counted only in a file
    with quotes. `odd_quotes`: a quote with blanks beside it may open or close a cell. `returns`:
    there are carriage returns, looked for only in a file with quotes.
    """

    line_breaks: int
    quotes: bool
    ended: bool
    odd_quotes: bool
    returns: bool


def find_quirks(path: Path, *, whole: bool) -> Quirks:
    """Read the file's bytes. One that isn't `whole` is Salesforce's, which has no odd quotes."""
    if not _has_quotes(path):
        return Quirks(
            line_breaks=0, quotes=False, ended=_is_ended(path), odd_quotes=False, returns=False
        )
    line_breaks = 0
    odd = returns = False
    last = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            line_breaks += block.count(b"\n")
            returns = returns or b"\r" in block
            odd = odd or (whole and has_odd_quotes(last + block))
            last = block[-_OVERLAP:]
    ended = last.endswith(b"\n")
    return Quirks(
        line_breaks=line_breaks + (not ended),
        quotes=True,
        ended=ended,
        odd_quotes=odd or (whole and has_odd_quotes(last + b"\n")),
        returns=returns,
    )


def _has_quotes(path: Path) -> bool:
    with path.open("rb") as file:
        return any(b'"' in block for block in iter(lambda: file.read(_BLOCK), b""))


def _is_ended(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def has_odd_quotes(block: bytes) -> bool:
    """Whether a quote with blanks beside it may open or close a cell, where DuckDB skips them.

    They may also stand inside a quoted cell, as in `"a 3"" , 5"" board"`: then nothing is lost but
    time. So many blanks that the blocks do not overlap by them are odd whatever follows.
    """
    if not _has_blank_beside_quote(block):
        return False
    return bool(
        _AFTER_CLOSING.search(block)
        or _BEFORE_OPENING.search(block)
        or _MANY_BLANKS + b'"' in block
    )


def _has_blank_beside_quote(block: bytes) -> bool:
    """The quick test before: most files have few quotes or none.

    Jumping from one to the next is ten times as quick as searching for pairs of characters.
    """
    quote = block.find(b'"')
    for _ in range(len(block) // _SPARSE):
        if quote < 0:
            return False
        if block[quote + 1 : quote + 2] == b" " or block[max(quote - 1, 0) : quote] == b" ":
            return True
        quote = block.find(b'"', quote + 1)
    return b'" ' in block or b' "' in block
