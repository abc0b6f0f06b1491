"""The org on a loopback port: uvicorn in a thread, background work in another."""

import logging
import os
import shutil
import socket
import sqlite3
import threading
from contextlib import ExitStack
from pathlib import Path
from sqlite3 import DatabaseError
from types import TracebackType
from typing import Self

import uvicorn

from bulkup.localorg.data.objects import DescribeError
from bulkup.localorg.faults.plan import FaultPlan
from bulkup.localorg.http.asgi import Protocol, Shell
from bulkup.localorg.http.lock import OrgInUse, announced, find_running, owning
from bulkup.localorg.oauth.apps import AppsError, LoginRules
from bulkup.localorg.org import Org

__all__ = [
    "AppsError",
    "DatabaseError",
    "DescribeError",
    "OrgInUse",
    "Running",
    "find_running",
    "reset",
    "serve",
]

_IDLE_SECONDS = 75
_GRACE_SECONDS = 2
_BREATH_SECONDS = 0.0002
_PAUSE_SECONDS = 1.0
_log = logging.getLogger(__name__)
_KEPT = {"objects", "apps.toml", "server-app.json", "org.lock", "owner.json"}


class Running:
    """An org that is being served. Also a context manager: stops at its end."""

    def __init__(self, org: Org, listener: socket.socket, claims: ExitStack) -> None:
        """`claims` is closed at the end: the listener and the directory."""
        self.org = org
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.token = org.token
        self.server_app = org.server_app
        """The ready-made app for client credentials; None where an `apps.toml` replaces it."""
        self._claims = claims
        self._listener = listener
        self._stopping = threading.Event()
        self._news = threading.Event()
        self._news.set()  # what an earlier process left unfinished
        self._shell = Shell(org, self._news, self._stopping)
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._shell,
                http=Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_keep_alive=_IDLE_SECONDS,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        self._threads = [
            threading.Thread(target=self._serve, name="localorg", daemon=True),
            threading.Thread(target=self._tick, name="localorg-work", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __repr__(self) -> str:
        return f"<Running {self.url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def announce(self, directory: Path) -> None:
        """Let other processes find it (`find_running`) until it stops."""
        self._claims.enter_context(announced(directory, self.url, self.token))

    def stop(self) -> None:
        """Stop serving and let go of the directory. What is unfinished goes on next time."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._news.set()
        self._server.should_exit = True
        for thread in self._threads:
            thread.join()
        self.org.close()
        self._claims.close()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is stopped, or so many seconds; whether it was."""
        return self._stopping.wait(seconds)

    def _serve(self) -> None:
        self._server.run(sockets=[self._listener])

    def _tick(self) -> None:
        while not self._stopping.is_set():
            try:
                worked = self.org.tick()
            except sqlite3.Error:
                _log.exception("the local org's database can't be written; trying again")
                self._stopping.wait(_PAUSE_SECONDS)
                continue
            if worked:
                self._stopping.wait(_BREATH_SECONDS)  # let a request have the lock
            else:
                self._news.wait()
                self._news.clear()


def serve(
    directory: Path,
    *,
    port: int = 0,
    token: str | None = None,
    announce: bool = False,
    faults: FaultPlan | None = None,
    login_rules: LoginRules | None = None,
) -> Running:
    """Serve the org in this directory on 127.0.0.1; port 0 takes a free one.

    `faults` is what is to go wrong, `login_rules` say how apps get in. With `announce` other
    processes find it (`find_running`). Raises OrgInUse when another process has the directory,
    OSError when the port is taken, ValueError (DescribeError) for a file of the user's own that
    can't be read.
    """
    with ExitStack() as claims:
        claims.enter_context(owning(directory))
        listener = claims.enter_context(_listen(port))
        org = Org(directory, token=token, faults=faults, login_rules=login_rules)
        running = Running(org, listener, claims.pop_all())
    if announce:
        try:
            running.announce(directory)
        except OSError:
            running.stop()
            raise
    return running


def _listen(port: int) -> socket.socket:
    # The protocol is named: only then asyncio sets TCP_NODELAY, without which each answer lasts
    # 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere it would let two processes have the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def reset(directory: Path) -> None:
    """Empty the org, its identity included; the user's own describe files stay.

    Raises OrgInUse when another process has it.
    """
    with owning(directory):
        for path in directory.iterdir():
            if path.name in _KEPT:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
