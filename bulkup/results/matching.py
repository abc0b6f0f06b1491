"""Matches Salesforce's results with the rows of one chunk.

By the key where it is unique in the chunk, else by all columns that were sent, by their meaning
(`equality`); identical rows take their results in order. Nothing is guessed: a row without a
certain match has no result.

An example, an upsert by Email__c. The chunk holds four rows (`sent_keys` and, for those without
a key of their own in the chunk, `full_rows`):

    position  Email__c   Name      key       in full_rows: row_hash
    1         Ann@x.y    Ann       ann@x.y
    2         bob@x.y    Bob       bob@x.y   hash of 'bob@x.y', 'Bob'
    3         bob@x.y    Robert    bob@x.y   hash of 'bob@x.y', 'Robert'
    4         cy@x.y     Cy        cy@x.y

Salesforce's results (view `results`), in its own order; kind 1 is successful, 2 failed:

    result_id  kind  id    detail              key       the columns that were sent
    …0         1     003B  true                bob@x.y   bob@x.y, Robert
    …1         1     003A  false               ann@x.y   ann@x.y, Ann
    …2         2           DUPLICATE_VALUE:…   bob@x.y   bob@x.y, Bob

As many rows as results would have been matched by the key alone. Here the counts differ, so the
keys that are not unique are looked for (`duplicates`: positions 2 and 3), and then

    matches by key       1 = …1
    unmatched_results    …0, …2
    matches by row_hash  2 = …2, 3 = …0

which makes the table `row_results`; row 4 is named by no result:

    position  kind  id    detail
    1         1     003A  false
    2         2           DUPLICATE_VALUE:…
    3         1     003B  true
    4         NULL
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bulkup.csvfile.numbered import NumberedCsv
from bulkup.duckdb_tools.engine import Database, number
from bulkup.duckdb_tools.read_csv import Csv, Loaded, load
from bulkup.model import Chunk, ResultKind, Status
from bulkup.results.chunk_results import load_results
from bulkup.results.equality import key_meaning, row_hash_query
from bulkup.results.inputs import Layout, SentChunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """How many results of each kind a chunk has, and how many of all belong to no row of it."""

    results: Mapping[ResultKind, int]
    unmatched: int


@dataclass(slots=True, kw_only=True)
class Matching:
    """Matches the chunks of one round. Call `begin` first.

    Where a chunk's rows and results have the same keys, each once, keys are enough. At the first
    chunk where they don't, duplicates are looked for, and `full_compare` is set for the rest.
    """

    connection: Database
    csv_file: NumberedCsv
    layout: Layout
    chunks: Sequence[Chunk]
    work: Path
    full_compare: bool = False
    _relation: str = ""

    def begin(self) -> Loaded:
        """Read what the round sent.

        Makes the view `sent_keys` (index, position, key), or without a key `full_rows` (index,
        position, row_hash, row_hash_exact). index counts the round's records from 0, position
        from 1.

        Raises:
            RunError: the file does not have the records it had.
        """
        if self.layout.key is None:
            self.full_compare = True
            self._make_view("sent_keys", _NO_KEYS)
            loaded = self._load("all_full_rows", self._hash_query)
            self._make_view("full_rows", f"{_NUMBERED} FROM all_full_rows")
            return loaded
        column = list(self.layout.columns).index(self.layout.key)
        key = key_meaning(f"c{column}", self.layout.columns[self.layout.key])
        loaded = self._load("all_keys", f"SELECT {key} AS key FROM ".__add__)
        self._make_view("sent_keys", f"{_NUMBERED} FROM all_keys")
        self._relation = loaded.relation
        return loaded

    def match(self, sent: SentChunk) -> Matched:
        """Make the table `row_results` (position, kind, id, detail), a record for each row.

        `kind` is NULL where no result is known to be the row's, and 0 where its results
        contradict each other.
        """
        if not self.full_compare:
            results = self._load_results(sent, full_rows=False)
            if self._one_to_one(sent.chunk, sum(results.values())):
                return Matched(results=results, unmatched=0)
            self._load_full_rows()
            self.full_compare = True
        return self._match_fully(sent)

    def _one_to_one(self, chunk: Chunk, results: int) -> bool:
        """Whether each row has the one result with its key, and each result its row.

        It is so if a full join has as many records as there are rows and results, all matched.
        """
        if results != chunk.rows:
            return False
        self._make_row_results("FULL", _within(chunk))
        matched = "SELECT count(*), count(position), count(kind) FROM row_results"
        return self.connection.execute(matched).fetchone() == (results, results, results)

    def _match_fully(self, sent: SentChunk) -> Matched:
        within = _within(sent.chunk)
        full_rows = f"SELECT count(*) FROM full_rows WHERE {within}"
        has_duplicates = bool(number(self.connection, full_rows))
        results = self._load_results(sent, full_rows=has_duplicates)
        if not has_duplicates and not number(self.connection, _REPEATED_KEYS):
            self._make_row_results("LEFT", within)
            matched = number(self.connection, "SELECT count(kind) FROM row_results")
            return Matched(results=results, unmatched=sum(results.values()) - matched)
        unmatched = _match_full_rows(self.connection, within, has_duplicates=has_duplicates)
        rows = "sent_keys" if self.layout.key else "full_rows"
        self.connection.execute(
            "CREATE OR REPLACE TEMP TABLE row_results AS"
            " SELECT position, CASE WHEN result_id = 0 THEN 0 ELSE kind END AS kind, id, detail"
            f" FROM (SELECT position FROM {rows} WHERE {within})"
            " LEFT JOIN matches USING (position) LEFT JOIN results USING (result_id)"
        )
        return Matched(results=results, unmatched=unmatched)

    def _make_row_results(self, join: str, within: str) -> None:
        self.connection.execute(
            "CREATE OR REPLACE TEMP TABLE row_results AS SELECT position, kind, id, detail"
            f" FROM (SELECT position, key FROM sent_keys WHERE {within})"
            f" {join} JOIN results USING (key)"
        )

    def _load_results(self, sent: SentChunk, *, full_rows: bool) -> dict[ResultKind, int]:
        return load_results(
            self.connection,
            sent.results,
            self.layout,
            self.csv_file.source.delimiter,
            self.work,
            full_rows=full_rows,
        )

    def _load_full_rows(self) -> None:
        """Make the view `full_rows`: the rows that have no key of their own in their chunk."""
        if _find_duplicates(self.connection, self.chunks):
            # hashed before they are numbered: whole records of many columns fill the memory
            hashed = self._hash_query(self._relation)
            position = f"SELECT row_number() OVER () AS position, * FROM ({hashed})"
            rows = f"SELECT position - 1 AS index, * FROM ({position})"
            rows += " SEMI JOIN duplicates USING (position)"
        else:
            rows = _NO_ROWS
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE duplicate_rows AS {rows}")
        self._make_view("full_rows", "FROM duplicate_rows")

    def _hash_query(self, relation: str) -> str:
        return row_hash_query(relation, self.layout.cells(), {})

    def _load(self, table: str, query: Callable[[str], str]) -> Loaded:
        file = Csv.of_source(self.csv_file.source)
        return load(self.connection, table, query, file, self.work)

    def _make_view(self, name: str, query: str) -> None:
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {query}")


# DuckDB keeps the order of rows, numbers them from 0, and skips those outside of a range of numbers
_NUMBERED = "SELECT rowid AS index, rowid + 1 AS position, *"
_NO_KEYS = "SELECT 0 AS index, 0 AS position, '' AS key WHERE false"
_NO_ROWS = (
    "SELECT 0 AS index, 0 AS position, md5_number('') AS row_hash,"
    " md5_number('') AS row_hash_exact WHERE false"
)


_REPEATED_KEYS = (
    "SELECT count(*) FROM"
    " (SELECT 1 FROM results WHERE key IS NOT NULL GROUP BY hash(key) HAVING count(*) > 1)"
)
"""How many keys have more than one result in `results`."""


def _find_duplicates(connection: Database, chunks: Iterable[Chunk]) -> bool:
    """Make the table `duplicates` (position): rows whose key is empty or not unique in its chunk.

    Returns whether there are any.
    """
    connection.execute("CREATE OR REPLACE TEMP TABLE duplicates (position BIGINT)")
    repeated = "SELECT hash(key) AS dup_hash FROM sent_keys GROUP BY dup_hash HAVING count(*) > 1"
    empty = "SELECT DISTINCT hash(key) FROM sent_keys WHERE key = ''"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE repeated_keys AS {repeated} UNION {empty}")
    if not number(connection, "SELECT count(*) FROM repeated_keys"):
        return False
    for chunk in chunks:
        connection.execute(
            "INSERT INTO duplicates SELECT position FROM"
            " (SELECT position, key, count(*) OVER (PARTITION BY key) AS rows"
            " FROM sent_keys SEMI JOIN repeated_keys ON hash(sent_keys.key) = dup_hash"
            f" WHERE {_within(chunk)}) WHERE rows > 1 OR key = ''"
        )
    return bool(number(connection, "SELECT count(*) FROM duplicates"))


def _within(chunk: Chunk) -> str:
    return f"index BETWEEN {chunk.first_row - 1} AND {chunk.first_row + chunk.rows - 2}"


def _match_full_rows(connection: Database, within: str, *, has_duplicates: bool) -> int:
    """Make the table `matches` (position, result_id), and return how many results have no row.

    `within`: the SQL condition for the chunk's rows. `has_duplicates`: some of them have no key
    of their own. result_id 0: the row's results contradict each other.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE matches AS"
        " SELECT position, CASE WHEN agree THEN result_id ELSE 0 END AS result_id"
        f" FROM (SELECT position, key FROM sent_keys ANTI JOIN full_rows USING (position)"
        f" WHERE {within})"
        " JOIN (SELECT key, min(result_id) AS result_id, count(DISTINCT (kind, id)) = 1 AS agree"
        " FROM results WHERE key IS NOT NULL GROUP BY key) USING (key)"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE unmatched_results AS"
        " SELECT result_id, row_hash, row_hash_exact FROM results"
        " ANTI JOIN (SELECT key FROM sent_keys JOIN matches USING (position)) USING (key)"
    )
    if has_duplicates:
        rows = f"(SELECT * FROM full_rows WHERE {within})"
        connection.execute(_match_by("row_hash, row_hash_exact", rows, "unmatched_results"))
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE ambiguous_rows AS"
            " SELECT * FROM full_rows ANTI JOIN matches USING (position)"
            f" WHERE {within} AND row_hash <> row_hash_exact"
        )
        same = "SELECT row_hash FROM ambiguous_rows GROUP BY row_hash"
        identical = f"{same} HAVING count(DISTINCT row_hash_exact) = 1"
        rows = f"(SELECT * FROM ambiguous_rows SEMI JOIN ({identical}) USING (row_hash))"
        results = "(SELECT * FROM unmatched_results ANTI JOIN matches USING (result_id))"
        connection.execute(_match_by("row_hash", rows, results))
    unmatched = "SELECT count(*) FROM unmatched_results ANTI JOIN matches USING (result_id)"
    return number(connection, unmatched)


