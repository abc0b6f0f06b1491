"""Stories of `bulkup resume`: what it goes on with, and what it refuses with a reason."""

import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from bulkup.localorg.faults.plan import FaultAction, FaultPlan, RequestFault
from bulkup.localorg.server import Running
from tests.stories.conftest import Bulkup, Done, ServedOrg
from tests.stories.dying import (
    INSERT,
    UNWILLING,
    Mortal,
    balanced,
    each_once,
    meanwhile,
    names,
    people,
    run_folders,
    slow,
    times_in_org,
    told,
)

UNWILLING_ORG = FaultPlan(requests=[UNWILLING])
CHUNKS = ("--chunk-rows", 4, "--parallel", 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Twelve people."""
    return people(tmp_path / "people.csv")


def unfinished(bulkup: Bulkup, path: Path, *options: str) -> str:
    """A run of which nothing was sent, because the org was unwilling; its name."""
    done = bulkup("run", path, *INSERT, *CHUNKS, *options, "--retry-for", 0, "--json")
    assert done.document["state"] == "stopped"
    assert done.document["rows"]["not_sent"] == 12
    return str(done.document["run"])


def refused(done: Done, *words: str) -> None:
    """Exit 6, for these reasons."""
    assert done.code == 6, done.out + done.err
    for word in words:
        assert word in done.err


def test_time_of_zero_sends_everything_is_exit_7_and_resume_collects(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    org = served().org
    done = bulkup("run", path, *INSERT, *CHUNKS, "--timeout", 0, "--json")
    assert done.code == 7
    assert done.document["error"]["error"] == "WaitTimeout"
    assert done.document["rows"]["pending"] == 12
    assert balanced(done.document)
    resumed = bulkup("resume", done.document["run"], "--json")
    assert resumed.code == 0
    assert resumed.document["run"] == done.document["run"]
    assert times_in_org(org) == each_once(12)


def test_time_that_is_over_lets_an_upload_under_way_be_closed_and_begins_nothing_more(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    org = served(FaultPlan(requests=[slow(1.0, "PUT")])).org
    done = bulkup("run", path, *INSERT, *CHUNKS, "--timeout", 0.8, "--json")
    assert done.code == 7
    assert names().count("Created") == names().count("Closed") == 1
    assert bulkup("resume").code == 0
    assert times_in_org(org) == each_once(12)


def test_without_waiting_everything_is_sent_and_resume_collects_the_results(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    org = served().org
    done = bulkup("run", path, *INSERT, *CHUNKS, "--no-wait", "--json")
    assert done.code == 0
    assert done.document["state"] == "waiting"
    assert done.document["rows"]["pending"] == 12
    assert set(done.document["files"].values()) == {None}
    resumed = bulkup("resume", "--json")
    assert resumed.code == 0
    assert resumed.document["rows"]["succeeded"] == 12
    assert names().count("Created") == 3
    assert times_in_org(org) == each_once(12)


def test_a_finished_job_is_not_asked_for_again(
    bulkup: Bulkup, served: ServedOrg, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(FaultPlan(requests=[slow(0.2)]))
    mortal = Mortal("run", path, *INSERT, *CHUNKS)
    assert mortal.wait_for_event("Saved")
    mortal.kill()
    first = next(one["job"] for one in told() if one["event"] == "Saved")
    done = bulkup("resume", "--verbose")
    assert done.code == 0
    assert "POST" in done.err
    assert first not in "".join(line for line in done.err.splitlines() if "/ingest" in line)


def test_a_token_that_ends_stops_the_run_and_a_fresh_one_goes_on(
    bulkup: Bulkup, served: ServedOrg, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = served(
        FaultPlan(requests=[RequestFault(act=FaultAction.EXPIRE_TOKEN, method="PATCH")])
    ).org
    done = bulkup("run", path, *INSERT, *CHUNKS, "--json")
    assert done.code == 4
    assert done.document["state"] == "stopped"
    assert "login" in done.document["error"]["hint"]
    assert bulkup("resume").code == 4
    fresh = org.token[:15] + "!fresh"
    org.tokens.add(fresh)
    monkeypatch.setenv("BULKUP_ACCESS_TOKEN", fresh)
    assert bulkup("resume").code == 0
    assert times_in_org(org) == each_once(12)


def test_a_limit_of_the_org_stops_the_run_says_when_to_try_and_is_resumed_another_day(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    words = '[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]'
    limit = RequestFault(act=FaultAction.STATUS, method="POST", nth=2, status=403, body=words)
    org = served(FaultPlan(requests=[limit])).org
    done = bulkup("run", path, *INSERT, *CHUNKS, "--json")
    assert done.code == 5
    assert done.document["state"] == "stopped"
    assert done.document["error"]["error"] == "LimitReached"
    assert "24 hours" in done.document["error"]["hint"]
    assert balanced(done.document)
    assert bulkup("resume").code == 0
    assert times_in_org(org) == each_once(12)


def test_a_fault_that_does_not_pass_in_time_stops_the_run_resumable(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    broken = RequestFault(act=FaultAction.STATUS, method="PUT", nth=2)
    org = served(FaultPlan(requests=[broken])).org
    done = bulkup("run", path, *INSERT, *CHUNKS, "--retry-for", 0, "--json")
    assert done.code == 5
    assert done.document["state"] == "stopped"
    assert bulkup("resume").code == 0
    assert times_in_org(org) == each_once(12)


def aborted(org: Running, job: str) -> None:
    """Let a person abort a job at Salesforce."""
    answer = httpx.patch(
        f"{org.url}/services/data/v60.0/jobs/ingest/{job}",
        json={"state": "Aborted"},
        headers={"Authorization": f"Bearer {org.token}"},
        trust_env=False,
    )
    answer.raise_for_status()


def test_what_a_person_aborts_is_not_begun_again_and_the_run_has_failed(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    running = served(FaultPlan(requests=[slow(0.6, "PUT")]))
    with meanwhile("Created", lambda event: aborted(running, event["job"]), count=2):
        done = bulkup("run", path, *INSERT, *CHUNKS, "--json")
    assert done.code == 5
    document = done.document
    assert document["state"] == "failed"
    assert document["error"]["error"] == "JobAborted"
    assert "bulkup retry" in document["error"]["hint"]
    counts = document["rows"]
    assert (counts["succeeded"], counts["unprocessed"], counts["not_sent"]) == (4, 4, 4)
    assert names().count("Created") == 2
    refused(bulkup("resume", document["run"]), "is over (failed)", "bulkup retry")
    assert bulkup("retry").code == 0
    assert times_in_org(running.org) == each_once(12)


def test_what_a_person_aborts_while_nobody_is_there_is_not_begun_again_either(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    running = served(FaultPlan(requests=[slow(0.3)]))
    mortal = Mortal("run", path, *INSERT, *CHUNKS)
    assert mortal.wait_for_event("Created")
    mortal.kill()
    aborted(running, told()[-1]["job"])
    done = bulkup("resume", "--json")
    assert done.code == 5
    assert done.document["state"] == "failed"
    assert (done.document["rows"]["unprocessed"], done.document["rows"]["not_sent"]) == (4, 8)
    assert times_in_org(running.org) == {}


def test_a_run_that_is_complete_is_refused_and_nothing_more_is_suggested(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    served()
    run = bulkup("run", path, *INSERT, "--json").document["run"]
    for command in ("resume", "stop"):
        done = bulkup(command, run)
        assert (done.code, done.err) == (6, f"error: Run {run} is over (complete)\n")


def test_a_source_that_was_moved_is_asked_for_and_found_again(
    bulkup: Bulkup, served: ServedOrg, path: Path, tmp_path: Path
) -> None:
    org = served(UNWILLING_ORG).org
    run = unfinished(bulkup, path)
    elsewhere = path.rename(tmp_path / "elsewhere.csv")
    refused(bulkup("resume", run), "There is no file", "--source FILE")
    assert bulkup("resume", run, "--source", elsewhere).code == 0
    assert times_in_org(org) == each_once(12)


def test_another_file_is_not_taken_for_the_source(
    bulkup: Bulkup, served: ServedOrg, path: Path, tmp_path: Path
) -> None:
    org = served(UNWILLING_ORG).org
    run = unfinished(bulkup, path)
    other = people(tmp_path / "other.csv", 13)
    refused(bulkup("resume", run, "--source", other), "has changed since run")
    assert times_in_org(org) == {}


def test_a_source_that_was_changed_is_refused_until_it_is_put_back(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    org = served(UNWILLING_ORG).org
    run = unfinished(bulkup, path)
    before = path.read_bytes()
    path.write_bytes(before.replace(b"Ann1,", b"Eve1,"))
    refused(bulkup("resume", run), "has changed since run", "Put it back as it was")
    assert times_in_org(org) == {}
    path.write_bytes(before)
    assert bulkup("resume", run).code == 0
    assert times_in_org(org) == each_once(12)


def test_a_source_that_is_rewritten_while_it_is_sent_is_never_closed_and_can_be_put_back(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    org = served(FaultPlan(requests=[slow(0.6, "PUT")])).org
    before = path.read_bytes()

    def rewrite(_event: dict[str, Any]) -> None:
        path.write_bytes(before.replace(b"Ann1,", b"Eve1,"))

    with meanwhile("Created", rewrite, count=2):
        done = bulkup("run", path, *INSERT, *CHUNKS, "--json")
    assert done.code == 6
    assert done.document["state"] == "stopped"
    assert done.document["error"]["error"] == "SourceChanged"
    assert names()[-3:] == ["Aborting", "Discarded", "Left"]
    assert sum(times_in_org(org).values()) == 4
    refused(bulkup("resume"), "has changed since run")
    path.write_bytes(before)
    assert bulkup("resume").code == 0
    assert times_in_org(org) == each_once(12)


def test_a_pipe_is_kept_in_the_run_directory_and_can_be_resumed(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    org = served(UNWILLING_ORG).org
    text = path.read_text(encoding="utf-8")
    done = bulkup("run", "-", *INSERT, *CHUNKS, "--retry-for", 0, stdin=text)
    assert done.code == 5
    assert bulkup("resume").code == 0
    assert times_in_org(org) == each_once(12)


def test_another_org_is_refused_and_both_are_named(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    served(UNWILLING_ORG)
    run = unfinished(bulkup, path)
    other = served()
    refused(bulkup("resume", run), "belongs to org", "--org")
    assert times_in_org(other.org) == {}


def test_a_run_directory_that_was_moved_goes_on_with_its_own_copy_of_the_source(
    bulkup: Bulkup, served: ServedOrg, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = served(UNWILLING_ORG).org
    run = unfinished(bulkup, people(tmp_path / "wide.csv", encoding="utf-16"))
    moved = tmp_path / "moved"
    shutil.move(home / "bulkup", moved)
    refused(bulkup("resume", run), "There is no run")
    monkeypatch.setenv("BULKUP_HOME", str(moved))
    done = bulkup("resume", run, "--json")
    assert done.code == 0, done.out + done.err
    assert times_in_org(org) == each_once(12)


def test_a_run_of_another_machine_asks_to_be_taken_over(
    bulkup: Bulkup, served: ServedOrg, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = served(UNWILLING_ORG).org
    run = unfinished(bulkup, path)
    other = path.with_name("machine-id")
    other.write_text("another\n", encoding="utf-8")
    monkeypatch.setattr("bulkup.runs.place.SYSTEM_ID_FILES", (other,))
    refused(bulkup("resume", run), "was made on another machine", "--take-over")
    assert times_in_org(org) == {}
    assert bulkup("resume", run, "--take-over").code == 0
    assert times_in_org(org) == each_once(12)


@pytest.mark.parametrize("moment", ["before the first job", "after the first job"])
def test_a_copy_of_a_run_is_not_resumed_beside_the_original(
    bulkup: Bulkup, served: ServedOrg, path: Path, moment: str
) -> None:
    failing = RequestFault(act=FaultAction.STATUS, method="PUT")
    faults = UNWILLING_ORG if moment.startswith("before") else FaultPlan(requests=[failing])
    org = served(faults).org
    run = bulkup("run", path, *INSERT, "--retry-for", 0, "--json").document["run"]
    folder = run_folders()[0]
    shutil.copytree(folder, folder.with_name("copy"))
    refused(bulkup("resume", "copy"), "or its folder is a copy", "--take-over")
    assert times_in_org(org) == {}
    assert bulkup("resume", run).code == 0
    assert times_in_org(org) == each_once(12)


def test_a_copy_of_the_whole_home_is_not_resumed_beside_the_original(
    bulkup: Bulkup, served: ServedOrg, path: Path, home: Path
) -> None:
    org = served(UNWILLING_ORG).org
    run = unfinished(bulkup, path)
    copy = shutil.copytree(home / "bulkup", home / "restored")
    done = bulkup("resume", run, env={"BULKUP_HOME": str(copy)})
    refused(done, "or its folder is a copy", "--take-over")
    assert times_in_org(org) == {}


def test_a_run_that_was_taken_over_is_resumed_there_without_asking_again(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    failing = RequestFault(act=FaultAction.STATUS, method="POST", path="*/jobs/ingest*", times=2)
    org = served(FaultPlan(requests=[failing])).org
    unfinished(bulkup, path)
    folder = run_folders()[0]
    shutil.copytree(folder, folder.with_name("copy"))
    assert bulkup("resume", "copy", "--take-over", "--retry-for", 0).code == 5
    assert bulkup("resume", "copy").code == 0
    assert times_in_org(org) == each_once(12)


def test_a_run_that_was_moved_and_renamed_is_resumed(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    org = served(UNWILLING_ORG).org
    unfinished(bulkup, path)
    folder = run_folders()[0]
    folder.rename(folder.with_name("renamed"))
    assert bulkup("resume", "renamed").code == 0
    assert times_in_org(org) == each_once(12)


def test_a_torn_last_line_is_cut_off_and_the_run_goes_on(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    org = served(UNWILLING_ORG).org
    run = unfinished(bulkup, path)
    journal = run_folders()[0] / "journal.jsonl"
    with journal.open("ab") as file:
        file.write(b'{"event":"Created","at":"2026-11-2')
    assert bulkup("resume", run).code == 0
    assert all(json.loads(line) for line in journal.read_bytes().splitlines())
    assert times_in_org(org) == each_once(12)


def test_a_damaged_line_in_the_middle_is_refused_with_its_number(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    org = served(UNWILLING_ORG).org
    run = unfinished(bulkup, path)
    journal = run_folders()[0] / "journal.jsonl"
    journal.write_bytes(b"what is this\n" + journal.read_bytes())
    refused(bulkup("resume", run), "line 1: the journal is damaged there", "--abandon")
    assert times_in_org(org) == {}


def test_a_damaged_plan_is_refused(bulkup: Bulkup, served: ServedOrg, path: Path) -> None:
    served(UNWILLING_ORG)
    run = unfinished(bulkup, path)
    plan = run_folders()[0] / "plan.json"
    plan.write_bytes(plan.read_bytes()[:-40])
    refused(bulkup("resume", run), f"The plan of run {run} is damaged")


def test_not_named_the_only_unfinished_run_is_meant(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    twice = RequestFault(act=FaultAction.STATUS, method="POST", path="*/jobs/ingest*", times=2)
    served(FaultPlan(requests=[twice]))
    refused(bulkup("resume"), "There is no unfinished run", "bulkup runs")
    one = unfinished(bulkup, path)
    two = unfinished(bulkup, path, "--again")
    refused(
        bulkup("resume"), "There are 2 unfinished runs", f"bulkup resume {one}", f"resume {two}"
    )
    assert bulkup("resume", one).code == 0
    assert json.loads(bulkup("resume", "--json").out)["run"] == two


@pytest.mark.parametrize("name", ["nothing-like-it", "../runs", ".", "/etc"])
def test_a_name_of_no_run_is_refused(bulkup: Bulkup, served: ServedOrg, name: str) -> None:
    refused(bulkup("resume", name), "bulkup runs")


def test_a_fault_before_the_first_job_is_borne_though_nobody_waits_for_the_jobs(
    bulkup: Bulkup, served: ServedOrg, path: Path
) -> None:
    served(UNWILLING_ORG)
    done = bulkup("run", path, *INSERT, *CHUNKS, "--no-wait", "--timeout", "60s", "--json")
    assert done.code == 0
    assert done.document["state"] == "waiting"
    assert names().count("Closed") == 3
