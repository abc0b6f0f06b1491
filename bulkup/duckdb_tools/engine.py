"""Opens DuckDB: with little memory, spill files in the run directory, and no network."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import duckdb

from bulkup.duckdb_tools.paths import located, quoted
from bulkup.errors import NotWritable, RunError

__all__ = [
    "Database",
    "Error",
    "OutOfMemory",
    "engine",
    "is_damage",
    "located",
    "named",
    "number",
    "quoted",
    "with_enough_memory",
]

Result = TypeVar("Result")
Error = duckdb.Error
OutOfMemory = duckdb.OutOfMemoryException
Database = duckdb.DuckDBPyConnection

MEMORY_LIMIT = "96MB"
"""What DuckDB's buffers may hold; with its CSV buffers and Python a process stays under 300 MB."""

MORE_MEMORY = ("384MB", "1536MB")
"""What is tried next where that is too little even with spilling."""

MOST_THREADS = 4
"""Each thread has its own buffers."""


NO_ROOM = {errno.ENOSPC, errno.EFBIG, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC)}
"""Error codes of the system that come only from writing."""


@contextmanager
def engine(
    work: Path, *, memory_limit: str = MEMORY_LIMIT, threads: int | None = None
) -> Iterator[Database]:
    """Open an in-memory database that spills into a new directory inside `work`.

    Rows keep their order. The directory (mode 0700) is gone when the block ends, however it ends.

    Raises:
        NotWritable: the disk is full, or can't be written for another reason.
        RunError: there is too little memory, or a file can't be read.
    """
    with _translate_errors(work), _connect(work, memory_limit, threads) as connection:
        yield connection


@contextmanager
def _connect(work: Path, memory_limit: str, threads: int | None) -> Iterator[Database]:
    work.mkdir(parents=True, exist_ok=True)
    spill = tempfile.mkdtemp(prefix="spill-", dir=work)
    try:
        with duckdb.connect(":memory:", config=_settings(memory_limit, threads)) as connection:
            connection.execute(f"SET temp_directory = {located(Path(spill))}")
            connection.execute("SET enable_progress_bar = false")
            yield connection
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def with_enough_memory(work: Path, do: Callable[[Database, Path], Result]) -> Result:
    """Call `do` with a connection and an empty directory inside `work`, and return its result.

    It is called again, with more memory, where DuckDB says that it has too little.

    Raises:
        NotWritable: the disk is full, or can't be written for another reason.
        RunError: there is too little memory at last, or a file can't be read.
    """
    with _translate_errors(work):
        work.mkdir(parents=True, exist_ok=True)
        for limit in (MEMORY_LIMIT, *MORE_MEMORY):
            with (
                tempfile.TemporaryDirectory(prefix="rows-", dir=work) as folder,
                _connect(Path(folder), limit, None) as connection,
            ):
                try:
                    return do(connection, Path(folder))
                except OutOfMemory as error:
                    if limit == MORE_MEMORY[-1] or _is_disk_full(error):
                        raise
    raise AssertionError  # the loop returns or raises


@contextmanager
def _translate_errors(work: Path) -> Iterator[None]:
    """Turn errors of DuckDB, and of a full disk, into errors of ours.

    DuckDB tells the system's own error only in its message.
    """
    try:
        yield
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        if _is_disk_full(error):
            raise NotWritable(work, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))) from error
        raise RunError(
            f"There is too little memory: {_first_line(error)}",
            "Close other programs, or use a machine with more memory, and try again.",
            name="OutOfMemory",
        ) from error
    except (duckdb.IOException, duckdb.FatalException) as error:
        if code := _write_error(error):
            raise NotWritable(work, OSError(code, os.strerror(code))) from error
        raise RunError(
            f"A file can't be read or written: {_first_line(error)}",
            "See whether the file and its drive are still there, and who may read it.",
            name="NotReadable",
        ) from error
    except OSError as error:
        if error.errno in NO_ROOM:
            raise NotWritable(work, error) from error
        raise


def is_damage(error: Error) -> bool:
    """Whether an error from reading a file can only come from what is in the file.

    It does not where there is too little memory or disk, or where the system refuses the file.
    """
    if isinstance(error, duckdb.OutOfMemoryException):
        return False
    refusals = (errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ESTALE)
    return not (_write_error(error) or any(os.strerror(code) in str(error) for code in refusals))


def _write_error(error: Error) -> int | None:
    """The system's code where DuckDB could not write; None where it is another error."""
    words = str(error)
    no_room = next((code for code in NO_ROOM if os.strerror(code) in words), None)
    if no_room or "Could not write" in words or "write failed" in words:
        return no_room or errno.EIO
    return None


def _is_disk_full(error: Exception) -> bool:
    """Whether what does not fit into memory does not fit on the disk either."""
    return "max_temp_directory_size" in str(error)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


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
    """The number that the query gives."""
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def named(name: str) -> str:
    """The name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'
