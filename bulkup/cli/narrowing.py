"""Which rows of a file are sent: by its own `bulkup__Status`, and by what the check leaves out."""

import csv
from collections.abc import Iterable, Iterator
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

    `left_out` tells of the rows that the check leaves out. Both are None when every row is sent.

    Raises:
        RunError: a file can't be written.
    """
    from bulkup.rows.again import has_status, split
    from bulkup.rows.select import read_rows, without
    from bulkup.rows.settled import write_settled
    from bulkup.rows.sheet import private

    rows, settled = folder / "prepared" / "rows.txt", folder / "settled.csv"
    invalid = list(read_settled(left_out)) if left_out else []
    with_status = has_status(sheet)
    if not invalid and not with_status:
        return None, None
    to_send: Iterable[int]
    if with_status:
        rows.parent.mkdir(mode=0o700, exist_ok=True)
        split(sheet, include_unknown=include_unknown, rows=rows, settled=settled)
        to_send, known = list(read_rows(rows)), list(read_settled(settled))
    else:
        to_send, known = without(sheet, (one.row for one in invalid)), []
    bad = {one.row for one in invalid}
    taken = {one.row for one in known}
    with private(rows) as file:
        file.writelines(b"%d\n" % row for row in to_send if row not in bad)
    write_settled(settled, [*known, *(one for one in invalid if one.row not in taken)])
    return rows, settled


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
