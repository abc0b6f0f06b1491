"""A sample of records from all over a file: which columns to search for slips of style."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from bulkup.csvfile.records import BLOCK, open_reader, read
from bulkup.model import Source

EVERY_ROW = 200_000
"""In files of up to so many records, every column is searched: no sample decides."""

_PLACES = 16
_ROWS = 400
_STYLE_SLIP = re.compile("^[\\s\u00a0]|[\\s\u00a0]$|[ÃÂâ\ufffd]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Positions of columns (0 = first): without any value yet, and with texts to doubt."""

    empty: tuple[int, ...]
    doubtful: frozenset[int]


def sample(source: Source, columns: Collection[int]) -> Sample:
    """Read records in up to sixteen places of the file.

    Blanks around values and wrong encodings mostly stand all over a column. So a big file is
    searched for them only in columns where the sample shows one: in a file without any, the
    search would cost as much as all other tests together.
    """
    empty, clean = set(columns), set(columns)
    everywhere = source.rows <= EVERY_ROW or len(source.marks) < _PLACES
    for cells in _records(source, everywhere=everywhere):
        empty = {at for at in empty if at >= len(cells) or not cells[at]}
        if not everywhere:
            clean = {at for at in clean if at >= len(cells) or not _STYLE_SLIP.search(cells[at])}
        elif not empty:
            break
    return Sample(
        empty=tuple(sorted(empty)),
        doubtful=frozenset(columns if everywhere else set(columns) - clean),
    )


def _records(source: Source, *, everywhere: bool) -> Iterator[list[str]]:
    step = max(1, len(source.marks) // _PLACES)
    for offset, _ in [(source.start, 0)] if everywhere else source.marks[:-1:step]:
        first = next(
            read(source.path, offset, source.delimiter, source.line_ending, BLOCK // 8), None
        )
        records = [record.decode("utf-8") for record in first.raw[:_ROWS]] if first else []
        yield from open_reader(records, source.delimiter.char)
