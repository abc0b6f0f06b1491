"""A thin client: one place where requests are sent, and where each is tried exactly once."""

import json as jsonlib
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import httpx
import truststore

from bulkup import __version__
from bulkup.errors import InputError, Refused, SalesforceError, Transient
from bulkup.salesforce import errors
from bulkup.salesforce.bearer import NO_REPEAT, TOKEN_RENEWED
from bulkup.salesforce.deadline import Remaining, deadline, limit_connections, no_limit
from bulkup.salesforce.urls import is_loopback

CONNECT_SECONDS = 10.0
READ_SECONDS = 120.0
WRITE_SECONDS = 60.0
BLOCK = 1 << 18
JSON_BYTES = 32 << 20
"""The longest JSON that is read, unpacked. The describe of an object with 800 fields has 2 MB."""
ERROR_BYTES = 1 << 18
"""What is read of an error's body: a page of HTML may be long, its title comes early."""
RESULT_BYTES = 4 << 30
"""The longest result that is read, unpacked. A job takes 150 MB; a result repeats its rows,
quoted, with an Id and an error for each."""
OK = 200
CREATED = 201
REDIRECTS = range(300, 400)
NOT_MODIFIED = 304
UNAUTHORIZED = 401
ERRORS_FROM = 400


class Content(Protocol):
    """A request body that can be sent twice and knows its length in bytes."""

    def __iter__(self) -> Iterator[bytes]:
        """The blocks, from the beginning each time."""
        ...

    def __len__(self) -> int:
        """The length in bytes."""
        ...


class Writable(Protocol):
    """Something that takes bytes, such as a file open for writing."""

    def write(self, data: bytes, /) -> int:
        """Take a block; how many bytes it had."""
        ...


