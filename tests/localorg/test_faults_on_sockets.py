"""The same faults over real connections: what a client really sees."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from bulkup.localorg.faults.plan import FaultAction, FaultPlan, RequestFault
from bulkup.localorg.server import Running, serve

INGEST = "/services/data/v60.0/jobs/ingest"
GIVEN = {"object": "Contact", "operation": "insert"}


@contextmanager
def served(directory: Path, *faults: RequestFault) -> Iterator[tuple[Running, httpx.Client]]:
    with (
        serve(directory, token="t", faults=FaultPlan(requests=faults)) as running,
        httpx.Client(
            base_url=running.url,
            headers={"Authorization": "Bearer t"},
            timeout=httpx.Timeout(20),
            trust_env=False,
        ) as web,
    ):
        yield running, web


def jobs(web: httpx.Client) -> int:
    return len(web.get(INGEST).json()["records"])


def raw(running: Running, text: str) -> bytes:
    """Everything that comes back on a plain socket, up to the connection's end or its reset."""
    with socket.create_connection(("127.0.0.1", int(running.url.rpartition(":")[2]))) as plain:
        plain.settimeout(10)
        plain.sendall(text.encode())
        come = b""
        while block := plain.recv(65536):
            come += block
        return come


def test_a_reset_comes_before_the_request_is_read(tmp_path: Path) -> None:
    with served(tmp_path, RequestFault(act=FaultAction.RESET, method="POST")) as (running, web):
        with pytest.raises(ConnectionResetError):
            raw(running, f"POST {INGEST} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n")
        assert jobs(web) == 0
        assert web.post(INGEST, json=GIVEN).status_code == 200


def test_a_client_sees_a_reset_as_a_broken_connection(tmp_path: Path) -> None:
    with served(tmp_path, RequestFault(act=FaultAction.RESET, method="POST")) as (_, web):
        with pytest.raises((httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)):
            web.post(INGEST, json=GIVEN)
        assert jobs(web) == 0


def test_an_upload_is_reset_in_its_middle_and_not_taken(tmp_path: Path) -> None:
    with served(tmp_path, RequestFault(act=FaultAction.RESET_UPLOAD, method="PUT")) as (_, web):
        job = web.post(INGEST, json=GIVEN).json()
        sent = 0

        def blocks() -> Iterator[bytes]:
            nonlocal sent
            for _ in range(400):
                sent += 50_000
                yield b"x" * 50_000

        headers = {"Content-Type": "text/csv", "Content-Length": "20000000"}
        with pytest.raises(httpx.TransportError):
            web.put("/" + job["contentUrl"], content=blocks(), headers=headers)
        assert 10_000_000 <= sent < 20_000_000
        close = web.patch(f"{INGEST}/{job['id']}", json={"state": "UploadComplete"})
        assert "No content was uploaded" in close.text


def test_a_lost_answer_hides_work_that_was_done(tmp_path: Path) -> None:
    with served(tmp_path, RequestFault(act=FaultAction.LOST, method="POST")) as (_, web):
        with pytest.raises(httpx.ReadError):
            web.post(INGEST, json=GIVEN)
        assert jobs(web) == 1


def test_an_answer_is_cut_short_of_its_content_length(tmp_path: Path) -> None:
    with served(tmp_path, RequestFault(act=FaultAction.CUT, path="*/limits", times=2)) as (
        running,
        web,
    ):
        path = "/services/data/v60.0/limits"
        with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection"):
            web.get(path)
        head, _, body = raw(
            running, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer t\r\n\r\n"
        ).partition(b"\r\n\r\n")
        (length,) = (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        assert len(body) == length // 2


def test_an_empty_answer_that_is_cut_is_lost(tmp_path: Path) -> None:
    with served(tmp_path, RequestFault(act=FaultAction.CUT, method="PUT")) as (_, web):
        job = web.post(INGEST, json=GIVEN).json()
        with pytest.raises(httpx.ReadError):
            web.put("/" + job["contentUrl"], content=b"Id\n", headers={"Content-Type": "text/csv"})
        close = web.patch(f"{INGEST}/{job['id']}", json={"state": "UploadComplete"})
        assert close.status_code == 200


def test_a_slow_answer_comes_late(tmp_path: Path) -> None:
    with served(tmp_path, RequestFault(act=FaultAction.SLOW, seconds=0.2)) as (_, web):
        begun = time.monotonic()
        assert web.get("/services/data/").status_code == 200
        assert time.monotonic() - begun >= 0.2


def test_a_hanging_request_is_not_worked_on_and_ends_in_a_reset(tmp_path: Path) -> None:
    with served(tmp_path, RequestFault(act=FaultAction.HANG, method="POST", seconds=0.2)) as (
        _,
        web,
    ):
        with pytest.raises(httpx.ReadError):
            web.post(INGEST, json=GIVEN)
        assert jobs(web) == 0


def test_a_client_that_gives_up_on_a_hanging_request_can_go_on(tmp_path: Path) -> None:
    with served(tmp_path, RequestFault(act=FaultAction.HANG, method="POST")) as (_, web):
        with pytest.raises(httpx.ReadTimeout):
            web.post(INGEST, json=GIVEN, timeout=0.1)
        assert web.post(INGEST, json=GIVEN).status_code == 200


def test_a_status_and_an_ended_token_arrive_as_ordered(tmp_path: Path) -> None:
    busy = RequestFault(act=FaultAction.STATUS, retry_after=3)
    with served(tmp_path, busy, RequestFault(act=FaultAction.EXPIRE_TOKEN, nth=3)) as (_, web):
        first = web.get(INGEST)
        assert (first.status_code, first.headers["retry-after"]) == (503, "3")
        assert [web.get(INGEST).status_code for _ in range(3)] == [200, 401, 401]


def test_an_org_with_a_hanging_request_stops_in_a_moment(tmp_path: Path) -> None:
    with served(tmp_path, RequestFault(act=FaultAction.HANG)) as (running, web):
        with pytest.raises(httpx.ReadTimeout):
            web.get(INGEST, timeout=0.05)
        port = int(running.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as open_one:
            open_one.sendall(b"GET / HTTP/1.1\r\n")
            begun = time.monotonic()
            running.stop()
            assert time.monotonic() - begun < 5


def test_what_uvicorn_says_is_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    acts = [FaultAction.RESET, FaultAction.RESET_UPLOAD, FaultAction.LOST, FaultAction.CUT]
    faults = [RequestFault(act=act, nth=nth) for nth, act in enumerate(acts, 1)]
    with served(tmp_path, *faults) as (_, web):
        for _ in acts:
            with pytest.raises(httpx.TransportError):
                web.get("/services/data/")
        assert web.get("/services/data/").status_code == 200
    assert capfd.readouterr() == ("", "")
