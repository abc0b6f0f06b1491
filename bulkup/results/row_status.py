"""What became of each row of a chunk, as SQL: the last word about it, whoever has it."""

from pathlib import Path

from bulkup.csvfile.numbered import NumberedCsv
from bulkup.duckdb_tools.engine import Database, located, quoted
from bulkup.model import Delimiter, Status
from bulkup.results.inputs import SentChunk
from bulkup.results.prefixes import needs_care

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


def chunk_status_sql(sent: SentChunk, sheet: NumberedCsv, numbers: str) -> str:
    """The status of each row of `row_results`: (row, status, id, created, error, chunk)."""
    reason = sent.reason or WORDS.get(sent.otherwise, "")
    row, source = "position AS row", "row_results"
    if sheet.numbers is not None:
        row, source = "row", f"row_results JOIN {numbers} USING (position)"
    return (
        f"SELECT {row}, CASE kind WHEN 1 THEN 'succeeded' WHEN 2 THEN 'failed'"
        " WHEN 3 THEN 'unprocessed' WHEN 0 THEN 'unknown'"
        f" ELSE {quoted(sent.otherwise)} END AS status,"
        " coalesce(id, '') AS id, CASE kind WHEN 1 THEN lower(detail) ELSE '' END AS created,"
        f" CASE kind WHEN 1 THEN '' WHEN 2 THEN detail WHEN 3 THEN '' WHEN 0 THEN {quoted(_TWICE)}"
        f" ELSE {quoted(reason)} END AS error, {sent.chunk.number} AS chunk FROM {source}"
    )


def with_lines(said_of: str, header_lines: int) -> str:
    """The same with the line of each row, where every record takes one line."""
    return f"SELECT row, row + {header_lines} AS line, * EXCLUDE (row) FROM ({said_of})"


def final_status_sql(base: str, said_of: str | None) -> str:
    """The last word about each row of `base` (row, line): (row, line, status, …).

    It comes from a later round, from this chunk, or from before; else the row was not sent.
    """
    nothing = "SELECT * FROM later WHERE false"
    picked = ", ".join(
        f"CASE WHEN later.row IS NOT NULL THEN later.{name}"
        f" WHEN said.row IS NOT NULL THEN said.{name}"
        f" WHEN settled.row IS NOT NULL THEN {before} ELSE {default} END AS {name}"
        for name, before, default in (
            ("status", "settled.status", "'not_sent'"),
            ("id", "settled.id", "''"),
            ("created", "settled.created", "''"),
            ("error", "settled.error", quoted(WORDS[Status.NOT_SENT])),
            ("chunk", "0", "0"),
        )
    )
    return (
        f"SELECT base.row, base.line, {picked} FROM ({base}) AS base"
        f" LEFT JOIN ({said_of or nothing}) AS said USING (row)"
        " LEFT JOIN later USING (row) LEFT JOIN settled USING (row)"
    )


def tally(mark: Delimiter) -> str:
    """How many rows of `final` are there by chunk and status, created ones and odd ones."""
    odd = f"{needs_care('id', mark)} OR {needs_care('error', mark)}"
    return (
        "SELECT chunk, status, count(*), count(*) FILTER (created = 'true'),"
        f" count(*) FILTER ({odd}) FROM final GROUP BY chunk, status"
    )
