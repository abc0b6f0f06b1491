"""The texts before the records come through DuckDB and a file as they are, whatever they hold."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulkup.duckdb_tools.engine import engine
from bulkup.errors import RunError
from bulkup.model import Delimiter
from bulkup.results.files.background_io import read_ahead
from bulkup.results.files.prefixes import PrefixFiles, PrefixReader, write_prefixes

ODD = [
    "plain",
    "a,b",
    'q"q',
    "two\nlines",
    "two\r\nlines",
    "\x01n",
    "\x01s\x010",
    "nul\0",
    "é\u2028",
]


def texts_of(tmp_path: Path, rows: list[tuple[str, str, str]], *, status: str = "") -> PrefixFiles:
    """A file for rows of (status, id, error)."""
    to = PrefixFiles(path=tmp_path / "texts", status=status)
    with engine(tmp_path) as connection:
        connection.execute(
            "CREATE TABLE final_status (row BIGINT, line BIGINT, status VARCHAR, id VARCHAR,"
            " created VARCHAR, error VARCHAR)"
        )
        for row, (said, ident, error) in reversed(list(enumerate(rows, 1))):
            values = [row, row + 1, said, ident, "true", error]
            connection.execute("INSERT INTO final_status VALUES (?, ?, ?, ?, ?, ?)", values)
        write_prefixes(connection, Delimiter.COMMA, range(1, len(rows) + 1), to, plain=False)
    return to


@pytest.mark.parametrize("error", ODD)
def test_an_error_of_any_characters_arrives_as_it_is(tmp_path: Path, error: str) -> None:
    file = texts_of(tmp_path, [("failed", "", error)])

    rows = PrefixReader(iter([file])).take(10)

    assert rows.statuses == ["failed"]
    quoted = '"' + error.replace('"', '""') + '"'
    expected = error if error in {"plain", "é\u2028"} else quoted
    assert rows.apart[0].decode() == f",{expected},1,2,"
    assert rows.before[0].decode() == f"1,2,failed,,true,{expected},"


def test_rows_come_in_order_and_no_more_than_asked_for(tmp_path: Path) -> None:
    file = texts_of(tmp_path, [("succeeded", f"id{at}", "") for at in range(5)], status="succeeded")
    prefixes = PrefixReader(iter([file]))

    taken = [prefixes.take(2), prefixes.take(2), prefixes.take(2)]

    assert [batch.apart for batch in taken] == [
        [b"id0,true,1,2,", b"id1,true,2,3,"],
        [b"id2,true,3,4,", b"id3,true,4,5,"],
        [b"id4,true,5,6,"],
    ]
    assert {batch.status for batch in taken} == {"succeeded"}
    with pytest.raises(RunError, match="more records than it had"):
        prefixes.take(1)
    assert not file.path.exists()


def test_what_goes_wrong_ahead_is_raised_where_the_item_would_come() -> None:
    def broken() -> Iterator[int]:
        yield 1
        message = "full"
        raise OSError(message)

    read = read_ahead(broken())

    assert next(read) == 1
    with pytest.raises(OSError, match="full"):
        next(read)


def test_items_are_made_in_another_thread() -> None:
    made = list(read_ahead(threading.current_thread().name for _ in range(2)))

    assert threading.current_thread().name not in made
