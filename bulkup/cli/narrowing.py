"""Which rows of a file are sent: by its own `bulkup__Status`, and by what the check leaves out."""

import csv
from collections.abc import Iterable, Iterator
from heapq import merge
from pathlib import Path
from typing import TYPE_CHECKING

from bulkup.model import Status

if TYPE_CHECKING:
    from bulkup.rows.settled import Settled
    from bulkup.rows.sheet import Sheet


def chosen(
    sheet: "Sheet", left_out: Path | None, folder: Path, *, include_unknown: bool
) -> tuple[Path | None, Path | None]:
    """A file of the numbers of the rows to send, and one of the fates of all others.

    `left_out` tells of the rows that the check leaves out, if it is there. Both are None when
    every row is sent.

    Raises:
        RunError: a file can't be written.
    """
    from bulkup.rows.again import has_status, split

    rows, settled = folder / "prepared" / "rows.txt", folder / "settled.csv"
    with_status = has_status(sheet)
    invalid = left_out if left_out and left_out.exists() and any(read_settled(left_out)) else None
    if not invalid and not with_status:
        return None, None
    rows.parent.mkdir(mode=0o700, exist_ok=True)
    if not invalid:
        split(sheet, include_unknown=include_unknown, rows=rows, settled=settled)
    elif not with_status:
        _write(sheet, None, None, invalid, rows, settled)
    else:
        to_send, known = rows.with_name("said.txt"), rows.with_name("said.csv")
        split(sheet, include_unknown=include_unknown, rows=to_send, settled=known)
        _write(sheet, to_send, known, invalid, rows, settled)
        to_send.unlink()
        known.unlink()
    return rows, settled


def _write(
    sheet: "Sheet",
    to_send: Path | None,
    known: Path | None,
    left_out: Path,
    rows: Path,
    settled: Path,
) -> None:
    """Take the rows of `left_out` from those `to_send`, None for all, and add them to `known`.

    All files ascend, so that each is read once, a row at a time.
    """
    from bulkup.rows.select import besides, read_rows, without
    from bulkup.rows.settled import write_settled
    from bulkup.rows.sheet import private

    out = (one.row for one in read_settled(left_out))
    with private(rows) as file:
        left = besides(read_rows(to_send), out) if to_send else without(sheet, out)
        file.writelines(b"%d\n" % row for row in left)
    write_settled(settled, _merged(read_settled(known) if known else (), read_settled(left_out)))


def _merged(known: Iterable["Settled"], more: Iterable["Settled"]) -> Iterator["Settled"]:
    """Both in order; of a row that stands in both, what was known."""
    last = 0
    for one in merge(known, more, key=lambda settled: settled.row):  # equals: the first one first
        if one.row != last:
            yield one
        last = one.row


def read_settled(path: Path) -> Iterator["Settled"]:
    """The rows of a file of settled ones."""
    from bulkup.rows.settled import Settled

    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield Settled(
                row=int(row["row"]),
                status=Status(row["status"]),
                id=row["id"],
                created=row["created"],
                error=row["error"],
            )
