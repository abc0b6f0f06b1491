"""A request ends, whatever the server does: silence, drops, and bytes that come one by one."""

import io
import time
from collections.abc import Callable

import httpcore
import pytest

from bulkup.errors import Transient
from bulkup.salesforce import deadline
from bulkup.salesforce.bearer import TokenAuth
from bulkup.salesforce.client import Client
from bulkup.salesforce.deadline import Deadline
from tests.fakes import FakeClock
from tests.salesforce.wire import TOKEN, Bytes, dripping_server

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
PARTS = {
    "nothing": (b"", 60.0),
    "a status line by bytes": (b"H", 0.02),
    "headers by bytes": (b"HTTP/1.1 200 OK\r\nX: ", 0.02),
    "a body by bytes": (OK, 0.02),
}


def ended(client: Client, step: Callable[[Client], object]) -> float:
    """The seconds until the step has failed as a fault that passes."""
    since = time.monotonic()
    with pytest.raises(Transient):
        step(client)
    return time.monotonic() - since


@pytest.mark.parametrize(("head", "drip"), PARTS.values(), ids=PARTS)
def test_a_call_whose_answer_does_not_end_is_cut(
    monkeypatch: pytest.MonkeyPatch, head: bytes, drip: float
) -> None:
    monkeypatch.setattr(deadline, "CALL_SECONDS", 0.3)
    with (
        dripping_server(head, drip) as url,
        Client(instance_url=url, auth=TokenAuth(TOKEN)) as client,
    ):
        assert ended(client, lambda client: client.get("/x")) < 2


@pytest.mark.parametrize("method", ["get", "download", "upload"])
@pytest.mark.parametrize(("head", "drip"), PARTS.values(), ids=PARTS)
def test_no_call_outlasts_the_time_of_the_run_by_two_seconds(
    head: bytes, drip: float, method: str
) -> None:
    end = time.monotonic() + 0.3
    steps: dict[str, Callable[[Client], object]] = {
        "get": lambda client: client.get("/x"),
        "download": lambda client: client.download("/x", io.BytesIO()),
        "upload": lambda client: client.upload("/x", Bytes(b"a" * 100_000)),
    }
    with (
        dripping_server(head, drip) as url,
        Client(
            instance_url=url, auth=TokenAuth(TOKEN), remaining=lambda: end - time.monotonic()
        ) as client,
    ):
        assert ended(client, steps[method]) < 2.3


def test_an_upload_that_nobody_reads_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "CRAWL_SECONDS", 0.3)
    blocks = [b"x" * (1 << 20)] * 64
    with (
        dripping_server(b"", 60.0) as url,
        Client(instance_url=url, auth=TokenAuth(TOKEN)) as client,
    ):
        assert ended(client, lambda client: client.upload("/x", Bytes(*blocks))) < 5


def test_a_download_that_crawls_is_cut_and_one_that_moves_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deadline, "CRAWL_SECONDS", 0.2)
    with (
        dripping_server(OK, 0.02) as url,
        Client(instance_url=url, auth=TokenAuth(TOKEN)) as client,
    ):
        assert ended(client, lambda client: client.download("/x", io.BytesIO())) < 2
    file = io.BytesIO()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n"
    with (
        dripping_server(head, 0.02, b"x" * 1000) as url,
        Client(instance_url=url, auth=TokenAuth(TOKEN), remaining=lambda: 0.0) as client,
    ):
        client.download("/x", file)
    assert len(file.getvalue()) == 50_000


def test_what_is_left_of_a_call_is_its_own_time_or_that_of_the_run() -> None:
    clock = FakeClock()
    assert Deadline(clock=clock.now).left() == deadline.CALL_SECONDS
    limit = Deadline(lambda: 4.0, clock=clock.now)
    assert limit.left() == 4.0 + deadline.GRACE_SECONDS
    clock.time += 3
    assert limit.left() == 1.0 + deadline.GRACE_SECONDS
    clock.time += 60
    assert limit.left() == 0
    assert Deadline(lambda: -10.0, clock=clock.now).left() == deadline.GRACE_SECONDS


def test_a_transfer_goes_on_for_as_long_as_it_moves() -> None:
    clock = FakeClock()
    limit = Deadline(transfer=True, clock=clock.now)
    enough = deadline.CRAWL_SECONDS * deadline.CRAWL_BYTES_PER_SECOND
    for _ in range(100):
        limit.add(int(enough))
        clock.time += deadline.CRAWL_SECONDS - 1
        assert limit.left() > 0
    limit.add(int(enough))
    clock.time += deadline.CRAWL_SECONDS
    assert limit.left() > 0
    limit.add(int(enough) - 1)
    clock.time += deadline.CRAWL_SECONDS
    assert limit.left() == 0


def test_a_transfer_that_is_silent_when_the_run_ends_is_cut_however_much_it_moved_before() -> None:
    clock = FakeClock()
    end = clock.now() + 10
    limit = Deadline(lambda: end - clock.now(), transfer=True, clock=clock.now)
    limit.add(100_000_000)
    clock.time += 9
    assert limit.left() <= 1 + deadline.GRACE_SECONDS


def test_a_request_inside_of_another_ends_with_it() -> None:
    with deadline.deadline(lambda: 5.0) as outer, deadline.deadline() as inner:
        assert inner.left() <= outer.left() + 0.1


class SilentBackend(httpcore.NetworkBackend):
    """Addresses that answer nothing: each takes all the time that it is given."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.tried: list[str] = []

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *_: object
    ) -> httpcore.NetworkStream:
        self.tried.append(host)
        self.clock.time += timeout or 0.0
        raise httpcore.ConnectTimeout(f"{host}:{port}")


def test_the_addresses_of_a_host_share_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    backend = SilentBackend(clock)
    entries = [(0, 0, 0, "", (f"192.0.2.{number}", 443)) for number in range(1, 6)]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_args, **_more: entries)
    since = clock.now()
    token = deadline._current.set(Deadline(lambda: since + 15 - clock.now(), clock=clock.now))
    try:
        with pytest.raises(httpcore.ConnectTimeout):
            deadline._Backend(backend).connect_tcp("example.my.salesforce.com", 443, 10.0)
    finally:
        deadline._current.reset(token)
    assert backend.tried == ["192.0.2.1", "192.0.2.2"]
    assert clock.now() - since < 17


def test_a_host_that_is_not_there_is_told_as_such() -> None:
    with (
        Client(instance_url="https://nowhere.invalid", auth=TokenAuth(TOKEN)) as client,
        pytest.raises(Transient, match="no such host"),
    ):
        client.get("/x")
