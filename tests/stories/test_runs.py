"""Stories of `bulkup runs`: what there is, what happened, and what is let go."""

import json
import os
from pathlib import Path

import pytest

from bulkup.localorg.faults.plan import FaultAction, FaultPlan, JobFault, RequestFault
from tests.stories.conftest import Bulkup, ServedOrg
from tests.stories.dying import (
    INSERT,
    UNWILLING,
    Mortal,
    people,
    run_folders,
    slow,
    times_in_org,
    told,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Twelve people."""
    return people(tmp_path / "people.csv")


def stopped(bulkup: Bulkup, path: Path) -> str:
    """A run that the unwilling org stopped; its name."""
    return str(bulkup("run", path, *INSERT, "--retry-for", 0, "--json").document["run"])


def test_without_runs_the_list_is_empty(bulkup: Bulkup) -> None:
    assert bulkup("runs").code == 0
    assert bulkup("runs", "--json").document == {"schema": "bulkup.runs/1", "runs": []}


def test_the_list_tells_of_each_run_how_it_stands_and_how_to_go_on(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    served(FaultPlan(requests=[UNWILLING], jobs=[JobFault(unprocessed=0.5)]))
    one = stopped(bulkup, path)
    two = bulkup("run", path, *INSERT, "--again", "--json").document["run"]
    three = bulkup("run", path, *INSERT, "--again", "--json").document["run"]
    lines = bulkup("runs").out.splitlines()
    of = {name: next(line for line in lines if f" {name} " in line) for name in (one, two, three)}
    assert f"bulkup resume {one}" in of[one]
    assert f"bulkup retry {two}" in of[two]
    assert "complete" in of[three]
    assert "Contact" in of[three]
    assert "insert" in of[three]
    assert "12" in of[three]
    told = {run["run"]: run for run in bulkup("runs", "--json").document["runs"]}
    assert [told[name]["state"] for name in (one, two, three)] == ["stopped", "partial", "complete"]
    assert [told[name]["resumable"] for name in (one, two, three)] == [True, False, False]
    assert told[three]["go_on"] is None


def test_one_run_tells_its_story_in_order(bulkup: Bulkup, served: ServedOrg, path: Path) -> None:
    served(FaultPlan(requests=[UNWILLING]))
    run = stopped(bulkup, path)
    bulkup("resume", run)
    done = bulkup("runs", run)
    assert done.code == 0
    words = [
        "insert Contact from",
        "planned",
        "takes the run up",
        "left as stopped",
        "takes the run up",
        ": created",
        ": uploaded 12 rows",
        ": about to close",
        ": closed",
        ": ended, 12 succeeded",
        "left as complete",
    ]
    at = -1
    for word in words:
        at = done.out.index(word, at + 1)
    document = bulkup("runs", run, "--json").document
    assert document["schema"] == "bulkup.run-story/1"
    kinds = [event["event"] for event in document["events"]]
    assert kinds[:4] == ["Planned", "Began", "Left", "Began"]
    assert kinds[4:] == [
        *("Created", "Uploaded", "Closing", "Closed", "Finished", "Saved", "Left"),
    ]
    assert all(event["at"].endswith("Z") for event in document["events"])


def test_the_story_of_a_killed_run_ends_with_how_to_go_on(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    served(FaultPlan(requests=[slow(0.3)]))
    mortal = Mortal("run", path, *INSERT)
    assert mortal.wait_for_event("Created")
    mortal.kill()
    run = run_folders()[0].name
    done = bulkup("runs", run)
    assert "killed" in done.out
    assert done.out.rstrip().endswith(f"go on with: bulkup resume {run}")


def test_a_run_that_is_not_there_is_refused(bulkup: Bulkup) -> None:
    done = bulkup("runs", "nothing-like-it")
    assert done.code == 6
    assert "There is no run nothing-like-it" in done.err


def test_old_runs_that_are_over_are_removed_and_unfinished_ones_never(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    served(FaultPlan(requests=[UNWILLING]))
    unfinished = stopped(bulkup, path)
    over = bulkup("run", path, *INSERT, "--again", "--json").document["run"]
    young = bulkup("run", path, *INSERT, "--again", "--json").document["run"]
    for name in (unfinished, over):
        plan = run_folders()[0].parent / name / "plan.json"
        made = json.loads(plan.read_text(encoding="utf-8"))
        made["created"] = "2020-01-02T03:04:05.000Z"
        plan.write_text(json.dumps(made), encoding="utf-8")
    done = bulkup("runs", "--prune", "30d", "--json")
    assert "removed 1 run" in done.err
    assert {run["run"] for run in done.document["runs"]} == {unfinished, young}
    assert {folder.name for folder in run_folders()} == {unfinished, young}


def test_a_run_that_is_given_up_has_its_open_jobs_aborted_and_is_never_resumed(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    org = served(FaultPlan(requests=[RequestFault(act=FaultAction.STATUS, method="PUT")])).org
    run = stopped(bulkup, path)
    done = bulkup("runs", run, "--abandon")
    assert done.code == 0
    assert "Aborted" in done.err
    assert f"run {run} is given up" in done.err
    for command in ("resume", "retry"):
        again = bulkup(command, run)
        assert again.code == 6
        assert "abandoned" in again.err
    assert bulkup("runs", "--json").document["runs"][0]["state"] == "abandoned"
    assert bulkup("resume").code == 6
    assert times_in_org(org) == {}


def test_giving_up_needs_a_name_and_something_to_give_up(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    served()
    assert bulkup("runs", "--abandon").code == 2
    run = bulkup("run", path, *INSERT, "--json").document["run"]
    done = bulkup("runs", run, "--abandon")
    assert done.code == 6
    assert "nothing to give up" in done.err


def test_a_damaged_run_can_be_given_up_as_its_error_says(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    served(FaultPlan(requests=[UNWILLING]))
    run = stopped(bulkup, path)
    journal = run_folders()[0] / "journal.jsonl"
    journal.write_bytes(b"what is this\n" + journal.read_bytes())
    assert f"bulkup runs {run} --abandon" in bulkup("resume", run).err
    assert bulkup("runs", "--json").document["runs"][0]["state"] == "damaged"
    assert "removed 0 runs" in bulkup("runs", "--prune", 0).err
    assert bulkup("runs", run, "--abandon").code == 0
    assert "is abandoned" in bulkup("resume", run).err


@pytest.mark.parametrize("empty", [False, True])
def test_a_run_whose_journal_is_lost_is_not_sent_from_the_beginning(
    bulkup: Bulkup, served: ServedOrg, path: Path, empty: bool
) -> None:
    org = served().org
    run = bulkup("run", path, *INSERT, "--chunk-rows", 4, "--no-wait", "--json").document["run"]
    journal = run_folders()[0] / "journal.jsonl"
    journal.unlink()
    if empty:
        journal.touch()
    for command in ("resume", "stop", "retry"):
        refused = bulkup(command, run)
        assert refused.code == 6
        assert "is gone or was emptied" in refused.err
    assert bulkup("runs", "--json").document["runs"][0]["state"] == "damaged"
    assert bulkup("run", path, *INSERT, "--json").document["error"] == "SameLoad"
    assert bulkup("runs", run, "--abandon").code == 0
    assert bulkup("run", path, *INSERT, "--json").document["error"] == "SameLoad"
    assert max(times_in_org(org).values()) == 1


@pytest.mark.parametrize("file", ["plan.json", "journal.jsonl"])
def test_a_damaged_run_is_listed_with_its_damage_and_named_by_resume(
    bulkup: Bulkup, served: ServedOrg, path: Path, file: str
) -> None:
    served(FaultPlan(requests=[UNWILLING]))
    run = stopped(bulkup, path)
    damaged = run_folders()[0] / file
    damaged.write_bytes(b"what is this\n" + damaged.read_bytes())
    listed = bulkup("runs")
    assert "damaged" in listed.out
    assert run in listed.out
    assert "damaged" in listed.err
    (entry,) = bulkup("runs", "--json").document["runs"]
    assert (entry["run"], entry["state"]) == (run, "damaged")
    assert "damaged" in entry["damage"]
    resumed = bulkup("resume")
    assert resumed.code == 6
    assert run in resumed.err
    assert "There is no unfinished run" not in resumed.err


def test_runs_are_numbered_and_named_by_their_number(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    served()
    older = bulkup("run", path, *INSERT, "--json").document["run"]
    newer = bulkup("run", path, *INSERT, "--again", "--json").document["run"]
    for name, run in (("1", newer), ("2", older), ("last", newer), (newer, newer)):
        assert bulkup("runs", name, "--json").document["run"] == run
        assert bulkup("retry", name, "--json").document["retry_of"] == run
    lines = bulkup("runs").out.splitlines()
    assert [line.split()[0] for line in lines if older in line.split()[:2]] == ["2"]


def test_a_journal_is_never_gone_while_a_damaged_run_is_given_up(
    bulkup: Bulkup, served: ServedOrg, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = served().org
    run = bulkup("run", path, *INSERT, "--no-wait", "--json").document["run"]
    journal = run_folders()[0] / "journal.jsonl"
    damaged = b"what is this\n" + journal.read_bytes()
    journal.write_bytes(damaged)

    class Died(BaseException):
        pass

    honest = Path.replace

    def replace(self: Path, to: Path) -> Path:
        if to == journal:
            raise Died
        return honest(self, to)

    with monkeypatch.context() as dying:
        dying.setattr(Path, "replace", replace)
        with pytest.raises(Died):
            bulkup("runs", run, "--abandon")
    assert journal.read_bytes() == damaged
    assert bulkup("resume", run).code == 6
    assert bulkup("runs", run, "--abandon").code == 0
    assert journal.with_suffix(".damaged").read_bytes() == damaged
    assert "is abandoned" in bulkup("resume", run).err
    assert sum(times_in_org(org).values()) <= 12


def test_a_run_is_not_given_up_before_its_jobs_can_be_reached(
    bulkup: Bulkup, served: ServedOrg, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(FaultPlan(requests=[RequestFault(act=FaultAction.STATUS, method="PUT")]))
    run = stopped(bulkup, path)
    with monkeypatch.context() as without:
        without.delenv("BULKUP_ACCESS_TOKEN")
        assert bulkup("runs", run, "--abandon").code == 4
    served()
    other = bulkup("runs", run, "--abandon")
    assert other.code == 6
    assert "belongs to org" in other.err
    assert bulkup("runs", "--json").document["runs"][0]["state"] == "stopped"


def test_jobs_that_could_not_be_aborted_are_aborted_when_the_run_is_given_up_again(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    refusal = RequestFault(act=FaultAction.STATUS, method="PATCH", status=403, times=2)
    served(FaultPlan(requests=[RequestFault(act=FaultAction.STATUS, method="PUT"), refusal]))
    run = stopped(bulkup, path)
    first = bulkup("runs", run, "--abandon")
    assert first.code == 0
    assert "could not be aborted" in first.err
    again = bulkup("runs", run, "--abandon")
    assert again.code == 0
    assert ": Aborted" in again.err
    assert [one["event"] for one in told()].count("Abandoned") == 1


def test_a_run_that_was_given_up_without_jobs_has_nothing_more_to_give_up(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    served(FaultPlan(requests=[UNWILLING]))
    run = stopped(bulkup, path)
    assert bulkup("runs", run, "--abandon").code == 0
    again = bulkup("runs", run, "--abandon")
    assert again.code == 6
    assert "nothing to give up" in again.err


def test_what_a_death_before_the_plan_left_is_removed_when_nothing_can_be_at_work_there(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    served()
    run = bulkup("run", path, *INSERT, "--json").document["run"]
    dead, young, at_work = (run_folders()[0].parent / name for name in ("dead", "young", "at-work"))
    for folder in (dead, young, at_work):
        (folder / "prepared").mkdir(parents=True)
        (folder / "prepared" / "source.csv").write_text("LastName\nSecret\n", encoding="utf-8")
    for folder in (dead, at_work):
        for one in (*folder.rglob("*"), folder):
            os.utime(one, (1_700_000_000, 1_700_000_000))
    os.utime(at_work / "prepared" / "source.csv")
    assert "removed 1 run" in bulkup("runs", "--prune", "30d").err
    assert {folder.name for folder in dead.parent.iterdir()} == {run, "young", "at-work"}
    assert "removed 1 run" in bulkup("runs", "--prune", 0).err
    assert {folder.name for folder in dead.parent.iterdir()} == {"young", "at-work"}


def test_the_newest_run_is_the_one_that_was_made_last_whatever_the_folders_are_called(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    served(FaultPlan(jobs=[JobFault(unprocessed=0.5, times=2)]))
    first = bulkup("run", path, *INSERT, "--json").document["run"]
    second = bulkup("run", people(path.with_name("a.csv"), 5), *INSERT, "--json").document["run"]
    folders = run_folders()[0].parent
    (folders / first).rename(folders / "20991231T000000-z-insert")
    (folders / second).rename(folders / "20000101T000000-a-insert")
    listed = [one["run"] for one in bulkup("runs", "--json").document["runs"]]
    assert listed == ["20000101T000000-a-insert", "20991231T000000-z-insert"]
    assert bulkup("retry", "--json").document["rows"]["total"] == 5
