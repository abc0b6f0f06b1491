"""The check of a load before it is sent: one pass over all cells, all findings at once."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from pathlib import Path
from tempfile import TemporaryDirectory

from bulkup.check.cells.export import (
    InvalidRow,
    LocatedRow,
    Severities,
    cells_with_hits,
    invalid_rows,
    locate_rows,
    unclear_quotes,
    with_unclear_quotes,
    write_findings,
)
from bulkup.check.cells.hits import HitTable, TestHits
from bulkup.check.cells.messages import describe_finding
from bulkup.check.cells.query import CellTest, CheckQuery, build_query
from bulkup.check.cells.sampling import sample
from bulkup.check.cells.suggestions import quote_value
from bulkup.check.columns import Columns
from bulkup.check.rules import apply_overrides, finding
from bulkup.csvfile.numbered import NumberedCsv
from bulkup.csvfile.quoting.notes import QuoteNotes
from bulkup.duckdb_tools.engine import engine
from bulkup.model import Finding, ObjectInfo, Target
from bulkup.results.resend import has_status


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The findings, errors first; how many rows there are, and how many with errors of their own.

    `invalid` is counted only where somebody takes those rows.
    """

    findings: tuple[Finding, ...]
    rows: int
    invalid: int = 0


def check(  # noqa: PLR0913  one question, as the command asks it
    csv_file: NumberedCsv,
    columns: Columns,
    info: ObjectInfo,
    target: Target,
    *,
    work: Path,
    allow: Collection[str] = (),
    strict: bool = False,
    blank_null: bool = False,
    of_load: Sequence[Finding] = (),
    findings_csv: Path | None = None,
    take_invalid: Callable[[Iterable[InvalidRow]], None] | None = None,
    quotes: QuoteNotes | None = None,
) -> Checked:
    """Check every cell that is sent. The findings about the columns themselves are among them.

    `csv_file` has the columns by the names of the user's file; with `blank_null` its empty cells
    are sent as `#N/A`. `work` is a folder for what does not fit into memory. `of_load` are findings
    about the load as a whole, which are added to the others. `findings_csv` gets every finding
    and every cell with one, for a spreadsheet. `take_invalid` is called with the rows that have
    errors of their own, which `--skip-invalid` does not send, in order; it must read them all
    before it returns. `quotes` has the rows of `QUOTES_UNCLEAR`.

    Raises:
        RunError: the file has changed, or a file can't be written.
    """
    quotes = quotes or QuoteNotes()
    known = (*columns.findings, *of_load)
    if not (columns.as_sent and csv_file.source.rows):
        findings = apply_overrides(known, allow=allow, strict=strict)
        if findings_csv:
            write_findings(findings_csv, findings)
        return Checked(findings=findings, rows=csv_file.source.rows)
    header = csv_file.source.header
    sources = {column.source for column in columns.as_sent}
    seen = sample(csv_file.source, {at for at, name in enumerate(header) if name in sources})
    query = build_query(
        header,
        columns,
        info,
        target,
        watched=frozenset(seen.empty),
        doubtful=seen.doubtful,
        blank_null=blank_null,
    )
    invalid = 0

    def counted(rows: Iterable[InvalidRow]) -> Iterator[InvalidRow]:
        nonlocal invalid
        for invalid, row in enumerate(rows, 1):  # noqa: B007  read when the rows were taken
            yield row

    # A spreadsheet that took our UTF-8 for something else has spoilt what was right.
    errors = frozenset({"WRONG_ENCODING"} if has_status(csv_file) else ())
    severities = Severities(query, allow=frozenset(allow), strict=strict, errors=errors)
    with engine(work) as connection, TemporaryDirectory(prefix="check-", dir=work) as scratch:
        table = HitTable(connection, csv_file.source, query, Path(scratch))
        of_cells = [*_row_findings(csv_file, query, table), *_empty_columns(csv_file, table)]
        findings = apply_overrides([*known, *of_cells], allow=allow, strict=strict, errors=errors)
        if findings_csv:
            cells = cells_with_hits(csv_file, table, severities)
            lines = merge(unclear_quotes(quotes.unclear_rows), cells, key=lambda line: line[0])
            write_findings(findings_csv, findings, lines)
        if take_invalid:
            rows = invalid_rows(csv_file, table, severities)
            stops = quotes.unclear_rows if severities.is_error("QUOTES_UNCLEAR") else ()
            take_invalid(counted(with_unclear_quotes(stops, rows)))
    return Checked(findings=findings, rows=table.rows, invalid=invalid)


def _empty_columns(csv_file: NumberedCsv, table: HitTable) -> Iterator[Finding]:
    for position in table.empty:
        name = csv_file.source.header[position]
        message = f"Every cell of {name} is empty"
        yield finding("COLUMN_EMPTY", message, column=name, count=table.rows)


def _row_findings(csv_file: NumberedCsv, query: CheckQuery, table: HitTable) -> list[Finding]:
    true_tests = [(test, hits) for test in query.tests if (hits := table.hits(test)).count]
    positions = {position for _, hits in true_tests for position in hits.first}
    positions |= set(table.duplicates.first)
    located = {row.position: row for row in locate_rows(csv_file, iter(sorted(positions)))}
    findings = [_finding_of_test(test, hits, located) for test, hits in true_tests]
    if table.duplicates.count:
        findings.append(_duplicates(query, table.duplicates, located))
    return findings


def _finding_of_test(test: CellTest, hits: TestHits, located: dict[int, LocatedRow]) -> Finding:
    value = located[hits.first[0]].cell(test.position)
    code = test.condition.code
    return finding(
        code,
        describe_finding(code, test.column, value, test.choices, hits.count),
        column=test.column.source,
        count=hits.count,
        rows=(located[position].row for position in hits.first),
    )


def _duplicates(query: CheckQuery, hits: TestHits, located: dict[int, LocatedRow]) -> Finding:
    rows = [located[position].row for position in hits.first]
    code, key = query.duplicate_code, query.key
    if key is None:
        message = f"{hits.count:,} rows are the same as another one in every column"
        return finding(code, message, count=hits.count, rows=rows)
    value = located[hits.first[0]].cell(query.key_position)
    message = f"{quote_value(value)} stands in more than one row: it can be the key of one only"
    return finding(code, message, column=key.source, count=hits.count, rows=rows)
