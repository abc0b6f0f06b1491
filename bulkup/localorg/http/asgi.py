"""The thin shell that carries requests from sockets to the org and its answers back.

It also acts out the troubles that are ordered for the way: resets, cuts and waits happen on the
real connection.
"""

import asyncio
import socket
import struct
import sys
import threading
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.requests import Request as WebRequest
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from bulkup.localorg.api import ingest
from bulkup.localorg.http.messages import ConnectionFault, Fault, Refusal, Request, Response
from bulkup.localorg.http.origin import is_loopback_host
from bulkup.localorg.org import Org

# No lingering: the connection is closed by a reset.
_RESET = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_MOMENT = 0.01
_NO_BODY = (204, 304)
_WRONG_HOST = Refusal(
    421, "MISDIRECTED_REQUEST", "The Host header must be localhost or a loopback address"
).answer()


@dataclass(frozen=True, slots=True)
class _Connection:
    transport: asyncio.Transport
    closed: asyncio.Event


_connections: dict[tuple[object, object], _Connection] = {}


class Protocol(H11Protocol):
    """uvicorn's own, which also remembers each connection: resets need it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Remember the connection."""
        super().connection_made(transport)
        _connections[self.client, self.server] = _Connection(transport, asyncio.Event())

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        if connection := _connections.pop((self.client, self.server), None):
            connection.closed.set()
        super().connection_lost(exc)


class Shell:
    """An ASGI application over an org. `news` is set when there may be background work."""

    def __init__(self, org: Org, news: threading.Event, stopping: threading.Event) -> None:
        self._org = org
        self._news = news
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry one request."""
        web = WebRequest(scope, receive)
        if not is_loopback_host(web.headers.get("host", "")):
            await _send(send, _WRONG_HOST)
            return
        ordered = self._org.fault_for(web.method, web.url.path)
        fault = ordered.on_the_way if ordered else None
        if fault and fault.trouble in {ConnectionFault.RESET, ConnectionFault.RESET_UPLOAD}:
            await _reset(web, after_half=fault.trouble is ConnectionFault.RESET_UPLOAD)
            return
        try:
            request = await _read(web)
        except ClientDisconnect:
            return  # what came in part was never asked
        response = await run_in_threadpool(self._org.handle_with_fault, request, ordered)
        self._news.set()
        await self._deliver(web, send, response)

    async def _deliver(self, web: WebRequest, send: Send, response: Response) -> None:
        fault = response.fault
        if fault and fault.trouble in {ConnectionFault.SLOW, ConnectionFault.HANG}:
            await self._wait(web, fault)
        if fault and fault.trouble in {ConnectionFault.HANG, ConnectionFault.LOST}:
            await _reset(web)
        elif fault and fault.trouble is ConnectionFault.CUT:
            await _cut(web, send, response)
        else:
            await _send(send, response)

    async def _wait(self, web: WebRequest, fault: Fault) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + fault.seconds
        while (  # noqa: ASYNC110  # the stop comes from another thread
            loop.time() < end and not self._stopping.is_set() and _connection(web)
        ):
            await asyncio.sleep(min(_MOMENT, max(end - loop.time(), 0)))


async def _read(web: WebRequest) -> Request:
    body = bytearray()
    async for block in web.stream():
        if len(body) <= ingest.MOST_BYTES:  # beyond it, one block tells as much as all
            body += block
    return Request(
        method=web.method,
        path=web.url.path,
        query=dict(web.query_params),
        headers={name: web.headers[name] for name in web.headers},
        body=bytes(body),
    )


async def _send(send: Send, response: Response, *, share: float = 1.0) -> None:
    headers = dict(response.headers)
    if response.status not in _NO_BODY:
        headers["content-length"] = str(len(response.body))
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()],
        }
    )
    part = response.body[: int(len(response.body) * share)]
    await send({"type": "http.response.body", "body": part, "more_body": share < 1})


async def _cut(web: WebRequest, send: Send, response: Response) -> None:
    if not response.body:  # nothing to cut short but the answer itself
        await _reset(web)
        return
    await _send(send, response, share=0.5)
    if connection := _connection(web):
        connection.close()  # what was written still goes out, then the connection ends
    await _until_closed(web)


async def _reset(web: WebRequest, *, after_half: bool = False) -> None:
    if after_half:
        half, come = int(web.headers.get("content-length", 0)) / 2, 0
        async for block in web.stream():
            come += len(block)
            if come >= half:
                break
    if connection := _connection(web):
        raw = connection.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.abort()
    await _until_closed(web)


async def _until_closed(web: WebRequest) -> None:
    # Only then uvicorn does not take the missing answer for a mistake of ours.
    if connection := _connections.get(_ends(web)):
        await connection.closed.wait()


def _connection(web: WebRequest) -> asyncio.Transport | None:
    connection = _connections.get(_ends(web))
    return connection.transport if connection else None


def _ends(web: WebRequest) -> tuple[object, object]:
    return web.scope["client"], web.scope["server"]
