"""Which records each test is true for: a table with a row for each record, a bit for each test."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bulkup.check.cells.narrow_files import cut_columns
from bulkup.check.cells.query import CellTest, CheckQuery, ColumnGroup
from bulkup.check.rules import FIRST_ROWS, RULES
from bulkup.duckdb_tools.engine import Database, OutOfMemory, number
from bulkup.duckdb_tools.read_csv import Csv, load
from bulkup.model import Severity, Source

_HASHES_AT_ONCE = 4_000_000
"""Records whose duplicates are searched for at once: more would not fit into memory."""

_FETCHED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TestHits:
    """How many records a test is true for, and the positions of the first (0 = first record)."""

    count: int
    first: tuple[int, ...] = ()


class HitTable:
    """The results of all tests of a file. Positions are those of its records (0 = first).

    Each group of columns has a table `hits0`, `hits1`, …, whose rows are the records in order.
    The view `hits` has them side by side, with the record's position and, where duplicates
    matter, its hash `h`.
    """

    def __init__(self, connection: Database, source: Source, query: CheckQuery, work: Path) -> None:
        self._db = connection
        self._query = query
        self._table = {
            mask: f"hits{index}" for index, group in enumerate(query.groups) for mask in group.masks
        }
        self.rows = _load(connection, source, query.groups, work)
        connection.execute(_view(query))
        self._counts = {mask: self._count_bits(mask) for mask in self._table}
        self.empty = [position for i in range(len(query.groups)) for position in self._empty(i)]
        self.duplicates = self._find_duplicates() if query.duplicate_code else TestHits(count=0)

    def hits(self, test: CellTest) -> TestHits:
        """The records that a test is true for."""
        count = self._counts[test.mask].get(test.bit, 0)
        if not count:
            return TestHits(count=0)
        where = f"m{test.mask} & {test.bit} <> 0"
        return TestHits(count=count, first=self._first(self._table[test.mask], where))

    def each(
        self, bits: Sequence[int], *, duplicates: bool
    ) -> Iterator[tuple[int, bool, list[int]]]:
        """Position, whether it is a duplicate, and m0, m1, …: of records with one of these bits.

        `bits` are those of each mask. With `duplicates`, records that are duplicates come too.
        """
        tests = [f"m{mask} & {wanted} <> 0" for mask, wanted in enumerate(bits) if wanted]
        duplicated = "false"
        if duplicates and self.duplicates.count:
            duplicated = self._countable("h IN (SELECT h FROM repeated)")
        masks = ", ".join(f"m{mask}" for mask in range(self._query.masks)) or "0"
        result = self._db.execute(
            f"SELECT position, {duplicated}, {masks} FROM hits"
            f" WHERE {' OR '.join([*tests, duplicated])} ORDER BY position"
        )
        while rows := result.fetchmany(_FETCHED):
            yield from ((position, twice, list(values)) for position, twice, *values in rows)

    def _count_bits(self, mask: int) -> dict[int, int]:
        """How many records have each bit of a mask."""
        bits = [test.bit for test in self._query.tests if test.mask == mask]
        name = f"m{mask}"
        counts = ", ".join(f"count(*) FILTER ({name} & {bit} <> 0)" for bit in bits)
        row = self._row(f"SELECT {counts} FROM {self._table[mask]} WHERE {name} <> 0")
        return dict(zip(bits, map(int, row), strict=True))

    def _empty(self, index: int) -> list[int]:
        """Those of a group's watched columns that have no value in any record."""
        watched = self._query.groups[index].watched
        if not watched:
            return []
        filled = ", ".join(f"bool_or(e{position})" for position in watched)
        row = self._row(f"SELECT {filled} FROM hits{index}")
        return [position for position, has_value in zip(watched, row, strict=True) if not has_value]

    def _first(self, table: str, where: str) -> tuple[int, ...]:
        position = "position" if table == "hits" else "rowid"
        query = f"SELECT {position} FROM {table} WHERE {where} ORDER BY ALL LIMIT {FIRST_ROWS}"
        return tuple(row[0] for row in self._db.execute(query).fetchall())

    def _row(self, query: str) -> tuple[int, ...]:
        return self._db.execute(query).fetchone() or ()

    def _countable(self, duplicated: str) -> str:
        """The condition, but for keys that are empty or wrong: they are no duplicates."""
        wrong_key = [
            f"m{test.mask} & {test.bit} = 0"
            for test in self._query.tests
            if test.column == self._query.key
            and RULES[test.condition.code].severity is Severity.ERROR
        ]
        return " AND ".join([f"({duplicated})", *wrong_key])

    def _find_duplicates(self) -> TestHits:
        self._db.execute("CREATE OR REPLACE TEMP TABLE repeated (h UBIGINT)")
        passes = 1 + self.rows // _HASHES_AT_ONCE
        for remainder in range(passes):
            part = f" AND h % {passes} = {remainder}" if passes > 1 else ""
            self._db.execute(
                f"INSERT INTO repeated SELECT h FROM hits WHERE {self._countable('true')}{part}"
                " GROUP BY h HAVING count(*) > 1"
            )
        if not number(self._db, "SELECT count(*) FROM repeated"):
            return TestHits(count=0)
        where = self._countable("h IN (SELECT h FROM repeated)")
        count = number(self._db, f"SELECT count(*) FROM hits WHERE {where}")
        return TestHits(count=count, first=self._first("hits", where))


def _view(query: CheckQuery) -> str:
    masks = [f"m{mask}" for mask in range(query.masks)]
    hashes = [group.hash_name for group in query.groups if group.hash_name]
    row_hash = hashes[0] if len(hashes) == 1 else f"hash({', '.join(hashes)})"
    select = ["hits0.rowid AS position", *masks, *([f"{row_hash} AS h"] if hashes else [])]
    tables = " POSITIONAL JOIN ".join(f"hits{index}" for index in range(len(query.groups)))
    return f"CREATE OR REPLACE TEMP VIEW hits AS SELECT {', '.join(select)} FROM {tables}"


def _load(connection: Database, source: Source, groups: Sequence[ColumnGroup], work: Path) -> int:
    """Make the tables `hits0`, `hits1`, …. Return how many records there are."""
    if len(groups) == 1:
        try:
            return _load_file(connection, source, groups[0], work)
        except OutOfMemory:
            # Long records with line breaks: DuckDB holds 2,048 of them at once.
            pass
    return _load_narrow_files(connection, source, groups, work)


def _load_file(connection: Database, source: Source, group: ColumnGroup, work: Path) -> int:
    return load(connection, "hits0", group.query, Csv.of_source(source), work).rows


def _load_narrow_files(
    connection: Database, source: Source, groups: Sequence[ColumnGroup], work: Path
) -> int:
    rows = 0
    for files in cut_columns(source, [group.positions for group in groups], work):
        for index, (group, file) in enumerate(zip(groups, files, strict=True)):
            load(connection, "piece", _renaming(group), file, work)
            if rows:
                connection.execute(f"INSERT INTO hits{index} FROM piece")
            else:
                connection.execute(f"CREATE OR REPLACE TEMP TABLE hits{index} AS FROM piece")
        rows += files[0].rows or 0
    return rows


def _renaming(group: ColumnGroup) -> Callable[[str], str]:
    """The group's query of a narrow file, whose columns are numbered from c0."""
    names = ", ".join(f"c{own} AS c{at}" for own, at in enumerate(group.positions))
    return lambda relation: group.query(f"(SELECT {names} FROM {relation})")
