import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from bulkup.duckdb_tools.engine import engine, named, quoted, with_enough_memory


def test_spill_directory_is_gone_afterwards(tmp_path: Path) -> None:
    with engine(tmp_path / "work") as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
        assert len(list((tmp_path / "work").iterdir())) == 1
    assert list((tmp_path / "work").iterdir()) == []


def test_spill_directory_is_gone_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), engine(tmp_path):
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


def test_more_than_the_memory_limit_spills(tmp_path: Path) -> None:
    with engine(tmp_path, memory_limit="32MB") as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT i, repeat('x', 40) || i AS x FROM range(800000) r(i)"
        )
        assert connection.execute("SELECT count(*), max(i) FROM t").fetchone() == (800000, 799999)


def test_the_command_line_can_be_imported_without_duckdb() -> None:
    code = "import sys, bulkup.cli.app; sys.exit('duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_names_and_texts_are_quoted() -> None:
    assert quoted("it's") == "'it''s'"
    assert named('a"b') == '"a""b"'


def test_too_little_memory_is_tried_again_with_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bulkup.duckdb_tools.engine.MEMORY_LIMIT", "8MB")
    rooms = []

    def build(connection: "duckdb.DuckDBPyConnection", room: Path) -> object:
        rooms.append(room)
        connection.execute("CREATE TABLE t AS SELECT list(i) AS l FROM range(5000000) r(i)")
        return connection.execute("SELECT len(l) FROM t").fetchone()

    assert with_enough_memory(tmp_path, build) == (5_000_000,)
    assert len(rooms) == 2
    assert list(tmp_path.iterdir()) == []


def test_too_little_memory_at_last_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bulkup.duckdb_tools.engine.MORE_MEMORY", ("8MB",))

    def build(connection: "duckdb.DuckDBPyConnection", room: Path) -> None:
        raise duckdb.OutOfMemoryException

    with pytest.raises(duckdb.OutOfMemoryException):
        with_enough_memory(tmp_path, build)
