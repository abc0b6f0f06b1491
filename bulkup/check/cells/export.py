"""Cells with findings, with their rows, lines and values: for messages and for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import groupby, islice, tee
from pathlib import Path

from bulkup.check.cells.hits import HitTable
from bulkup.check.cells.messages import describe_finding
from bulkup.check.cells.query import CellTest, CheckQuery
from bulkup.check.rules import RULES, Scope, effective_severity
from bulkup.csvfile.numbered import NumberedCsv, read_numbers
from bulkup.csvfile.records import blocks, open_reader
from bulkup.files import open_private
from bulkup.model import Finding, Severity

FINDINGS_HEADER = ("row", "line", "column", "value", "code")
Line = tuple[int, int, str, str, str]
"""A cell with a finding, in the order of that header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedRow:
    """One record: its position (0 = first), its row and line in the user's file, its cells."""

    position: int
    row: int
    line: int
    cells: list[str]

    def cell(self, column: int) -> str:
        """The cell of a column (0 = first), empty where the record has none."""
        return self.cells[column] if column < len(self.cells) else ""


def locate_rows(csv_file: NumberedCsv, positions: Iterator[int]) -> Iterator[LocatedRow]:
    """Read the records at these ascending positions. The others are skipped undecoded."""
    own = None if csv_file.numbers is None else read_numbers(csv_file.numbers)
    wanted = next(positions, None)
    begin, line = 0, 1 + csv_file.source.header_lines
    for block in blocks(csv_file.source):
        end = begin + len(block.raw)
        pairs = list(islice(own, end - begin)) if own else None
        lines = block.lines(line)
        while wanted is not None and wanted < end:
            index = wanted - begin
            row, first_line = pairs[index] if pairs else (wanted + 1, lines[index])
            text = block.raw[index].decode("utf-8")
            cells = next(open_reader([text], csv_file.source.delimiter.char), [""])
            yield LocatedRow(position=wanted, row=row, line=first_line, cells=cells)
            wanted = next(positions, None)
        if wanted is None:
            return
        begin, line = end, lines[-1]


class Severities:
    """Which tests the user wants to be errors."""

    def __init__(
        self,
        query: CheckQuery,
        *,
        allow: frozenset[str],
        strict: bool,
        errors: frozenset[str] = frozenset(),
    ) -> None:
        self.query = query
        self._allow = allow
        self._strict = strict
        self._errors = errors

    def is_error(self, code: str) -> bool:
        """Whether a finding of this code stops the load."""
        severity = effective_severity(
            RULES[code].severity,
            code,
            allow=self._allow,
            strict=self._strict,
            errors=self._errors,
        )
        return severity is Severity.ERROR

    def tests(self, *, errors: bool) -> list[list[CellTest]]:
        """The tests of each mask: all of them, or only those that are errors."""
        tests: list[list[CellTest]] = [[] for _ in range(self.query.masks)]
        for test in self.query.tests:
            if not errors or self.is_error(test.condition.code):
                tests[test.mask].append(test)
        return tests


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidRow:
    """A row with errors of its own: its number in the user's file (1 = first), and why."""

    row: int
    reasons: tuple[str, ...]


def _rows_with_hits(
    csv_file: NumberedCsv, table: HitTable, severities: Severities, *, errors: bool
) -> Iterator[tuple[LocatedRow, list[tuple[CellTest, str]], bool]]:
    """Each record with a finding, its tests with their cells, and whether it is a duplicate."""
    code = severities.query.duplicate_code
    tests = severities.tests(errors=errors)
    bits = [sum(test.bit for test in of_mask) for of_mask in tests]
    duplicates = bool(code) and (not errors or severities.is_error(code))
    records, copy = tee(table.each(bits, duplicates=duplicates))
    positions = (position for position, *_ in copy)
    located = locate_rows(csv_file, positions)
    for row, (_, duplicated, masks) in zip(located, records, strict=True):
        hits = [
            (test, row.cell(test.position))
            for mask, value in enumerate(masks)
            if value & bits[mask]
            for test in tests[mask]
            if value & test.bit
        ]
        yield row, hits, duplicated


def cells_with_hits(
    csv_file: NumberedCsv, table: HitTable, severities: Severities
) -> Iterator[Line]:
    """Every cell with a finding, as a line of the file of findings."""
    query = severities.query
    for row, hits, duplicated in _rows_with_hits(csv_file, table, severities, errors=False):
        for test, value in hits:
            yield (row.row, row.line, test.column.source, value, test.condition.code)
        if duplicated:
            name = query.key.source if query.key else ""
            value = row.cell(query.key_position) if query.key else ""
            yield (row.row, row.line, name, value, query.duplicate_code)


def unclear_quotes(rows: Iterable[tuple[int, int]]) -> Iterator[Line]:
    """Rows whose quotes may mean several things, with their lines, for the file of findings."""
    return ((row, line, "", "", "QUOTES_UNCLEAR") for row, line in rows)


def with_unclear_quotes(
    rows: Iterable[tuple[int, int]], invalid: Iterable[InvalidRow]
) -> Iterator[InvalidRow]:
    """The invalid rows and those whose quotes may mean several things, in order."""
    reason = f"QUOTES_UNCLEAR: {RULES['QUOTES_UNCLEAR'].meaning}"
    unclear = (InvalidRow(row=row, reasons=(reason,)) for row, _ in rows)
    both = merge(unclear, invalid, key=lambda each: each.row)
    for row, same in groupby(both, key=lambda each: each.row):
        yield InvalidRow(row=row, reasons=tuple(reason for each in same for reason in each.reasons))


def write_findings(path: Path, findings: Iterable[Finding], cells: Iterable[Line] = ()) -> None:
    """Write all findings as row, line, column, value, code.

    Those of `findings` that are about a column or the whole load come first, without row, line
    and value; the ones of single rows are in `cells`.

    Raises:
        RunError: it can't be written.
    """
    with open_private(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        writer = csv.writer(text)
        writer.writerow(FINDINGS_HEADER)
        writer.writerows(
            ("", "", finding.column, "", finding.code)
            for finding in findings
            if RULES[finding.code].scope is not Scope.ROWS
        )
        writer.writerows(cells)
        text.flush()
        text.detach()


def invalid_rows(
    csv_file: NumberedCsv, table: HitTable, severities: Severities
) -> Iterator[InvalidRow]:
    """The rows that have an error of their own, in order."""
    code = severities.query.duplicate_code
    for row, hits, duplicated in _rows_with_hits(csv_file, table, severities, errors=True):
        reasons = [_reason(test, value) for test, value in hits]
        if duplicated:
            reasons.append(f"{code}: another row is the same")
        yield InvalidRow(row=row.row, reasons=tuple(reasons))


def _reason(test: CellTest, value: str) -> str:
    code = test.condition.code
    sentence = describe_finding(code, test.column, value, test.choices)
    return f"{code}:{test.column.source}: {sentence}"
