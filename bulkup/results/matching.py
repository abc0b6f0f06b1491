"""Which of Salesforce's results belongs to which row of one chunk.

By the key where it is unique in the chunk, else by all columns sent, by what they mean; identical
rows share the results in order. Nothing is guessed: what can't be matched has no result.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bulkup.csvfile.numbered import NumberedCsv
from bulkup.duckdb_tools.engine import Database, number
from bulkup.duckdb_tools.read_csv import Csv, Loaded, load
from bulkup.model import Chunk, ResultKind, Source, Status
from bulkup.results.chunk_results import load_results
from bulkup.results.equality import key_meaning, row_hash, row_hash_exact
from bulkup.results.inputs import Layout, SentChunk
from bulkup.results.pairing import TWICE, pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """How many results of each kind a chunk has, and how many of all belong to no row of it."""

    results: Mapping[ResultKind, int]
    strays: int


@dataclass(slots=True, kw_only=True)
class Matching:
    """Matches the chunks of one round, which has to be begun first.

    Where a chunk's rows and results have the same keys, each once, that is all there is to know.
    At the first chunk where they don't, doubles are looked for, and from then on `careful` it is.
    """

    connection: Database
    sheet: NumberedCsv
    layout: Layout
    chunks: Sequence[Chunk]
    work: Path
    careful: bool = False
    _relation: str = ""

    def begin(self) -> Loaded:
        """Read what the round sent: `sent` (pos, k), or without a key `whole` (pos, m, x).

        Raises:
            RunError: the sheet does not have the records it had.
        """
        if self.layout.key is None:
            self.careful = True
            self._make_view("sent", _NO_KEYS)
            loaded = self._load("all_whole", f"SELECT {self._meanings()} FROM ")
            self._make_view("whole", f"{_AT} FROM all_whole")
            return loaded
        at = list(self.layout.columns).index(self.layout.key)
        key = key_meaning(f"c{at}", self.layout.columns[self.layout.key])
        loaded = self._load("all_keys", f"SELECT {key} AS k FROM ")
        self._make_view("sent", f"{_AT} FROM all_keys")
        self._relation = loaded.relation
        return loaded

    def match(self, sent: SentChunk) -> Matched:
        """Make the table `answered` (pos, kind, id, word): one record for each row of the chunk.

        `kind` is NULL where no result is known to be the row's.
        """
        if not self.careful:
            results = self._find(sent, whole=False)
            if self._one_to_one(sent.chunk, sum(results.values())):
                return Matched(results=results, strays=0)
            self._find_whole()
            self.careful = True
        return self._match_carefully(sent)

    def _one_to_one(self, chunk: Chunk, results: int) -> bool:
        """Whether each row has the one result with its key, and each result its row.

        It is so if as many pairs come of as many rows and results, and nobody is left alone.
        """
        if results != chunk.rows:
            return False
        self.connection.execute(
            "CREATE OR REPLACE TEMP TABLE answered AS SELECT pos, kind, id, word"
            f" FROM (SELECT pos, k FROM sent WHERE {_within(chunk)}) FULL JOIN found USING (k)"
        )
        paired = "SELECT count(*), count(pos), count(kind) FROM answered"
        return self.connection.execute(paired).fetchone() == (results, results, results)

    def _match_carefully(self, sent: SentChunk) -> Matched:
        within = _within(sent.chunk)
        alike = bool(number(self.connection, f"SELECT count(*) FROM whole WHERE {within}"))
        results = self._find(sent, whole=alike)
        if not alike and not number(self.connection, TWICE):
            self.connection.execute(
                "CREATE OR REPLACE TEMP TABLE answered AS SELECT pos, kind, id, word"
                f" FROM (SELECT pos, k FROM sent WHERE {within}) LEFT JOIN found USING (k)"
            )
            paired = number(self.connection, "SELECT count(kind) FROM answered")
            return Matched(results=results, strays=sum(results.values()) - paired)
        strays = pair(self.connection, within, alike=alike)
        everyone = "sent" if self.layout.key else "whole"
        self.connection.execute(
            "CREATE OR REPLACE TEMP TABLE answered AS"
            " SELECT pos, CASE WHEN rid = 0 THEN 0 ELSE kind END AS kind, id, word"
            f" FROM (SELECT pos FROM {everyone} WHERE {within})"
            " LEFT JOIN pairs USING (pos) LEFT JOIN found USING (rid)"
        )
        return Matched(results=results, strays=strays)

    def _find(self, sent: SentChunk, *, whole: bool) -> dict[ResultKind, int]:
        mark = self.sheet.source.delimiter
        return load_results(
            self.connection, sent.results, self.layout, mark, self.work, whole=whole
        )

    def _find_whole(self) -> None:
        """Make the view `whole`: the rows that have no key of their own in their chunk."""
        if _find_doubles(self.connection, self.chunks):
            # hashed before they are joined: whole records of many columns fill the memory
            hashed = f"SELECT row_number() OVER () AS pos, {self._meanings()} FROM {self._relation}"
            some = f"SELECT pos - 1 AS nr, * FROM ({hashed}) SEMI JOIN doubles USING (pos)"
        else:
            some = "SELECT 0 AS nr, 0 AS pos, md5_number('') AS m, md5_number('') AS x WHERE false"
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE some_whole AS {some}")
        self._make_view("whole", "FROM some_whole")

    def _meanings(self) -> str:
        cells = self.layout.cells()
        return f"{row_hash(cells)} AS m, {row_hash_exact(cells)} AS x"

    def _load(self, table: str, select: str) -> Loaded:
        file = sheet_csv(self.sheet.source)
        return load(self.connection, table, select.__add__, file, self.work)

    def _make_view(self, name: str, query: str) -> None:
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {query}")


# DuckDB keeps the order of rows, numbers them from 0, and skips those outside of a range of numbers
_AT = "SELECT rowid AS nr, rowid + 1 AS pos, *"
_NO_KEYS = "SELECT 0 AS nr, 0 AS pos, '' AS k WHERE false"


def sheet_csv(source: Source) -> Csv:
    """A source as a file for DuckDB."""
    return Csv(
        path=source.path,
        delimiter=source.delimiter,
        width=len(source.header),
        rows=source.rows,
        header_lines=source.header_lines,
    )


def _find_doubles(connection: Database, chunks: Iterable[Chunk]) -> bool:
    """Make the table `doubles` (pos): rows whose key is empty, or not the only one in its chunk."""
    connection.execute("CREATE OR REPLACE TEMP TABLE doubles (pos BIGINT)")
    often = "SELECT hash(k) AS h FROM sent GROUP BY h HAVING count(*) > 1"
    empty = "SELECT DISTINCT hash(k) FROM sent WHERE k = ''"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE often AS {often} UNION {empty}")
    if not number(connection, "SELECT count(*) FROM often"):
        return False
    for chunk in chunks:
        connection.execute(
            "INSERT INTO doubles SELECT pos FROM"
            " (SELECT pos, k, count(*) OVER (PARTITION BY k) AS n"
            " FROM sent SEMI JOIN often ON hash(sent.k) = often.h"
            f" WHERE {_within(chunk)}) WHERE n > 1 OR k = ''"
        )
    return bool(number(connection, "SELECT count(*) FROM doubles"))


def _within(chunk: Chunk) -> str:
    return f"nr BETWEEN {chunk.first_row - 1} AND {chunk.first_row + chunk.rows - 2}"


def differences(sent: SentChunk, matched: Matched) -> Iterator[str]:
    """Where a chunk's results and its rows, or Salesforce's own counts, do not agree."""
    name, rows = f"Chunk {sent.chunk.number}", sent.chunk.rows
    total = sum(matched.results.values())
    failed = matched.results[ResultKind.FAILED]
    processed = matched.results[ResultKind.SUCCESSFUL] + failed
    if matched.strays:
        yield f"{name}: {matched.strays:,} of {total:,} results belong to none of its rows"
    if sent.otherwise is Status.UNKNOWN and sent.results and total < rows:
        yield f"{name}: the results name {total:,} of its {rows:,} rows"
    if sent.failed not in {None, failed}:
        yield f"{name}: Salesforce counts {sent.failed:,} failed rows, the results {failed:,}"
    if sent.processed not in {None, processed}:
        yield f"{name}: Salesforce counts {sent.processed:,} rows, the results {processed:,}"
