"""Stories of rows that come in on a later attempt, and of loads that stop early."""

import json
import signal
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from bulkup.localorg.faults.plan import FaultPlan, JobFault, RequestFault
from tests.stories.conftest import Bulkup, ServedOrg
from tests.stories.dying import (
    INSERT,
    UNWILLING,
    Mortal,
    balanced,
    each_once,
    names,
    people,
    run_folders,
    slow,
    times_in_org,
    told,
)

LOCKED = JobFault(locked=0.4, times=0)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same waits, a hundred times shorter."""
    monkeypatch.setattr("bulkup.execution.execute.FIRST_PAUSE", 0.02)
    monkeypatch.setattr("bulkup.execution.runner.SETTLE_SECONDS", 0.02)


def births(path: Path, rows: int, bad: range) -> Path:
    """People, some of whom are born on no date that the org takes."""
    lines = [f"Müller {n},{'never' if n in bad else '1999-01-02'}\n" for n in range(rows)]
    path.write_text("LastName,Birthdate\n" + "".join(lines), encoding="utf-8")
    return path


def test_locked_rows_come_in_on_later_attempts_and_the_report_says_on_which(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served(FaultPlan(jobs=[JobFault(locked=0.4, times=3)])).org
    done = bulkup("run", people(tmp_path / "p.csv", 40), *INSERT, "--chunk-rows", 20, "--json")
    assert done.code == 0, done.out
    document = done.document
    assert document["state"] == "complete"
    assert times_in_org(org) == each_once(40)
    assert balanced(document)
    attempts = [job["attempt"] for job in document["jobs"]]
    assert attempts[:2] == [1, 1]
    assert attempts[2:] == list(range(2, 2 + len(attempts[2:])))
    assert sum(job["rows"] for job in document["jobs"]) == 40
    assert sum(document["attempts"].values()) == 40
    assert document["attempts"]["1"] < 40
    assert "failed with a temporary error, sent again" in done.err


def test_the_summary_says_how_many_came_in_later(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served(FaultPlan(jobs=[JobFault(locked=0.4)]))
    done = bulkup("run", people(tmp_path / "p.csv", 40), *INSERT)
    later = int(done.out.partition("created)  (")[2].split()[0])
    assert 0 < later < 40
    assert "on a later attempt" in done.out


def test_rows_that_stay_locked_have_failed_in_the_end(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served(FaultPlan(jobs=[JobFault(locked=1.0, times=0)])).org
    done = bulkup("run", people(tmp_path / "p.csv"), *INSERT, "--row-retries", 2, "--json")
    assert done.code == 1
    assert [job["attempt"] for job in done.document["jobs"]] == [1, 2, 3]
    assert [job["rows"] for job in done.document["jobs"]] == [0, 0, 12]
    assert done.document["rows"]["failed"] == 12
    assert done.document["errors"][0]["code"] == "UNABLE_TO_LOCK_ROW"
    assert times_in_org(org) == {}


def test_without_row_retries_nothing_is_sent_again(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served(FaultPlan(jobs=[LOCKED]))
    done = bulkup("run", people(tmp_path / "p.csv"), *INSERT, "--row-retries", 0, "--json")
    assert done.code == 1
    assert len(done.document["jobs"]) == 1


def test_what_a_job_leaves_after_too_many_locks_joins_the_next_round(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    locks = JobFault(fail_after=5, error="TooManyLockFailure : Too many lock failure")
    org = served(FaultPlan(jobs=[locks])).org
    done = bulkup("run", people(tmp_path / "p.csv"), *INSERT, "--json")
    assert done.code == 0, done.out
    assert [(job["state"], job["attempt"]) for job in done.document["jobs"]] == [
        ("Failed", 1),
        ("JobComplete", 2),
    ]
    assert times_in_org(org) == each_once(12)


@pytest.mark.parametrize(
    ("event", "count"), [("Round", 1), ("Created", 3), ("Uploaded", 3), ("Closing", 3)]
)
def test_a_process_killed_in_round_two_is_resumed_in_round_two(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, event: str, count: int
) -> None:
    org = served(FaultPlan(requests=[slow(0.08)], jobs=[JobFault(locked=0.4, times=2)])).org
    mortal = Mortal("run", people(tmp_path / "p.csv", 30), *INSERT, "--chunk-rows", 15)
    assert mortal.wait_for_event(event, count)
    assert mortal.kill() != 0
    done = bulkup("resume", "--json")
    assert done.code == 0, done.out + done.err
    assert names().count("Round") == 1
    assert [job["attempt"] for job in done.document["jobs"]] == [1, 1, 2]
    assert times_in_org(org) == each_once(30)


def test_a_process_killed_in_the_pause_before_round_two_goes_on_with_it(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served(FaultPlan(jobs=[JobFault(locked=0.4)])).org
    mortal = Mortal("run", people(tmp_path / "p.csv", 30), *INSERT)
    assert mortal.wait_for_event("Saved")
    assert mortal.kill() != 0
    assert "Round" not in names()
    done = bulkup("resume", "--json")
    assert done.code == 0
    assert [job["attempt"] for job in done.document["jobs"]] == [1, 2]
    assert times_in_org(org) == each_once(30)


@pytest.mark.parametrize("lost", [False, True], ids=["altered", "lost"])
def test_rows_of_round_two_that_are_not_as_they_were_written_are_not_sent(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, lost: bool
) -> None:
    no_second_job = replace(UNWILLING, nth=2)
    org = served(FaultPlan(requests=[no_second_job], jobs=[JobFault(locked=0.4)])).org
    path = people(tmp_path / "p.csv", 30)
    done = bulkup("run", path, *INSERT, "--retry-for", 0, "--json")
    assert done.code == 5, done.out
    assert names()[-2:] == ["Round", "Left"]
    again = run_folders()[0] / "rounds" / "2.csv"
    written = again.read_bytes()
    if lost:
        again.unlink()
    else:
        again.write_bytes(written.replace(b"Ann", b"Eve"))
    done = bulkup("resume", "--json")
    assert done.code == 6
    assert done.document["error"]["error"] == "SourceChanged"
    assert "2.csv, the rows of attempt 2, is not as it was written" in done.out
    assert names().count("Created") == 1
    again.write_bytes(written)
    assert bulkup("resume").code == 0
    assert times_in_org(org) == each_once(30)


def test_further_rounds_have_no_bigger_jobs_than_the_user_allows(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served(FaultPlan(jobs=[JobFault(locked=1.0, times=2)])).org
    path = people(tmp_path / "p.csv", 10)
    done = bulkup("run", path, *INSERT, "--chunk-rows", 5, "--json")
    assert done.code == 0, done.out
    assert [(job["attempt"], job["rows"]) for job in done.document["jobs"]] == [
        (1, 0),
        (1, 0),
        (2, 5),
        (2, 5),
    ]
    assert times_in_org(org) == each_once(10)


def test_rows_of_one_account_are_sent_side_by_side_in_a_further_round(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served(FaultPlan(jobs=[JobFault(object="Contact", locked=1.0)])).org
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("Name\nOne\nTwo\n", encoding="utf-8")
    assert bulkup("run", accounts, "--object", "Account", "--op", "insert").code == 0
    one, two = (str(account["Id"]) for account in org.records("Account"))
    path = tmp_path / "contacts.csv"
    lines = [f"Müller {n},{two if n % 2 else one}\n" for n in range(8)]
    path.write_text("LastName,AccountId\n" + "".join(lines), encoding="utf-8")
    assert bulkup("run", path, *INSERT).code == 0
    order = [str(contact["AccountId"]) for contact in org.records("Contact")]
    assert order == sorted(order)
    assert Counter(order) == {one: 4, two: 4}


def test_past_max_failed_nothing_more_is_sent_and_a_higher_limit_goes_on(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    path = births(tmp_path / "p.csv", 40, range(6))
    options = ("--chunk-rows", 10, "--parallel", 1, "--no-check")
    done = bulkup("run", path, *INSERT, *options, "--max-failed", 5, "--json")
    assert done.code == 1
    counts = done.document["rows"]
    assert done.document["state"] == "partial"
    assert (counts["succeeded"], counts["failed"], counts["not_sent"]) == (4, 6, 30)
    assert "6 rows failed, more than --max-failed allows (5)" in done.document["reason"]
    run = done.document["run"]
    text = bulkup("runs", run).out
    assert f"bulkup resume {run}" in text
    again = bulkup("resume", run, "--max-failed", 6, "--json")
    assert again.code == 1
    assert again.document["rows"]["succeeded"] == 34
    assert again.document["rows"]["failed"] == 6
    assert sum(times_in_org(org).values()) == 34


def test_the_terminal_tells_in_numbers_why_it_stopped_and_what_to_type(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    path = births(tmp_path / "p.csv", 40, range(6))
    options = ("--chunk-rows", 10, "--parallel", 1, "--no-check", "--max-failed", "10%")
    done = bulkup("run", path, *INSERT, *options)
    assert done.code == 1
    assert "6 rows failed, more than --max-failed allows (4)" in done.out
    assert "not sent" in done.out
    assert "bulkup resume" in done.out
    assert "--max-failed" in done.out.partition("bulkup resume")[2]


def test_a_limit_that_is_not_passed_does_not_stop_and_passing_failures_do_not_count(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served(FaultPlan(jobs=[JobFault(locked=1.0, times=2)]))
    path = births(tmp_path / "p.csv", 20, range(2))
    options = ("--chunk-rows", 10, "--no-check", "--max-failed", "10%", "--json")
    done = bulkup("run", path, *INSERT, *options)
    assert done.code == 1
    assert done.document["rows"]["succeeded"] == 18
    assert done.document["rows"]["failed"] == 2


def test_a_running_job_is_aborted_past_the_limit_and_what_it_had_begun_is_counted(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served(FaultPlan(jobs=[JobFault(abort_lands=300)])).org
    path = births(tmp_path / "p.csv", 20_000, range(50))
    done = bulkup("run", path, *INSERT, "--no-check", "--max-failed", 10, "--json")
    assert done.code == 1
    counts = done.document["rows"]
    assert done.document["state"] == "partial"
    # What lands after the abort is another Finished.
    assert list(dict.fromkeys(names()))[-4:] == ["Aborting", "Finished", "Saved", "Left"]
    assert counts["failed"] == 50
    assert counts["unprocessed"] > 0
    assert counts["unknown"] == 0
    assert balanced(done.document)
    assert sum(times_in_org(org).values()) == counts["succeeded"] > 0


def test_a_canary_that_dies_keeps_the_rest_from_being_sent(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    path = births(tmp_path / "p.csv", 40, range(2, 3))
    done = bulkup("run", path, *INSERT, "--no-check", "--canary", 5)
    assert done.code == 1
    assert "1 of the first 5 records did not go in, so the rest was not sent" in done.out
    assert "INVALID_FIELD (Birthdate)" in done.out
    assert "bulkup resume" in done.out
    assert sum(times_in_org(org).values()) == 4
    assert [event["event"] for event in told()].count("Created") == 1
    run = run_folders()[0].name
    again = bulkup("resume", run, "--max-failed", 1, "--json")
    assert again.document["rows"]["succeeded"] == 39
    assert [job["rows"] for job in again.document["jobs"]] == [5, 35]


def test_a_canary_that_lives_is_followed_by_the_rest_and_locks_do_not_kill_it(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served(FaultPlan(jobs=[JobFault(locked=1.0)])).org
    done = bulkup("run", people(tmp_path / "p.csv", 20), *INSERT, "--canary", 5, "--json")
    assert done.code == 0
    assert [(job["attempt"], job["rows"]) for job in done.document["jobs"]] == [
        (1, 0),
        (1, 15),
        (2, 5),
    ]
    assert times_in_org(org) == each_once(20)


def test_a_canary_in_flight_is_alone(bulkup: Bulkup, served: ServedOrg, tmp_path: Path) -> None:
    served(FaultPlan(requests=[RequestFault(act=slow(0).act, method="GET", seconds=0.1, times=4)]))
    path = people(tmp_path / "p.csv", 20)
    assert bulkup("run", path, *INSERT, "--canary", 5, "--chunk-rows", 5).code == 0
    kinds = [(event["event"], event.get("chunk")) for event in told()]
    assert kinds.index(("Saved", 1)) < kinds.index(("Created", 2))


@pytest.mark.skipif(sys.platform == "win32", reason="no ^C from outside on Windows")
def test_a_run_left_in_the_pause_before_a_round_is_not_over(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served(FaultPlan(jobs=[JobFault(locked=0.4)])).org
    mortal = Mortal("run", people(tmp_path / "p.csv", 30), *INSERT, "--json")
    assert mortal.wait_for_event("Saved")
    mortal.signal(signal.SIGINT)
    code, out, _ = mortal.ended()
    assert code == 130
    assert json.loads(out)["state"] == "interrupted"
    done = bulkup("resume", "--json")
    assert done.code == 0
    assert [job["attempt"] for job in done.document["jobs"]] == [1, 2]
    assert times_in_org(org) == each_once(30)


def test_time_that_is_over_with_the_last_job_is_a_complete_run(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    late = RequestFault(act=slow(0).act, path="*/unprocessedrecords*", seconds=1.2)
    served(FaultPlan(requests=[late]))
    done = bulkup("run", people(tmp_path / "p.csv"), *INSERT, "--timeout", 0.8, "--json")
    assert done.code == 0, done.out
    assert done.document["state"] == "complete"
