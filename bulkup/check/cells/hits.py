"""The marks that one pass leaves on the records of a file, and what can be asked of them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bulkup.check.cells.query import CellTest, Questions
from bulkup.check.rules import FIRST_ROWS, RULES
from bulkup.duckdb_tools.engine import Database
from bulkup.duckdb_tools.read_csv import Csv, load
from bulkup.model import Severity, Source

_AT_ONCE = 4_000_000
"""Records whose doubles are looked for at once: more would not fit into memory."""

_FETCHED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TestHits:
    """How many records a test is true for, and the positions of the first (0 = first record)."""

    count: int
    first: tuple[int, ...]


class Marks:
    """A table with one row for each record. Positions count from 0."""

    def __init__(
        self,
        connection: Database,
        source: Source,
        asks: Questions,
        watched: Collection[int],
        work: Path,
    ) -> None:
        file = Csv(
            path=source.path,
            delimiter=source.delimiter,
            width=len(source.header),
            rows=source.rows,
            header_lines=source.header_lines,
        )
        self._db = connection
        self._asks = asks
        self.rows = load(connection, "marks", asks.query, file, work).rows
        self._totals = [self._total(mask) for mask in range(asks.masks)]
        self.empty = [at for at in watched if not self._one(f"SELECT bool_or(e{at}) FROM marks")]
        self.doubles = self._find_doubles() if asks.doubles else TestHits(count=0, first=())

    def found(self, asked: CellTest) -> TestHits:
        """Where a test is true."""
        count = sum(n for mark, n in self._totals[asked.mask].items() if mark & asked.bit)
        if not count:
            return TestHits(count=0, first=())
        return TestHits(count=count, first=self._first(f"m{asked.mask} & {asked.bit} <> 0"))

    def each(self, bits: Sequence[int], *, doubles: bool) -> Iterator[tuple[int, bool, list[int]]]:
        """Position, whether it is a double, and m0, m1, …: of records with one of these bits."""
        tests = [f"m{mask} & {one} <> 0" for mask, one in enumerate(bits) if one]
        twice = "h IN (SELECT h FROM twice)" if doubles and self.doubles.count else "false"
        masks = ", ".join(f"m{mask}" for mask in range(self._asks.masks)) or "0"
        found = self._db.execute(
            f"SELECT rowid, {self._counted(twice)}, {masks} FROM marks"
            f" WHERE {' OR '.join([*tests, self._counted(twice)])} ORDER BY rowid"
        )
        while rows := found.fetchmany(_FETCHED):
            yield from ((position, twice, list(marks)) for position, twice, *marks in rows)

    def _total(self, mask: int) -> Mapping[int, int]:
        name = f"m{mask}"
        query = f"SELECT {name}, count(*) FROM marks WHERE {name} <> 0 GROUP BY {name}"
        return dict(self._db.execute(query).fetchall())

    def _first(self, where: str) -> tuple[int, ...]:
        query = f"SELECT rowid FROM marks WHERE {where} ORDER BY rowid LIMIT {FIRST_ROWS}"
        return tuple(position for (position,) in self._db.execute(query).fetchall())

    def _one(self, query: str) -> object:
        found = self._db.execute(query).fetchone()
        return found[0] if found else None

    def _counted(self, twice: str) -> str:
        """A key that is empty or wrong by itself is no double of another one."""
        keys = [
            one
            for one in self._asks.asked
            if one.column == self._asks.key and RULES[one.test.code].severity is Severity.ERROR
        ]
        return " AND ".join([f"({twice})", *(f"m{one.mask} & {one.bit} = 0" for one in keys)])

    def _find_doubles(self) -> TestHits:
        self._db.execute("CREATE OR REPLACE TEMP TABLE twice (h UBIGINT)")
        passes = 1 + self.rows // _AT_ONCE
        for one in range(passes):
            here = f" AND h % {passes} = {one}" if passes > 1 else ""
            self._db.execute(
                f"INSERT INTO twice SELECT h FROM marks WHERE {self._counted('true')}{here}"
                " GROUP BY h HAVING count(*) > 1"
            )
        if not self._one("SELECT count(*) FROM twice"):
            return TestHits(count=0, first=())
        where = self._counted("h IN (SELECT h FROM twice)")
        count = self._one(f"SELECT count(*) FROM marks WHERE {where}")
        return TestHits(count=int(str(count)), first=self._first(where))
