"""A thin client: one place where requests are sent, and where each is tried exactly once."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, Protocol, Self
from urllib.parse import urlsplit

import httpx

from bulkup import __version__
from bulkup.errors import InputError, Refused, Transient
from bulkup.salesforce import errors
from bulkup.salesforce.urls import is_loopback

CONNECT_SECONDS = 10.0
READ_SECONDS = 120.0
WRITE_SECONDS = 60.0
BLOCK = 1 << 18
REDIRECTS = range(300, 400)
NOT_MODIFIED = 304
ERRORS_FROM = 400


class Content(Protocol):
    """A request body that can be sent twice and knows its length in bytes."""

    def __iter__(self) -> Iterator[bytes]:
        """The blocks, from the beginning each time."""
        ...

    def __len__(self) -> int:
        """The length in bytes."""
        ...


class Client:
    """Speaks to one org. Safe for several threads; `calls` counts the requests.

    `auth` adds the token and may renew it once for a request that got a 401. `log` hears a line
    for each request: method, path, status, milliseconds; never a header or a body.
    """

    def __init__(
        self,
        *,
        instance_url: str,
        auth: httpx.Auth,
        api_version: str = "60.0",
        transport: httpx.BaseTransport | None = None,
        log: Callable[[str], None] | None = None,
    ) -> None:
        self.instance_url = instance_url.rstrip("/")
        self.host = urlsplit(self.instance_url).netloc
        self.api_version = api_version
        self.calls = 0
        self._auth = auth
        self._counting = threading.Lock()
        self._log = log
        self._http = opened(
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
            SalesforceError, CredentialsError: by the table in `faults`.
        """
        expect = more.pop("expect", dict)
        return self.read(self.request(method, path, **more), expect)

    def read(self, response: httpx.Response, expect: type = dict) -> Any:
        """The JSON in an answer.

        Raises:
            Transient: there is none, or it is of another kind: a proxy or a maintenance page.
        """
        try:
            data = response.json()
        except ValueError:
            data = None
        if isinstance(data, expect):
            return data
        raise Transient(
            f"{self.host} answered {response.request.method} {response.request.url.path} "
            "with something that is not Salesforce's JSON",
            errors.PASSING_HINT,
            status=response.status_code,
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: Content | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """One request and its whole answer; a body is sent with its Content-Length.

        Raises:
            SalesforceError, CredentialsError: by the table in `faults`.
        """
        own = dict(headers or {})
        if content is not None:
            own["Content-Length"] = str(len(content))
        with self._counted(method, path) as note:
            response = self._http.request(
                method, self._own(path), json=json, data=form, content=content, headers=own
            )
            note(response)
        return response

    def download(self, path: str, to: IO[bytes]) -> None:
        """Stream an answer into an open file.

        Raises:
            Transient: the answer ended early. SalesforceError, CredentialsError as for `request`.
        """
        with (
            self._counted("GET", path) as note,
            self._http.stream("GET", self._own(path), headers={"Accept": "text/csv"}) as response,
        ):
            if response.status_code >= ERRORS_FROM:
                response.read()
            note(response)
            size = sum(map(to.write, response.iter_bytes(BLOCK)))
            self._check_whole(response, size)

    def _own(self, path: str) -> str:
        """Only paths of the org itself: a token goes nowhere else.

        Raises:
            Refused: the address is another host's.
        """
        parts = urlsplit(path)
        if (parts.scheme or parts.netloc) and _origin(path) != _origin(self.instance_url):
            raise Refused(
                f"{self.host} sent an address of another host ({parts.netloc}); it was not followed"
            )
        return parts._replace(scheme="", netloc="").geturl()

    @contextmanager
    def _counted(self, method: str, path: str) -> Iterator[Callable[[httpx.Response], None]]:
        """Log and translate one request."""
        since = time.monotonic()
        status = "-"

        def note(response: httpx.Response) -> None:
            nonlocal status
            status = str(response.status_code)
            self._raise_for(response)

        try:
            yield note
        except httpx.HTTPError as error:
            raise errors.error_of_failure(error, self.host) from None
        except httpx.InvalidURL:
            raise Refused(f"{self.host} sent an address that can't be read") from None
        finally:
            if self._log:
                took = (time.monotonic() - since) * 1000
                self._log(f"{method} {urlsplit(path).path} {status} {took:.0f} ms")

    def _count(self, _request: httpx.Request) -> None:
        with self._counting:
            self.calls += 1

    def _check_whole(self, response: httpx.Response, size: int) -> None:
        promised = response.headers.get("content-length", "")
        plain = "content-encoding" not in response.headers
        came = response.num_bytes_downloaded or (size if plain else None)
        if promised.isdecimal() and came is not None and came != int(promised):
            raise Transient(
                f"{self.host} sent {came} bytes of an answer of {promised}", errors.PASSING_HINT
            )

    def _raise_for(self, response: httpx.Response) -> None:
        if response.status_code >= ERRORS_FROM:
            raise errors.error_of_response(response)
        if response.status_code in REDIRECTS and response.status_code != NOT_MODIFIED:
            raise Refused(
                f"{self.host} answered with a redirect (status {response.status_code})",
                "Set the org's own URL, as https://example.my.salesforce.com.",
                status=response.status_code,
            )


def opened(
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
        return httpx.Client(
            base_url=base_url,
            auth=auth,
            transport=transport,
            event_hooks=event_hooks,
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, write=WRITE_SECONDS),
            headers={"User-Agent": f"bulkup/{__version__}", "Accept": "application/json"},
            **trust(base_url),
        )
    except (ValueError, ImportError, httpx.InvalidURL):
        # Not the error's own words: a proxy's address may hold a password.
        raise InputError(
            "The proxy that the environment names can't be used",
            "Look at HTTPS_PROXY, HTTP_PROXY and ALL_PROXY; write it like http://proxy:3128",
            name="BadProxy",
        ) from None


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
        import truststore  # noqa: PLC0415 -- costs start-up time, and http needs none

        arguments["verify"] = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        arguments["verify"] = False
    return arguments
