"""What the bytes of a CSV tell of how it has to be read."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = 1 << 18  # small enough to stay in the processor's cache
_CLOSES = re.compile(rb'" +(?:(?=[,;\t|^`\r\n])|\Z)')
_OPENS = re.compile(rb'(?:(?<=[,;\t|^`\r\n])|\A) +"')
_OVERLAP = 64  # how much of a block is looked at with the next one
_SPARSE = 200
"""Bytes to a quote from which on quotes are looked at one by one; else pairs are searched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aspect:
    """What the bytes tell.

    `breaks` are newlines, the last line's missing one too, counted only where there are quotes.
    """

    breaks: int
    quotes: bool
    ended: bool
    odd: bool
    returns: bool


def aspect_of(path: Path, *, whole: bool) -> Aspect:
    """The aspect of a file. Where it isn't `whole`, it is Salesforce's, and nothing is odd."""
    if not _any_quote(path):
        return Aspect(breaks=0, quotes=False, ended=_ended(path), odd=False, returns=False)
    breaks = 0
    odd = returns = False
    last = b""
    with path.open("rb") as opened:
        while block := opened.read(_BLOCK):
            breaks += block.count(b"\n")
            returns = returns or b"\r" in block
            odd = odd or (whole and _blanks_beside_quotes(last + block))
            last = block[-_OVERLAP:]
    ended = last.endswith(b"\n")
    odd = odd or (whole and _blanks_beside_quotes(last + b"\n"))
    return Aspect(breaks=breaks + (not ended), quotes=True, ended=ended, odd=odd, returns=returns)


def _any_quote(path: Path) -> bool:
    with path.open("rb") as opened:
        return any(b'"' in block for block in iter(lambda: opened.read(_BLOCK), b""))


def _ended(path: Path) -> bool:
    with path.open("rb") as opened:
        opened.seek(-1, os.SEEK_END)
        return opened.read(1) == b"\n"


def _blanks_beside_quotes(block: bytes) -> bool:
    """Whether a quote with a blank beside it may be one that opens or closes a cell.

    Salesforce's own files have none: they are not asked.
    """
    if not beside(block):
        return False
    closing = any(
        found.end() < len(block) or len(found[0]) >= _OVERLAP for found in _CLOSES.finditer(block)
    )
    opening = any(
        found.start() > 0 or len(found[0]) >= _OVERLAP for found in _OPENS.finditer(block)
    )
    return closing or opening


def blanks_beside_quotes(path: Path) -> bool:
    """Whether any quote of the file has a blank beside it, or the last line has no end.

    Most files have few quotes or none: jumping from one to the next is ten times as quick as
    searching for pairs of characters.
    """
    last = b""
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            if beside(last + block[:1]) or beside(block):
                return True
            last = block[-1:]
    return last != b"\n"


def beside(block: bytes) -> bool:
    """Whether a quote in the block has a blank beside it."""
    at = block.find(b'"')
    for _ in range(len(block) // _SPARSE):
        if at < 0:
            return False
        if block[at + 1 : at + 2] == b" " or block[max(at - 1, 0) : at] == b" ":
            return True
        at = block.find(b'"', at + 1)
    return b'" ' in block or b' "' in block
