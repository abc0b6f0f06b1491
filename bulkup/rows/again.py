"""Which rows may be sent again: after passing errors, or by the `bulkup__Status` of a file."""

from array import array
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bulkup.model import Status
from bulkup.rows.cut import Cut
from bulkup.rows.engine import quoted, with_enough_memory
from bulkup.rows.fates import load_numbers, said
from bulkup.rows.layout import Layout, Sent
from bulkup.rows.match import Matching
from bulkup.rows.settled import Settled, write_settled
from bulkup.rows.sheet import Sheet, numbered, private

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

KEPT = {Status.SUCCEEDED: Status.SKIPPED, Status.SKIPPED: Status.SKIPPED}
WORDS = {
    Status.SKIPPED: "bulkup: not sent again, it had succeeded",
    Status.UNKNOWN: "bulkup: not sent again, nobody can tell what became of it",
}


def rows_to_repeat(
    sheet: Sheet,
    layout: Layout,
    sent: Collection[Sent],
    *,
    passing: Collection[str],
    unprocessed_of: Collection[int] = (),
    work: Path,
) -> Sequence[int]:
    """Numbers (ascending) of a round's rows that failed with a passing code.

    And of the rows that are unprocessed in the chunks with the numbers `unprocessed_of`. Only
    rows of which Salesforce's own results say that they were not loaded.

    Raises:
        RunError: the sheet does not have the records it had.
    """
    codes = ", ".join(map(quoted, sorted(passing))) or "''"

    def find(connection: "DuckDBPyConnection", room: Path) -> "array[int]":
        matching = Matching(
            connection=connection,
            sheet=sheet,
            layout=layout,
            chunks=[one.chunk for one in sent],
            work=room,
        )
        matching.begin()
        if sheet.numbers is not None:
            load_numbers(connection, "numbers", sheet.numbers)
        connection.execute("CREATE TEMP TABLE repeat_rows (row BIGINT)")
        for one in sent:
            matching.match(one)
            named = f"({said(one, sheet, 'numbers')} WHERE kind IN (2, 3))"
            which = f"status = 'failed' AND split_part(error, ':', 1) IN ({codes})"
            if one.chunk.number in unprocessed_of:
                which = f"({which}) OR status = 'unprocessed'"
            connection.execute(f"INSERT INTO repeat_rows SELECT row FROM {named} WHERE {which}")
        found = array("q")
        rows = connection.execute("SELECT row FROM repeat_rows ORDER BY row")
        while some := rows.fetchmany(10_000):
            found.extend(row for (row,) in some)
        return found

    return with_enough_memory(work, find)


def split(sheet: Sheet, *, include_unknown: bool, rows: Path, settled: Path) -> int:
    """Part a file with a column `bulkup__Status` into rows to send and settled ones.

    Writes the numbers of the first to `rows`, one a line, and the others to `settled`; how many
    are to be sent. A file without such a column is sent whole.

    Raises:
        RunError: a file can't be written.
    """
    count = 0
    with private(rows) as file:

        def settle() -> Iterator[Settled]:
            nonlocal count
            for row, status, ident in _statuses(sheet):
                kept = KEPT.get(status) if status else None
                if status is Status.UNKNOWN and not include_unknown:
                    kept = Status.UNKNOWN
                if kept is None:
                    count += 1
                    file.write(b"%d\n" % row)
                else:
                    yield Settled(row=row, status=kept, id=ident, error=WORDS[kept])

        write_settled(settled, settle())
    return count


def has_status(sheet: Sheet) -> bool:
    """Whether the file says itself which of its rows are to be sent."""
    return _place(sheet, "bulkup__status") is not None


def _statuses(sheet: Sheet) -> Iterator[tuple[int, Status | None, str]]:
    at, ident = _place(sheet, "bulkup__status"), _place(sheet, "sf__id")
    cut = Cut(sheet.source, [])
    for rows, _, records in numbered(sheet):
        for row, cells in zip(rows, cut.cells(records), strict=True):
            yield row, _status(_at(cells, at)), _at(cells, ident)


def _place(sheet: Sheet, name: str) -> int | None:
    names = [one.casefold() for one in sheet.source.header]
    return names.index(name) if name in names else None


def _at(cells: list[str], at: int | None) -> str:
    return cells[at] if at is not None and at < len(cells) else ""


def _status(text: str) -> Status | None:
    """What a person may have left in the cell; anything that is no status of ours is sent."""
    try:
        return Status(text.strip().lower())
    except ValueError:
        return None
