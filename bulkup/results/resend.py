"""Which rows are sent again: after temporary errors, or by the `bulkup__Status` of a file."""

from array import array
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from bulkup.csvfile.numbered import NumberedCsv, numbered
from bulkup.csvfile.records import ColumnProjection
from bulkup.duckdb_tools.engine import Database, quoted, with_enough_memory
from bulkup.files import open_private
from bulkup.model import Status
from bulkup.results.inputs import Layout, SentChunk
from bulkup.results.matching import Matching
from bulkup.results.row_files import KEPT, WORDS, UnsentRow, write_unsent
from bulkup.results.row_status import chunk_status_sql, load_numbers
from bulkup.salesforce.error_codes import temporary_pattern


def rows_to_repeat(
    csv_file: NumberedCsv,
    layout: Layout,
    sent: Collection[SentChunk],
    *,
    passing: Collection[str],
    unprocessed_of: Collection[int] = (),
    work: Path,
) -> Sequence[int]:
    """Return the numbers (ascending) of a round's rows that failed with a temporary error.

    And of the rows that are unprocessed in the chunks with the numbers `unprocessed_of`. Only
    rows of which Salesforce's own results say that they were not loaded. `passing`: the codes
    of temporary errors.

    Raises:
        RunError: the file does not have the records it had.
    """
    temporary = quoted(temporary_pattern(passing))

    def find(connection: Database, room: Path) -> "array[int]":
        matching = Matching(
            connection=connection,
            csv_file=csv_file,
            layout=layout,
            chunks=[chunk.chunk for chunk in sent],
            work=room,
        )
        matching.begin()
        if csv_file.numbers is not None:
            load_numbers(connection, "numbers", csv_file.numbers)
        connection.execute("CREATE TEMP TABLE repeat_rows (row BIGINT)")
        for chunk in sent:
            matching.match(chunk)
            named = f"({chunk_status_sql(chunk, csv_file, 'numbers')} WHERE kind IN (2, 3))"
            which = f"status = 'failed' AND regexp_matches(error, {temporary}, 's')"
            if chunk.chunk.number in unprocessed_of:
                which = f"({which}) OR status = 'unprocessed'"
            connection.execute(f"INSERT INTO repeat_rows SELECT row FROM {named} WHERE {which}")
        numbers = array("q")
        rows = connection.execute("SELECT row FROM repeat_rows ORDER BY row")
        while batch := rows.fetchmany(10_000):
            numbers.extend(row for (row,) in batch)
        return numbers

    return with_enough_memory(work, find)


def split_by_status(
    csv_file: NumberedCsv, *, include_unknown: bool, rows: Path, unsent: Path
) -> int:
    """Split a file with a column `bulkup__Status` into rows to send and rows not to send.

    Writes the numbers of the first to `rows`, one a line, and the others to `settled`. Returns
    how many are to be sent. A file without such a column is sent as a whole.

    Raises:
        RunError: a file can't be written.
    """
    count = 0
    with open_private(rows) as file:

        def settle() -> Iterator[UnsentRow]:
            nonlocal count
            for row, status, record_id in _statuses(csv_file):
                kept = KEPT.get(status) if status else None
                if status is Status.UNKNOWN and not include_unknown:
                    kept = Status.UNKNOWN
                if kept is None:
                    count += 1
                    file.write(b"%d\n" % row)
                else:
                    yield UnsentRow(row=row, status=kept, id=record_id, error=WORDS[kept])

        write_unsent(unsent, settle())
    return count


def has_status(csv_file: NumberedCsv) -> bool:
    """Whether the file has a column that says which of its rows are to be sent."""
    return _place(csv_file, "bulkup__status") is not None


def _statuses(csv_file: NumberedCsv) -> Iterator[tuple[int, Status | None, str]]:
    status, record_id = _place(csv_file, "bulkup__status"), _place(csv_file, "sf__id")
    projection = ColumnProjection(csv_file.source, [])
    for rows, _, records in numbered(csv_file):
        for row, cells in zip(rows, projection.cells(records), strict=True):
            yield row, _status(_cell(cells, status)), _cell(cells, record_id)


def _place(csv_file: NumberedCsv, name: str) -> int | None:
    names = [column.casefold() for column in csv_file.source.header]
    return names.index(name) if name in names else None


def _cell(cells: list[str], index: int | None) -> str:
    return cells[index] if index is not None and index < len(cells) else ""


def _status(text: str) -> Status | None:
    """The status in a cell; None for anything else a person may have put there: the row is sent."""
    try:
        return Status(text.strip().lower())
    except ValueError:
        return None
