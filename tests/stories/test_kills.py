"""Loads that die: killed at every event and at random moments, then resumed. Real processes."""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bulkup.localorg.faults.plan import FaultAction, FaultPlan, RequestFault
from tests.stories.conftest import Bulkup, ServedOrg
from tests.stories.dying import (
    INSERT,
    UNWILLING,
    Mortal,
    balanced,
    each_once,
    met,
    names,
    people,
    run_folders,
    slow,
    times_in_org,
)

DEATHS = [
    ("Began", 1),
    ("Created", 1),
    ("Uploaded", 1),
    ("Closing", 1),
    ("Closed", 1),
    ("Finished", 1),
    ("Saved", 1),
    ("Saved", 3),
]


@pytest.mark.parametrize(("event", "count"), DEATHS)
def test_a_process_killed_at_any_event_is_resumed_and_each_row_is_in_the_org_once(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, event: str, count: int
) -> None:
    org = served(FaultPlan(requests=[slow(0.1)])).org
    path = people(tmp_path / "people.csv")
    mortal = Mortal("run", path, *INSERT, "--chunk-rows", 4, "--parallel", 2)
    assert mortal.wait_for_event(event, count)
    assert mortal.kill() != 0
    assert "Left" not in names()
    done = bulkup("resume", "--json")
    assert done.code == 0, done.err
    assert done.document["state"] == "complete"
    assert done.document["rows"]["succeeded"] == 12
    assert balanced(done.document)
    assert times_in_org(org) == each_once(12)


