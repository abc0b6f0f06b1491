"""Faults to order, asked of the org in the process: what it does and what it says befalls."""

import json
from pathlib import Path

import pytest

from bulkup.localorg.faults.parse import FaultPlanError, parse_plan, read_plan
from bulkup.localorg.faults.plan import FaultAction, FaultPlan, JobFault, RequestFault
from bulkup.localorg.http.messages import ConnectionFault, Fault
from bulkup.localorg.org import Org
from tests.localorg.asking import INGEST, KINDS, Asker

LIMITS = "/services/data/v60.0/limits"


def with_faults(*faults: RequestFault | JobFault, batch_rows: int = 400) -> Asker:
    plan = FaultPlan(
        requests=[one for one in faults if isinstance(one, RequestFault)],
        jobs=[one for one in faults if isinstance(one, JobFault)],
    )
    return Asker(Org(None, token="t", batch_rows=batch_rows, faults=plan))


def rows(count: int) -> str:
    return "LastName\n" + "".join(f"N{i}\n" for i in range(count))


def statuses(org: Asker, count: int, method: str = "GET", path: str = LIMITS) -> list[int]:
    return [org.ask(method, path).status for _ in range(count)]


@pytest.mark.parametrize(
    ("nth", "times", "expected"),
    [(1, 1, [503, 200, 200, 200]), (2, 2, [200, 503, 503, 200]), (3, 0, [200, 200, 503, 503])],
)
def test_the_nth_request_and_so_many_after_it_are_met(
    nth: int, times: int, expected: list[int]
) -> None:
    org = with_faults(RequestFault(act=FaultAction.STATUS, nth=nth, times=times))
    assert statuses(org, 4) == expected
    org.org.close()


def test_only_requests_that_match_method_and_path_are_counted_and_met() -> None:
    org = with_faults(
        RequestFault(act=FaultAction.STATUS, method="patch", path="*/jobs/ingest/750*")
    )
    job = org.create("Contact", "insert")
    assert org.put(job, rows(1)).status == 201
    assert org.look(job)["state"] == "Open"
    assert org.patch(job, "UploadComplete").status == 503
    assert org.look(job)["state"] == "Open"
    assert org.patch(job, "UploadComplete").status == 200
    org.org.close()


def test_of_several_entries_the_first_that_is_met_acts_and_all_count() -> None:
    first = RequestFault(act=FaultAction.STATUS, status=500, nth=2)
    second = RequestFault(act=FaultAction.STATUS, status=502, nth=2, times=2)
    org = with_faults(first, second)
    assert statuses(org, 4) == [200, 500, 502, 200]
    org.org.close()


def test_a_status_comes_with_its_body_and_retry_after() -> None:
    html = RequestFault(
        act=FaultAction.STATUS,
        status=429,
        body="<p>slow</p>",
        content_type="text/html",
        retry_after=7,
    )
    org = with_faults(html, RequestFault(act=FaultAction.STATUS))
    response = org.ask("GET", LIMITS)
    assert (response.status, response.body) == (429, b"<p>slow</p>")
    assert response.headers == {"content-type": "text/html", "retry-after": "7"}
    assert statuses(org, 1) == [200]
    org.org.close()


def test_a_status_can_hide_that_the_work_was_done() -> None:
    org = with_faults(RequestFault(act=FaultAction.STATUS, method="POST", status=504, works=True))
    response = org.ask("POST", INGEST, {"object": "Lead", "operation": "insert"})
    assert response.status == 504
    assert json.loads(response.body)[0]["errorCode"] == "SERVER_UNAVAILABLE"
    assert len(org.json("GET", INGEST)["records"]) == 1
    org.org.close()


@pytest.mark.parametrize(
    ("act", "works"),
    [
        (FaultAction.RESET, False),
        (FaultAction.RESET_UPLOAD, False),
        (FaultAction.HANG, False),
        (FaultAction.LOST, True),
        (FaultAction.CUT, True),
        (FaultAction.SLOW, True),
    ],
)
def test_troubles_on_the_way_say_whether_the_work_was_done(act: FaultAction, works: bool) -> None:
    org = with_faults(RequestFault(act=act, method="POST", seconds=3))
    response = org.ask("POST", INGEST, {"object": "Lead", "operation": "insert"})
    assert response.fault == Fault(trouble=ConnectionFault(act.value), seconds=3)
    assert response.fault.does_work is works
    assert (response.status == 200) is works
    assert len(org.json("GET", INGEST)["records"]) == works
    org.org.close()


