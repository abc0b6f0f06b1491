"""The SQL for the status of each row: the latest one, from whichever round or file it comes.

An example. The user's file has four rows. Row 1 had succeeded in an earlier run (table
`unsent_rows`), the others were sent as one chunk (number 1), whose positions are numbered by the
sidecar (table `numbers`). The matching made `row_results`:

    position  kind  id    detail                  numbers: position  row  line
    1         1     003A  true                             1         2    3
    2         2           UNABLE_TO_LOCK_ROW:…             2         3    4
    3         NULL                                         3         4    5

Of these `chunk_status_sql` makes, with the reason of rows that no result names:

    row  status     id    created  error                  chunk
    2    succeeded  003A  true                            1
    3    failed                    UNABLE_TO_LOCK_ROW:…   1
    4    unknown                   bulkup: Salesforce's … 1

Row 3 was sent again in round 2, as chunk 2, and went in (table `latest_status`):

    3    succeeded  003B  false                           2

For each row of the file, `final_status_sql` takes `latest_status` if it has the row, else the
chunk's status, else `unsent_rows`, else `not_sent`:

    row  line  status     id    created  error                    chunk
    1    2     skipped    0039           bulkup: not sent again…  0
    2    3     succeeded  003A  true                              1
    3    4     succeeded  003B  false                             2
    4    5     unknown                   bulkup: Salesforce's …   1
"""

from pathlib import Path

from bulkup.csvfile.numbered import NumberedCsv
from bulkup.duckdb_tools.engine import Database, located, quoted
from bulkup.model import Delimiter, Status
from bulkup.results.files.prefixes import needs_quotes
from bulkup.results.inputs import SentChunk

WORDS = {
    Status.UNKNOWN: "bulkup: Salesforce's results do not name this row",
    Status.NOT_SENT: "bulkup: not sent",
}
"""What stands in sf__Error of rows that no result names, where there is no better reason."""

_TWICE = "bulkup: Salesforce names this row twice, with different results"


def load_numbers(connection: Database, table: str, path: Path) -> None:
    """Make the table (position, row, line) of a sidecar."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS"
        " SELECT row_number() OVER () AS position, row, line"
        f" FROM read_csv({located(path)}, auto_detect = false, header = true, delim = ',',"
        " columns = {'row': 'BIGINT', 'line': 'BIGINT'})"
    )


def chunk_status_sql(sent: SentChunk, csv_file: NumberedCsv, numbers: str) -> str:
    """The status of each row of `row_results`: (row, status, id, created, error, chunk)."""
    reason = sent.reason or WORDS.get(sent.otherwise, "")
    row, source = "position AS row", "row_results"
    if csv_file.numbers is not None:
        row, source = "row", f"row_results JOIN {numbers} USING (position)"
    return (
        f"SELECT {row}, CASE kind WHEN 1 THEN 'succeeded' WHEN 2 THEN 'failed'"
        " WHEN 3 THEN 'unprocessed' WHEN 0 THEN 'unknown'"
        f" ELSE {quoted(sent.otherwise)} END AS status,"
        " coalesce(id, '') AS id, CASE kind WHEN 1 THEN lower(detail) ELSE '' END AS created,"
        f" CASE kind WHEN 1 THEN '' WHEN 2 THEN detail WHEN 3 THEN '' WHEN 0 THEN {quoted(_TWICE)}"
        f" ELSE {quoted(reason)} END AS error, {sent.chunk.number} AS chunk FROM {source}"
    )


def with_lines(chunk_status: str, header_lines: int) -> str:
    """The same with the line of each row, where every record takes one line."""
    return f"SELECT row, row + {header_lines} AS line, * EXCLUDE (row) FROM ({chunk_status})"


def final_status_sql(rows: str, chunk_status: str | None) -> str:
    """The latest status of each row of `rows` (row, line): (row, line, status, …).

    It comes from a later round, from this chunk, or from an earlier run; else the row was not
    sent.
    """
    empty = "SELECT * FROM latest_status WHERE false"
    columns = ", ".join(
        f"CASE WHEN latest_status.row IS NOT NULL THEN latest_status.{name}"
        f" WHEN chunk_status.row IS NOT NULL THEN chunk_status.{name}"
        f" WHEN unsent_rows.row IS NOT NULL THEN {before} ELSE {default} END AS {name}"
        for name, before, default in (
            ("status", "unsent_rows.status", "'not_sent'"),
            ("id", "unsent_rows.id", "''"),
            ("created", "unsent_rows.created", "''"),
            ("error", "unsent_rows.error", quoted(WORDS[Status.NOT_SENT])),
            ("chunk", "0", "0"),
        )
    )
    return (
        f"SELECT source.row, source.line, {columns} FROM ({rows}) AS source"
        f" LEFT JOIN ({chunk_status or empty}) AS chunk_status USING (row)"
        " LEFT JOIN latest_status USING (row) LEFT JOIN unsent_rows USING (row)"
    )


def count_query(mark: Delimiter) -> str:
    """Count the rows of `final_status` by chunk and status, the created and those with quotes."""
    quotes = f"{needs_quotes('id', mark)} OR {needs_quotes('error', mark)}"
    return (
        "SELECT chunk, status, count(*), count(*) FILTER (created = 'true'),"
        f" count(*) FILTER ({quotes}) FROM final_status GROUP BY chunk, status"
    )
