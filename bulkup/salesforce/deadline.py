"""One deadline for a request as a whole: httpx limits each single read and write, not their sum.

A server that sends a byte a second never meets a read timeout. So the connections themselves ask,
before each read and write, how long the request that is under way may still take.
"""

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

CALL_SECONDS = 300.0
"""What one ordinary call may take, from connecting to the last byte of its answer."""
CRAWL_SECONDS = 120.0
CRAWL_BYTES_PER_SECOND = 512
"""A transfer (an upload, a download of results) is cut when it moves more slowly than this,
taken over `CRAWL_SECONDS`, or over `CRAWL_GRACE_SECONDS` when the run's time is over."""
GRACE_SECONDS = 1.5
"""What a call gets beyond the run's own time; a transfer that moves is not cut by it."""
CRAWL_GRACE_SECONDS = GRACE_SECONDS / 2
"""Half of it: a transfer that has just moved may be silent for another one of its windows."""
WRITE_BYTES = 1 << 16

Remaining = Callable[[], float | None]
"""The seconds that are left of the time that the user gave; None where no end is set."""


def no_limit() -> float | None:
    """No time is set."""
    return None


class Deadline:
    """How long one request may still take. `left` is in seconds; at 0 the request is cut.

    A call ends after `CALL_SECONDS`, or `GRACE_SECONDS` after the run's own time. A transfer goes
    on for as long as it moves at least `CRAWL_BYTES_PER_SECOND`, window by window.
    """

    def __init__(
        self,
        remaining: Remaining = no_limit,
        *,
        transfer: bool = False,
        clock: Callable[[], float] = time.monotonic,
        outer: "Deadline | None" = None,
    ) -> None:
        self._remaining = remaining
        self._transfer = transfer
        self._clock = clock
        self._outer = outer
        self._begin(clock())

    def left(self) -> float:
        """The seconds until the request is cut."""
        now = self._clock()
        if self._transfer and now >= self._end and self._moved >= self._quota:
            self._begin(now)
        end = self._end
        if self._transfer and self._moved >= self._quota:
            end += self._seconds(end - now)  # this window is earned already
        own = max(0.0, end - now)
        return min(own, self._outer.left()) if self._outer else own

    def add(self, count: int) -> None:
        """Count bytes that were sent or have come."""
        self._moved += count
        if self._outer:
            self._outer.add(count)

    def _begin(self, now: float) -> None:
        length = self._seconds()
        self._end = now + length
        self._quota = length * CRAWL_BYTES_PER_SECOND
        self._moved = 0

    def _seconds(self, ahead: float = 0.0) -> float:
        """How long a call, or a window of a transfer, may take that begins so far ahead."""
        limit = CRAWL_SECONDS if self._transfer else CALL_SECONDS
        remaining = self._remaining()
        if remaining is None:
            return limit
        grace = CRAWL_GRACE_SECONDS if self._transfer else GRACE_SECONDS
        return min(limit, max(0.0, remaining - ahead) + grace)


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def deadline(remaining: Remaining = no_limit, *, transfer: bool = False) -> Iterator[Deadline]:
    """Limit the requests of this thread for as long as the block lasts.

    A request inside of another, as the renewal of a token is, ends with the outer one at the
    latest.
    """
    limit = Deadline(remaining, transfer=transfer, outer=_current.get())
    token = _current.set(limit)
    try:
        yield limit
    finally:
        _current.reset(token)


def limit_connections(client: httpx.Client) -> None:
    """Let the connections of a client, those through proxies too, heed the deadline."""
    # httpx takes no network backend, and building its transports ourselves would mean to read
    # the proxy variables ourselves as well. A test notices if these attributes change.
    for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001
        if isinstance(transport, httpx.HTTPTransport):
            pool: Any = transport._pool  # noqa: SLF001
            pool._network_backend = _Backend(pool._network_backend)  # noqa: SLF001


def _time_left(timeout: float | None, error: type[Exception]) -> float | None:
    """A timeout, shortened to what is left.

    Raises:
        error: nothing is left.
    """
    limit = _current.get()
    if limit is None:
        return timeout
    left = limit.left()
    if left <= 0:
        raise error("the deadline of the request has passed")
    return left if timeout is None else min(timeout, left)


def _count(size: int) -> None:
    if limit := _current.get():
        limit.add(size)


class _Stream(httpcore.NetworkStream):
    """A connection whose reads and writes end with the request's deadline."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes."""
        data = self._stream.read(max_bytes, _time_left(timeout, httpcore.ReadTimeout))
        _count(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send in pieces: the deadline counts between them."""
        for start in range(0, len(buffer), WRITE_BYTES):
            piece = buffer[start : start + WRITE_BYTES]
            self._stream.write(piece, _time_left(timeout, httpcore.WriteTimeout))
            _count(len(piece))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Go over to TLS."""
        left = _time_left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of the connection beneath."""
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Opens connections that heed the deadline."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Open a connection to the first of the host's addresses that takes it.

        One by one: the system's own way gives each of them the whole timeout.
        """
        error: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in _addresses(host, port):
            left = _time_left(timeout, httpcore.ConnectTimeout)
            try:
                return _Stream(
                    self._backend.connect_tcp(address, port, left, local_address, socket_options)
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as refusal:
                error = refusal
        raise error


def _addresses(host: str, port: int) -> list[str]:
    """The addresses of a host, in the order in which the system would try them.

    Raises:
        httpcore.ConnectError: there is no such host.
    """
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(error) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))
