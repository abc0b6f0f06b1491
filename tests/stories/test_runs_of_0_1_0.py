"""Run directories that bulkup 0.1.0 left (tests/data/runs-0.1.0) are finished and shown."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulkup.localorg import server
from bulkup.localorg.data.database import open_database
from bulkup.localorg.data.identity import identify
from bulkup.localorg.org import Org
from tests.stories.conftest import Bulkup
from tests.stories.dying import names, times_in_org

FIXTURES = Path(__file__).parents[1] / "data" / "runs-0.1.0"
SEED = 100


@pytest.fixture
def org(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Org]:
    """A fresh org of the Id that the runs were made in."""
    database = open_database(tmp_path / "org")
    identify(database, SEED)
    database.commit()
    database.close()
    with server.serve(tmp_path / "org") as running:
        monkeypatch.setenv("BULKUP_INSTANCE_URL", running.url)
        monkeypatch.setenv("BULKUP_ACCESS_TOKEN", running.token)
        yield running.org


def put_in_place(name: str, home: Path) -> Path:
    """The run directory in the home of the test, under its folder's name."""
    return Path(shutil.copytree(FIXTURES / name / "run", home / "bulkup" / "runs" / name))


def contacts(*numbers: int) -> dict[str, int]:
    return {f"Müller {number}": 1 for number in numbers}


def test_an_interrupted_run_is_resumed_to_its_end(
    bulkup: Bulkup, org: Org, home: Path, tmp_path: Path
) -> None:
    folder = put_in_place("interrupted", home)
    source = FIXTURES / "interrupted" / "people.csv"
    arguments = ("--source", source, "--take-over", "--dir", tmp_path / "out", "--json")
    done = bulkup("resume", "interrupted", *arguments)
    assert done.code == 0
    assert done.document["state"] == "complete"
    assert done.document["rows"]["succeeded"] == 12
    assert len(done.document["jobs"]) == 3
    assert times_in_org(org) == contacts(*range(4, 12))
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == ["outcome"]


def test_a_retry_round_that_was_interrupted_is_resumed_to_its_end(
    bulkup: Bulkup, org: Org, home: Path, tmp_path: Path
) -> None:
    folder = put_in_place("retry-round", home)
    source = FIXTURES / "retry-round" / "leute.csv"
    arguments = ("--source", source, "--take-over", "--dir", tmp_path / "out", "--json")
    done = bulkup("resume", "retry-round", *arguments)
    assert done.code == 0
    assert done.document["state"] == "complete"
    rows = done.document["rows"]
    assert (rows["total"], rows["succeeded"], rows["skipped"]) == (14, 12, 2)
    assert times_in_org(org) == contacts(5, 7, 10, 11, 13)
    assert names(folder).count("Round") == 1


@pytest.mark.parametrize("name", ["interrupted", "retry-round"])
def test_an_unfinished_run_of_another_machine_asks_to_be_taken_over(
    bulkup: Bulkup, org: Org, home: Path, name: str
) -> None:
    put_in_place(name, home)
    done = bulkup("resume", name)
    assert done.code == 6
    assert "--take-over" in done.err
    assert times_in_org(org) == {}


def test_a_run_is_resumed_without_more_ado_where_0_1_0_made_it(
    bulkup: Bulkup, org: Org, home: Path, tmp_path: Path
) -> None:
    plan = json.loads((put_in_place("interrupted", home) / "plan.json").read_bytes())
    (home / "bulkup" / "machine-id").write_text(plan["machine"] + "\n", encoding="utf-8")
    source = FIXTURES / "interrupted" / "people.csv"
    done = bulkup("resume", "interrupted", "--source", source, "--dir", tmp_path / "out")
    assert done.code == 0
    assert times_in_org(org) == contacts(*range(4, 12))


def test_a_finished_run_is_shown(bulkup: Bulkup, home: Path) -> None:
    put_in_place("finished", home)
    (run,) = bulkup("runs", "--json").document["runs"]
    assert (run["run"], run["state"], run["go_on"]) == (
        "finished",
        "partial",
        "bulkup retry finished",
    )
    done = bulkup("runs", "finished")
    assert done.code == 0
    assert "insert Contact from" in done.out
    assert "left as partial" in done.out
    events = bulkup("runs", "finished", "--json").document["events"]
    assert [event["event"] for event in events] == names(home / "bulkup" / "runs" / "finished")


def test_a_finished_run_is_retried_and_superseded(
    bulkup: Bulkup, org: Org, home: Path, tmp_path: Path
) -> None:
    put_in_place("finished", home)
    source = FIXTURES / "finished" / "people.csv"
    arguments = ("--source", source, "--dir", tmp_path / "out", "--json")
    refused = bulkup("retry", "finished", *arguments)
    assert refused.code == 6
    assert "--take-over" in refused.document["hint"]
    done = bulkup("retry", "finished", "--take-over", *arguments)
    assert done.code == 1
    rows = done.document["rows"]
    assert (rows["total"], rows["skipped"], rows["succeeded"], rows["failed"]) == (10, 8, 1, 1)
    assert times_in_org(org) == contacts(8)
    runs = {run["run"]: run for run in bulkup("runs", "--json").document["runs"]}
    assert runs["finished"]["superseded_by"] == done.document["run"]
    plan = home / "bulkup" / "runs" / done.document["run"] / "plan.json"
    assert json.loads(plan.read_bytes())["format"] == 2
