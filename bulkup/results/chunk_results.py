"""Salesforce's three results of a chunk, as one table."""

from collections.abc import Mapping
from pathlib import Path

from bulkup.csvfile.records import open_reader
from bulkup.duckdb_tools.engine import Database
from bulkup.duckdb_tools.read_csv import Csv, load
from bulkup.model import Delimiter, ResultKind
from bulkup.results.equality import key_meaning, row_hash_query
from bulkup.results.inputs import Layout

KINDS = {ResultKind.SUCCESSFUL: 1, ResultKind.FAILED: 2, ResultKind.UNPROCESSED: 3}
"""How the kinds are written in the tables."""

_DETAILS = {ResultKind.SUCCESSFUL: "sf__Created", ResultKind.FAILED: "sf__Error"}
_RANGE = 1 << 40  # more than any result has records


def load_results(
    connection: Database,
    results: Mapping[ResultKind, Path],
    layout: Layout,
    delimiter: Delimiter,
    work: Path,
    *,
    full_rows: bool,
) -> dict[ResultKind, int]:
    """Make the view `results`, and return how many results there are of each kind.

    Its columns are (result_id, kind, id, detail, key, row_hash, row_hash_exact). `detail` is
    `sf__Created` or `sf__Error`, `key` the meaning of the key. The hashes are those of all columns
    that were sent, NULL without `full_rows` and where a result lacks one of the columns.
    """
    parts, counts = [_EMPTY], dict.fromkeys(ResultKind, 0)
    for kind, path in results.items():
        if not (names := header(path, delimiter)):
            continue
        query = _ResultQuery(kind, names, layout, full_rows=full_rows)
        file = Csv(path=path, delimiter=delimiter, width=len(names), whole=False)
        counts[kind] = load(connection, f"results_{kind}", query, file, work).rows
        parts.append(f"SELECT {KINDS[kind] * _RANGE} + rowid AS result_id, * FROM results_{kind}")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW results AS {' UNION ALL '.join(parts)}")
    return counts


_EMPTY = (
    "SELECT 0::BIGINT AS result_id, 0::TINYINT AS kind, '' AS id, '' AS detail, '' AS key,"
    " md5_number('') AS row_hash, md5_number('') AS row_hash_exact WHERE false"
)


def header(path: Path, delimiter: Delimiter) -> list[str]:
    """The names in a result's header; none where there is no file or nothing in it."""
    try:
        with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
            return next(open_reader(file, delimiter.char), [])
    except FileNotFoundError:
        return []


class _ResultQuery:
    """Makes the query for one result's part of the view `results` from the relation of its file."""

    def __init__(
        self, kind: ResultKind, names: list[str], layout: Layout, *, full_rows: bool
    ) -> None:
        cells = {name.casefold(): f"c{index}" for index, name in reversed([*enumerate(names)])}
        record_id = cells.get("sf__id", "NULL")
        detail = cells.get(_DETAILS.get(kind, "").casefold(), "NULL")
        self._columns = {
            "kind": f"{KINDS[kind]}::TINYINT",
            "id": f"coalesce({record_id}, '')",
            "detail": f"coalesce({detail}, '')",
            "key": _key(cells, layout),
        }
        self._sent = {
            cells.get(name.casefold(), ""): field for name, field in layout.columns.items()
        }
        self._hashed = full_rows and "" not in self._sent

    def __call__(self, relation: str) -> str:
        if self._hashed:
            return row_hash_query(relation, self._sent, self._columns)
        columns = self._columns | {"row_hash": "NULL", "row_hash_exact": "NULL"}
        parts = (f"{expression} AS {name}" for name, expression in columns.items())
        return f"SELECT {', '.join(parts)} FROM {relation}"


def _key(cells: Mapping[str, str], layout: Layout) -> str:
    cell = cells.get(layout.key.casefold()) if layout.key else None
    if layout.key is None or cell is None:
        return "NULL::VARCHAR"
    return key_meaning(cell, layout.columns[layout.key])