def test_a_huge_cell_in_a_dropped_column_is_no_hindrance_to_resume_in_a_new_process(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    path = tmp_path / "people.csv"
    rows = [
        f"Müller {n},{'x' * 200_000 * (n == 1)},{status}\n"
        for n, status in enumerate(["", "failed"])
    ]
    path.write_text("LastName,Notes,bulkup__Status\n" + "".join(rows), encoding="utf-8")
    mortal = Mortal("run", path, *INSERT, "--drop", "Notes")
    assert mortal.wait_for_event("Saved")
    assert mortal.kill() != 0
    resumed = Mortal("resume", run_folders()[0].name, "--json")
    code, out, err = resumed.ended()
    assert code == 0, err
    assert json.loads(out)["state"] == "complete"
    assert times_in_org(org) == each_once(2)


@pytest.mark.skipif(sys.platform == "win32", reason="such names can't be there")
@pytest.mark.parametrize(
    ("home", "name"),
    [
        ("[1]*?", "a[1]*?.csv"),
        ("row=7", "back\\slash[1].csv"),
        ("back\\slash[x", "it's {0}.csv"),
        (os.fsdecode(b"caf\xe9"), os.fsdecode(b"caf\xe9.csv")),
    ],
)
def test_a_home_and_a_file_of_any_name_are_loaded_and_resumed(
    process: Bulkup,
    served: ServedOrg,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    home: str,
    name: str,
) -> None:
    org = served().org
    monkeypatch.setenv("BULKUP_HOME", str(tmp_path / home))
    path = people(tmp_path / name)
    mortal = Mortal("run", path, *INSERT, "--chunk-rows", 4)
    assert mortal.wait_for_event("Saved")
    mortal.kill()
    done = process("resume", run_folders()[0].name, "--json")
    assert done.code == 0, done.err
    assert done.document["state"] == "complete"
    assert times_in_org(org) == each_once(12)
    second = process("run", path, *INSERT, "--again")
    assert second.code == 0, second.err


@pytest.mark.parametrize("seed", range(3))
def test_processes_killed_at_random_moments_are_resumed_until_one_gets_through(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, seed: int
) -> None:
    org = served(FaultPlan(requests=[slow(0.04)])).org
    path = people(tmp_path / "people.csv", 15)
    chance = random.Random(seed)
    mortal = Mortal("run", path, *INSERT, "--chunk-rows", 3, "--parallel", 3)
    assert mortal.wait_for(lambda: "Began" in names())
    for _ in range(2):
        time.sleep(chance.uniform(0, 0.5))
        if mortal.kill() == 0:
            break
        mortal = Mortal("resume", run_folders()[0].name)
        began = names().count("Began")
        mortal.wait_for(lambda: names().count("Began") > began)  # noqa: B023 -- asked at once
    mortal.kill()
    last = bulkup("resume", run_folders()[0].name, "--json")
    assert last.code == 0 or "is over (complete)" in last.out
    assert times_in_org(org) == each_once(15)


needs_signals = pytest.mark.skipif(
    sys.platform == "win32", reason="a process can't be sent ^C from outside on Windows"
)


@needs_signals
@pytest.mark.parametrize(
    ("kind", "code", "word"), [("SIGINT", 130, "Interrupted"), ("SIGTERM", 143, "Terminated")]
)
def test_a_signal_leaves_within_seconds_and_says_how_to_go_on(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, kind: str, code: int, word: str
) -> None:
    org = served(FaultPlan(requests=[slow(0.4, "PUT")])).org
    path = people(tmp_path / "people.csv")
    mortal = Mortal("run", path, *INSERT, "--chunk-rows", 4, "--parallel", 1, "--json")
    assert mortal.wait_for_event("Created")
    since = time.monotonic()
    mortal.signal(signal.Signals[kind])
    ended, out, err = mortal.ended()
    assert ended == code, out + err
    assert time.monotonic() - since < 5
    assert "leaving at the next safe point" in err
    document = json.loads(out)
    assert document["state"] == "interrupted"
    assert document["error"]["error"] == "Interrupted"
    assert document["error"]["message"] == word
    assert document["error"]["exit_code"] == code
    assert f"bulkup resume {document['run']}" in document["error"]["hint"]
    assert balanced(document)
    assert bulkup("resume", document["run"]).code == 0
    assert times_in_org(org) == each_once(12)


@needs_signals
def test_a_call_that_hangs_is_left_behind_after_seconds_when_asked_to_leave(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    hang = RequestFault(act=FaultAction.HANG, method="PUT", seconds=60)
    org = served(FaultPlan(requests=[hang])).org
    mortal = Mortal("run", people(tmp_path / "people.csv"), *INSERT)
    assert mortal.wait_for(lambda: met(org) == 1)
    since = time.monotonic()
    mortal.signal(signal.SIGINT)
    code, out, err = mortal.ended()
    assert (code, time.monotonic() - since < 10) == (130, True)
    assert "Interrupted." in out
    assert "bulkup resume" in err
    assert bulkup("resume").code == 0
    assert times_in_org(org) == each_once(12)


@needs_signals
def test_the_second_signal_ends_at_once(bulkup: Bulkup, served: ServedOrg, tmp_path: Path) -> None:
    hang = RequestFault(act=FaultAction.HANG, method="PATCH", seconds=60)
    org = served(FaultPlan(requests=[hang])).org
    mortal = Mortal("run", people(tmp_path / "people.csv"), *INSERT)
    assert mortal.wait_for(lambda: met(org) == 1)
    mortal.signal(signal.SIGINT)
    mortal.wait_for_words("again to leave at once")
    since = time.monotonic()
    mortal.signal(signal.SIGINT)
    code, _, err = mortal.ended()
    assert (code, time.monotonic() - since < 2) == (130, True)
    assert "bulkup resume" in err
    assert bulkup("resume").code == 0
    assert times_in_org(org) == each_once(12)


def limited(size: int) -> Callable[[], None]:
    """What makes a process's disk full: no file of it grows beyond so many bytes."""
    resource = pytest.importorskip("resource", reason="no limit on file sizes on this system")
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_disk_that_fills_stops_the_run_and_resume_goes_on_when_there_is_room(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served(FaultPlan(requests=[UNWILLING])).org
    path = people(tmp_path / "people.csv")
    stopped = bulkup("run", path, *INSERT, "--chunk-rows", 2, "--retry-for", 0, "--json")
    run = stopped.document["run"]
    journal = run_folders()[0] / "journal.jsonl"
    full = journal.stat().st_size + 600
    mortal = Mortal("resume", run, "--json", preexec_fn=limited(full))
    code, out, err = mortal.ended()
    assert code == 6, err
    assert "can't be written: File too large" in out
    assert "bulkup resume" in out
    assert json.loads(out)["state"] == "stopped"
    assert journal.read_bytes().endswith(b"\n")
    assert bulkup("resume", run).code == 0
    assert times_in_org(org) == each_once(12)


def test_result_files_that_find_no_room_stop_the_run_and_are_written_by_resume(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    path = tmp_path / "wide.csv"
    rows = [f"Ann{n},{'x' * 1000}\n" for n in range(40)]
    path.write_text("LastName,Description\n" + "".join(rows), encoding="utf-8")
    with_room = bulkup("run", path, *INSERT, "--chunk-rows", 8, "--no-wait", "--json").document
    mortal = Mortal("resume", with_room["run"], "--json", preexec_fn=limited(20_000))
    code, out, err = mortal.ended()
    assert code == 6, out + err
    assert json.loads(out)["state"] == "stopped"
    assert "can't be written" in json.loads(out)["error"]["message"]
    done = bulkup("resume", "--json")
    assert done.code == 0
    results = Path(done.document["files"]["results"]).read_text(encoding="utf-8")
    assert results.count("succeeded") == 40


def test_a_home_that_can_not_be_written_is_told_before_anything_is_sent(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = served().org
    path = people(tmp_path / "people.csv")
    monkeypatch.setenv("BULKUP_HOME", str(path / "below-a-file"))
    done = bulkup("run", path, *INSERT)
    assert done.code == 6
    assert "can't be written" in done.err
    assert "BULKUP_HOME" in done.err
    assert times_in_org(org) == {}


def test_of_two_resumes_at_once_one_is_refused(
    served: ServedOrg, bulkup: Bulkup, tmp_path: Path
) -> None:
    org = served(FaultPlan(requests=[UNWILLING, slow(0.1)])).org
    path = people(tmp_path / "people.csv")
    stopped = bulkup("run", path, *INSERT, "--chunk-rows", 4, "--retry-for", 0, "--json")
    run = stopped.document["run"]
    both = [Mortal("resume", run), Mortal("resume", run)]
    ends = sorted(one.ended() for one in both)
    assert [code for code, _, _ in ends] == [0, 6]
    assert "is running in" in ends[1][2] or "is over" in ends[1][2]
    assert times_in_org(org) == each_once(12)


def test_a_run_that_a_process_holds_is_refused_to_another(
    served: ServedOrg, bulkup: Bulkup, tmp_path: Path
) -> None:
    hang = RequestFault(act=FaultAction.HANG, method="PUT", seconds=60)
    org = served(FaultPlan(requests=[hang])).org
    mortal = Mortal("run", people(tmp_path / "people.csv"), *INSERT)
    assert mortal.wait_for_event("Created")
    refused = bulkup("resume", run_folders()[0].name)
    listed = bulkup("runs", "--json").document["runs"]
    mortal.kill()
    assert refused.code == 6
    assert "is running in" in refused.err
    assert [one["state"] for one in listed] == ["running"]
    assert [one["state"] for one in bulkup("runs", "--json").document["runs"]] == ["killed"]
    assert times_in_org(org) == {}
