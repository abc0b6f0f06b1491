"""Stories of files whose rows name parents in the same file."""

import csv
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from bulkup.localorg.faults.plan import FaultPlan, JobFault
from bulkup.localorg.org import Org
from tests.stories.conftest import Bulkup, ServedOrg
from tests.stories.dying import Mortal, balanced, run_folders, slow, told

ACCOUNTS = ("--object", "Account", "--op", "upsert", "--external-id", "External_Id__c")


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same waits, a hundred times shorter."""
    monkeypatch.setattr("bulkup.execution.execute.FIRST_PAUSE", 0.02)
    monkeypatch.setattr("bulkup.execution.runner.SETTLE_SECONDS", 0.02)


def tree(path: Path, rows: int = 13, *, bad: Sequence[int] = ()) -> Path:
    """Accounts, each the child of the one at a third of its number; children stand first."""
    lines = [
        f"{'x' * 300 if n in bad else f'Firm {n}'},K{n},{f'k{n // 3}' if n else ''}\n"
        for n in reversed(range(rows))
    ]
    header = "Name,External_Id__c,Parent.External_Id__c\n"
    path.write_text(header + "".join(lines), encoding="utf-8")
    return path


def parents_in_org(org: Org) -> dict[str, str]:
    """The key of each account's parent by its own key; empty for the topmost."""
    records = org.records("Account")
    keys = {str(record["Id"]): str(record["External_Id__c"]) for record in records}
    assert len(keys) == len(set(keys.values())), "an account is in the org twice"
    return {
        str(record["External_Id__c"]): keys.get(str(record.get("ParentId") or ""), "")
        for record in records
    }


def whole_tree(rows: int = 13) -> dict[str, str]:
    return {f"K{n}": f"K{n // 3}" if n else "" for n in range(rows)}


def has_events(runs: int, events: int) -> bool:
    """Whether the last of so many runs has at least so many events."""
    folders = run_folders()
    return len(folders) == runs and len(told(folders[-1])) >= events


def statuses(results: str) -> list[str]:
    with Path(results).open(encoding="utf-8", newline="") as file:
        return [row["bulkup__Status"] for row in csv.DictReader(file)]


def test_children_are_sent_when_their_parents_are_in_the_org(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    done = bulkup("run", tree(tmp_path / "a.csv"), *ACCOUNTS, "--json")
    assert done.code == 0, done.out
    assert parents_in_org(org) == whole_tree()
    assert "they go in 4 levels, one after another (1, 2, 6, 4 rows)" in done.err
    document = done.document
    assert balanced(document)
    assert document["rows"]["created"] == 13
    assert [(job["rows"], job["attempt"]) for job in document["jobs"]] == [
        (1, 1),
        (2, 1),
        (6, 1),
        (4, 1),
    ]
    assert statuses(document["files"]["results"]) == ["succeeded"] * 13


def test_check_counts_the_levels_and_finds_nothing_wrong_with_them(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    done = bulkup("check", tree(tmp_path / "a.csv"), *ACCOUNTS, "--strict")
    assert done.code == 0, done.out
    assert "4 levels" in done.err


def test_a_load_of_levels_killed_at_each_event_resumes_to_the_same_end(
    served: ServedOrg, bulkup: Bulkup, tmp_path: Path
) -> None:
    running = served(FaultPlan(requests=[slow(0.02)]))
    file = tree(tmp_path / "a.csv")
    for loads, events in enumerate((3, 8, 13, 18)):
        load = Mortal("run", file, *ACCOUNTS, "--again")
        load.wait_for(partial(has_events, loads + 1, events))
        load.kill()
        done = bulkup("resume", run_folders()[-1].name, "--json")
        assert done.code == 0, done.out
        assert balanced(done.document)
        assert parents_in_org(running.org) == whole_tree()


def test_locked_parents_are_sent_again_before_their_children_go(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served(FaultPlan(jobs=[JobFault(locked=0.5, times=3)])).org
    done = bulkup("run", tree(tmp_path / "a.csv", 40), *ACCOUNTS, "--row-retries", 9, "--json")
    assert done.code == 0, done.out
    assert parents_in_org(org) == whole_tree(40)
    assert max(job["attempt"] for job in done.document["jobs"]) > 1
    assert balanced(done.document)


def test_a_retry_sends_the_levels_that_are_left_one_after_another(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served(FaultPlan(jobs=[JobFault(nth=2, fail_after=0, error="Timeout")])).org
    file = tree(tmp_path / "a.csv")
    done = bulkup("run", file, *ACCOUNTS, "--row-retries", 0, "--json")
    assert done.code != 0
    assert len(parents_in_org(org)) < 13
    again = bulkup("retry", "--json")
    assert again.code == 0, again.out
    assert parents_in_org(org) == whole_tree()
    assert again.document["rows"]["skipped"] == done.document["rows"]["succeeded"]


def test_without_waiting_only_the_first_level_is_sent_and_resume_sends_the_others(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    done = bulkup("run", tree(tmp_path / "a.csv"), *ACCOUNTS, "--no-wait", "--json")
    assert done.code == 0
    assert done.document["state"] == "waiting"
    assert sum(done.document["rows"].values()) >= 13
    assert bulkup("resume").code == 0
    assert parents_in_org(org) == whole_tree()


def test_stopped_between_levels_the_rest_is_not_sent_and_retry_sends_it(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    file = tree(tmp_path / "a.csv")
    assert bulkup("run", file, *ACCOUNTS, "--no-wait").code == 0
    stopped = bulkup("stop", "--json")
    assert stopped.document["state"] == "partial"
    assert stopped.document["rows"]["not_sent"] >= 12
    assert balanced(stopped.document)
    assert set(statuses(stopped.document["files"]["results"])) >= {"not_sent"}
    assert bulkup("retry").code == 0
    assert parents_in_org(org) == whole_tree()


def test_children_of_rows_left_out_by_the_check_go_as_they_are(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    file = tree(tmp_path / "a.csv", 7, bad=[2])
    done = bulkup("run", file, *ACCOUNTS, "--skip-invalid", "--json")
    assert done.code == 1
    found = dict(zip("6543210", statuses(done.document["files"]["results"]), strict=True))
    assert found["2"] == "not_sent"
    assert found["6"] == "failed"
    assert {found[n] for n in "01345"} == {"succeeded"}
    assert len(org.records("Account")) == 5


def test_a_canary_of_a_load_of_levels_is_of_the_first_level(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    done = bulkup("run", tree(tmp_path / "a.csv"), *ACCOUNTS, "--canary", 5, "--json")
    assert done.code == 0, done.out
    assert parents_in_org(org) == whole_tree()


def test_cells_that_empty_a_field_are_counted_in_every_level(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    file = tmp_path / "a.csv"
    header = "Name,External_Id__c,Parent.External_Id__c,Phone\n"
    file.write_text(header + "A,A,,#N/A\nB,B,A,#N/A\nC,C,B,1\n", encoding="utf-8")
    done = bulkup("run", file, *ACCOUNTS, "--json")
    assert done.code == 0, done.out
    assert done.document["emptied"] == [{"field": "Phone", "count": 2}]
