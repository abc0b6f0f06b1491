"""Whether blanks stand beside quotes: the one thing that DuckDB reads otherwise than csv."""

from pathlib import Path

_BLOCK = 4 << 20
_SPARSE = 200
"""Bytes to a quote from which on quotes are looked at one by one; else pairs are searched."""


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