class Client:
    """Speaks to one org. Safe for several threads; `calls` counts the requests.

    `auth` adds the token and may renew it once for a request that got a 401. `log` gets a line
    for each request: method, path, status, milliseconds; never a header or a body. `remaining`
    gives the seconds that are left of the time that the user set, None where none is: a call ends
    soon after it, see `deadline`.
    """

    def __init__(
        self,
        *,
        instance_url: str,
        auth: httpx.Auth,
        api_version: str = "60.0",
        transport: httpx.BaseTransport | None = None,
        log: Callable[[str], None] | None = None,
        remaining: Remaining = no_limit,
    ) -> None:
        self.instance_url = instance_url.rstrip("/")
        self.host = urlsplit(self.instance_url).netloc
        self.api_version = api_version
        self.calls = 0
        self.remaining = remaining
        self._auth = auth
        self._counting = threading.Lock()
        self._log = log
        self._http = open_http(
            self.instance_url,
            auth=auth,
            transport=transport,
            event_hooks={"request": [self._count]},
        )

    def __repr__(self) -> str:
        return f"Client({self.host})"

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    @property
    def token(self) -> str:
        """The present token, for what can be read from it (the org's id); never to be shown."""
        return str(getattr(self._auth, "token", ""))

    def data(self, path: str) -> str:
        """A path under the version that is spoken: `jobs/ingest` and the like."""
        return f"/services/data/v{self.api_version}/{path}"

    def get(self, path: str, **more: Any) -> Any:
        """The JSON of a GET."""
        return self.json("GET", path, **more)

    def json(self, method: str, path: str, **more: Any) -> Any:
        """The JSON of an answer; of the kind that `expect` names, a dict if it is not given.

        Raises:
            SalesforceError, CredentialsError: by the table in `errors`.
        """
        expect = more.pop("expect", dict)
        return self.read(self.request(method, path, **more), expect)

    def read(self, response: httpx.Response, expect: type = dict) -> Any:
        """The JSON in an answer.

        Raises:
            Transient: there is none, or it is of another kind: a proxy or a maintenance page.
        """
        data = parse_json(response)
        if isinstance(data, expect):
            return data
        kind = "a list" if expect is list else "an object"
        raise Transient(
            f"{self.host} answered {response.request.method} {response.request.url.path} "
            f"with something that is not Salesforce's JSON; {kind} was expected",
            errors.PASSING_HINT,
            status=response.status_code,
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """One request and its whole answer, unpacked.

        Raises:
            SalesforceError, CredentialsError: by the table in `errors`.
        """
        with self._counted(method, path) as note, deadline(self.remaining):
            response = send(
                self._http, method, self._own_path(path), json=json, headers=dict(headers or {})
            )
            note(response)
            self._raise_for(response)
        return response

    def upload(self, path: str, content: Content) -> None:
        """PUT a CSV with its Content-Length. It is sent once: a 401 renews the token and no more.

        Raises:
            Transient: nobody knows whether the content was taken, so it is not to be sent to the
                same address again. Other SalesforceError, CredentialsError: by the table in
                `errors`.
        """
        headers = {"Content-Type": "text/csv", "Content-Length": str(len(content))}
        with self._counted("PUT", path) as note, deadline(self.remaining, transfer=True):
            response = send(
                self._http,
                "PUT",
                self._own_path(path),
                content=content,
                headers=headers,
                extensions={NO_REPEAT: True},
            )
            note(response)
            if response.request.extensions.get(TOKEN_RENEWED):
                raise Transient(
                    "The token expired during an upload and was renewed; whether Salesforce took "
                    "the rows is not known, so the job is not uploaded to again",
                    errors.PASSING_HINT,
                    status=response.status_code,
                )
            self._raise_for(response)
        self._require_status(response, CREATED, "an upload", "a gateway may have kept it")

    def download(self, path: str, to: Writable) -> None:
        """Stream an answer into an open file, unpacked.

        Raises:
            Transient: the answer ended early, or is none. SalesforceError: it has no end.
            SalesforceError, CredentialsError as for `request`.
        """
        with (
            self._counted("GET", path) as note,
            deadline(self.remaining, transfer=True),
            self._http.stream(
                "GET", self._own_path(path), headers={"Accept": "text/csv"}
            ) as response,
        ):
            note(response)
            self._raise_for(response)
            why = "it may be a part, or a cache's word for no change"
            self._require_status(response, OK, "a download", why)
            size = 0
            for block in unpacked_blocks(response):
                size += len(block)
                if size > RESULT_BYTES:
                    raise _too_long(self.host, "result", RESULT_BYTES)
                to.write(block)
            self._require_complete(response, size)

    def _require_status(self, response: httpx.Response, expected: int, what: str, why: str) -> None:
        """Take only the status that Salesforce gives; `why` is what another may mean.

        Raises:
            Transient: it is another.
        """
        if response.status_code != expected:
            raise Transient(
                f"{self.host} answered {what} with status {response.status_code} where "
                f"Salesforce answers {expected}: {why}",
                errors.PASSING_HINT,
                status=response.status_code,
            )

    def _own_path(self, address: str) -> str:
        """Only addresses of the org itself: a token goes nowhere else.

        Raises:
            Refused: the address is another host's, or can't be read.
        """
        try:
            parts = urlsplit(address)
        except ValueError:
            raise self._unreadable_address() from None
        if (parts.scheme or parts.netloc) and _origin(address) != _origin(self.instance_url):
            raise Refused(
                f"{self.host} sent an address of another host ({parts.netloc}); it was not followed"
            )
        return parts._replace(scheme="", netloc="").geturl()

    def _unreadable_address(self) -> Refused:
        return Refused(f"{self.host} sent an address that can't be read; a path was expected")

    @contextmanager
    def _counted(self, method: str, path: str) -> Iterator[Callable[[httpx.Response], None]]:
        """Log and translate one request."""
        since = time.monotonic()
        status = "-"

        def note(response: httpx.Response) -> None:
            nonlocal status
            status = str(response.status_code)

        try:
            yield note
        except httpx.HTTPError as error:
            raise errors.error_of_failure(error, self.host) from None
        except httpx.InvalidURL:
            raise self._unreadable_address() from None
        finally:
            if self._log:
                took = (time.monotonic() - since) * 1000
                self._log(f"{method} {path.partition('?')[0]} {status} {took:.0f} ms")

    def _count(self, _request: httpx.Request) -> None:
        with self._counting:
            self.calls += 1

    def _require_complete(self, response: httpx.Response, size: int) -> None:
        promised = response.headers.get("content-length", "")
        plain = "content-encoding" not in response.headers
        came = response.num_bytes_downloaded or (size if plain else None)
        if promised.isdecimal() and came is not None and came != int(promised):
            raise Transient(
                f"{self.host} sent {came} bytes of an answer of {promised}", errors.PASSING_HINT
            )

    def _raise_for(self, response: httpx.Response) -> None:
        if response.status_code >= ERRORS_FROM:
            raise errors.error_of_response(whole(response))
        if response.status_code in REDIRECTS and response.status_code != NOT_MODIFIED:
            raise Refused(
                f"{self.host} answered with a redirect (status {response.status_code})",
                "Set the org's own URL, as https://example.my.salesforce.com.",
                status=response.status_code,
            )


def send(http: httpx.Client, method: str, url: str, **more: Any) -> httpx.Response:
    """One request and its whole answer, unpacked, of at most `JSON_BYTES`.

    Of an error's body only the beginning is kept.

    Raises:
        SalesforceError: the answer is longer. httpx.HTTPError: it did not come.
    """
    with http.stream(method, url, **more) as response:
        return whole(response)


def whole(response: httpx.Response) -> httpx.Response:
    """The same answer with its body read and unpacked; of an error's only the beginning.

    Raises:
        SalesforceError: it is longer than `JSON_BYTES`.
    """
    failed = response.status_code >= ERRORS_FROM
    limit = ERROR_BYTES if failed else JSON_BYTES
    body = bytearray()
    for block in unpacked_blocks(response):
        body += block
        if len(body) > limit:
            if failed:
                break
            raise _too_long(response.request.url.host, "answer", limit)
    packing = {b"content-encoding", b"content-length", b"transfer-encoding"}
    headers = [entry for entry in response.headers.raw if entry[0].lower() not in packing]
    return httpx.Response(
        response.status_code,
        headers=headers,
        content=bytes(body[:limit]),
        request=response.request,
    )


def unpacked_blocks(response: httpx.Response) -> Iterator[bytes]:
    """The body in blocks of at most `BLOCK` bytes, whatever it was packed to.

    httpx unpacks all that one read brought at once, a thousand times its size if need be.

    Raises:
        Transient: it is packed in a way that was not asked for, or badly.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if response.is_stream_consumed:  # a transport, as in tests, that gives whole answers
        yield response.content
    elif encoding in {"", "identity"}:
        yield from response.iter_raw(BLOCK)
    elif encoding in {"gzip", "x-gzip"}:
        yield from _gunzipped(response)
    else:
        raise Transient(
            f"{response.request.url.host} sent an answer packed as {encoding[:20]!r}; gzip or "
            "nothing was expected",
            errors.PASSING_HINT,
            status=response.status_code,
        )


def _gunzipped(response: httpx.Response) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        for packed in response.iter_raw(BLOCK):
            rest = packed
            while rest:
                yield unpacker.decompress(rest, BLOCK)
                rest = unpacker.unconsumed_tail
        yield unpacker.flush()
        complete = unpacker.eof or not response.num_bytes_downloaded
    except zlib.error:
        complete = False
    if not complete:
        raise Transient(
            f"{response.request.url.host} sent an answer that can't be unpacked (gzip): it is "
            "damaged or ends early",
            errors.PASSING_HINT,
            status=response.status_code,
        )


def _too_long(host: str, what: str, limit: int) -> SalesforceError:
    return SalesforceError(
        f"{host} sent more than {limit >> 20:,} MB as one {what}; Salesforce's are shorter",
        "Check the URL of the org, and what stands between you and it.",
    )


def parse_json(response: httpx.Response) -> Any:
    """The JSON in an answer that was read; None where it holds none, or none that can be read."""
    try:
        return jsonlib.loads(response.content)
    except (ValueError, RecursionError):
        return None


def open_http(
    base_url: str,
    *,
    auth: httpx.Auth | None = None,
    transport: httpx.BaseTransport | None = None,
    event_hooks: Mapping[str, list[Callable[..., Any]]] | None = None,
) -> httpx.Client:
    """A client of httpx as it is to be used here: whom it trusts, how long it waits.

    Raises:
        InputError: a proxy variable of the environment can't be used.
    """
    try:
        client = httpx.Client(
            base_url=base_url,
            auth=auth,
            transport=transport,
            event_hooks=event_hooks,
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, write=WRITE_SECONDS),
            headers={
                "User-Agent": f"bulkup/{__version__}",
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
            },
            **trust(base_url),
        )
    except (ValueError, ImportError, httpx.InvalidURL):
        # Not the error's own words: a proxy's address may hold a password.
        raise InputError(
            "The proxy that the environment names can't be used",
            "Look at HTTPS_PROXY, HTTP_PROXY and ALL_PROXY; write it like http://proxy:3128",
            name="BadProxy",
        ) from None
    limit_connections(client)
    return client


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    try:
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", None, None
    return parts.scheme, parts.hostname, port


def trust(url: str) -> dict[str, Any]:
    """What httpx is given for a URL: the system's trust store, and no proxy to this machine."""
    parts = urlsplit(url)
    arguments: dict[str, Any] = {"trust_env": not is_loopback(parts.hostname)}
    if parts.scheme == "https":
        arguments["verify"] = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        arguments["verify"] = False
    return arguments
