"""Everything that can be known of the rows before they are sent: one pass, all findings at once."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bulkup.check.cells.export import (
    LocatedRow,
    Weights,
    found_cells,
    locate_rows,
    write_findings,
    write_left_out,
)
from bulkup.check.cells.hits import Marks, TestHits
from bulkup.check.cells.messages import describe_finding
from bulkup.check.cells.query import CellTest, Questions, build_query
from bulkup.check.cells.sampling import sample
from bulkup.check.cells.suggestions import quote_value
from bulkup.check.columns import Columns
from bulkup.check.rules import apply_overrides, finding
from bulkup.csvfile.numbered import NumberedCsv
from bulkup.duckdb_tools.engine import engine
from bulkup.model import Finding, ObjectInfo, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the check has to say: errors first. `invalid` rows have an error of their own."""

    findings: tuple[Finding, ...]
    rows: int
    invalid: int = 0


def check(  # noqa: PLR0913  one question, as the command asks it
    sheet: NumberedCsv,
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
    left_out: Path | None = None,
) -> Checked:
    """Check every cell that is sent. The findings about the columns themselves are among them.

    `sheet` has the columns by the names of the user's file; with `blank_null` its empty cells are
    meant as `#N/A`. `work` is a folder for what does not
    fit into memory. `of_load` is what else is known of the load, and goes among the findings.
    `findings_csv` gets every finding and every cell that is found, for a spreadsheet. `left_out`
    gets the rows with errors of their own and the reasons, in the form of `settled`: those that
    `--skip-invalid` does not send.

    Raises:
        RunError: the file is not what it was, or a file can't be written.
    """
    known = (*columns.findings, *of_load)
    if not (columns.as_sent and sheet.source.rows):
        findings = apply_overrides(known, allow=allow, strict=strict)
        if findings_csv:
            write_findings(findings_csv, findings)
        return Checked(findings=findings, rows=sheet.source.rows)
    header = sheet.source.header
    seen = sample(sheet.source, {header.index(one.source) for one in columns.as_sent})
    asks = build_query(
        header,
        columns,
        info,
        target,
        watched=seen.empty,
        doubtful=seen.doubtful,
        blank_null=blank_null,
    )
    weights = Weights(asks, allow=frozenset(allow), strict=strict)
    with engine(work) as connection, TemporaryDirectory(prefix="check-", dir=work) as scratch:
        marks = Marks(connection, sheet.source, asks, seen.empty, Path(scratch))
        found = [*known, *_findings(sheet, asks, marks), *_empty(sheet, marks)]
        findings = apply_overrides(found, allow=allow, strict=strict)
        if findings_csv:
            write_findings(findings_csv, findings, found_cells(sheet, marks, weights))
        invalid = write_left_out(left_out, sheet, marks, weights) if left_out else 0
    return Checked(findings=findings, rows=marks.rows, invalid=invalid)


def _empty(sheet: NumberedCsv, marks: Marks) -> Iterator[Finding]:
    for at in marks.empty:
        name = sheet.source.header[at]
        message = f"Every cell of {name} is empty"
        yield finding("COLUMN_EMPTY", message, column=name, count=marks.rows)


def _findings(sheet: NumberedCsv, asks: Questions, marks: Marks) -> list[Finding]:
    answers = [(one, found) for one in asks.asked if (found := marks.found(one)).count]
    wanted = {position for _, found in answers for position in found.first}
    wanted |= set(marks.doubles.first)
    known = {spot.position: spot for spot in locate_rows(sheet, iter(sorted(wanted)))}
    findings = [_finding(one, found, known) for one, found in answers]
    if marks.doubles.count:
        findings.append(_doubles(asks, marks.doubles, known))
    return findings


def _finding(asked: CellTest, found: TestHits, known: dict[int, LocatedRow]) -> Finding:
    value = known[found.first[0]].cell(asked.at)
    return finding(
        asked.test.code,
        describe_finding(asked.test.code, asked.column, value),
        column=asked.column.source,
        count=found.count,
        rows=(known[position].row for position in found.first),
    )


def _doubles(asks: Questions, found: TestHits, known: dict[int, LocatedRow]) -> Finding:
    rows = [known[position].row for position in found.first]
    key = asks.key
    if key is None:
        message = f"{found.count:,} rows are the same as another one in every column"
        return finding(asks.doubles, message, count=found.count, rows=rows)
    value = known[found.first[0]].cell(asks.key_at)
    message = f"{quote_value(value)} stands in more than one row: it can be the key of one only"
    return finding(asks.doubles, message, column=key.source, count=found.count, rows=rows)
