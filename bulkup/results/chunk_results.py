"""Salesforce's three results of a chunk, as one table."""

import csv
from collections.abc import Mapping
from pathlib import Path

from bulkup.duckdb_tools.engine import Database
from bulkup.duckdb_tools.read_csv import Csv, load
from bulkup.model import Delimiter, ResultKind
from bulkup.results.equality import key_meaning, row_hash, row_hash_exact
from bulkup.results.inputs import Layout

KINDS = {ResultKind.SUCCESSFUL: 1, ResultKind.FAILED: 2, ResultKind.UNPROCESSED: 3}
"""How the kinds are written in the tables."""

_WORDS = {ResultKind.SUCCESSFUL: "sf__Created", ResultKind.FAILED: "sf__Error"}
_RANGE = 1 << 40  # more than any result has records


def load_results(
    connection: Database,
    results: Mapping[ResultKind, Path],
    layout: Layout,
    delimiter: Delimiter,
    work: Path,
    *,
    whole: bool,
) -> dict[ResultKind, int]:
    """Make the view `found` (rid, kind, id, word, k, m, x); gives how many results of each kind.

    `word` is `sf__Created` or `sf__Error`, `k` what the key means, `m` and `x` what all columns
    mean (only with `whole`). A result without a column that was sent has no meaning: NULL.
    """
    parts, counts = [_NOTHING], dict.fromkeys(ResultKind, 0)
    for kind, path in results.items():
        if not (names := header(path, delimiter)):
            continue
        select = f"SELECT {_row(kind, names, layout, whole=whole)} FROM ".__add__
        file = Csv(path=path, delimiter=delimiter, width=len(names), whole=False)
        counts[kind] = load(connection, f"found_{kind}", select, file, work).rows
        parts.append(f"SELECT {KINDS[kind] * _RANGE} + rowid AS rid, * FROM found_{kind}")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW found AS {' UNION ALL '.join(parts)}")
    return counts


_NOTHING = (
    "SELECT 0::BIGINT AS rid, 0::TINYINT AS kind, '' AS id, '' AS word, '' AS k,"
    " md5_number('') AS m, md5_number('') AS x WHERE false"
)


def header(path: Path, delimiter: Delimiter) -> list[str]:
    """The names in a result's header; none where there is no file or nothing in it."""
    try:
        with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
            return next(csv.reader(file, delimiter=delimiter.char), [])
    except FileNotFoundError:
        return []


def _row(kind: ResultKind, names: list[str], layout: Layout, *, whole: bool) -> str:
    """The SQL expressions of one record of `found`."""
    places = {name.casefold(): f"c{at}" for at, name in reversed(list(enumerate(names)))}
    ident = places.get("sf__id", "NULL")
    word = places.get(_WORDS.get(kind, "").casefold(), "NULL")
    parts = [
        f"{KINDS[kind]}::TINYINT AS kind",
        f"coalesce({ident}, '') AS id",
        f"coalesce({word}, '') AS word",
        f"{_key(places, layout)} AS k",
    ]
    cells = {places.get(name.casefold(), ""): field for name, field in layout.columns.items()}
    known = whole and "" not in cells
    parts.append(f"{row_hash(cells) if known else 'NULL'} AS m")
    parts.append(f"{row_hash_exact(cells) if known else 'NULL'} AS x")
    return ", ".join(parts)


def _key(places: Mapping[str, str], layout: Layout) -> str:
    cell = places.get(layout.key.casefold()) if layout.key else None
    if layout.key is None or cell is None:
        return "NULL::VARCHAR"
    return key_meaning(cell, layout.columns[layout.key])
