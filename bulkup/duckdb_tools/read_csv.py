"""Reads a CSV into DuckDB exactly as CPython's csv module would, by the quickest way that is exact.

DuckDB reads plain files as the csv module does, several threads at once. It does not where line
breaks stand in cells (its threads lose count of the quotes), where blanks stand beside quotes (it
drops them), where records are ragged or blank, and where line endings differ. So the quick way is
tried, its records are counted, and what it can't read exactly is read by one thread, or from a
copy that the csv module wrote. Line breaks in cells are LF in what it reads.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bulkup.csvfile.records import open_reader, read
from bulkup.csvfile.scanner import record_pattern
from bulkup.duckdb_tools.csv_quirks import Quirks, find_quirks
from bulkup.duckdb_tools.engine import Database, located, quoted
from bulkup.errors import RunError
from bulkup.model import Delimiter, LineEnding

_LONGEST_RECORD = 4_000_000  # bytes: 400,000 characters of four bytes, and their quotes
_BUFFER = 8_000_000
_NEVER = "\x01\x02"  # no cell is this, so none is read as NULL for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Csv:
    """A CSV file with a header record and `width` columns.

    `rows`: how many records it has, None where only Salesforce knows. `whole`: whether the file
    is known to be whole; else a torn last record is left out.
    """

    path: Path
    delimiter: Delimiter
    width: int
    rows: int | None = None
    header_lines: int = 1
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """How many records a file has, and the SQL relation by which they are read exactly.

    `one_line_each`: no record holds a line break.
    """

    rows: int
    relation: str
    one_line_each: bool


def load(
    connection: Database,
    table: str,
    query: Callable[[str], str],
    file: Csv,
    work: Path,
) -> Loaded:
    """Make the temp table `table` of `query(relation)`, whose relation has the columns c0, c1, ….

    The query must keep each record as one row. Cells are text, an empty one is '' or NULL. A copy
    that was needed stays in `work`, so that the relation can be read again.

    Raises:
        RunError: the file does not have the records it had.
    """
    import duckdb  # noqa: PLC0415  only who reads rows pays for it

    quirks = find_quirks(file.path, whole=file.whole)
    torn = not file.whole and not quirks.ended
    ways = [] if quirks.odd_quotes or torn else [True, False] if quirks.quotes else [True]
    for parallel in ways:
        relation = _relation(file, file.path, parallel=parallel, returns=quirks.returns)
        try:
            count = _create(connection, table, query(relation))
        except (duckdb.InvalidInputException, duckdb.NotImplementedException):
            continue
        if _believable(file, quirks, count, parallel=parallel):
            one_line_each = _one_line_each(file, quirks, count)
            return Loaded(rows=count, relation=relation, one_line_each=one_line_each)
    copy = work / f"{table}.csv"
    torn = torn and _is_torn(file)
    relation = _relation(file, copy, longest=_normalise(file, copy, torn=torn))
    count = _create(connection, table, query(relation))
    if file.rows not in {None, count}:
        records = "1 record" if count == 1 else f"{count:,} records"
        raise RunError(
            f"{file.path} has {records} where it had {file.rows:,}",
            "Put the file back as it was.",
            name="SourceChanged",
        )
    return Loaded(rows=count, relation=relation, one_line_each=_one_line_each(file, quirks, count))


def _create(connection: Database, table: str, query: str) -> int:
    made = connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {query}").fetchone()
    return int(made[0]) if made else 0


def _relation(
    file: Csv, path: Path, *, parallel: bool = False, returns: bool = False, longest: int = 0
) -> str:
    columns = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(file.width))
    mark = file.delimiter.char if path == file.path else ","
    longest = max(longest, _LONGEST_RECORD)
    cells = (
        f"read_csv({located(path)}, auto_detect = false, header = true, columns = {{{columns}}},"
        f" delim = {quoted(mark)}, quote = '\"', escape = '\"',"
        f" nullstr = {quoted(_NEVER)}, strict_mode = true, null_padding = false,"
        " compression = 'none',"
        f" max_line_size = {longest}, buffer_size = {max(_BUFFER, 2 * longest)},"
        f" parallel = {str(parallel).lower()})"
    )
    if not returns:
        return cells
    lf = ", ".join(
        f"replace(replace(c{at}, chr(13) || chr(10), chr(10)), chr(13), chr(10)) AS c{at}"
        for at in range(file.width)
    )
    return f"(SELECT {lf} FROM {cells})"


def _believable(file: Csv, quirks: Quirks, count: int, *, parallel: bool) -> bool:
    if file.rows not in {None, count}:
        return False
    return _one_line_each(file, quirks, count) if parallel or file.width == 1 else True


def _one_line_each(file: Csv, quirks: Quirks, count: int) -> bool:
    return not quirks.quotes or count == quirks.line_breaks - file.header_lines


def _normalise(file: Csv, copy: Path, *, torn: bool) -> int:
    """Write the records as the csv module reads them; how long the longest may be, in bytes."""
    longest = _LONGEST_RECORD
    with (
        file.path.open(encoding="utf-8-sig", newline="", errors="replace") as opened,
        copy.open("w", encoding="utf-8", newline="") as made,
    ):
        copy.chmod(0o600)
        written = csv.writer(made, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for cells in _records(file, opened, torn=torn):
            even = [*cells, *([""] * (file.width - len(cells)))][: file.width]
            lf = [cell.replace("\r\n", "\n").replace("\r", "\n") for cell in even]
            longest = max(longest, 8 * sum(map(len, lf)) + 4 * file.width)
            written.writerow(lf)
    return longest


def _records(file: Csv, opened: Iterable[str], *, torn: bool) -> Iterator[list[str]]:
    """The header and the records. A blank line is a record only where `rows` counts it as one."""
    reader = open_reader(opened, file.delimiter.char)
    if file.rows is not None:
        yield from islice(reader, file.rows + 1)
        return
    previous: list[str] = []
    for cells in reader:
        if previous:
            yield previous
        previous = cells
    if previous and not torn:
        yield previous


def _is_torn(file: Csv) -> bool:
    """Whether the last record of a file without a newline at its end is only half there."""
    last = b""
    for block in read(file.path, 0, file.delimiter, LineEnding.LF):
        last = block.raw[-1]
    whole = record_pattern(file.delimiter).fullmatch(last + b"\n") and last.endswith(b'"')
    cells = next(open_reader([last.decode("utf-8", "replace")], file.delimiter.char), [])
    return not (whole and len(cells) == file.width)