def _match_by(columns: str, rows: str, results: str) -> str:
    """SQL that matches the nth row with the nth result of those that agree in the columns."""
    nth = f"row_number() OVER (PARTITION BY {columns} ORDER BY"
    return (
        f"INSERT INTO matches SELECT position, result_id"
        f" FROM (SELECT position, {columns}, {nth} position) AS nth FROM {rows})"
        f" JOIN (SELECT result_id, {columns}, {nth} result_id) AS nth FROM {results})"
        f" USING ({columns}, nth)"
    )


def differences(sent: SentChunk, matched: Matched) -> Iterator[str]:
    """Where a chunk's results and its rows, or Salesforce's own counts, do not agree."""
    name, rows = f"Chunk {sent.chunk.number}", sent.chunk.rows
    total = sum(matched.results.values())
    failed = matched.results[ResultKind.FAILED]
    processed = matched.results[ResultKind.SUCCESSFUL] + failed
    if matched.unmatched:
        yield f"{name}: {matched.unmatched:,} of {total:,} results belong to none of its rows"
    if sent.otherwise is Status.UNKNOWN and sent.results and total < rows:
        yield f"{name}: the results name {total:,} of its {rows:,} rows"
    if sent.failed not in {None, failed}:
        yield f"{name}: Salesforce counts {sent.failed:,} failed rows, the results {failed:,}"
    if sent.processed not in {None, processed}:
        yield f"{name}: Salesforce counts {sent.processed:,} rows, the results {processed:,}"
