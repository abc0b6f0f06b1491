"""Reads a CSV into DuckDB exactly as CPython's csv module would, as fast as that allows.

DuckDB reads plain files as the csv module does, with several threads. It does not where cells hold
line breaks (its threads lose count of the quotes), where blanks stand beside quotes (it drops
them), where records are ragged or blank, and where line endings differ. So several threads are
tried first and their records counted; then one thread; then a copy that the csv module wrote.
Line breaks in cells are always read as LF.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

import duckdb

from bulkup.csvfile.records import open_reader, read
from bulkup.csvfile.scanner import record_pattern
from bulkup.duckdb_tools.csv_quirks import Quirks, find_quirks
from bulkup.duckdb_tools.engine import Database, located, number, quoted
from bulkup.errors import RunError
from bulkup.model import Delimiter, LineEnding, Source

_LONGEST_RECORD = 4_000_000
"""Bytes: Salesforce takes 400,000 characters, of up to four bytes, and all may be quotes."""

_BUFFER = 8_000_000
"""Bytes."""

_NULL = "\x01\x02"
"""The text that DuckDB reads as NULL: no cell is this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Csv:
    """A CSV file with a header record and `width` columns.

    `rows`: how many records it has, None where only Salesforce knows. `whole`: the file is known
    to be complete; otherwise a last record that is cut short is left out.
    """

    path: Path
    delimiter: Delimiter
    width: int
    rows: int | None = None
    header_lines: int = 1
    whole: bool = True

    @classmethod
    def of_source(cls, source: Source) -> Self:
        """A file that was read before, so that its records are known."""
        return cls(
            path=source.path,
            delimiter=source.delimiter,
            width=len(source.header),
            rows=source.rows,
            header_lines=source.header_lines,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """How many records a file has, and an SQL relation that reads them exactly.

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
    quirks = find_quirks(file.path, file.delimiter, whole=file.whole)
    torn = not file.whole and not quirks.ended
    attempts = [] if quirks.odd_quotes or torn else [True, False] if quirks.quotes else [True]
    for parallel in attempts:
        relation = _relation(file, file.path, parallel=parallel, returns=quirks.returns)
        try:
            count = _create(connection, table, query(relation))
        except (duckdb.InvalidInputException, duckdb.NotImplementedException):
            continue
        if _is_plausible(file, quirks, count, parallel=parallel):
            one_line_each = _one_line_each(file, quirks, count)
            return Loaded(rows=count, relation=relation, one_line_each=one_line_each)
    copy = work / f"{table}.csv"
    torn = torn and _is_torn(file)
    relation = _relation(file, copy, longest=_rewrite(file, copy, torn=torn))
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
    return number(connection, f"CREATE OR REPLACE TEMP TABLE {table} AS {query}")


def _relation(
    file: Csv, path: Path, *, parallel: bool = False, returns: bool = False, longest: int = 0
) -> str:
    columns = ", ".join(f"'c{column}': 'VARCHAR'" for column in range(file.width))
    delimiter = file.delimiter.char if path == file.path else ","
    longest = max(longest, _LONGEST_RECORD)
    cells = (
        f"read_csv({located(path)}, auto_detect = false, header = true, columns = {{{columns}}},"
        f" delim = {quoted(delimiter)}, quote = '\"', escape = '\"',"
        f" nullstr = {quoted(_NULL)}, strict_mode = true, null_padding = false,"
        " compression = 'none',"
        f" max_line_size = {longest}, buffer_size = {max(_BUFFER, 2 * longest)},"
        f" parallel = {str(parallel).lower()})"
    )
    if not returns:
        return cells
    lf = ", ".join(
        f"replace(replace(c{column}, chr(13) || chr(10), chr(10)), chr(13), chr(10)) AS c{column}"
        for column in range(file.width)
    )
    return f"(SELECT {lf} FROM {cells})"


def _is_plausible(file: Csv, quirks: Quirks, count: int, *, parallel: bool) -> bool:
    if file.rows not in {None, count}:
        return False
    return _one_line_each(file, quirks, count) if parallel or file.width == 1 else True


def _one_line_each(file: Csv, quirks: Quirks, count: int) -> bool:
    return not quirks.quotes or count == quirks.line_breaks - file.header_lines


def _rewrite(file: Csv, copy: Path, *, torn: bool) -> int:
    """Write the records as the csv module reads them. Returns a bound of the longest, in bytes."""
    longest = _LONGEST_RECORD
    with (
        file.path.open(encoding="utf-8-sig", newline="", errors="replace") as text,
        copy.open("w", encoding="utf-8", newline="") as rewritten,
    ):
        copy.chmod(0o600)
        writer = csv.writer(rewritten, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for cells in _records(file, text, torn=torn):
            even = [*cells, *([""] * (file.width - len(cells)))][: file.width]
            lf = [cell.replace("\r\n", "\n").replace("\r", "\n") for cell in even]
            longest = max(longest, 8 * sum(map(len, lf)) + 4 * file.width)
            writer.writerow(lf)
    return longest


def _records(file: Csv, lines: Iterable[str], *, torn: bool) -> Iterator[list[str]]:
    """The header and the records. A blank line is a record only where `rows` counts it as one."""
    reader = open_reader(lines, file.delimiter.char)
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
    """Whether the last record of a file without a newline at its end is cut short."""
    last = b""
    for block in read(file.path, 0, file.delimiter, LineEnding.LF):
        last = block.raw[-1]
    whole = record_pattern(file.delimiter).fullmatch(last + b"\n") and last.endswith(b'"')
    cells = next(open_reader([last.decode("utf-8", "replace")], file.delimiter.char), [])
    return not (whole and len(cells) == file.width)