def test_slow_and_hanging_have_a_time_of_their_own_unless_it_is_said() -> None:
    def seconds(act: FaultAction) -> float:
        fault = RequestFault(act=act).on_the_way
        assert fault
        return fault.seconds

    assert [seconds(act) for act in (FaultAction.SLOW, FaultAction.HANG, FaultAction.RESET)] == [
        5,
        3600,
        0,
    ]


def test_a_token_can_be_ended() -> None:
    org = with_faults(RequestFault(act=FaultAction.EXPIRE_TOKEN, nth=2))
    assert statuses(org, 3) == [200, 401, 401]
    org.org.close()


def test_a_job_can_end_failed_after_some_rows() -> None:
    org = with_faults(JobFault(fail_after=250, error="InternalServerError : ouch", nth=2))
    good = org.load("Contact", "insert", rows(300))
    bad = org.load("Contact", "insert", rows(1000))
    assert org.look(good)["state"] == "JobComplete"
    seen = org.look(bad)
    assert (seen["state"], seen["errorMessage"]) == ("Failed", "InternalServerError : ouch")
    assert seen["numberRecordsProcessed"] == 250
    assert [len(org.rows(bad, kind)) for kind in KINDS] == [250, 0, 750]
    assert len(org.org.created_by_job(bad)) == 250
    org.org.close()


def test_a_job_can_fail_before_its_first_row() -> None:
    org = with_faults(JobFault(fail_after=0))
    job = org.load("Contact", "insert", rows(3))
    assert org.look(job)["state"] == "Failed"
    assert [len(org.rows(job, kind)) for kind in KINDS] == [0, 0, 3]
    org.org.close()


def test_rows_can_be_locked_and_left_unprocessed_and_the_seed_decides_which() -> None:
    def outcome() -> list[set[str]]:
        org = with_faults(JobFault(object="contact", locked=0.3, unprocessed=0.2))
        job = org.load("Contact", "insert", rows(400))
        assert org.look(job)["state"] == "JobComplete"
        assert {row["sf__Error"] for row in org.rows(job, "failedResults")} == {
            "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--"
        }
        found = [{row["LastName"] for row in org.rows(job, kind)} for kind in KINDS]
        assert len(org.org.records("Contact")) == len(found[0])
        org.org.close()
        return found

    good, locked, left = outcome()
    assert good | locked | left == {f"N{i}" for i in range(400)}
    assert len(good) + len(locked) + len(left) == 400
    assert 60 < len(locked) < 140
    assert 50 < len(left) < 110
    assert outcome() == [good, locked, left]


def test_counts_can_lag_behind_the_end() -> None:
    org = with_faults(JobFault(lag=2))
    job = org.load("Contact", "insert", rows(100))
    seen = [org.look(job) for _ in range(3)]
    assert [one["state"] for one in seen] == ["JobComplete"] * 3
    assert [one["numberRecordsProcessed"] for one in seen] == [50, 50, 100]
    org.org.close()


@pytest.mark.parametrize("begun", [0, 1])
def test_rows_can_land_after_an_abort(begun: int) -> None:
    org = with_faults(JobFault(abort_lands=250))
    job = org.create("Contact", "insert")
    org.put(job, rows(1000))
    org.patch(job, "UploadComplete")
    org.work(begun)
    org.patch(job, "Aborted")
    assert org.org.records("Contact") == []
    org.work()
    assert org.look(job)["numberRecordsProcessed"] == 250
    assert [len(org.rows(job, kind)) for kind in KINDS] == [250, 0, 750]
    org.org.close()


def test_results_can_miss_rows_for_a_while_or_for_ever() -> None:
    org = with_faults(
        JobFault(missing=0.5, missing_answers=2), JobFault(missing=1, nth=2), batch_rows=10_000
    )
    job = org.load("Contact", "insert", rows(100))
    sizes = [len(org.rows(job, "successfulResults")) for _ in range(3)]
    assert sizes[0] == sizes[1] < 80
    assert sizes[2] == 100
    job = org.load("Contact", "insert", rows(10))
    assert [org.text(job, "successfulResults") for _ in range(3)] == [
        '"sf__Id","sf__Created",LastName\n'
    ] * 3
    org.org.close()


@pytest.mark.parametrize(
    ("gone", "records"), [("Open", 0), ("UploadComplete", 0), ("InProgress", 0), ("JobComplete", 1)]
)
def test_a_job_can_be_gone_once_it_is_so_far(gone: str, records: int) -> None:
    org = with_faults(JobFault(gone=gone))
    job = org.create("Contact", "insert")
    states = []
    for step in (
        lambda: org.put(job, rows(1)),
        lambda: org.patch(job, "UploadComplete"),
        lambda: org.work(1),
        org.work,
    ):
        response = org.ask("GET", f"{INGEST}/{job}")
        if response.status == 404:
            break
        states.append(json.loads(response.body)["state"])
        step()
    assert org.ask("GET", f"{INGEST}/{job}").status == 404
    assert gone not in states
    assert org.json("GET", INGEST)["records"] == []
    assert len(org.org.records("Contact")) == records
    org.org.close()


