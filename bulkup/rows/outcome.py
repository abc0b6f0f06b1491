"""What a run that is over says of each row, kept without the rows: all that `retry` needs."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bulkup.errors import RunError
from bulkup.model import Status
from bulkup.places import sync
from bulkup.rows.again import KEPT, WORDS
from bulkup.rows.engine import engine, located
from bulkup.rows.settled import Settled, write_settled
from bulkup.rows.sheet import private

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FETCHED = 10_000


def begin_outcome(folder: Path) -> None:
    """An empty folder for the parts of an outcome."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    sync(folder.parent)


def keep(connection: "DuckDBPyConnection", folder: Path) -> None:
    """Keep the table `final` (row, status, id, created) durably as one more part of the outcome.

    The rows themselves are forgotten afterwards, so nothing else could tell of them.
    """
    part = folder / f"{len(list(folder.iterdir())):05d}.parquet"
    connection.execute(
        f"COPY (SELECT row, status, id, created FROM final) TO {located(part)} (FORMAT parquet)"
    )
    with part.open("r+b") as file:
        os.fsync(file.fileno())
    sync(folder)


def part_again(
    folder: Path, work: Path, *, include_unknown: bool, rows: Path, settled: Path
) -> tuple[int, int]:
    """Part the rows of a run into those that are sent again and those that are not.

    Writes the numbers of the first to `rows`, one a line, and the fates of the others to
    `settled`. Returns how many are sent, and how many stay unknown.

    Raises:
        RunError: the outcome is not there, or a file can't be written.
    """
    if not any(folder.glob("*.parquet")):
        raise _missing("is not kept any more")
    sent = unknown = 0
    with engine(work) as connection, private(rows) as file:

        def settle() -> Iterator[Settled]:
            nonlocal sent, unknown
            for row, status, ident, created in _all(connection, folder):
                kept = KEPT.get(status)
                if status is Status.UNKNOWN and not include_unknown:
                    kept, unknown = Status.UNKNOWN, unknown + 1
                if kept is None:
                    sent += 1
                    file.write(b"%d\n" % row)
                else:
                    yield Settled(
                        row=row, status=kept, id=ident, created=created, error=WORDS[kept]
                    )

        write_settled(settled, settle())
    return sent, unknown


def _missing(what: str) -> RunError:
    return RunError(
        f"The run's outcome {what}",
        "Load its results.csv instead: bulkup run results.csv …",
        name="OutcomeMissing",
    )


def _all(connection: "DuckDBPyConnection", folder: Path) -> Iterator[tuple[int, Status, str, str]]:
    import duckdb  # noqa: PLC0415  `bulkup --help` must not pay for it

    try:
        yield from _read(connection, folder)
    except duckdb.Error as error:  # which of its kinds depends on the version
        raise _missing("is damaged") from error


def _read(connection: "DuckDBPyConnection", folder: Path) -> Iterator[tuple[int, Status, str, str]]:
    parts = ", ".join(map(located, sorted(folder.glob("*.parquet"))))
    found = connection.execute(
        f"SELECT row, status, coalesce(id, ''), coalesce(created, '')"
        f" FROM read_parquet([{parts}]) ORDER BY row"
    )
    while some := found.fetchmany(FETCHED):
        yield from ((row, Status(status), ident, created) for row, status, ident, created in some)
