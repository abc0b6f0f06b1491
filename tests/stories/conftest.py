"""What the stories share: the command in a process of its own, and in this one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bulkup.localorg import server
from bulkup.localorg.faults.plan import FaultPlan
from bulkup.localorg.server import Running


@pytest.fixture(autouse=True)
def short_wait_for_late_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that did not complete is waited for for a second instead of ten minutes."""
    monkeypatch.setattr("bulkup.execution.completion.LATE_ROWS_SECONDS", 1.0)
    monkeypatch.setattr("bulkup.execution.runner.LATE_POLL_SECONDS", 0.1)


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


Bulkup = Callable[..., Done]


@pytest.fixture
def bulkup() -> Bulkup:
    """The command line in this process: quick, and covered."""
    from bulkup.cli.app import app

    def run(*arguments: object, env: dict[str, str] | None = None, stdin: str = "") -> Done:
        result = CliRunner().invoke(app, [*map(str, arguments)], env=env, input=stdin)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def process() -> Bulkup:
    """The command line in a process of its own: for streams, signals and exit codes."""

    def run(*arguments: object, env: dict[str, str] | None = None, stdin: str = "") -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "bulkup", *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            input=stdin,
            env={**os.environ, **(env or {})},
            timeout=60,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


ServedOrg = Callable[..., Running]


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedOrg]:
    """A local org over a socket, with its credentials in the environment; faults may be ordered."""
    running: list[Running] = []

    def serve(faults: FaultPlan | None = None) -> Running:
        one = server.serve(tmp_path / f"org{len(running)}", faults=faults)
        running.append(one)
        monkeypatch.setenv("BULKUP_INSTANCE_URL", one.url)
        monkeypatch.setenv("BULKUP_ACCESS_TOKEN", one.token)
        return one

    yield serve
    for one in running:
        one.stop()


@pytest.fixture
def contacts(tmp_path: Path) -> Path:
    """Twenty contacts with an external id."""
    path = tmp_path / "contacts.csv"
    rows = [f"c{n}@example.com,Ann{n},Last {n}" for n in range(20)]
    path.write_text("Email__c,FirstName,LastName\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path
