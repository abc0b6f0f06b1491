"""Matches of rows and results where keys alone do not tell, by all columns of a record."""

from bulkup.duckdb_tools.engine import Database, number

REPEATED_KEYS = (
    "SELECT count(*) FROM"
    " (SELECT 1 FROM results WHERE key IS NOT NULL GROUP BY hash(key) HAVING count(*) > 1)"
)
"""How many keys have more than one result in `results`."""


def match_full_rows(connection: Database, within: str, *, has_duplicates: bool) -> int:
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
