"""Each fault that can be ordered, met once by a whole load over sockets: what a user sees then."""

import csv
from pathlib import Path

import pytest

from bulkup.localorg.faults.plan import FaultAction, FaultPlan, JobFault, RequestFault
from tests.stories.conftest import Bulkup, Done, ServedOrg
from tests.stories.dying import INSERT, balanced, each_once, names, people, times_in_org

ROWS = 12
JOB = "*/jobs/ingest/*"
HTML = "<html><head><title>Down for maintenance</title></head><body>soon</body></html>"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same waits, a hundred times shorter."""
    monkeypatch.setattr("bulkup.retry.FIRST_WAIT", 0.005)
    monkeypatch.setattr("bulkup.execution.runner.SETTLE_SECONDS", 0.02)
    monkeypatch.setattr("bulkup.execution.runner.MISSING_ROWS_SECONDS", 0.6)
    monkeypatch.setattr("bulkup.execution.execute.FIRST_PAUSE", 0.02)


@pytest.fixture
def load(bulkup: Bulkup, tmp_path: Path) -> Bulkup:
    """A load of twelve people as an insert, with these options."""

    def run(*options: object) -> Done:
        return bulkup("run", people(tmp_path / "people.csv", ROWS), *INSERT, "--json", *options)

    return run


def status(code: int, method: str = "", **more: object) -> RequestFault:
    return RequestFault(act=FaultAction.STATUS, method=method, status=code, **more)  # type: ignore[arg-type]  # as typed there


PASSING = {
    "the connection is reset before a job is created": RequestFault(
        act=FaultAction.RESET, method="POST"
    ),
    "the answer to a new job is lost": RequestFault(act=FaultAction.LOST, method="POST"),
    "the answer to a new job is cut": RequestFault(act=FaultAction.CUT, method="POST"),
    "the upload is reset before it is read": RequestFault(act=FaultAction.RESET, method="PUT"),
    "the upload is reset in its middle": RequestFault(act=FaultAction.RESET_UPLOAD, method="PUT"),
    "the answer to the upload is lost": RequestFault(act=FaultAction.LOST, method="PUT"),
    "the upload is answered with 503, and was not taken": status(503, "PUT"),
    "the upload is answered with 503, and was taken": status(503, "PUT", works=True),
    "the close is reset": RequestFault(act=FaultAction.RESET, method="PATCH"),
    "the answer to the close is lost": RequestFault(act=FaultAction.LOST, method="PATCH"),
    "the close is answered with 500, and was done": status(500, "PATCH", works=True),
    "a look is answered with 502 and a page": status(502, "GET", path=JOB, body=HTML),
    "a look is answered with 200 and a page": status(200, "GET", path=JOB, body=HTML),
    "too many requests, with a wish to wait": status(429, "GET", path=JOB, retry_after=0),
    "a request that took too long": status(408, "GET", path=JOB),
    "a look that breaks four times": RequestFault(
        act=FaultAction.RESET, method="GET", path=JOB, times=4
    ),
    "the successful rows end in the middle": RequestFault(
        act=FaultAction.CUT, path="*/successfulResults*"
    ),
    "the failed rows are reset": RequestFault(act=FaultAction.RESET, path="*/failedResults*"),
    "the unprocessed rows are a 503": status(503, "GET", path="*/unprocessedrecords*"),
    "everything is slow": RequestFault(act=FaultAction.SLOW, path=JOB, seconds=0.05, times=0),
    "the describe breaks": RequestFault(act=FaultAction.RESET, path="*/describe*"),
}


@pytest.mark.parametrize("story", PASSING)
def test_a_fault_that_passes_is_borne_and_each_row_is_loaded_once(
    load: Bulkup, served: ServedOrg, story: str
) -> None:
    org = served(FaultPlan(requests=[PASSING[story]])).org
    done = load("--chunk-rows", 6)
    assert done.code == 0, done.out + done.err
    assert done.document["state"] == "complete"
    assert balanced(done.document)
    assert times_in_org(org) == each_once(ROWS)


def test_a_wait_is_told_with_its_reason(load: Bulkup, served: ServedOrg) -> None:
    served(FaultPlan(requests=[status(503, "PUT")]))
    assert "waiting 0.0 s: Salesforce" in load().err


def test_a_lost_upload_means_a_new_job_and_never_a_second_upload(
    load: Bulkup, served: ServedOrg
) -> None:
    served(FaultPlan(requests=[RequestFault(act=FaultAction.LOST, method="PUT")]))
    assert load().code == 0
    assert names().count("Created") == 2
    assert names().count("Discarded") == names().count("Uploaded") == 1


def test_a_lost_close_is_looked_at_and_not_begun_again(load: Bulkup, served: ServedOrg) -> None:
    served(FaultPlan(requests=[RequestFault(act=FaultAction.LOST, method="PATCH")]))
    assert load().code == 0
    assert names().count("Created") == names().count("Closing") == 1


def test_a_call_that_hangs_is_given_up_and_begun_again(
    load: Bulkup, served: ServedOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bulkup.salesforce.client.READ_SECONDS", 0.5)
    hangs = [RequestFault(act=FaultAction.HANG, method=method) for method in ("PUT", "PATCH")]
    org = served(FaultPlan(requests=hangs)).org
    done = load()
    assert done.code == 0
    assert "did not answer in time" in done.err
    assert times_in_org(org) == each_once(ROWS)


def test_a_server_that_wishes_for_longer_than_our_patience_is_not_waited_for(
    load: Bulkup, served: ServedOrg
) -> None:
    served(FaultPlan(requests=[status(503, "PUT", retry_after=3600)]))
    done = load("--retry-for", "10s")
    assert done.code == 5
    assert done.document["state"] == "stopped"
    assert done.document["error"]["error"] == "Transient"


def test_a_token_that_ends_is_exit_4_and_what_was_sent_is_safe(
    load: Bulkup, served: ServedOrg
) -> None:
    served(FaultPlan(requests=[RequestFault(act=FaultAction.EXPIRE_TOKEN, method="GET", path=JOB)]))
    done = load()
    assert done.code == 4
    assert done.document["rows"]["pending"] == ROWS


def test_a_job_that_fails_after_some_rows_is_told_and_its_rest_is_left_to_retry(
    load: Bulkup, bulkup: Bulkup, served: ServedOrg
) -> None:
    org = served(FaultPlan(jobs=[JobFault(fail_after=5)])).org
    done = load()
    assert done.code == 5
    document = done.document
    assert document["state"] == "failed"
    assert "ordered fault" in document["error"]["message"]
    assert (document["rows"]["succeeded"], document["rows"]["unprocessed"]) == (5, 7)
    assert bulkup("retry").code == 0
    assert times_in_org(org) == each_once(ROWS)


def test_rows_that_are_locked_come_in_by_themselves(load: Bulkup, served: ServedOrg) -> None:
    org = served(FaultPlan(jobs=[JobFault(locked=0.5)])).org
    done = load()
    assert done.code == 0
    assert [job["attempt"] for job in done.document["jobs"]] == [1, 2]
    assert times_in_org(org) == each_once(ROWS)


def test_rows_that_a_complete_job_leaves_unprocessed_are_told_and_left_to_retry(
    load: Bulkup, bulkup: Bulkup, served: ServedOrg
) -> None:
    org = served(FaultPlan(jobs=[JobFault(unprocessed=0.5)])).org
    done = load()
    assert done.code == 1
    left = done.document["rows"]["unprocessed"]
    assert 0 < left < ROWS
    assert done.document["state"] == "partial"
    assert len(done.document["jobs"]) == 1
    with Path(done.document["files"]["unprocessed"]).open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == left
    assert bulkup("retry").code == 0
    assert times_in_org(org) == each_once(ROWS)


def test_counts_that_lag_do_not_make_rows_unknown(load: Bulkup, served: ServedOrg) -> None:
    served(FaultPlan(jobs=[JobFault(lag=3)]))
    done = load()
    assert done.code == 0
    assert done.document["rows"]["succeeded"] == ROWS


def test_results_that_miss_rows_for_a_while_are_asked_for_again(
    load: Bulkup, served: ServedOrg
) -> None:
    served(FaultPlan(jobs=[JobFault(missing=0.5, missing_answers=2)]))
    done = load()
    assert done.code == 0
    assert done.document["rows"]["unknown"] == 0


def test_results_that_miss_rows_for_ever_make_them_unknown_and_nothing_is_sent_again(
    load: Bulkup, bulkup: Bulkup, served: ServedOrg
) -> None:
    org = served(FaultPlan(jobs=[JobFault(missing=0.5)])).org
    done = load()
    assert done.code == 1
    unknown = done.document["rows"]["unknown"]
    assert 0 < unknown < ROWS
    assert balanced(done.document)
    assert bulkup("retry").code == 1
    assert times_in_org(org) == each_once(ROWS)


@pytest.mark.parametrize("state", ["UploadComplete", "InProgress", "JobComplete"])
def test_rows_of_a_job_that_is_gone_are_unknown_and_are_not_sent_again(
    load: Bulkup, served: ServedOrg, state: str
) -> None:
    org = served(FaultPlan(jobs=[JobFault(gone=state)])).org
    done = load("--chunk-rows", 6)
    assert done.code == 1
    assert done.document["rows"]["unknown"] == 6
    assert done.document["rows"]["succeeded"] == 6
    assert max(times_in_org(org).values()) == 1
    assert names().count("Created") == 2


def test_an_open_job_that_is_gone_is_begun_again(load: Bulkup, served: ServedOrg) -> None:
    lost = RequestFault(act=FaultAction.LOST, method="PUT")
    org = served(FaultPlan(requests=[lost], jobs=[JobFault(gone="Open")])).org
    done = load()
    assert done.code == 0, done.out + done.err
    assert times_in_org(org) == each_once(ROWS)
