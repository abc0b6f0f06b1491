"""Rows whose fate was known before anything was sent: skipped, left out, or unknown from before."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bulkup.model import Status
from bulkup.rows.engine import located
from bulkup.rows.sheet import private

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_COLUMNS = ("row", "status", "id", "created", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """One row that is in no chunk. `created` is `true`, `false` or empty."""

    row: int
    status: Status
    id: str = ""
    created: str = ""
    error: str = ""


def write_settled(path: Path, rows: Iterable[Settled]) -> None:
    """Write the rows as a CSV of their own, for `reconcile`.

    Raises:
        RunError: it can't be written.
    """
    with private(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        written = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        written.writerow(_COLUMNS)
        for one in rows:
            written.writerow([one.row, one.status, one.id, one.created, _lf(one.error)])
        text.flush()
        text.detach()


def _lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def load_settled(connection: "DuckDBPyConnection", path: Path | None) -> None:
    """Make the table `settled` (row, status, id, created, error); empty without a path."""
    columns = ", ".join(f"{name} {'BIGINT' if name == 'row' else 'VARCHAR'}" for name in _COLUMNS)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE settled ({columns})")
    if path is not None:
        types = columns.replace(" BIGINT", ": 'BIGINT'").replace(" VARCHAR", ": 'VARCHAR'")
        connection.execute(
            f"INSERT INTO settled SELECT * FROM read_csv({located(path)}, auto_detect = false,"
            f" header = true, delim = ',', quote = '\"', escape = '\"', nullstr = '\x01\x02',"
            f" columns = {{{types}}}, parallel = false)"
        )


def count_settled(path: Path | None) -> dict[Status, int]:
    """How many rows of each status the file holds; none without a path."""
    counts: dict[Status, int] = {}
    if path is not None:
        with path.open(encoding="utf-8", newline="") as file:
            for one in csv.DictReader(file):
                status = Status(one["status"])
                counts[status] = counts.get(status, 0) + 1
    return counts
