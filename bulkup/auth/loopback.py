"""Listens on this machine for the browser that comes back from logging in."""

import errno
import os
import queue
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from bulkup.auth.authorization_code import PATH
from bulkup.errors import CredentialsError, InputError

INTERRUPT_CHECK_SECONDS = 0.2
"""How often ^C is looked for: on Windows a longer wait would not hear it."""
POLL_SECONDS = 0.05
PAGE_SECONDS = 180.0
IDLE_SECONDS = 10.0
STOPPED = ("Stopped", "bulkup has stopped waiting. Look at the terminal.")
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>bulkup: {title}</title>
<style>body {{ font: 1.1em/1.5 sans-serif; margin: 4em auto; max-width: 36em; }}</style></head>
<body><h1>{title}</h1><p>{text}</p></body></html>
"""
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Connection": "close",
}


@dataclass(slots=True)
class _LoginMailbox:
    """What the servers share: the one answer, the page for it, and that the browser has it.

    Only an answer with this `state` is taken: any web page can send a browser to this machine.
    """

    state: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    answers: "queue.Queue[dict[str, str]]" = field(default_factory=queue.Queue)
    pages: "queue.Queue[tuple[str, str]]" = field(default_factory=queue.Queue)
    shown: threading.Event = field(default_factory=threading.Event)
    taken: threading.Lock = field(default_factory=threading.Lock)


class LoopbackListener:
    """A browser is waited for at `port`. One answer is taken; its page tells how it ended.

    `state` must go into the login that the browser is sent to: no other answer is taken.
    """

    def __init__(self, port: int, mailbox: _LoginMailbox) -> None:
        self.port = port
        self.state = mailbox.state
        self._mailbox = mailbox

    def answer(self, seconds: float) -> dict[str, str]:
        """What the browser brings.

        Raises:
            CredentialsError: nobody came in time.
        """
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            with suppress(queue.Empty):
                return self._mailbox.answers.get(timeout=min(INTERRUPT_CHECK_SECONDS, left))
        raise CredentialsError(
            f"Nobody came back from the browser in {seconds:.0f} s",
            "Log in again; --timeout gives more time, and --no-browser works where the browser is "
            "on another machine.",
            name="LoginTimeout",
        )

    def show(self, title: str, text: str) -> None:
        """Tell the person at the browser how it ended, and wait until the browser has it."""
        self._mailbox.pages.put((title, text))
        self._mailbox.shown.wait(IDLE_SECONDS)


class _Server(ThreadingHTTPServer):
    """In threads: a browser opens connections ahead of need, and they must not block."""

    # On Windows it would let a second program listen on the same port.
    allow_reuse_address = os.name == "posix"
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: str, port: int, mailbox: _LoginMailbox) -> None:
        self.mailbox = mailbox
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, port), _Handler)

    def handle_error(self, *_: object) -> None:
        """A browser that hangs up is nothing to print."""


class _Handler(BaseHTTPRequestHandler):
    timeout = IDLE_SECONDS
    server: _Server

    def do_GET(self) -> None:
        """The browser comes back, or asks for an icon."""
        parts = urlsplit(self.path)
        answer = dict(parse_qsl(parts.query))
        mailbox = self.server.mailbox
        state = answer.get("state", "").encode()
        if parts.path != PATH:
            self._page(404, "Not here", "There is nothing here.")
        elif not secrets.compare_digest(state, mailbox.state.encode()):
            self._page(400, "Not this login", "This is not the answer to the login that waits.")
        elif not mailbox.taken.acquire(blocking=False):
            self._page(409, "Answered", "This login has had its answer. Close this page.")
        else:
            mailbox.answers.put(answer)
            try:
                self._page(200, *mailbox.pages.get(timeout=PAGE_SECONDS))
            except queue.Empty:
                self._page(200, *STOPPED)
            finally:
                mailbox.shown.set()

    def _page(self, status: int, title: str, text: str) -> None:
        body = PAGE.format(title=escape(title), text=escape(text)).encode()
        self.send_response(status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def version_string(self) -> str:
        """No more than that."""
        return "bulkup"

    def log_message(self, *_: object) -> None:
        """Nothing: the request line holds the code."""


@contextmanager
def listen(port: int) -> Iterator[LoopbackListener]:
    """Listen on loopback only, for as long as the block lasts; port 0 takes a free one.

    Raises:
        InputError: something else listens there.
    """
    mailbox = _LoginMailbox()
    servers = _opened(port, mailbox)
    for server in servers:
        poll = (POLL_SECONDS,)
        threading.Thread(target=server.serve_forever, args=poll, daemon=True).start()
    try:
        yield LoopbackListener(servers[0].server_port, mailbox)
    finally:
        mailbox.pages.put(STOPPED)  # for a browser that still waits for its page
        if mailbox.taken.locked():
            mailbox.shown.wait(POLL_SECONDS)
        for server in servers:
            server.shutdown()
            server.server_close()


def _opened(port: int, mailbox: _LoginMailbox) -> list[_Server]:
    """A browser may take `localhost` for either address; nobody else may answer at one of them."""
    servers: list[_Server] = []
    try:
        servers.append(_Server("127.0.0.1", port, mailbox))
        servers.append(_Server("::1", servers[0].server_port, mailbox))
    except OSError as error:
        if servers and error.errno != errno.EADDRINUSE:
            return servers  # a machine without IPv6
        for server in servers:
            server.server_close()
        raise InputError(
            f"Port {port} on this machine is in use, or may not be used",
            "Is another login waiting? --port takes another one, which the app must list among its "
            "callback URLs; --no-browser needs none.",
            name="PortInUse",
        ) from None
    return servers
