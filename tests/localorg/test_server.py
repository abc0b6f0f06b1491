"""The org on a socket: one owner, found by others, emptied, going on after a stop."""

import json
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from bulkup.localorg.data.private_files import write_private
from bulkup.localorg.faults import FaultAction, FaultPlan, RequestFault
from bulkup.localorg.http import lock
from bulkup.localorg.server import OrgInUse, Running, find_running, reset, serve

INGEST = "/services/data/v60.0/jobs/ingest"


def client(running: Running) -> httpx.Client:
    headers = {"Authorization": f"Bearer {running.token}"}
    return httpx.Client(base_url=running.url, headers=headers, trust_env=False)


def load(web: httpx.Client, body: str) -> str:
    job = web.post(INGEST, json={"object": "Contact", "operation": "insert"}).json()
    sent = web.put("/" + job["contentUrl"], content=body, headers={"Content-Type": "text/csv"})
    assert (sent.status_code, sent.content) == (201, b"")
    web.patch(f"{INGEST}/{job['id']}", json={"state": "UploadComplete"}).raise_for_status()
    return str(job["id"])


def until(met: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def test_a_served_org_does_a_load_in_the_background(tmp_path: Path) -> None:
    with serve(tmp_path) as running, client(running) as web:
        assert running.url.startswith("http://127.0.0.1:")
        assert running.token.startswith("00D")
        assert running.token not in repr(running)
        job = load(web, "LastName\n" + "A\n" * 1000)
        until(lambda: web.get(f"{INGEST}/{job}").json()["state"] == "JobComplete")
        answer = web.get(f"{INGEST}/{job}/successfulResults")
        assert answer.headers["content-encoding"] == "gzip"
        assert len(answer.text.splitlines()) == 1001
        listed = web.get(INGEST, params={"jobType": "V2Ingest"}).json()["records"]
        assert [one["id"] for one in listed] == [job]
        assert web.delete(f"{INGEST}/{job}").status_code == 204


def test_records_stay_between_two_servings_and_work_goes_on(tmp_path: Path) -> None:
    with serve(tmp_path, token="t1") as running, client(running) as web:
        assert running.token == "t1"
        job = load(web, "LastName\n" + "A\n" * 3000)
    with serve(tmp_path) as running, client(running) as web:
        until(lambda: web.get(f"{INGEST}/{job}").json()["state"] == "JobComplete")
        assert len(running.org.records("Contact")) == 3000


SERVE = (
    "import sys; from pathlib import Path\n"
    "from bulkup.localorg.server import serve\n"
    "with serve(Path(sys.argv[1]), announce=True) as running:\n"
    "    print(running.url, running.token, flush=True)\n"
    "    sys.stdin.read()\n"
)


@contextmanager
def another_process(directory: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The org served by another process: that, its URL and its token."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        url, token = process.stdout.readline().split()
        yield process, url, token
        process.kill()


def test_a_killed_server_goes_on_and_does_each_row_once(tmp_path: Path) -> None:
    count = 30_000
    with another_process(tmp_path) as (process, url, token):
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False) as web:
            job = load(web, "LastName\n" + "".join(f"N{i}\n" for i in range(count)))

            def done() -> int:
                return int(web.get(f"{INGEST}/{job}").json()["numberRecordsProcessed"])

            until(lambda: done() > 10_000)
            process.kill()
    with serve(tmp_path) as running, client(running) as web:
        until(lambda: web.get(f"{INGEST}/{job}").json()["state"] == "JobComplete")
        names = [record["LastName"] for record in running.org.records("Contact")]
        assert sorted(names) == sorted(f"N{i}" for i in range(count))
        back = web.get(f"{INGEST}/{job}/successfulResults").text.splitlines()[1:]
        assert len(back) == len(set(back)) == count


def test_a_second_process_is_told_who_has_the_org(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "PATIENCE_SECONDS", 0.05)
    with another_process(tmp_path) as (process, url, token):
        with pytest.raises(OrgInUse, match=f"in use by process {process.pid}") as caught:
            serve(tmp_path)
        assert (caught.value.pid, caught.value.url, caught.value.token) == (process.pid, url, token)
        with pytest.raises(OrgInUse):
            reset(tmp_path)
        assert find_running(tmp_path) == (url, token)
        if os.name == "posix":
            assert (tmp_path / "serving.json").stat().st_mode & 0o777 == 0o600
        process.kill()
        process.wait()
        assert (tmp_path / "serving.json").exists()
        assert find_running(tmp_path) is None
    serve(tmp_path).stop()


def test_who_is_only_used_inside_a_process_is_not_announced(tmp_path: Path) -> None:
    assert find_running(tmp_path) is None
    with serve(tmp_path):
        assert find_running(tmp_path) is None
    with serve(tmp_path, announce=True) as running:
        assert find_running(tmp_path) == (running.url, running.token)
    assert find_running(tmp_path) is None
    assert not (tmp_path / "serving.json").exists()


def test_a_note_of_an_org_that_does_not_answer_is_not_believed(tmp_path: Path) -> None:
    with serve(tmp_path):
        note: dict[str, object] = {"url": "http://127.0.0.1:1", "token": "t"}
        (tmp_path / "serving.json").write_text(json.dumps(note), encoding="utf-8")
        assert find_running(tmp_path) is None
        note["pid"] = os.getpid()
        (tmp_path / "serving.json").write_text(json.dumps(note), encoding="utf-8")
        assert find_running(tmp_path) is None
        (tmp_path / "serving.json").write_text("[", encoding="utf-8")
        assert find_running(tmp_path) is None


def test_a_port_that_is_taken_leaves_the_directory_free(tmp_path: Path) -> None:
    with serve(tmp_path / "a") as running:
        port = int(running.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            serve(tmp_path / "b", port=port)
    with serve(tmp_path / "b", port=port) as running:
        assert running.url.endswith(f":{port}")


def test_reset_empties_the_org_and_keeps_the_users_describes(tmp_path: Path) -> None:
    with serve(tmp_path) as running, client(running) as web:
        org_id = running.org.identity.org_id
        job = load(web, "LastName\nA\n")
        until(lambda: web.get(f"{INGEST}/{job}").json()["state"] == "JobComplete")
    (tmp_path / "objects").mkdir()
    (tmp_path / "stray").mkdir()
    reset(tmp_path)
    assert (tmp_path / "objects").is_dir()
    assert not (tmp_path / "stray").exists()
    with serve(tmp_path) as running:
        assert running.org.records("Contact") == []
        assert running.org.identity.org_id != org_id


def test_a_body_over_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bulkup.localorg.api.ingest.MOST_BYTES", 1000)
    with serve(tmp_path) as running, client(running) as web:
        job = web.post(INGEST, json={"object": "Contact", "operation": "insert"}).json()
        sent = web.put(
            "/" + job["contentUrl"], content=b"x" * 5000, headers={"Content-Type": "text/csv"}
        )
        assert sent.status_code == 413


def test_stopping_twice_is_harmless_and_waiting_ends_with_it(tmp_path: Path) -> None:
    running = serve(tmp_path)
    assert not running.wait(0)
    running.stop()
    running.stop()
    assert running.wait()


def test_a_note_that_can_not_be_written_leaves_nothing_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path, data: dict[str, object]) -> None:
        if "token" in data:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(lock, "write_private", full)
    with pytest.raises(OSError, match="No space left"):
        serve(tmp_path, announce=True)
    serve(tmp_path).stop()


def test_work_goes_on_once_the_database_can_be_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bulkup.localorg.server._PAUSE_SECONDS", 0.01)
    with serve(tmp_path) as running, client(running) as web:
        job = load(web, "LastName\n" + "A\n" * 5000)
        running.org._database.execute("PRAGMA query_only = 1")
        until(lambda: "can't be written" in caplog.text)
        assert web.get(f"{INGEST}/{job}").status_code in (200, 500)
        running.org._database.execute("PRAGMA query_only = 0")
        until(lambda: web.get(f"{INGEST}/{job}").json()["state"] == "JobComplete")
        assert len(running.org.records("Contact")) == 5000


def test_a_client_that_goes_away_in_mid_upload_has_uploaded_nothing(tmp_path: Path) -> None:
    with serve(tmp_path, token="t") as running, client(running) as web:
        job = web.post(INGEST, json={"object": "Contact", "operation": "insert"}).json()
        port = int(running.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as plain:
            head = (
                f"PUT /{job['contentUrl']} HTTP/1.1\r\nHost: localhost\r\n"
                "Authorization: Bearer t\r\n"
                "Content-Type: text/csv\r\nContent-Length: 1000\r\n\r\nLastName\n"
            )
            plain.sendall(head.encode())
        close = web.patch(f"{INGEST}/{job['id']}", json={"state": "UploadComplete"})
        assert "No content was uploaded" in close.text


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "", "["],
)
@pytest.mark.parametrize("path", ["/services/oauth2/token", "/services/data/"])
def test_a_host_that_is_not_loopback_is_refused(tmp_path: Path, host: str, path: str) -> None:
    with serve(tmp_path) as running, client(running) as web:
        answer = web.post(path, headers={"Host": host})
        assert answer.status_code == 421
        assert answer.json()[0]["errorCode"] == "MISDIRECTED_REQUEST"


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:80", "127.0.0.1", "127.1.2.3:9", "[::1]:9"]
)
def test_every_loopback_host_is_served(tmp_path: Path, host: str) -> None:
    with serve(tmp_path) as running, client(running) as web:
        assert web.get("/services/data/", headers={"Host": host}).status_code == 200


