"""The cells before the records in the result files, handed from DuckDB to Python.

DuckDB writes it to files, several threads at once, because a Python object for each cell takes
longer than all the rest. A row is a line: the text for results.csv, NUL, the text for the file of
its status, and where these differ NUL and its status.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bulkup.duckdb_tools.engine import Database, located, quoted
from bulkup.errors import RunError
from bulkup.model import Delimiter
from bulkup.results.files.result_columns import FILE_OF_STATUS, RESULT_COLUMNS, TEXT_COLUMNS

_BLOCK = 1 << 18
_ESCAPES = ((1, "s"), (0, "0"), (10, "n"))
"""Characters that a line can't hold, and what stands for them behind chr(1)."""

_OTHER = "unprocessed"
"""The file whose columns are also made for statuses without a file, whose rows are not written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixFiles:
    """A file of prefixes. `status` is what all its rows have, or empty where they differ."""

    path: Path
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPrefixes:
    """The statuses of some rows, and the bytes that stand before their records.

    `before` is for results.csv, `apart` for the file of the status. `status` is what all rows
    have, or empty: then `statuses` has one for each.
    """

    status: str
    statuses: Sequence[str]
    before: Sequence[bytes]
    apart: Sequence[bytes]


def write_prefixes(
    connection: Database, mark: Delimiter, rows: range, to: PrefixFiles, *, plain: bool
) -> None:
    """Write the prefixes of these rows of `final_status`, in order.

    `plain`: none of their cells `needs_quotes`.
    """
    cells = {name: name if plain else _cell(name, mark) for name in TEXT_COLUMNS}
    texts = {
        file: ", ".join(
            f"{cells.get(column.expression, column.expression)}, {quoted(mark.char)}"
            for column in columns
        )
        for file, columns in RESULT_COLUMNS.items()
    }
    parts = [texts["results"], "chr(0)", texts[FILE_OF_STATUS.get(to.status, _OTHER)]]
    if not to.status:
        parts[2:] = [_by_status(texts), "chr(0)", "status"]
    within = f"row BETWEEN {rows.start} AND {rows.stop - 1}"
    # concat, because a chain of || takes twice the time
    connection.execute(
        f"COPY (SELECT concat({', '.join(parts)})"
        f" FROM (SELECT * FROM final_status WHERE {within} ORDER BY row))"
        f" TO {located(to.path)} (FORMAT csv, HEADER false, DELIMITER ',', QUOTE '', ESCAPE '')"
    )


def _by_status(texts: Mapping[str, str]) -> str:
    """The SQL for the cells in the file of each row's own status."""
    cases = " ".join(
        f"WHEN {quoted(status)} THEN concat({texts[file]})"
        for status, file in FILE_OF_STATUS.items()
    )
    return f"CASE status {cases} ELSE concat({texts[_OTHER]}) END"


def needs_quotes(name: str, mark: Delimiter) -> str:
    """The SQL condition that a cell has to be quoted in a CSV, or escaped in a line of ours."""
    texts = (quoted(mark.char), "'\"'", "chr(10)", "chr(13)", "chr(0)", "chr(1)")
    return " OR ".join(f"contains({name}, {text})" for text in texts)


def _cell(name: str, mark: Delimiter) -> str:
    text = f"replace({name}, '\"', '\"\"')"
    for character, letter in _ESCAPES:
        text = f"replace({text}, chr({character}), chr(1) || '{letter}')"
    return f"CASE WHEN {needs_quotes(name, mark)} THEN '\"' || {text} || '\"' ELSE {name} END"


class PrefixReader:
    """Reads the prefixes of all rows, in the order of the user's file."""

    def __init__(self, files: Iterator[PrefixFiles]) -> None:
        self._batches = (rows for file in files for rows in _read(file))
        self._rest: RowPrefixes | None = None

    def take(self, limit: int) -> RowPrefixes:
        """The next rows, at least one and at most `limit`.

        Raises:
            RunError: there are no more.
        """
        rows = self._rest or next(self._batches, None)
        if rows is None:
            raise RunError(
                "The file has more records than it had",
                "Put it back as it was.",
                name="SourceChanged",
            )
        self._rest = _slice(rows, slice(limit, None)) if limit < len(rows.before) else None
        return _slice(rows, slice(limit)) if self._rest else rows


def _slice(rows: RowPrefixes, part: slice) -> RowPrefixes:
    return RowPrefixes(
        status=rows.status,
        statuses=rows.statuses[part],
        before=rows.before[part],
        apart=rows.apart[part],
    )


def _read(file: PrefixFiles) -> Iterator[RowPrefixes]:
    """The rows of a file, many at a time; the file is deleted after the last."""
    with file.path.open("rb") as opened:
        rest = b""
        while block := opened.read(_BLOCK):
            lines, ending, rest = (rest + block).rpartition(b"\n")
            if ending:
                yield _parse(file.status, lines)
    file.path.unlink()


def _parse(status: str, lines: bytes) -> RowPrefixes:
    pieces = lines.replace(b"\n", b"\0").split(b"\0")
    if b"\1" in lines:
        pieces = [_unescaped(piece) for piece in pieces]
    step = 2 if status else 3
    return RowPrefixes(
        status=status,
        statuses=() if status else b"\0".join(pieces[2::step]).decode().split("\0"),
        before=pieces[::step],
        apart=pieces[1::step],
    )


def _unescaped(piece: bytes) -> bytes:
    for character, letter in reversed(_ESCAPES):
        piece = piece.replace(b"\1" + letter.encode(), bytes([character]))
    return piece
