"""Pairs of rows and results where keys alone do not tell: by all that a record means."""

from bulkup.duckdb_tools.engine import Database, number

TWICE = (
    "SELECT count(*) FROM"
    " (SELECT 1 FROM found WHERE k IS NOT NULL GROUP BY hash(k) HAVING count(*) > 1)"
)
"""How many keys have more than one result in `found`."""


def pair(connection: Database, within: str, *, alike: bool) -> int:
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
