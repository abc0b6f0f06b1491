"""A transport that carries httpx's requests straight into the local org: no sockets, no sleep."""

from collections.abc import Callable, Iterator

import httpx

from bulkup.localorg.http.messages import ConnectionFault, Request, Response
from bulkup.localorg.org import Org


class OrgTransport(httpx.BaseTransport):
    """Carries requests and acts the org's faults out as httpx would see them.

    `before` and `after` are called around each request; the simulation kills the process there.
    """

    def __init__(
        self,
        org: Org,
        *,
        before: Callable[[Request], None] = lambda _request: None,
        after: Callable[[Request], None] = lambda _request: None,
        wait: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._org = org
        self._before = before
        self._after = after
        self._wait = wait

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request, with whatever befalls it on the way."""
        asked = Request(
            method=request.method,
            path=request.url.path,
            query=dict(request.url.params),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.read(),
        )
        self._before(asked)
        answer = self._org.handle(asked)
        self._after(asked)
        return self._carried(request, answer)

    def _carried(self, request: httpx.Request, answer: Response) -> httpx.Response:
        trouble = answer.fault.trouble if answer.fault else None
        seconds = answer.fault.seconds if answer.fault else 0.0
        if trouble in {ConnectionFault.RESET, ConnectionFault.RESET_UPLOAD}:
            raise httpx.WriteError("connection reset", request=request)
        if trouble is ConnectionFault.LOST:
            raise httpx.ReadError("connection reset", request=request)
        if trouble is ConnectionFault.HANG:
            self._wait(seconds)
            raise httpx.ReadTimeout("timed out", request=request)
        if trouble is ConnectionFault.SLOW:
            self._wait(seconds)
        body = (
            answer.body[: len(answer.body) // 2] if trouble is ConnectionFault.CUT else answer.body
        )
        stream = Cut(body) if trouble is ConnectionFault.CUT else httpx.ByteStream(body)
        headers = {**answer.headers, "content-length": str(len(answer.body))}
        return httpx.Response(answer.status, headers=headers, stream=stream)


class Cut(httpx.SyncByteStream):
    """A body that ends before its Content-Length, as httpcore tells it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        """Half of the body, then the end of the connection."""
        yield self._body
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message")
