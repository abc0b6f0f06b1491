"""Salesforce's errors of rows, grouped by code, field and message with the varying parts out."""

from collections.abc import Callable

from bulkup.duckdb_tools.engine import Database, quoted
from bulkup.results.totals import ErrorGroup
from bulkup.salesforce.error_codes import UNWRAPPED, unwrap_pattern

FIRST_ROWS = 20
MOST_GROUPS = 10_000
"""Where messages differ more than that, the rest of a code's rows is one group."""

_VARYING = (
    (r"(data value too large: ).*( \(max length)", r"\1…\2"),
    (r"(external ID: ).*( not found)", r"\1…\2"),
    (r"(specified: |address: |required type: |picklist field: ).*", r"\1…"),
    (r"'[^']*'", "'…'"),
    (r'"[^"]*"', '"…"'),
    (r"\S+@\S+", "…"),
    (r"\b(?:[0-9][0-9A-Za-z]|a[0-9])[0-9A-Za-z]{13}(?:[0-9A-Z]{3})?\b", "…"),
    (r"\b[0-9]{4,}\b", "…"),
    (r"…(?:, …)+", "…"),
)

_Key = tuple[str, str, str]


class Groups:
    """Gathers the failed rows of one chunk after another."""

    def __init__(self) -> None:
        self._groups: dict[_Key, tuple[int, list[int]]] = {}

    def add(self, connection: Database, failed: str) -> None:
        """Count the rows of the relation `failed` (row, error)."""
        unwrapped = f"regexp_replace(error, {quoted(unwrap_pattern())}, {quoted(UNWRAPPED)}, 's')"
        error = (
            "regexp_extract(error, '^([A-Z][A-Z0-9_]*):(.*?)(?::([^:]*?))?\\s*-*\\s*$', {}, 's')"
        )
        parts = {name: error.format(at) for at, name in ((1, "code"), (2, "message"), (3, "field"))}
        message = f"CASE WHEN {parts['code']} = '' THEN error ELSE {parts['message']} END"
        for varying, instead in _VARYING:
            message = f"regexp_replace({message}, {quoted(varying)}, {quoted(instead)}, 'gs')"
        rows = connection.execute(
            f"SELECT {parts['code']}, {parts['field']}, {message}, count(*), min(row, {FIRST_ROWS})"
            f" FROM (SELECT row, {unwrapped} AS error FROM {failed}) GROUP BY ALL"
        )
        while batch := rows.fetchmany(1000):
            for code, field, text, count, first in batch:
                self._count((code, field.strip(), text.strip()), count, first)

    def _count(self, key: _Key, count: int, first: list[int]) -> None:
        if key not in self._groups and len(self._groups) >= MOST_GROUPS:
            key = (key[0], "", "…")
        before, rows = self._groups.get(key, (0, []))
        self._groups[key] = (before + count, sorted([*rows, *first])[:FIRST_ROWS])

    def sorted_groups(self, explain: Callable[[str], str]) -> tuple[ErrorGroup, ...]:
        """The groups, the most frequent first; `explain` says what a code means."""
        total = sum(count for count, _ in self._groups.values())
        ordered = sorted(self._groups.items(), key=lambda item: (-item[1][0], item[0]))
        return tuple(
            ErrorGroup(
                code=code,
                field=field,
                message=message,
                count=count,
                share=count / total,
                rows=tuple(rows),
                explanation=explain(code),
            )
            for (code, field, message), (count, rows) in ordered
        )
