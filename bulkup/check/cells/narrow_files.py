"""Narrow CSV files, with the columns of one group each, of some records of a wide one."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from bulkup.csvfile.records import blocks, open_reader
from bulkup.duckdb_tools.read_csv import Csv
from bulkup.model import Delimiter, Source

PIECE_BYTES = 16_000_000
"""About how long a narrow file gets. DuckDB may hold all of it in memory."""


def cut_columns(
    source: Source, groups: Sequence[Sequence[int]], folder: Path
) -> Iterator[list[Csv]]:
    """Write the records of the source, some at a time, to one file for each group of positions.

    The files are in the folder until the next ones take their place. The source is read once,
    and each cell is written once for each group that has it.
    """
    records = _records(source)
    paths = [folder / f"group{number}.csv" for number in range(len(groups))]
    rows = next(records, None)
    while rows is not None:
        count, size = 0, 0
        with ExitStack() as stack:
            files = [stack.enter_context(path.open("wb")) for path in paths]
            for file, positions in zip(files, groups, strict=True):
                file.write(_encode([[f"c{position}" for position in positions]]))
            while rows is not None and size < PIECE_BYTES:
                for file, positions in zip(files, groups, strict=True):
                    file.write(_encode([[row[at] for at in positions] for row in rows]))
                    size = max(size, file.tell())
                count += len(rows)
                rows = next(records, None)
        yield [
            Csv(
                path=path,
                delimiter=Delimiter.COMMA,
                width=len(positions),
                rows=count,
                whole=False,  # the csv module wrote it: no blanks beside quotes to search for
            )
            for path, positions in zip(paths, groups, strict=True)
        ]


def _records(source: Source) -> Iterator[list[list[str]]]:
    """The cells of some records at a time, as many in each as the header has, line breaks as LF."""
    width = len(source.header)
    for block in blocks(source):
        texts = block.records
        if not block.plain or any(b"\r" in record for record in block.raw):
            texts = [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]
        rows = list(open_reader(texts, source.delimiter.char))
        for row in rows:
            row.extend([""] * (width - len(row)))
        yield rows


def _encode(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")