def test_what_is_ordered_for_a_job_survives_a_restart(tmp_path: Path) -> None:
    plan = FaultPlan(jobs=[JobFault(operation="insert", fail_after=100)])
    first = Asker(Org(tmp_path, token="t", faults=plan))
    job = first.create("Contact", "insert")
    first.put(job, rows(300))
    first.patch(job, "UploadComplete")
    first.org.close()
    second = Asker(Org(tmp_path, token="t"))
    second.work()
    assert second.look(job)["numberRecordsProcessed"] == 100
    second.org.close()


WHOLE = """
[[request]]
act = "status"
method = "PUT"
path = "*/batches"
nth = 2
times = 3
status = 503
body = ""
content_type = "text/plain"
retry_after = 5
works = true

[[request]]
act = "hang"
seconds = 2.5

[[job]]
object = "Contact"
operation = "hardDelete"
nth = 1
times = 0
fail_after = 10
error = "Timeout"
locked = 0.5
unprocessed = 1
lag = 1
abort_lands = 0
missing = 0.0
missing_answers = 1
gone = "InProgress"
"""


def test_a_plan_is_read_from_toml(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(WHOLE, encoding="utf-8")
    plan = read_plan(path)
    assert plan.requests == [
        RequestFault(
            act=FaultAction.STATUS, method="PUT", path="*/batches", nth=2, times=3, status=503,
            body="",
            content_type="text/plain", retry_after=5, works=True,
        ),
        RequestFault(act=FaultAction.HANG, seconds=2.5),
    ]  # fmt: skip
    assert plan.jobs == [
        JobFault(
            object="Contact", operation="hardDelete", times=0, fail_after=10, error="Timeout",
            locked=0.5, unprocessed=1, lag=1, abort_lands=0, missing_answers=1, gone="InProgress",
        )
    ]  # fmt: skip
    assert parse_plan("") == FaultPlan(requests=[], jobs=[])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[request]", "p.toml: it is no TOML: "),
        ("seed = 1", "p.toml: seed: not known; known are [[request]] and [[job]]"),
        ("request = 1", "p.toml: request: must be tables, each under a line [[request]]"),
        ("[request]", "p.toml: request: must be tables, each under a line [[request]]"),
        (
            "[[request]]",
            (
                "p.toml: request 1: act: must be there: one of status, expire-token, reset, "
                "reset-upload, lost, cut, slow, hang"
            ),
        ),
        (
            '[[request]]\nact = "lost"\n[[request]]\nact = "burn"',
            "p.toml: request 2: act: 'burn' is not allowed; it takes one of status, ",
        ),
        (
            '[[request]]\nact = "lost"\nstatus = 500',
            'p.toml: request 1: status: only for act = "status"',
        ),
        (
            '[[request]]\nact = "status"\nstatus = 99',
            "p.toml: request 1: status: 99 is not allowed; it takes a status from 200 to 599",
        ),
        ('[[request]]\nact = "status"\nnth = 0', "it takes a whole number from 1 on"),
        ('[[request]]\nact = "status"\nnth = true', "it takes a whole number from 1 on"),
        ('[[request]]\nact = "status"\nretry_after = -1', "a whole number of seconds or a HTTP"),
        ('[[request]]\nact = "slow"\nseconds = "3"', "it takes a number of seconds, 0 or more"),
        (
            '[[request]]\nact = "slow"\ncolour = "red"',
            "p.toml: request 1: colour: not known; known are act, method, path, nth, times, ",
        ),
        ("[[job]]\nlocked = 20", "p.toml: job 1: locked: 20 is not allowed; it takes a number fr"),
        ('[[job]]\ngone = "Lost"', "it takes one of Open, UploadComplete, InProgress, JobComplete"),
    ],
)
def test_a_bad_plan_is_told_in_one_line_with_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(FaultPlanError) as caught:
        parse_plan(text, file="p.toml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.file == "p.toml"


def test_a_plan_that_can_not_be_read_is_told_too(tmp_path: Path) -> None:
    with pytest.raises(FaultPlanError, match=r"none\.toml: No such file or directory"):
        read_plan(tmp_path / "none.toml")
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"# \xfc")
    with pytest.raises(FaultPlanError, match="it is not UTF-8"):
        read_plan(latin)
