"""Which rows of a file are sent: by its own `bulkup__Status`, and by what the check leaves out."""

from collections.abc import Iterable, Iterator
from heapq import merge
from pathlib import Path

from bulkup.check.cells.export import InvalidRow
from bulkup.check.rules import RULES
from bulkup.csvfile.numbered import NumberedCsv
from bulkup.csvfile.quoting.notes import QuoteNotes
from bulkup.csvfile.records import open_dict_reader
from bulkup.files import open_private
from bulkup.model import Status
from bulkup.planning.subset import read_rows, subtract, without
from bulkup.results.resend import has_status, split_by_status
from bulkup.results.row_files import UnsentRow, write_unsent
from bulkup.runs.run_dir import RunDir


def select_rows(
    csv_file: NumberedCsv, left_out: Path | None, run_dir: RunDir, *, include_unknown: bool
) -> tuple[Path | None, Path | None]:
    """A file of the numbers of the rows to send, and one that says why the others are not sent.

    `left_out` tells of the rows that the check leaves out, if it is there. Both are None when
    every row is sent.

    Raises:
        RunError: a file can't be written.
    """
    rows, unsent = run_dir.rows_to_send, run_dir.unsent
    with_status = has_status(csv_file)
    invalid = left_out if left_out and left_out.exists() and any(read_unsent(left_out)) else None
    if not invalid and not with_status:
        return None, None
    rows.parent.mkdir(mode=0o700, exist_ok=True)
    if not invalid:
        split_by_status(csv_file, include_unknown=include_unknown, rows=rows, unsent=unsent)
    elif not with_status:
        _write(csv_file, to_send=None, known=None, left_out=invalid, rows=rows, unsent=unsent)
    else:
        to_send, known = rows.with_name("said.txt"), rows.with_name("said.csv")
        split_by_status(csv_file, include_unknown=include_unknown, rows=to_send, unsent=known)
        _write(csv_file, to_send=to_send, known=known, left_out=invalid, rows=rows, unsent=unsent)
        to_send.unlink()
        known.unlink()
    return rows, unsent


def _write(
    csv_file: NumberedCsv,
    *,
    to_send: Path | None,
    known: Path | None,
    left_out: Path,
    rows: Path,
    unsent: Path,
) -> None:
    """Take the rows of `left_out` from those `to_send`, None for all, and add them to `known`.

    All files ascend, so that each is read once, a row at a time.
    """
    out = (row.row for row in read_unsent(left_out))
    with open_private(rows) as file:
        left = subtract(read_rows(to_send), out) if to_send else without(csv_file, out)
        file.writelines(b"%d\n" % row for row in left)
    write_unsent(unsent, _merged(read_unsent(known) if known else (), read_unsent(left_out)))


def write_invalid(path: Path, rows: Iterable[InvalidRow]) -> None:
    """Write the rows that the check leaves out, with its reasons.

    Raises:
        RunError: it can't be written.
    """
    unsent = (
        UnsentRow(row=row.row, status=Status.NOT_SENT, error=f"bulkup: {'; '.join(row.reasons)}")
        for row in rows
    )
    write_unsent(path, unsent)


def leave_out_unclear_quotes(quotes: QuoteNotes, run_dir: RunDir) -> bool:
    """Take the rows whose quotes may mean several things from those that are sent again.

    Returns whether any are left.

    Raises:
        RunError: a file can't be written.
    """
    rows, unsent = run_dir.rows_to_send, run_dir.unsent
    again = list(filter(quotes.is_unclear, read_rows(rows)))
    reason = f"bulkup: QUOTES_UNCLEAR: {RULES['QUOTES_UNCLEAR'].meaning}"
    left_out = (UnsentRow(row=row, status=Status.NOT_SENT, error=reason) for row in again)
    known = read_unsent(unsent) if unsent.exists() else ()
    with open_private(rows) as file:
        file.writelines(b"%d\n" % row for row in subtract(read_rows(rows), again))
    write_unsent(unsent, _merged(known, left_out))
    return any(True for _ in read_rows(rows))


def _merged(known: Iterable[UnsentRow], more: Iterable[UnsentRow]) -> Iterator[UnsentRow]:
    """Both in order; of a row that stands in both, what was known."""
    last = 0
    for row in merge(known, more, key=lambda unsent: unsent.row):  # equals: the first one first
        if row.row != last:
            yield row
        last = row.row


def read_unsent(path: Path) -> Iterator[UnsentRow]:
    """The rows of a file of unsent rows."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in open_dict_reader(file):
            yield UnsentRow(
                row=int(row["row"]),
                status=Status(row["status"]),
                id=row["id"],
                created=row["created"],
                error=row["error"],
            )
