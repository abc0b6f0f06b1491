"""Stories of `bulkup local`: the stand-in org as a server of its own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bulkup.localorg import server
from tests.stories.conftest import Bulkup

UPSERT = ("--object", "Contact", "--op", "upsert", "--external-id", "Email__c")
PLAN = """\
[[request]]
act = "status"
method = "GET"
path = "*/limits*"
status = 418
"""

Serve = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`bulkup local serve` in a process of its own; ended at the end."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "bulkup", "local", "serve", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def exports(process: subprocess.Popen[str]) -> dict[str, str]:
    """The two lines that make any client use it."""
    assert process.stderr is not None
    found: dict[str, str] = {}
    while len(found) < 2:
        if told := re.match(r"\s*export (\w+)=(\S+)$", process.stderr.readline()):
            found[told[1]] = told[2]
    return found


def document(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What `--json` prints, read line by line: the process goes on."""
    assert process.stdout is not None
    text = ""
    while not text.endswith("}\n"):
        text += process.stdout.readline()
    found: dict[str, Any] = json.loads(text)
    return found


def test_the_export_lines_make_any_client_use_it_and_org_local_uses_it_too(
    serve: Serve, bulkup: Bulkup, contacts: Path
) -> None:
    running = serve()
    url = line(running)
    environment = exports(running)
    assert environment["BULKUP_INSTANCE_URL"] == url
    assert url.startswith("http://127.0.0.1:")
    loaded = bulkup("run", contacts, *UPSERT, "--json", env=environment)
    assert loaded.code == 0, loaded.err
    again = bulkup("run", contacts, *UPSERT, "--org", "local", "--json")
    assert again.document["rows"]["created"] == 0
    assert again.document["org"]["instance_url"] == url
    reset = bulkup("local", "reset")
    assert reset.code == 6
    assert "in use by process" in reset.err
    token = environment["BULKUP_ACCESS_TOKEN"]
    answer = httpx.get(
        f"{url}/services/data/v60.0/limits", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 200
    running.send_signal(signal.SIGTERM)
    assert running.wait(10) == 143
    assert running.stderr is not None
    told = running.stderr.read()
    assert "the records are kept" in told
    assert "Traceback" not in told
    assert "error" not in told
    assert (
        bulkup("run", contacts, *UPSERT, "--org", "local", "--json").document["rows"]
        == (again.document["rows"])
    )


def test_json_tells_where_it_is_and_a_second_one_says_who_has_the_org(
    serve: Serve, process: Bulkup, home: Path
) -> None:
    running = serve("--json")
    told = document(running)
    assert told["schema"] == "bulkup.local/1"
    assert told["process"] == running.pid
    found = server.find_running(home / "bulkup" / "localorg")
    assert found == (told["instance_url"], told["access_token"])
    answer = httpx.post(
        f"{told['instance_url']}/services/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": told["client_id"],
            "client_secret": told["client_secret"],
        },
    )
    assert answer.status_code == 200
    second = process("local", "serve", "--json")
    assert second.code == 6
    assert second.document["error"] == "LocalOrgInUse"
    assert str(running.pid) in second.document["message"]
    running.send_signal(signal.SIGINT)
    assert running.wait(10) == 130


def test_faults_are_ordered_by_a_plan(serve: Serve, bulkup: Bulkup, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN, encoding="utf-8")
    running = serve("--json", "--faults", plan)
    document(running)
    assert "ordered fault" in bulkup("limits", "--org", "local").err
    assert bulkup("limits", "--org", "local").err == ""


# In this process: quick.


def stopped_by(number: int, home: Path) -> threading.Thread:
    """Sends the signal to this process once it serves."""

    def send() -> None:
        for _ in range(1000):
            if server.find_running(home / "bulkup" / "localorg"):
                break
            time.sleep(0.01)
        time.sleep(0.05)  # its handlers come right after its announcement
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