def test_a_request_with_a_foreign_host_uses_up_no_fault(tmp_path: Path) -> None:
    plan = FaultPlan(requests=[RequestFault(act=FaultAction.STATUS)])
    with serve(tmp_path, faults=plan) as running, client(running) as web:
        assert web.get("/services/data/", headers={"Host": "evil.example"}).status_code == 421
        assert web.get("/services/data/").status_code == 503


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_the_database_is_private_even_if_it_was_not(tmp_path: Path) -> None:
    (tmp_path / "org.sqlite").touch(mode=0o644)
    (tmp_path / "org.sqlite-wal").touch(mode=0o644)
    with serve(tmp_path) as running, client(running) as web:
        load(web, "LastName\nA\n")
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("org.sqlite*")
        }
        assert modes == dict.fromkeys(["org.sqlite", "org.sqlite-wal", "org.sqlite-shm"], 0o600)


def test_a_reset_keeps_the_secret_of_the_ready_made_app(tmp_path: Path) -> None:
    with serve(tmp_path) as running:
        assert running.server_app is not None
        secret = running.server_app.secret
    reset(tmp_path)
    with serve(tmp_path) as running:
        assert running.server_app is not None
        assert running.server_app.secret == secret


def test_an_apps_toml_replaces_the_ready_made_app(tmp_path: Path) -> None:
    (tmp_path / "apps.toml").write_text("", encoding="utf-8")
    with serve(tmp_path) as running:
        assert running.server_app is None


@pytest.mark.skipif(os.name != "posix", reason="links need a privilege elsewhere")
def test_a_private_file_replaces_a_link_and_does_not_follow_it(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("kept", encoding="utf-8")
    (tmp_path / "note").symlink_to(tmp_path / "victim")
    write_private(tmp_path / "note", {"token": "t"})
    assert (tmp_path / "victim").read_text(encoding="utf-8") == "kept"
    assert not (tmp_path / "note").is_symlink()
    assert stat.S_IMODE((tmp_path / "note").stat().st_mode) == 0o600
