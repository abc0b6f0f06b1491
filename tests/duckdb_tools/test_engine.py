import errno
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from bulkup.duckdb_tools.engine import engine, is_damage, located, named, quoted, with_enough_memory
from bulkup.errors import NotWritable, RunError


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


def test_too_little_memory_is_tried_again_with_more_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bulkup.duckdb_tools.engine.MEMORY_LIMIT", "8MB")
    folders = []

    def build(connection: "duckdb.DuckDBPyConnection", folder: Path) -> object:
        folders.append(folder)
        connection.execute("CREATE TABLE t AS SELECT list(i) AS l FROM range(5000000) r(i)")
        return connection.execute("SELECT len(l) FROM t").fetchone()

    assert with_enough_memory(tmp_path, build) == (5_000_000,)
    assert len(folders) == 2
    assert list(tmp_path.iterdir()) == []


def test_too_little_memory_in_the_end_is_an_error_with_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bulkup.duckdb_tools.engine.MORE_MEMORY", ("8MB",))

    def build(connection: "duckdb.DuckDBPyConnection", folder: Path) -> None:
        raise duckdb.OutOfMemoryException

    with pytest.raises(RunError, match="too little memory") as raised:
        with_enough_memory(tmp_path, build)
    assert raised.value.hint


def test_no_room_for_what_does_not_fit_into_memory_is_a_full_disk(tmp_path: Path) -> None:
    attempts = []

    def build(connection: "duckdb.DuckDBPyConnection", folder: Path) -> None:
        attempts.append(folder)
        connection.execute("SET max_temp_directory_size = '1MB'")
        connection.execute("CREATE TABLE t AS SELECT repeat('x', 90) || i FROM range(3000000) r(i)")

    with pytest.raises(NotWritable, match="No space left"):
        with_enough_memory(tmp_path, build)
    assert len(attempts) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full disk to try")
def test_a_full_disk_is_not_writable(tmp_path: Path) -> None:
    copy = "COPY (SELECT repeat('x', 99) FROM range(99999)) TO '/dev/full' (FORMAT csv)"
    with pytest.raises(NotWritable, match="No space left"), engine(tmp_path) as connection:
        connection.execute(copy)
    with (
        pytest.raises(NotWritable, match="No space left"),
        engine(tmp_path),
        Path("/dev/full").open("w", encoding="utf-8") as file,
    ):
        file.write("x")


def test_a_file_that_can_not_be_read_is_an_error_of_the_run(tmp_path: Path) -> None:
    with (
        pytest.raises(RunError, match="can't be read or written") as raised,
        engine(tmp_path) as connection,
    ):
        connection.execute(f"FROM read_csv({located(tmp_path / 'gone.csv')})")
    assert raised.value.hint


ODD_NAMES = ["a[1]", "a*b?", "back\\slash[", "row=7", os.fsdecode(b"caf\xe9"), "it's", "ünï"]


@pytest.mark.skipif(sys.platform == "win32", reason="such names can't be there")
@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_folder_of_any_name_is_read_written_and_spilled_to(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    part = folder / "part.parquet"
    with engine(folder, memory_limit="32MB") as connection:
        connection.execute(f"COPY (SELECT 1 AS row) TO {located(part)} (FORMAT parquet)")
        connection.execute(f"COPY (SELECT 2 AS row) TO {located(part)} (FORMAT parquet)")
        assert connection.execute(f"FROM read_parquet([{located(part)}])").fetchall() == [(2,)]
        connection.execute("CREATE TABLE t AS SELECT repeat('x', 40) || i FROM range(800000) r(i)")
    assert list(folder.iterdir()) == [part]


@pytest.mark.parametrize(
    ("error", "damage"),
    [
        (duckdb.InvalidInputException("No magic bytes found at end of file"), True),
        (duckdb.IOException("Could not read enough bytes"), True),
        (duckdb.OutOfMemoryException("failed to allocate data"), False),
        (duckdb.IOException(f"Could not write file: {os.strerror(errno.ENOSPC)}"), False),
        (duckdb.IOException(f"Cannot open file: {os.strerror(errno.EACCES)}"), False),
    ],
)
def test_only_what_the_file_itself_causes_is_damage(error: duckdb.Error, *, damage: bool) -> None:
    assert is_damage(error) is damage
