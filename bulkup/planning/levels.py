"""Rows whose parents stand in the same file, and in which order they are sent.

An example: Accounts are upserted by `Key__c`, and `Parent.Key__c` names the parent:

    row  Key__c  Parent.Key__c
    1    C       B
    2    A
    3    B       A
    4    D       Z              Z is not in the file: its record is in the org, or the row fails

Rows 2 and 4 are level 1, row 3 is level 2, row 1 is level 3. A level is sent when the records of
the one before are in the org.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from bulkup.check.column import Column
from bulkup.check.rules import FIRST_ROWS, finding
from bulkup.csvfile.numbered import NumberedCsv
from bulkup.duckdb_tools.engine import Database, engine, located, number
from bulkup.duckdb_tools.read_csv import Csv, load
from bulkup.errors import InputError
from bulkup.files import open_private
from bulkup.model import Finding, Operation, Target
from bulkup.results.row_status import load_numbers
from bulkup.runs.run_dir import RunDir

MAX_LEVELS = 100
"""Each level is a job at least, and waits for the one before."""

CREATES = {Operation.INSERT, Operation.UPSERT}
"""The operations by which a row's parent may come into the org in the same load."""

_WAITING = "SELECT count(*) FROM waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentLink:
    """Positions of a column that names parents by a key, and of the column with the rows' own."""

    parent: int
    key: int
    case_sensitive: bool


def parent_links(
    header: Sequence[str], columns: Sequence[Column], target: Target
) -> list[ParentLink]:
    """The relationship columns whose parents may stand in the file itself."""
    if target.operation not in CREATES:
        return []
    keys = {column.field.name: column for column in columns if column.field}
    links = []
    for column in columns:
        path, _, key_name = column.name.rpartition(".")
        key = keys.get(key_name)
        if column.reference and key and key.field and _refers_to(path, column, target.object):
            links.append(
                ParentLink(
                    parent=header.index(column.source),
                    key=header.index(key.source),
                    case_sensitive=key.field.case_sensitive,
                )
            )
    return links


def _refers_to(path: str, column: Column, object_name: str) -> bool:
    """Whether the column, such as `Parent.Key__c` or `User:Owner.Key__c`, refers to the object."""
    named, colon, _ = path.rpartition(":")
    if colon:
        return named == object_name
    return column.reference is not None and column.reference.reference_to == (object_name,)


@dataclass(slots=True, kw_only=True)
class Levels:
    """How many rows each level has, and how many rows are parents of each other in a circle.

    Those of a circle are in the last level. `first_circular` are the first of their numbers.
    """

    connection: Database = field(repr=False)
    counts: list[int]
    circular: int
    first_circular: tuple[int, ...]

    def rows(self, level: int) -> Iterator[int]:
        """The numbers of the rows of a level (1 = the first), ascending."""
        numbers = self.connection.execute(
            "SELECT row FROM records JOIN levels USING (position) WHERE level = ? ORDER BY row",
            [level],
        )
        while batch := numbers.fetchmany(10_000):
            yield from (row for (row,) in batch)


@contextmanager
def find_levels(
    csv_file: NumberedCsv, links: Sequence[ParentLink], work: Path, *, rows: Path | None = None
) -> Iterator[Levels]:
    """Find the levels of the rows that are sent: those in the file `rows`, or all.

    Raises:
        InputError: there are too many levels. RunError: the disk, or the file has changed.
    """
    work.mkdir(parents=True, exist_ok=True)
    with engine(work) as connection, TemporaryDirectory(prefix="levels-", dir=work) as scratch:
        _load_records(connection, csv_file, links, rows, Path(scratch))
        _load_edges(connection, links)
        counts = _count_levels(connection)
        circular = number(connection, _WAITING)
        first = connection.execute(
            "SELECT row FROM records JOIN waiting USING (position) ORDER BY row LIMIT ?",
            [FIRST_ROWS],
        ).fetchall()
        if circular:
            connection.execute(
                "INSERT INTO levels SELECT position, ? FROM waiting", [len(counts) + 1]
            )
            counts.append(circular)
        yield Levels(
            connection=connection,
            counts=counts,
            circular=circular,
            first_circular=tuple(row for (row,) in first),
        )


def _load_records(
    connection: Database,
    csv_file: NumberedCsv,
    links: Sequence[ParentLink],
    rows: Path | None,
    scratch: Path,
) -> None:
    """Make the table records (position, row, key0, parent0, …), with two columns for each link."""
    cells = ", ".join(
        f"{_normalized(link.key, link)} AS key{n}, {_normalized(link.parent, link)} AS parent{n}"
        for n, link in enumerate(links)
    )
    load(
        connection,
        "cells",
        lambda relation: f"SELECT row_number() OVER () AS position, {cells} FROM {relation}",
        Csv.of_source(csv_file.source),
        scratch,
    )
    if csv_file.numbers is None:
        connection.execute(
            "CREATE TEMP VIEW numbers AS SELECT position, position AS row FROM cells"
        )
    else:
        load_numbers(connection, "numbers", csv_file.numbers)
    sent = ""
    if rows:
        columns = "columns = {'row': 'BIGINT'}"
        sent = (
            f" SEMI JOIN read_csv({located(rows)}, auto_detect = false, header = false, {columns})"
            " AS sent USING (row)"
        )
    connection.execute(
        f"CREATE TEMP TABLE records AS SELECT cells.*, row FROM cells JOIN numbers USING (position)"
        f"{sent}"
    )


