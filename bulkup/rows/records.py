"""A CSV file as its raw records: exactly those of CPython's csv module, text unchanged."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from bulkup.model import Delimiter, LineEnding, Source
from bulkup.scan import record_pattern

BLOCK = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some records in a row, as bytes without their line endings.

    `plain`: each takes one physical line.
    """

    raw: list[bytes]
    plain: bool

    @property
    def records(self) -> list[str]:
        """The records as text."""
        return [record.decode("utf-8") for record in self.raw]

    def lines(self, first: int) -> list[int]:
        """The physical line on which each record starts, and the one after the last."""
        if self.plain:
            return list(range(first, first + len(self.raw) + 1))
        heights = (record.count(b"\n") + 1 for record in self.raw)
        return list(accumulate(heights, initial=first))


def blocks(source: Source, *, size: int = BLOCK) -> Iterator[Block]:
    """All records of the source, in order, about `size` bytes at a time.

    Blank lines after the last record are none.
    """
    left = source.rows
    for block in read(source.path, source.start, source.delimiter, source.line_ending, size):
        kept = block.raw[:left]
        left -= len(kept)
        if kept:
            yield Block(raw=kept, plain=block.plain)


def read(
    path: Path, start: int, delimiter: Delimiter, line_ending: LineEnding, size: int = BLOCK
) -> Iterator[Block]:
    """The records from the byte `start` on. A last one with an open quote goes to the end."""
    whole = record_pattern(delimiter)
    with path.open("rb") as file:
        file.seek(start)
        rest = b""
        while piece := file.read(max(size, len(rest))):
            rest += piece
            block, rest = _split(rest, whole, line_ending.chars.encode())
            if block.raw:
                yield block
    if rest:
        yield Block(raw=[rest], plain=b"\n" not in rest)


def _split(data: bytes, whole: re.Pattern[bytes], ending: bytes) -> tuple[Block, bytes]:
    """The whole records of `data`, and what is left. Only lines with a quote meet the pattern."""
    raw, at, plain = list[bytes](), 0, True
    while (quote := data.find(b'"', at)) >= 0:
        begin = max(at, data.rfind(b"\n", at, quote) + 1)
        raw += data[at:begin].split(ending)[:-1]
        found = whole.match(data, begin)
        if found is None:
            return Block(raw=raw, plain=plain), data[begin:]
        record = found.group().removesuffix(ending).removesuffix(b"\n")
        plain = plain and b"\n" not in record
        raw.append(record)
        at = found.end()
    cut = max(at, data.rfind(b"\n") + 1)
    raw += data[at:cut].split(ending)[:-1]
    return Block(raw=raw, plain=plain), data[cut:]
