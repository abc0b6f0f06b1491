"""Cells that were found, with their rows, lines and values: for messages and for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, tee
from pathlib import Path

from bulkup.check.cells.hits import Marks
from bulkup.check.cells.messages import describe_finding
from bulkup.check.cells.query import CellTest, Questions
from bulkup.check.rules import RULES, Scope, effective_severity
from bulkup.csvfile.numbered import NumberedCsv, read_numbers
from bulkup.csvfile.records import blocks, open_reader
from bulkup.files import open_private
from bulkup.model import Finding, Severity, Status
from bulkup.results.row_files import UnsentRow, write_unsent

FINDINGS_HEADER = ("row", "line", "column", "value", "code")
Line = tuple[int, int, str, str, str]
"""A cell that was found, in the order of that header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedRow:
    """One record: its position (0 = first), its row and line in the user's file, its cells."""

    position: int
    row: int
    line: int
    cells: list[str]

    def cell(self, at: int) -> str:
        """The cell of a column, empty where the record has none."""
        return self.cells[at] if at < len(self.cells) else ""


def locate_rows(sheet: NumberedCsv, positions: Iterator[int]) -> Iterator[LocatedRow]:
    """The records at these ascending positions. The others are passed over undecoded."""
    own = None if sheet.numbers is None else read_numbers(sheet.numbers)
    wanted = next(positions, None)
    begin, line = 0, 1 + sheet.source.header_lines
    for block in blocks(sheet.source):
        end = begin + len(block.raw)
        pairs = list(islice(own, end - begin)) if own else None
        lines = block.lines(line)
        while wanted is not None and wanted < end:
            at = wanted - begin
            row, its_line = pairs[at] if pairs else (wanted + 1, lines[at])
            text = block.raw[at].decode("utf-8")
            cells = next(open_reader([text], sheet.source.delimiter.char), [""])
            yield LocatedRow(position=wanted, row=row, line=its_line, cells=cells)
            wanted = next(positions, None)
        if wanted is None:
            return
        begin, line = end, lines[-1]


class Weights:
    """Which tests the user wants to be errors."""

    def __init__(self, asks: Questions, *, allow: frozenset[str], strict: bool) -> None:
        self.asks = asks
        self._allow = allow
        self._strict = strict

    def is_error(self, code: str) -> bool:
        """Whether a finding of this code stops."""
        weight = effective_severity(
            RULES[code].severity, code, allow=self._allow, strict=self._strict
        )
        return weight is Severity.ERROR

    def bits(self, *, errors: bool) -> list[int]:
        """The bits of each mask: all, or those of errors."""
        bits = [0] * self.asks.masks
        for one in self.asks.asked:
            if not errors or self.is_error(one.test.code):
                bits[one.mask] |= one.bit
        return bits


def _marked(
    sheet: NumberedCsv, marks: Marks, weights: Weights, *, errors: bool
) -> Iterator[tuple[LocatedRow, list[tuple[CellTest, str]], bool]]:
    """Each record that was found, its findings, and whether it has doubles."""
    asks = weights.asks
    bits = weights.bits(errors=errors)
    doubles = bool(asks.doubles) and (not errors or weights.is_error(asks.doubles))
    found, again = tee(marks.each(bits, doubles=doubles))
    positions = (position for position, *_ in again)
    for spot, (_, twice, values) in zip(locate_rows(sheet, positions), found, strict=True):
        yield (
            spot,
            [
                (one, spot.cell(one.at))
                for one in asks.asked
                if values[one.mask] & one.bit & bits[one.mask]
            ],
            twice,
        )


def found_cells(sheet: NumberedCsv, marks: Marks, weights: Weights) -> Iterator[Line]:
    """Every cell that was found, as a line of the file of findings."""
    asks = weights.asks
    for spot, found, twice in _marked(sheet, marks, weights, errors=False):
        for one, value in found:
            yield (spot.row, spot.line, one.column.source, value, one.test.code)
        if twice:
            name = asks.key.source if asks.key else ""
            value = spot.cell(asks.key_at) if asks.key else ""
            yield (spot.row, spot.line, name, value, asks.doubles)


def write_findings(path: Path, findings: Iterable[Finding], cells: Iterable[Line] = ()) -> None:
    """Write all that was found as row, line, column, value, code.

    Those of `findings` that are about a column or the whole load come first, without row, line
    and value; the ones of single rows are in `cells`.

    Raises:
        RunError: it can't be written.
    """
    with open_private(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        written = csv.writer(text)
        written.writerow(FINDINGS_HEADER)
        written.writerows(
            ("", "", one.column, "", one.code)
            for one in findings
            if RULES[one.code].scope is not Scope.ROWS
        )
        written.writerows(cells)
        text.flush()
        text.detach()


def write_left_out(path: Path, sheet: NumberedCsv, marks: Marks, weights: Weights) -> int:
    """Write the rows that have an error of their own, as `settled`. Returns how many they are.

    Raises:
        RunError: it can't be written.
    """
    count = 0

    def rows() -> Iterator[UnsentRow]:
        nonlocal count
        for spot, found, twice in _marked(sheet, marks, weights, errors=True):
            count += 1
            reasons = [_reason(one, value) for one, value in found]
            reasons += [f"{weights.asks.doubles}: another row is the same"] * twice
            yield UnsentRow(
                row=spot.row, status=Status.NOT_SENT, error=f"bulkup: {'; '.join(reasons)}"
            )

    write_unsent(path, rows())
    return count


def _reason(asked: CellTest, value: str) -> str:
    code = asked.test.code
    return f"{code}:{asked.column.source}: {describe_finding(code, asked.column, value)}"
