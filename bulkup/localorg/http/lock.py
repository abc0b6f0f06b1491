"""Who has an org's directory: one process at a time, and how another finds the one that serves."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from bulkup.localorg.data.private_files import write_private

PATIENCE_SECONDS = 2.0
_LOCK = "org.lock"
_OWNER = "owner.json"
_SERVING = "serving.json"


class OrgInUse(Exception):
    """Another process has the org: its process id, and where it serves if it announces that."""

    def __init__(self, pid: int | None, url: str | None = None, token: str | None = None) -> None:
        super().__init__(f"the local org is in use by process {pid or 'unknown'}")
        self.pid = pid
        self.url = url
        self.token = token


@contextmanager
def owning(directory: Path) -> Iterator[None]:
    """Have the directory alone. Raises OrgInUse after PATIENCE_SECONDS."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(directory / _LOCK, timeout=PATIENCE_SECONDS)
    try:
        lock.acquire()
    except Timeout:
        url, token = _serving(directory) or (None, None)
        raise OrgInUse(_pid(directory), url, token) from None
    try:
        write_private(directory / _OWNER, {"pid": os.getpid()})
        yield
    finally:
        with suppress(OSError):
            (directory / _OWNER).unlink(missing_ok=True)
        lock.release()


@contextmanager
def announced(directory: Path, url: str, token: str) -> Iterator[None]:
    """Leave a note of mode 0600 that tells where the org is served, while it is."""
    note = directory / _SERVING
    write_private(note, {"pid": os.getpid(), "url": url, "token": token})
    try:
        yield
    finally:
        with suppress(OSError):
            note.unlink(missing_ok=True)


def find_running(directory: Path) -> tuple[str, str] | None:
    """The URL and token of the process that serves this org and has announced it, or None."""
    serving = _serving(directory)
    if serving is None or not _is_held(directory) or not _answers(serving[0]):
        return None
    return serving


def _read(path: Path) -> dict[str, object]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _pid(directory: Path) -> int | None:
    pid = _read(directory / _OWNER).get("pid")
    return pid if isinstance(pid, int) else None


def _serving(directory: Path) -> tuple[str, str] | None:
    note = _read(directory / _SERVING)
    url, token = note.get("url"), note.get("token")
    if note.get("pid") != _pid(directory):
        return None  # a note left behind by a process that was killed
    return (url, token) if isinstance(url, str) and isinstance(token, str) else None


def _is_held(directory: Path) -> bool:
    lock = FileLock(directory / _LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return True
    lock.release()
    return False


def _answers(url: str) -> bool:
    where = urlsplit(url)
    try:
        with socket.create_connection((where.hostname or "", where.port or 80), timeout=0.5):
            return True
    except OSError:
        return False
