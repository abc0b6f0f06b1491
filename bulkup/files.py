"""Private files: for their owner only, written whole or not at all, durably."""

import os
import secrets
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from bulkup.errors import CredentialsError, NotWritable

OTHERS = stat.S_IRWXG | stat.S_IRWXO
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
BUFFER = 1 << 20


@contextmanager
def open_private(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that gets its name only when it is whole and on the disk.

    Its mode is 0600, whatever stood there before. The temporary file is created exclusively under
    a name that nobody can guess, so a link planted there is never followed.

    Raises:
        NotWritable: the disk did not take it; then what stood under the name is unchanged.
    """
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with os.fdopen(os.open(temporary, NEW_FILE, 0o600), "wb", buffering=BUFFER) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        sync(path.parent)
    except OSError as error:
        raise NotWritable(path.parent, error) from error


def write_private(path: Path, content: str | bytes) -> None:
    """Write a whole file as `open_private` does.

    Raises:
        NotWritable: the disk did not take it.
    """
    with open_private(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def sync(folder: Path) -> None:
    """Make a folder's entries durable, where the system knows how."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_secret(path: Path) -> str:
    """Read a file with a secret in it; empty where there is none.

    Raises:
        CredentialsError: others may read it, or it can't be read.
    """
    try:
        with path.open(encoding="utf-8") as file:
            # Windows says nothing of others in the mode; the user's own folder keeps them out.
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & OTHERS:
                raise CredentialsError(
                    f"{path} holds a secret and others may read it",
                    f"Type: chmod 600 {shlex.quote(str(path))}",
                    name="TooWide",
                )
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise CredentialsError(
            f"{path} can't be read: {type(error).__name__}",
            "Look at the rights of the file, or log in again with: bulkup login",
            name="NotReadable",
        ) from None
