"""The thin shell that carries requests from sockets to the org and its answers back."""

import asyncio
import struct
import threading
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.requests import Request as WebRequest
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from bulkup.localorg.org import Org
from bulkup.localorg.wire import Request, Response

_RESET = struct.pack("ii", 1, 0)  # no lingering: close by a reset


class Protocol(H11Protocol):
    """uvicorn's own, which also remembers the connection of each peer: resets need it."""

    peers: dict[Any, asyncio.Transport] = {}  # noqa: RUF012  # shared on purpose

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Remember the connection."""
        super().connection_made(transport)
        self.peers[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self.peers.pop(self.client, None)
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
        try:
            request = await _read(web)
        except ClientDisconnect:
            return  # what came in part was never asked
        response = await run_in_threadpool(self._org.handle, request)
        self._news.set()
        await _send(send, response)


async def _read(web: WebRequest) -> Request:
    return Request(
        method=web.method,
        path=web.url.path,
        query=dict(web.query_params),
        headers={name: web.headers[name] for name in web.headers},
        body=await web.body(),
    )


async def _send(send: Send, response: Response) -> None:
    headers = dict(response.headers)
    if response.status not in (204, 304):
        headers["content-length"] = str(len(response.body))
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": response.body})
