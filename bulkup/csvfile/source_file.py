"""Keeps the user's file open from before its first byte is read, and detects changes."""

import hashlib
import os
import stat
import threading
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from bulkup.errors import InputError, RunError


def open_file(path: Path) -> BinaryIO:
    """Open a user's file for reading, unbuffered.

    Raises:
        InputError: it does not exist, is not a regular file, or can't be read.
    """
    try:
        if stat.S_ISREG(path.stat().st_mode):
            return path.open("rb", buffering=0)
        what, hint = "not a regular file", "Name the CSV file itself."
        if path.is_dir():
            what = "a directory"
        elif path.is_fifo():
            what = "a pipe, which can't be read twice"
            hint = "Give standard input, which is kept, in its place: … | bulkup run - …"
    except FileNotFoundError as error:
        raise InputError(
            f"There is no file {path}",
            f"Check the name; you are in {Path.cwd()}",
            name="FileNotFound",
        ) from error
    except OSError as error:
        what = f"not readable: {error.strerror or error}"
        hint = "See who may read it, or copy it to where you may."
    raise InputError(f"{path} is {what}", hint, name="FileNotReadable")


def unreadable(path: Path, error: OSError) -> RunError:
    """An error for a disk that fails while a file is read."""
    return RunError(
        f"{path} can't be read any more: {error.strerror or error}",
        "See whether its drive is still there; a run that has begun goes on with: bulkup resume",
        name="SourceNotReadable",
    )


class SourceFile:
    """A file that stays open from planning to the last chunk and is read by several threads.

    Raises:
        InputError: it does not exist, or it can't be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = open_file(path)
        self._lock = threading.Lock()
        self._identity = _identity(os.fstat(self._file.fileno()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def unchanged(self) -> bool:
        """Whether size, mtime and inode are what they were when the file was opened.

        This must hold for the open file and for the one that has its name now.
        """
        try:
            now = _identity(os.fstat(self._file.fileno())), _identity(self.path.stat())
        except OSError:
            return False
        return now == (self._identity, self._identity)

    def must_be_unchanged(self) -> None:
        """Raise an error if the file is not what it was when it was opened.

        Raises:
            RunError: it was written to, replaced, moved or deleted.
        """
        if not self.unchanged():
            raise RunError(
                f"{self.path} was changed while bulkup was at work on it",
                "Put it back as it was. A run that has begun goes on then with: bulkup resume",
                name="SourceChanged",
            )

    def read(self, offset: int, size: int) -> bytes:
        """Read `size` bytes from `offset` on; fewer only at the end of the file.

        Raises:
            RunError: the disk fails.
        """
        try:
            if hasattr(os, "pread"):
                return os.pread(self._file.fileno(), size, offset)
            with self._lock:  # Windows has one position for all threads
                self._file.seek(offset)
                return self._file.read(size)
        except OSError as error:
            raise unreadable(self.path, error) from error


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino


def sha256(path: Path) -> str:
    """The fingerprint of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
