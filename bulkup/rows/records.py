"""A CSV file as its raw records: exactly those of CPython's csv module, text unchanged."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from bulkup.model import Delimiter, LineEnding, Source

BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some records in a row, as text without their line endings.

    `plain`: each takes one physical line.
    """

    records: list[str]
    plain: bool

    def lines(self, first: int) -> list[int]:
        """The physical line on which each record starts, and the one after the last."""
        if self.plain:
            return list(range(first, first + len(self.records) + 1))
        heights = (record.count("\n") + 1 for record in self.records)
        return list(accumulate(heights, initial=first))


def blocks(source: Source, *, size: int = BLOCK) -> Iterator[Block]:
    """All records of the source, in order, about `size` bytes at a time.

    Blank lines after the last record are none.
    """
    left = source.rows
    for block in read(source.path, source.start, source.delimiter, source.line_ending, size):
        kept = block.records[:left]
        left -= len(kept)
        if kept:
            yield Block(records=kept, plain=block.plain)


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
            block, rest = _split(rest, whole, line_ending.chars)
            if block.records:
                yield block
    if rest:
        last = rest.decode("utf-8")
        yield Block(records=[last], plain="\n" not in last)


def record_pattern(delimiter: Delimiter) -> re.Pattern[str]:
    """One whole record with its newline, as the csv module's default dialect has it.

    A quote opens a cell only at its start; what follows a closing quote is text.
    """
    mark = re.escape(delimiter.char)
    text = rf"[^{mark}\n]*+"
    cell = rf'(?:"[^"]*+(?:""[^"]*+)*+"{text}|(?!"){text})'
    return re.compile(rf"{cell}(?:{mark}{cell})*+\n")


def _split(data: bytes, whole: re.Pattern[str], ending: str) -> tuple[Block, bytes]:
    cut = data.rfind(b"\n") + 1
    text = data[:cut].decode("utf-8")
    if '"' not in text:
        return Block(records=text.split(ending)[:-1], plain=True), data[cut:]
    records, end = [], 0
    while found := whole.match(text, end):
        records.append(_without_ending(found.group(), ending))
        end = found.end()
    plain = not any("\n" in record for record in records)
    return Block(records=records, plain=plain), text[end:].encode("utf-8") + data[cut:]


def _without_ending(record: str, ending: str) -> str:
    return record.removesuffix(ending).removesuffix("\n")
