"""Rows that are in no chunk: skipped, left out, or unknown from an earlier run."""

import csv
import io
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bulkup.csvfile.records import open_dict_reader
from bulkup.duckdb_tools.engine import Database, Error, engine, is_damage, located, quoted
from bulkup.errors import RunError
from bulkup.files import open_private, sync
from bulkup.model import Status

_COLUMNS = ("row", "status", "id", "created", "error")


KEPT = {Status.SUCCEEDED: Status.SKIPPED, Status.SKIPPED: Status.SKIPPED}


class SkipReason(StrEnum):
    """Why a row was skipped, by its word in the JSON of a run."""

    SUCCEEDED_BEFORE = "succeeded_before"
    UNCHANGED = "unchanged"
    EXISTS = "exists"
    GONE = "gone"


SKIP_MESSAGES: Mapping[SkipReason, str] = {
    SkipReason.SUCCEEDED_BEFORE: "bulkup: not sent again, it had succeeded",
    SkipReason.UNCHANGED: "bulkup: not sent, it would change nothing",
    SkipReason.EXISTS: "bulkup: not sent, the record exists already",
    SkipReason.GONE: "bulkup: not sent, the record is gone already",
}
"""How the error of a skipped row begins."""

WORDS = {
    Status.SKIPPED: SKIP_MESSAGES[SkipReason.SUCCEEDED_BEFORE],
    Status.UNKNOWN: "bulkup: not sent again, nobody can tell what became of it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsentRow:
    """One row that is in no chunk. `created` is `true`, `false` or empty."""

    row: int
    status: Status
    id: str = ""
    created: str = ""
    error: str = ""


def write_unsent(path: Path, rows: Iterable[UnsentRow]) -> None:
    """Write the rows as a CSV of their own, for `reconcile`.

    Raises:
        RunError: it can't be written.
    """
    with open_private(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        written = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        written.writerow(_COLUMNS)
        for row in rows:
            written.writerow([row.row, row.status, row.id, row.created, _lf(row.error)])
        text.flush()
        text.detach()


def _lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def load_unsent(connection: Database, path: Path | None) -> None:
    """Make the table `unsent_rows` (row, status, id, created, error); empty without a path."""
    columns = ", ".join(f"{name} {'BIGINT' if name == 'row' else 'VARCHAR'}" for name in _COLUMNS)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE unsent_rows ({columns})")
    if path is not None:
        types = columns.replace(" BIGINT", ": 'BIGINT'").replace(" VARCHAR", ": 'VARCHAR'")
        connection.execute(
            f"INSERT INTO unsent_rows SELECT * FROM read_csv({located(path)}, auto_detect = false,"
            f" header = true, delim = ',', quote = '\"', escape = '\"', nullstr = '\x01\x02',"
            f" columns = {{{types}}}, parallel = false)"
        )


def count_skipped(connection: Database) -> dict[str, int]:
    """Count the skipped rows of `unsent_rows` by reason."""
    counts = dict.fromkeys(map(str, SkipReason), 0)
    cases = " ".join(
        f"WHEN starts_with(error, {quoted(message)}) THEN {quoted(reason)}"
        for reason, message in SKIP_MESSAGES.items()
    )
    rows = connection.execute(
        f"SELECT CASE {cases} ELSE {quoted(SkipReason.SUCCEEDED_BEFORE)} END AS reason, count(*)"
        " FROM unsent_rows WHERE status = 'skipped' GROUP BY reason"
    )
    return counts | dict(rows.fetchall())


def count_unsent(path: Path | None) -> dict[Status, int]:
    """How many rows of each status the file holds; none without a path."""
    counts: dict[Status, int] = {}
    if path is not None:
        with path.open(encoding="utf-8", newline="") as file:
            for row in open_dict_reader(file):
                status = Status(row["status"])
                counts[status] = counts.get(status, 0) + 1
    return counts


FETCHED = 10_000


def begin_outcome(folder: Path) -> None:
    """An empty folder for the parts of an outcome."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    sync(folder.parent)


def keep(connection: Database, folder: Path) -> None:
    """Keep the table `final_status` (row, status, id, created) durably as a part of the outcome.

    A later run needs it: the results themselves are deleted afterwards.
    """
    part = folder / f"{len(list(folder.iterdir())):05d}.parquet"
    connection.execute(
        "COPY (SELECT row, status, id, created FROM final_status)"
        f" TO {located(part)} (FORMAT parquet)"
    )
    with part.open("r+b") as file:
        os.fsync(file.fileno())
    sync(folder)


def count_outcome(folder: Path, work: Path) -> dict[Status, int]:
    """How many rows of each status the outcome of a run holds.

    Raises:
        RunError: the outcome is not there, or damaged.
    """
    if not any(folder.glob("*.parquet")):
        raise _missing("is not kept any more")
    with engine(work) as connection:
        counts: dict[Status, int] = {}
        for _row, status, _id, _created in _all(connection, folder):
            counts[status] = counts.get(status, 0) + 1
        return counts


def part_again(
    folder: Path, work: Path, *, include_unknown: bool, rows: Path, unsent: Path
) -> tuple[int, int]:
    """Split the rows of a run into those that are sent again and those that are not.

    Writes the numbers of the first to `rows`, one a line, and the others with their status to
    `settled`. Returns how many are sent, and how many stay unknown.

    Raises:
        RunError: the outcome is not there, or a file can't be written.
    """
    if not any(folder.glob("*.parquet")):
        raise _missing("is not kept any more")
    sent = unknown = 0
    with engine(work) as connection, open_private(rows) as file:

        def settle() -> Iterator[UnsentRow]:
            nonlocal sent, unknown
            for row, status, record_id, created in _all(connection, folder):
                kept = KEPT.get(status)
                if status is Status.UNKNOWN and not include_unknown:
                    kept, unknown = Status.UNKNOWN, unknown + 1
                if kept is None:
                    sent += 1
                    file.write(b"%d\n" % row)
                else:
                    yield UnsentRow(
                        row=row, status=kept, id=record_id, created=created, error=WORDS[kept]
                    )

        write_unsent(unsent, settle())
    return sent, unknown


def _missing(what: str) -> RunError:
    return RunError(
        f"The run's outcome {what}",
        "Load its results.csv instead: bulkup run results.csv …",
        name="OutcomeMissing",
    )


def _all(connection: Database, folder: Path) -> Iterator[tuple[int, Status, str, str]]:
    try:
        yield from _read(connection, folder)
    except Error as error:
        if not is_damage(error):  # which of DuckDB's kinds damage is depends on the version
            raise
        raise _missing("is damaged") from error


def _read(connection: Database, folder: Path) -> Iterator[tuple[int, Status, str, str]]:
    parts = ", ".join(map(located, sorted(folder.glob("*.parquet"))))
    rows = connection.execute(
        f"SELECT row, status, coalesce(id, ''), coalesce(created, '')"
        f" FROM read_parquet([{parts}]) ORDER BY row"
    )
    while batch := rows.fetchmany(FETCHED):
        for row, status, record_id, created in batch:
            yield row, Status(status), record_id, created
