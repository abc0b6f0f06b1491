"""A thin client: one place where requests are sent, and where each is tried exactly once."""

import ipaddress
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import httpx

from bulkup import __version__
from bulkup.errors import Refused, Transient
from bulkup.salesforce import faults

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
        self._counting = threading.Lock()
        self._log = log
        self._http = httpx.Client(
            base_url=self.instance_url,
            auth=auth,
            transport=transport,
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, write=WRITE_SECONDS),
            headers={"User-Agent": f"bulkup/{__version__}", "Accept": "application/json"},
            **trust(self.instance_url),
        )

    def __repr__(self) -> str:
        return f"Client({self.host})"

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    def data(self, path: str) -> str:
        """A path under the version that is spoken: `jobs/ingest` and the like."""
        return f"/services/data/v{self.api_version}/{path}"

    def get(self, path: str, **more: Any) -> Any:
        """The JSON of a GET."""
        return self.json("GET", path, **more)

    def json(self, method: str, path: str, **more: Any) -> Any:
        """The JSON of an answer.

        Raises:
            SalesforceError, CredentialsError: by the table in `faults`.
        """
        response = self.request(method, path, **more)
        try:
            return response.json()
        except ValueError as error:
            raise Transient(
                f"{self.host} answered {method} {path.partition('?')[0]} with something that is "
                "not JSON",
                faults.PASSING_HINT,
                status=response.status_code,
            ) from error

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
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
                method, self._own(path), json=json, content=content, headers=own
            )
            note(response)
        return response

    def download(self, path: str, to: Path) -> None:
        """Stream an answer into a file that is new, for its owner only, and on the disk at the end.

        Raises:
            Transient: the answer ended early. SalesforceError, CredentialsError as for `request`.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
        with (
            self._counted("GET", path) as note,
            self._http.stream("GET", self._own(path), headers={"Accept": "text/csv"}) as response,
        ):
            if response.status_code >= ERRORS_FROM:
                response.read()
            note(response)
            with os.fdopen(os.open(to, flags, 0o600), "wb") as file:
                for block in response.iter_bytes(BLOCK):
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())

    def _own(self, path: str) -> str:
        """Only paths of the org itself: a token goes nowhere else.

        Raises:
            Refused: the address is another host's.
        """
        parts = urlsplit(path)
        if (parts.scheme or parts.netloc) and f"{parts.scheme}://{parts.netloc}" != _origin(
            self.instance_url
        ):
            raise Refused(
                f"{self.host} sent an address of another host ({parts.netloc}); it was not followed"
            )
        return parts._replace(scheme="", netloc="").geturl()

    @contextmanager
    def _counted(self, method: str, path: str) -> Iterator[Callable[[httpx.Response], None]]:
        """Count, log and translate one request."""
        with self._counting:
            self.calls += 1
        since = time.monotonic()
        status = "-"

        def note(response: httpx.Response) -> None:
            nonlocal status
            status = str(response.status_code)
            self._raise_for(response)

        try:
            yield note
        except httpx.HTTPError as error:
            raise faults.of_failure(error, self.host) from None
        finally:
            if self._log:
                took = (time.monotonic() - since) * 1000
                self._log(f"{method} {urlsplit(path).path} {status} {took:.0f} ms")

    def _raise_for(self, response: httpx.Response) -> None:
        if response.status_code >= ERRORS_FROM:
            raise faults.of_answer(response)
        if response.status_code in REDIRECTS and response.status_code != NOT_MODIFIED:
            raise Refused(
                f"{self.host} answered with a redirect (status {response.status_code})",
                "Set the org's own URL, as https://example.my.salesforce.com.",
                status=response.status_code,
            )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


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