@pytest.mark.skipif(os.name != "posix", reason="signals to oneself are POSIX's")
@pytest.mark.parametrize(
    ("number", "code", "options"),
    [(signal.SIGTERM, 143, ()), (signal.SIGINT, 130, ("--json",))],
    ids=str,
)
def test_a_signal_ends_it_in_order(
    bulkup: Bulkup,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    code: int,
    options: tuple[str, ...],
) -> None:
    monkeypatch.setattr("bulkup.cli.commands.local.LOOK_SECONDS", 0.01)
    before = signal.getsignal(number)
    sender = stopped_by(number, home)
    done = bulkup("local", "serve", *options)
    sender.join()
    assert done.code == code
    assert "stopped; the records are kept" in done.err
    assert signal.getsignal(number) is before
    assert server.find_running(home / "bulkup" / "localorg") is None


def test_reset_empties_it(bulkup: Bulkup, contacts: Path) -> None:
    bulkup("run", contacts, *UPSERT, "--org", "local")
    done = bulkup("local", "reset")
    assert (done.code, done.out) == (0, "")
    assert "empty" in done.err
    assert bulkup("jobs", "--org", "local", "--json").document["jobs"] == []
    again = bulkup("run", contacts, *UPSERT, "--org", "local", "--json")
    assert again.document["rows"]["created"] == 20


def test_a_port_that_is_taken_is_told(bulkup: Bulkup) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = bulkup("local", "serve", "--port", port)
        told = bulkup("local", "serve", "--port", port, "--json")
    assert done.code == 2
    assert f"Port {port} can't be used" in done.err
    assert "--port" in done.err
    assert told.document["error"] == "PortInUse"


PLANS: dict[str, tuple[str | None, str]] = {
    "no TOML": ("[[request", "no TOML"),
    "an unknown act": ('[[request]]\nact = "explode"\n', "explode"),
    "an unknown key": ("[[job]]\nfails = 3\n", "fails"),
    "no such file": (None, "plan.toml"),
}


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_that_is_wrong_is_told_before_anything_is_served(
    bulkup: Bulkup, tmp_path: Path, name: str
) -> None:
    text, words = PLANS[name]
    plan = tmp_path / "plan.toml"
    if text is not None:
        plan.write_text(text, encoding="utf-8")
    done = bulkup("local", "serve", "--faults", plan)
    assert done.code == 2
    assert words in done.err
    assert "docs/faults.md" in done.err
    assert bulkup("local", "serve", "--faults", plan, "--json").document["exit_code"] == 2


def test_a_describe_file_of_the_users_that_is_wrong_is_told(bulkup: Bulkup, home: Path) -> None:
    objects = home / "bulkup" / "localorg" / "objects"
    objects.mkdir(parents=True)
    (objects / "Contact.json").write_text("{not json", encoding="utf-8")
    done = bulkup("local", "serve")
    assert done.code == 2
    assert "Contact.json" in done.err
    assert "bulkup fields" in done.err


def test_records_that_are_damaged_are_told_and_reset_mends_it(bulkup: Bulkup, home: Path) -> None:
    assert bulkup("jobs", "--org", "local").code == 0
    folder = home / "bulkup" / "localorg"
    (database,) = [path for path in folder.iterdir() if path.suffix in {".db", ".sqlite"}]
    database.write_bytes(b"no database at all, but long enough to be looked at" * 99)
    done = bulkup("local", "serve")
    assert done.code == 6
    assert "bulkup local reset" in done.err
    assert bulkup("local", "reset").code == 0
    assert bulkup("jobs", "--org", "local").code == 0


def test_a_folder_that_cannot_be_written_is_told(bulkup: Bulkup, home: Path) -> None:
    (home / "bulkup").mkdir()
    (home / "bulkup" / "localorg").write_text("a file", encoding="utf-8")
    done = bulkup("local", "serve")
    assert done.code == 6
    assert "BULKUP_HOME" in done.err


@pytest.mark.parametrize(
    "arguments", [("serve", "--port", "99999"), ("serve", "--fast"), ("reset", "now")], ids=str
)
def test_wrong_input_is_told(bulkup: Bulkup, arguments: tuple[str, ...]) -> None:
    done = bulkup("local", *arguments)
    assert done.code == 2
    assert len(done.err.splitlines()) == 2
    assert f"bulkup local {arguments[0]} --help" in done.err