def _normalized(position: int, link: ParentLink) -> str:
    """A cell as Salesforce compares keys; an empty one, and `#N/A`, is no key."""
    cell = f"trim(coalesce(c{position}, ''))"
    cell = cell if link.case_sensitive else f"lower({cell})"
    return f"CASE WHEN upper({cell}) IN ('', '#N/A') THEN NULL ELSE {cell} END"


def _load_edges(connection: Database, links: Sequence[ParentLink]) -> None:
    """Make edges (position, link, key): a row waits for the row of the file with that key."""
    connection.execute("CREATE TEMP TABLE edges (position BIGINT, link INTEGER, key VARCHAR)")
    for n in range(len(links)):
        connection.execute(
            f"INSERT INTO edges SELECT position, {n}, parent{n} FROM records"
            f" SEMI JOIN (SELECT key{n} AS known FROM records) ON parent{n} = known"
        )
    connection.execute("CREATE TEMP TABLE waiting AS SELECT DISTINCT position FROM edges")
    connection.execute(
        "CREATE TEMP TABLE levels AS SELECT position, 1 AS level FROM records"
        " ANTI JOIN waiting USING (position)"
    )


def _count_levels(connection: Database) -> list[int]:
    """Fill the table levels (position, level) until no row is left that waits for none."""
    counts = [number(connection, "SELECT count(*) FROM levels")]
    links = number(connection, "SELECT coalesce(max(link), -1) + 1 FROM edges")
    while counts[-1] and number(connection, _WAITING):
        level = len(counts)
        for n in range(links):
            connection.execute(
                f"DELETE FROM edges WHERE link = {n} AND key IN (SELECT key{n} FROM records"
                f" JOIN levels USING (position) WHERE level = {level} AND key{n} IS NOT NULL)"
            )
        connection.execute(
            f"INSERT INTO levels SELECT position, {level + 1} FROM waiting"
            " ANTI JOIN edges USING (position)"
        )
        connection.execute("DELETE FROM waiting WHERE position IN (SELECT position FROM levels)")
        counts.append(number(connection, f"SELECT count(*) FROM levels WHERE level = {level + 1}"))
        if len(counts) > MAX_LEVELS:
            raise InputError(
                f"The parents of rows stand in the same file more than {MAX_LEVELS} levels deep",
                "Load the file in parts, the topmost parents first.",
                name="TooManyLevels",
            )
    return [count for count in counts if count]


def split_levels(
    csv_file: NumberedCsv, links: Sequence[ParentLink], run_dir: RunDir, *, rows: Path | None
) -> list[Path]:
    """Write the row numbers of each level to a file; none are written where there is one level.

    Raises:
        InputError, RunError: as `find_levels`, or a file can't be written.
    """
    if not links:
        return []
    with find_levels(csv_file, links, run_dir.work, rows=rows) as levels:
        if len(levels.counts) < 2:  # noqa: PLR2004  one level is none
            return []
        run_dir.prepared.mkdir(mode=0o700, exist_ok=True)
        paths = []
        for level in range(1, len(levels.counts) + 1):
            paths.append(run_dir.level_rows(level))
            with open_private(paths[-1]) as file:
                file.writelines(b"%d\n" % row for row in levels.rows(level))
        return paths


def check_levels(
    csv_file: NumberedCsv, links: Sequence[ParentLink], work: Path
) -> tuple[list[int], list[Finding]]:
    """How many rows each level has, and a finding about rows that are parents of each other.

    Raises:
        InputError, RunError: as `find_levels`.
    """
    if not links:
        return [csv_file.source.rows], []
    with find_levels(csv_file, links, work) as levels:
        if not levels.circular:
            return levels.counts, []
        parent = csv_file.source.header[links[0].parent]
        circle = finding(
            "PARENTS_IN_CIRCLE",
            "Rows name each other, or themselves, as parents",
            column=parent,
            count=levels.circular,
            rows=levels.first_circular,
        )
        return levels.counts, [circle]


def describe_levels(counts: Sequence[int]) -> str:
    """The sentence about a file whose rows go in several levels."""
    return (
        f"rows have their parents in this file: they go in {len(counts)} levels, one after another "
        f"({', '.join(f'{count:,}' for count in counts)} rows)"
    )
