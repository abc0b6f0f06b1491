"""Some rows of a CSV file as a small one of their own, which knows the rows' numbers."""

import csv
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from bulkup.csvfile.numbered import NUMBERS_HEADER, NumberedCsv, numbered
from bulkup.csvfile.records import ColumnProjection
from bulkup.csvfile.source import open_source
from bulkup.duckdb_tools.engine import engine, located
from bulkup.files import open_private

Picked = tuple[int, int, str]
"""Row, line and raw record."""


def select(
    csv_file: NumberedCsv,
    rows: Iterable[int],
    *,
    columns: Mapping[str, str],
    to: Path,
    numbers: Path,
    side_by_side: str | None = None,
) -> NumberedCsv:
    """Write the rows with these numbers (ascending) to `to`, and their numbers to `numbers`.

    `columns`: the names that are sent, in order, and which column of the file each is. With
    `side_by_side`, a column of the file, rows that are the same there stand together. Both
    files are for their owner only, and whole or not there at all.

    Raises:
        RunError: they can't be written.
    """
    source = csv_file.source
    kept = [source.header.index(name) for name in columns.values()]
    cut = ColumnProjection(source, kept)
    picked = _picked(csv_file, rows)
    with ExitStack() as stack:
        if side_by_side is not None:
            work = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=_made(to.parent))))
            at = source.header.index(side_by_side)
            picked = _sorted(picked, cut, at, work)
        sidecar = stack.enter_context(open_private(numbers))
        records = stack.enter_context(open_private(to))
        sidecar.write(NUMBERS_HEADER.encode() + b"\n")
        records.write(cut.header(columns))
        for row, line, raw in picked:
            sidecar.write(b"%d,%d\n" % (row, line))
            records.write(cut.records([raw.encode("utf-8")])[0] + cut.ending)
    made = open_source(
        to, delimiter=source.delimiter, line_ending=source.line_ending, check_cells=False
    )
    return NumberedCsv(source=made, numbers=numbers)


def without(csv_file: NumberedCsv, left_out: Iterable[int]) -> Iterator[int]:
    """All row numbers of the file but these (ascending)."""
    return subtract((row for rows, _, _ in numbered(csv_file) for row in rows), left_out)


def subtract(rows: Iterable[int], left_out: Iterable[int]) -> Iterator[int]:
    """The rows but these; both ascend, and neither is kept in memory."""
    out = iter(left_out)
    next_out = next(out, None)
    for row in rows:
        while next_out is not None and next_out < row:
            next_out = next(out, None)
        if row != next_out:
            yield row


def read_rows(path: Path) -> Iterator[int]:
    """The row numbers of a file that has one on each line."""
    with path.open(encoding="utf-8") as file:
        yield from map(int, file)


def _picked(csv_file: NumberedCsv, rows: Iterable[int]) -> Iterator[Picked]:
    wanted = iter(rows)
    next_wanted = next(wanted, None)
    for numbers, lines, records in numbered(csv_file):
        if next_wanted is None:
            return
        if next_wanted > numbers[-1]:
            continue
        for picked in zip(numbers, lines, records, strict=True):
            while next_wanted is not None and next_wanted < picked[0]:
                next_wanted = next(wanted, None)
            if picked[0] == next_wanted:
                yield picked


def _sorted(
    picked: Iterable[Picked], cut: ColumnProjection, at: int, work: Path
) -> Iterator[Picked]:
    """The same, those with the same cell at `at` together, otherwise in order."""
    path = work / "picked.csv"
    longest = 1_000_000
    with path.open("w", encoding="utf-8", newline="") as file:
        path.chmod(0o600)
        written = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for row, line, raw in picked:
            cells = next(iter(cut.cells([raw])))
            parent = cells[at][:15] if at < len(cells) else ""
            code = raw.encode().hex()
            longest = max(longest, len(code) + 10_000)
            # text that DuckDB must not look into: one plain line, whatever is in it
            written.writerow([parent.encode().hex(), row, line, code])
    columns = "{'parent': 'VARCHAR', 'row': 'BIGINT', 'line': 'BIGINT', 'raw': 'VARCHAR'}"
    with engine(work) as connection:
        ordered = connection.execute(
            f"SELECT row, line, raw FROM read_csv({located(path)}, auto_detect = false,"
            f" header = false, delim = ',', quote = '\"', escape = '\"', columns = {columns},"
            f" max_line_size = {longest}, buffer_size = {2 * longest}) ORDER BY parent, row"
        )
        while some := ordered.fetchmany(1000):
            yield from ((row, line, bytes.fromhex(raw).decode()) for row, line, raw in some)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
