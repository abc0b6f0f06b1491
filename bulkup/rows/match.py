"""Which of Salesforce's results belongs to which row of one chunk.

By the key where it is unique in the chunk, else by all columns sent, by what they mean; identical
rows share the results in order. Nothing is guessed: what can't be matched has no result.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bulkup.model import Chunk, Delimiter, ResultKind, Source
from bulkup.rows.found import find
from bulkup.rows.layout import Layout, Sent
from bulkup.rows.meaning import key_meaning, record_meaning, record_text
from bulkup.rows.sheet import Sheet
from bulkup.rows.table import Csv, Loaded, load

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """How many results of each kind a chunk has, and how many of all belong to no row of it."""

    results: Mapping[ResultKind, int]
    strays: int


def begin(
    connection: "DuckDBPyConnection",
    sheet: Sheet,
    layout: Layout,
    chunks: Iterable[Chunk],
    work: Path,
) -> Loaded:
    """Read what a round sent: the tables `sent` (pos, k) and `whole` (pos, m, x).

    `whole` holds the rows that have no key of their own in their chunk.

    Raises:
        RunError: the sheet does not have the records it had.
    """
    cells, file = layout.cells(), sheet_csv(sheet.source)
    m, x = record_meaning(cells), record_text(cells)
    if layout.key is None:
        connection.execute(f"CREATE OR REPLACE TEMP VIEW sent AS {_NO_KEYS}")
        loaded = load(
            connection, "all_whole", f"SELECT {m} AS m, {x} AS x FROM ".__add__, file, work
        )
        connection.execute(f"CREATE OR REPLACE TEMP VIEW whole AS {_AT} FROM all_whole")
        return loaded
    at = list(layout.columns).index(layout.key)
    key = key_meaning(f"c{at}", layout.columns[layout.key])
    loaded = load(connection, "all_keys", f"SELECT {key} AS k FROM ".__add__, file, work)
    connection.execute(f"CREATE OR REPLACE TEMP VIEW sent AS {_AT} FROM all_keys")
    if _find_doubles(connection, chunks):
        numbered = f"(SELECT row_number() OVER () AS pos, * FROM {loaded.relation})"
        rows = f"SELECT pos - 1 AS nr, pos, {m} AS m, {x} AS x FROM {numbered}"
        some = f"{rows} SEMI JOIN doubles USING (pos)"
    else:
        some = "SELECT 0 AS nr, 0 AS pos, md5_number('') AS m, md5_number('') AS x WHERE false"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE some_whole AS {some}")
    connection.execute("CREATE OR REPLACE TEMP VIEW whole AS FROM some_whole")
    return loaded


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


def _find_doubles(connection: "DuckDBPyConnection", chunks: Iterable[Chunk]) -> bool:
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


def match(
    connection: "DuckDBPyConnection", sent: Sent, layout: Layout, delimiter: Delimiter, work: Path
) -> Matched:
    """Make the table `answered` (pos, kind, id, word): one record for each row of the chunk.

    `kind` is NULL where no result is known to be the row's.
    """
    within = _within(sent.chunk)
    alike = bool(number(connection, f"SELECT count(*) FROM whole WHERE {within}"))
    results = find(connection, sent.results, layout, delimiter, work, whole=alike)
    unsure = alike or number(connection, _TWICE)
    if not unsure:
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE answered AS SELECT pos, kind, id, word"
            f" FROM (SELECT pos, k FROM sent WHERE {within}) LEFT JOIN found USING (k)"
        )
        paired = number(connection, "SELECT count(kind) FROM answered")
        return Matched(results=results, strays=sum(results.values()) - paired)
    strays = _pair(connection, within, alike=alike)
    everyone = "sent" if layout.key else "whole"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE answered AS"
        " SELECT pos, CASE WHEN rid = 0 THEN 0 ELSE kind END AS kind, id, word"
        f" FROM (SELECT pos FROM {everyone} WHERE {within})"
        " LEFT JOIN pairs USING (pos) LEFT JOIN found USING (rid)"
    )
    return Matched(results=results, strays=strays)


_TWICE = (
    "SELECT count(*) FROM"
    " (SELECT 1 FROM found WHERE k IS NOT NULL GROUP BY hash(k) HAVING count(*) > 1)"
)


def _pair(connection: "DuckDBPyConnection", within: str, *, alike: bool) -> int:
    """Make the table `pairs` (pos, rid). rid 0: its results contradict each other.

    Returns how many results belong to no row.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE pairs AS"
        " SELECT pos, CASE WHEN agree THEN rid ELSE 0 END AS rid"
        f" FROM (SELECT pos, k FROM sent ANTI JOIN whole USING (pos) WHERE {within})"
        " JOIN (SELECT k, min(rid) AS rid, count(DISTINCT (kind, id)) = 1 AS agree"
        " FROM found WHERE k IS NOT NULL GROUP BY k) USING (k)"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE spare AS SELECT rid, m, x FROM found"
        " ANTI JOIN (SELECT k FROM sent JOIN pairs USING (pos)) USING (k)"
    )
    if alike:
        connection.execute(_share("m, x", f"(SELECT * FROM whole WHERE {within})", "spare"))
        clear = " SEMI JOIN (SELECT m FROM rest GROUP BY m HAVING count(DISTINCT x) = 1) USING (m)"
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE rest AS"
            f" SELECT * FROM whole ANTI JOIN pairs USING (pos) WHERE {within} AND m <> x"
        )
        spare = "(SELECT * FROM spare ANTI JOIN pairs USING (rid))"
        connection.execute(_share("m", f"(SELECT * FROM rest{clear})", spare))
    return number(connection, "SELECT count(*) FROM spare ANTI JOIN pairs USING (rid)")


def _share(same: str, rows: str, results: str) -> str:
    """SQL that gives rows and results with the same meaning to each other, in order."""
    nth = f"row_number() OVER (PARTITION BY {same} ORDER BY"
    return (
        f"INSERT INTO pairs SELECT pos, rid FROM (SELECT pos, {same}, {nth} pos) AS n FROM {rows})"
        f" JOIN (SELECT rid, {same}, {nth} rid) AS n FROM {results}) USING ({same}, n)"
    )


def _within(chunk: Chunk) -> str:
    return f"nr BETWEEN {chunk.first_row - 1} AND {chunk.first_row + chunk.rows - 2}"


def number(connection: "DuckDBPyConnection", query: str) -> int:
    """The one number that the query gives."""
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
