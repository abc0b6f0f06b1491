"""Opens DuckDB: little memory, spill files inside the run directory, nothing from the network."""

import glob
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import duckdb

Done = TypeVar("Done")
Error = duckdb.Error
OutOfMemory = duckdb.OutOfMemoryException
Database = duckdb.DuckDBPyConnection

MEMORY_LIMIT = "96MB"
"""What DuckDB's buffers may hold; with its CSV buffers and Python a process stays under 300 MB."""

MORE_MEMORY = ("384MB", "1536MB")
"""What is tried next where that is too little even with spilling: better much than nothing."""

MOST_THREADS = 4
"""More threads would each want their own buffers."""


@contextmanager
def engine(
    work: Path, *, memory_limit: str = MEMORY_LIMIT, threads: int | None = None
) -> Iterator[Database]:
    """A connection of its own, in memory, that spills into a new directory inside `work`.

    Rows keep their order. The directory (mode 0700) is gone when the block ends, however it ends.
    """
    work.mkdir(parents=True, exist_ok=True)
    spill = tempfile.mkdtemp(prefix="spill-", dir=work)
    try:
        with duckdb.connect(":memory:", config=_settings(memory_limit, threads)) as connection:
            connection.execute(f"SET temp_directory = {quoted(spill)}")
            connection.execute("SET enable_progress_bar = false")
            yield connection
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def with_enough_memory(work: Path, do: Callable[[Database, Path], Done]) -> Done:
    """What `do` returns with a connection and an empty directory inside `work`.

    It is begun again from the start, with more memory, where DuckDB says that it has too little.
    """
    work.mkdir(parents=True, exist_ok=True)
    for limit in (MEMORY_LIMIT, *MORE_MEMORY):
        with (
            tempfile.TemporaryDirectory(prefix="rows-", dir=work) as room,
            engine(Path(room), memory_limit=limit) as connection,
        ):
            try:
                return do(connection, Path(room))
            except OutOfMemory:
                if limit == MORE_MEMORY[-1]:
                    raise
    raise AssertionError  # the loop returns or raises


def _settings(
    memory_limit: str, threads: int | None
) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "memory_limit": memory_limit,
        "threads": threads or min(os.cpu_count() or 1, MOST_THREADS),
        "preserve_insertion_order": True,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
    }


def number(connection: Database, query: str) -> int:
    """The one number that the query gives."""
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def quoted(text: str | Path) -> str:
    """The text as a literal of SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def located(path: Path) -> str:
    """The path of one existing file as a literal of SQL.

    DuckDB takes `[`, `*` and `?` in a path for a pattern, and would read other files.
    """
    return quoted(glob.escape(str(path)))


def named(name: str) -> str:
    """The name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'
