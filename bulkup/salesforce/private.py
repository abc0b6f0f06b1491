"""Files for their owner's eyes only: mode 0600, written whole or not at all."""

import os
import shlex
import stat
from pathlib import Path

from bulkup.errors import CredentialsError, RunError

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def write(path: Path, text: str) -> None:
    """Write a file that only its owner may read.

    Raises:
        RunError: it can't be written.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary.unlink(missing_ok=True)  # one left behind would keep its own mode
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(temporary, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise RunError(
            f"{path.parent} can't be written: {error.strerror or type(error).__name__}",
            "Make room or set the rights there; BULKUP_HOME moves it.",
            name="NotWritable",
        ) from None


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
