"""The calls on ingest jobs: what each takes, answers, leaves out and refuses."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulkup.localorg.http.messages import Response
from bulkup.localorg.org import Org
from tests.localorg.asking import INGEST, KINDS, Asker

ONE = "LastName\nAnn\n"
HEAD = {
    "id", "operation", "object", "createdById", "createdDate", "systemModstamp", "state",
    "concurrencyMode", "contentType", "apiVersion",
}  # fmt: skip
COUNTS = {
    "numberRecordsProcessed", "numberRecordsFailed", "retries", "totalProcessingTime",
    "apiActiveProcessingTime", "apexProcessingTime",
}  # fmt: skip


def error(response: Response) -> tuple[int, str, str]:
    (one,) = json.loads(response.body)
    return response.status, one["errorCode"], one["message"]


def test_create_tells_where_to_upload_and_no_counts(org: Asker) -> None:
    job = org.json("POST", INGEST, {"object": "contact", "operation": "insert"})
    assert set(job) == HEAD | {"contentUrl", "lineEnding", "columnDelimiter"}
    assert job["contentUrl"] == f"services/data/v60.0/jobs/ingest/{job['id']}/batches"
    assert (job["id"][:3], len(job["id"])) == ("750", 18)
    assert (job["object"], job["state"], job["apiVersion"]) == ("Contact", "Open", 60.0)
    assert (job["lineEnding"], job["columnDelimiter"]) == ("LF", "COMMA")


def test_patch_tells_neither_content_url_nor_dialect(org: Asker) -> None:
    job = org.create("Contact", "upsert", "Email__c")
    org.put(job, "LastName,Email__c\n")
    closed = json.loads(org.patch(job, "UploadComplete").body)
    assert set(closed) == HEAD | {"externalIdFieldName"}
    assert closed["state"] == "UploadComplete"


def test_a_look_tells_counts_once_the_job_is_closed_and_content_url_only_while_open(
    org: Asker,
) -> None:
    job = org.create("Contact", "insert")
    assert set(org.look(job)) == HEAD | {"contentUrl", "lineEnding", "columnDelimiter", "jobType"}
    org.put(job, ONE)
    org.patch(job, "UploadComplete")
    closed = org.look(job)
    assert set(closed) == HEAD | COUNTS | {"lineEnding", "columnDelimiter", "jobType"}
    assert (closed["state"], closed["numberRecordsProcessed"]) == ("UploadComplete", 0)
    org.work(1)
    assert org.look(job)["state"] == "InProgress"
    org.work()
    done = org.look(job)
    assert (done["state"], done["numberRecordsProcessed"]) == ("JobComplete", 1)
    assert done["jobType"] == "V2Ingest"


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        ({"object": "Contact", "operation": ""}, "API_ERROR",
         "Invalid value: '' supplied for property: 'operation'"),
        ({"operation": "insert"}, "API_ERROR",
         "Invalid value: '' supplied for property: 'object'"),
        ({"object": "Contact", "operation": "merge"}, "API_ERROR",
         "Invalid value: 'merge' supplied for property: 'operation'"),
        ({"object": "Nothing__c", "operation": "insert"}, "INVALIDJOB",
         "InvalidJob : Unable to find object: Nothing__c"),
        ({"object": "Contact", "operation": "upsert"}, "API_ERROR",
         "Invalid value: '' supplied for property: 'externalIdFieldName'"),
        ({"object": "Contact", "operation": "upsert", "externalIdFieldName": "Phone"},
         "INVALIDJOB", ("InvalidJob : Field name provided, Phone does not match an External ID, "
         "Salesforce Id, or indexed field for Contact")),
        ({"object": "Contact", "operation": "insert", "externalIdFieldName": "Email__c"},
         "API_ERROR", "Invalid value: 'Email__c' supplied for property: 'externalIdFieldName'"),
        ({"object": "Contact", "operation": "insert", "lineEnding": "CR"}, "API_ERROR",
         "Invalid value: 'CR' supplied for property: 'lineEnding'"),
        ({"object": "Contact", "operation": "insert", "columnDelimiter": ","}, "API_ERROR",
         "Invalid value: ',' supplied for property: 'columnDelimiter'"),
        ({"object": "Contact", "operation": "insert", "contentType": "JSON"}, "API_ERROR",
         "Invalid value: 'JSON' supplied for property: 'contentType'"),
        ({"object": "Contact", "operation": "insert", "assignmentRuleId": "01Q000000000001"},
         "API_ERROR",
         "Invalid value: '01Q000000000001' supplied for property: 'assignmentRuleId'"),
        ({"object": "Contact", "operation": "insert", "colour": "red"}, "JSON_PARSER_ERROR",
         'Unrecognized field "colour"'),
    ],
)  # fmt: skip
def test_a_job_that_makes_no_sense_is_not_created(
    org: Asker, given: dict[str, str], code: str, message: str
) -> None:
    assert error(org.ask("POST", INGEST, given)) == (400, code, message)
    assert org.json("GET", INGEST)["records"] == []


def test_a_body_that_is_no_json_object_is_refused(org: Asker) -> None:
    for body in (b"{", b"[]", b"\xff"):
        response = org.ask("POST", INGEST, body, content_type="application/json")
        assert error(response)[:2] == (400, "JSON_PARSER_ERROR")
    assert error(org.ask("POST", INGEST, b"x", content_type="text/plain"))[0] == 415


def test_an_assignment_rule_is_taken_for_leads(org: Asker) -> None:
    job = org.create("Lead", "insert", assignmentRuleId="01Q000000000001")
    assert org.look(job)["assignmentRuleId"] == "01Q000000000001EAA"


def test_nothing_is_processed_before_the_job_is_closed(org: Asker) -> None:
    job = org.create("Contact", "insert")
    org.put(job, ONE)
    assert not org.org.tick()
    assert org.org.records("Contact") == []


def test_a_second_upload_is_taken_and_the_close_then_refused(org: Asker) -> None:
    job = org.create("Contact", "insert")
    assert (org.put(job, ONE).status, org.put(job, ONE).status) == (201, 201)
    status, code, message = error(org.patch(job, "UploadComplete"))
    assert (status, code) == (400, "INVALIDJOB")
    assert message.startswith(f"Found multipe contents for job: <{job}>, please 'Close' / 'Abort'")
    assert org.look(job)["state"] == "Open"
    assert json.loads(org.patch(job, "Aborted").body)["state"] == "Aborted"
    assert org.org.records("Contact") == []
    assert [org.text(job, kind) for kind in KINDS] == ["", "", ""]


def test_a_close_without_an_upload_is_refused(org: Asker) -> None:
    job = org.create("Contact", "insert")
    assert error(org.patch(job, "UploadComplete"))[:2] == (400, "INVALIDJOB")
    assert org.look(job)["state"] == "Open"


def test_an_upload_must_be_plain_csv_into_an_open_job(org: Asker) -> None:
    job = org.create("Contact", "insert")
    assert error(org.put(job, ONE, content_type="application/json"))[0] == 415
    assert error(org.put(job, ONE, content_encoding="gzip"))[0] == 415
    assert org.put(job, ONE, content_type="text/csv; charset=UTF-8").status == 201
    org.patch(job, "UploadComplete")
    assert error(org.put(job, ONE))[:2] == (400, "INVALIDJOBSTATE")


def test_an_upload_over_the_limit_is_refused(org: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bulkup.localorg.api.ingest.MOST_BYTES", 20)
    job = org.create("Contact", "insert")
    assert org.put(job, "LastName\n" + "x" * 11).status == 201
    job = org.create("Contact", "insert")
    assert error(org.put(job, "LastName\n" + "x" * 12)) == (
        413, "EXCEEDED_MAX_SIZE_REQUEST", "The data is 21 bytes, the limit is 20"
    )  # fmt: skip


@pytest.mark.parametrize("body", ["", "LastName\n", "LastName"])
def test_an_upload_without_records_completes_with_no_rows(org: Asker, body: str) -> None:
    job = org.load("Contact", "insert", body)
    seen = org.look(job)
    assert (seen["state"], seen["numberRecordsProcessed"]) == ("JobComplete", 0)
    heads = ['"sf__Id","sf__Created",LastName\n', '"sf__Id","sf__Error",LastName\n', "LastName\n"]
    assert [org.text(job, kind) for kind in KINDS] == (heads if body else ["", "", ""])


def test_states_are_taken_in_any_case_and_nothing_else(org: Asker) -> None:
    job = org.create("Contact", "insert")
    org.put(job, ONE)
    assert org.patch(job, "uploadComplete").status == 200
    other = org.create("Contact", "insert")
    assert org.patch(other, "aborted").status == 200
    assert error(org.patch(other, "InProgress")) == (
        400, "API_ERROR", "Invalid value: 'InProgress' supplied for property: 'state'"
    )  # fmt: skip
    assert org.ask("PATCH", f"{INGEST}/{other}", {"state": "Aborted", "object": "x"}).status == 400


def test_what_is_over_can_not_be_closed_or_aborted(org: Asker) -> None:
    job = org.load("Contact", "insert", ONE)
    assert error(org.patch(job, "UploadComplete")) == (
        400, "INVALIDJOBSTATE", "Closing already Completed Job not allowed"
    )  # fmt: skip
    assert error(org.patch(job, "Aborted")) == (
        400, "INVALIDJOBSTATE", "Aborting already Completed Job not allowed"
    )  # fmt: skip
    aborted = org.create("Contact", "insert")
    org.patch(aborted, "Aborted")
    assert error(org.patch(aborted, "Aborted"))[2] == "Aborting already Aborted Job not allowed"


def test_addresses_may_end_in_a_slash_or_hold_a_doubled_one(org: Asker) -> None:
    job = org.load("Contact", "insert", ONE)
    assert org.json("GET", f"/services/data/v60.0/jobs/ingest//{job}/")["id"] == job
    assert org.json("GET", f"{INGEST}/{job[:15]}")["id"] == job
    assert org.ask("GET", f"{INGEST}/{job}/unprocessedRecords").status == 200
    assert org.ask("POST", INGEST + "/", {"object": "Lead", "operation": "insert"}).status == 200


def test_there_is_no_such_job(org: Asker) -> None:
    expected = (404, "NOT_FOUND", "The requested resource does not exist")
    assert error(org.ask("GET", f"{INGEST}/750000000000009AAA")) == expected
    assert error(org.ask("GET", f"{INGEST}/nothing")) == expected
    job = org.create("Contact", "insert")
    assert error(org.ask("GET", f"{INGEST}/{job}/colours")) == expected
    assert error(org.ask("GET", f"{INGEST}/{job}/batches/1")) == expected


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", ""), ("POST", "/{}"), ("GET", "/{}/batches"), ("PUT", "/{}/failedResults")],
)
def test_another_method_is_not_allowed(org: Asker, method: str, path: str) -> None:
    job = org.create("Contact", "insert")
    response = org.ask(method, INGEST + path.format(job))
    assert error(response)[:2] == (405, "METHOD_NOT_ALLOWED")


def test_results_are_not_ready_before_the_job_is_over(org: Asker) -> None:
    job = org.create("Contact", "insert")
    org.put(job, ONE)
    org.patch(job, "UploadComplete")
    org.work(1)
    for kind in KINDS:
        response = org.ask("GET", f"{INGEST}/{job}/{kind}")
        assert error(response)[:2] == (400, "INVALIDJOBSTATE")


def test_a_job_is_deleted_only_when_it_is_closed_or_over(org: Asker) -> None:
    job = org.create("Contact", "insert")
    assert error(org.ask("DELETE", f"{INGEST}/{job}"))[:2] == (400, "INVALIDJOBSTATE")
    org.put(job, ONE)
    org.patch(job, "UploadComplete")
    org.work(1)
    assert org.ask("DELETE", f"{INGEST}/{job}").status == 400
    org.work()
    gone = org.ask("DELETE", f"{INGEST}/{job}")
    assert (gone.status, gone.body) == (204, b"")
    assert org.ask("GET", f"{INGEST}/{job}").status == 404
    assert len(org.org.records("Contact")) == 1


def test_the_list_of_jobs_has_pages_and_begins_with_the_newest(
    org: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bulkup.localorg.api.list_jobs.PAGE", 2)
    made = [org.create("Contact", "insert") for _ in range(5)]
    seen, path, query = [], INGEST, {"jobType": "V2Ingest"}
    sizes = []
    while path:
        page = org.json("GET", path, query=query)
        seen += [job["id"] for job in page["records"]]
        sizes.append((len(page["records"]), page["done"]))
        path, _, rest = (page["nextRecordsUrl"] or "").partition("?")
        query = dict(pair.split("=") for pair in rest.split("&")) if rest else {}
    assert seen == made[::-1]
    assert sizes == [(2, False), (2, False), (1, True)]
    assert set(page["records"][0]) >= {"jobType", "contentUrl", "state"}
    assert org.json("GET", INGEST, query={"jobType": "Classic"})["records"] == []
    assert org.ask("GET", INGEST, query={"queryLocator": "x"}).status == 400


def multipart(job: str, content: str) -> tuple[bytes, str]:
    parts = [
        (
            f'--B\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name="job"'
            f"\r\n\r\n{job}\r\n"
        ),
        (
            f'--B\r\nContent-Type: text/csv\r\nContent-Disposition: form-data; name="content"; '
            f'filename="content"\r\n\r\n{content}\r\n'
        ),
    ]
    return ("".join(parts) + "--B--\r\n").encode(), "multipart/form-data; boundary=B"


def test_a_multipart_create_brings_its_data_along(org: Asker) -> None:
    job = '{"object": "Contact", "operation": "insert"}'
    body, kind = multipart(job, 'LastName,Title\nÄnn,"a\nb"\n')
    made = org.json("POST", INGEST, body, content_type=kind)
    assert made["state"] == "UploadComplete"
    assert "contentUrl" not in made
    org.work()
    (record,) = org.org.records("Contact")
    assert (record["LastName"], record["Title"]) == ("Änn", "a\nb")


def test_a_multipart_create_needs_both_parts_and_has_a_limit(org: Asker) -> None:
    job = '{"object": "Contact", "operation": "insert"}'
    body, kind = multipart(job, "x" * 100_001)
    assert error(org.ask("POST", INGEST, body, content_type=kind))[0] == 413
    body, kind = multipart(job, "x")
    broken = body.replace(b'name="content"', b'name="data"')
    assert error(org.ask("POST", INGEST, broken, content_type=kind))[0] == 400
    assert error(org.ask("POST", INGEST, b"x", content_type=kind))[0] == 400


class Clock:
    def __init__(self) -> None:
        self.now = 1_795_492_800.5

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(clock: Clock) -> Iterator[Asker]:
    org = Org(None, token="t", clock=clock, batch_rows=400)
    yield Asker(org)
    org.close()


def rows(count: int) -> str:
    return "LastName\n" + "".join(f"N{i}\n" for i in range(count))


def test_an_abort_in_the_middle_lets_the_batch_at_work_land(timed: Asker) -> None:
    job = timed.create("Contact", "insert")
    timed.put(job, rows(1000))
    timed.patch(job, "UploadComplete")
    timed.work(4)  # begun, and 600 rows: the second batch of 400 is at work
    assert timed.look(job)["numberRecordsProcessed"] == 600
    assert json.loads(timed.patch(job, "Aborted").body)["state"] == "Aborted"
    assert len(timed.rows(job, "unprocessedrecords")) == 200
    assert len(timed.rows(job, "successfulResults")) == 600
    timed.work()
    seen = timed.look(job)
    assert (seen["state"], seen["numberRecordsProcessed"]) == ("Aborted", 800)
    results = [timed.rows(job, kind) for kind in KINDS]
    assert [len(one) for one in results] == [800, 0, 200]
    names = {row["LastName"] for one in results for row in one}
    assert names == {f"N{i}" for i in range(1000)}
    assert len(timed.org.records("Contact")) == 800


def test_an_abort_before_the_work_began_leaves_every_row_unprocessed(timed: Asker) -> None:
    job = timed.create("Contact", "insert")
    timed.put(job, rows(3))
    timed.patch(job, "UploadComplete")
    timed.patch(job, "Aborted")
    timed.work()
    assert {row["LastName"] for row in timed.rows(job, "unprocessedrecords")} == {"N0", "N1", "N2"}
    assert timed.org.records("Contact") == []


def test_jobs_are_worked_on_in_turn(timed: Asker) -> None:
    jobs = [timed.create("Contact", "insert") for _ in range(2)]
    for job in jobs:
        timed.put(job, rows(600))
        timed.patch(job, "UploadComplete")
    timed.work(4)
    assert [timed.look(job)["numberRecordsProcessed"] for job in jobs] == [200, 200]


def test_times_are_told_in_milliseconds(timed: Asker, clock: Clock) -> None:
    job = timed.create("Contact", "insert")
    assert timed.look(job)["createdDate"] == "2026-11-24T04:00:00.500+0000"
    timed.put(job, rows(1))
    timed.patch(job, "UploadComplete")
    timed.work(1)
    clock.now += 1.5
    assert timed.look(job)["totalProcessingTime"] == 1500
    timed.work()
    clock.now += 10
    assert timed.look(job)["totalProcessingTime"] == 1500


def test_an_open_job_is_thrown_away_after_a_day_and_results_after_seven(
    timed: Asker, clock: Clock
) -> None:
    job = timed.load("Contact", "insert", rows(1))
    left_open = timed.create("Contact", "insert")
    clock.now += 86_400 + 3_600
    assert timed.ask("GET", f"{INGEST}/{left_open}").status == 404
    assert timed.look(job)["state"] == "JobComplete"
    clock.now += 6 * 86_400
    assert timed.ask("GET", f"{INGEST}/{job}").status == 404
    assert len(timed.org.records("Contact")) == 1


def test_looks_can_do_the_work_where_nobody_ticks() -> None:
    org = Asker(Org(None, token="t", batches_per_look=1))
    job = org.create("Contact", "insert")
    org.put(job, rows(300))
    org.patch(job, "UploadComplete")
    seen = [(org.look(job)["state"], org.look(job)["numberRecordsProcessed"]) for _ in range(2)]
    assert seen == [("InProgress", 200), ("JobComplete", 300)]
    org.org.close()


def test_what_is_unfinished_goes_on_in_the_next_process(tmp_path: Path) -> None:
    first = Asker(Org(tmp_path, token="t", batch_rows=400))
    org_id = first.org.identity.org_id
    job = first.create("Contact", "insert")
    first.put(job, rows(1000))
    first.patch(job, "UploadComplete")
    first.work(3)
    first.org.close()
    second = Asker(Org(tmp_path, token="t", batch_rows=400))
    assert second.org.identity.org_id == org_id
    assert second.look(job)["numberRecordsProcessed"] == 400
    second.work()
    assert second.look(job)["state"] == "JobComplete"
    names = sorted(str(record["LastName"]) for record in second.org.records("Contact"))
    assert names == sorted(f"N{i}" for i in range(1000))
    assert len(second.rows(job, "successfulResults")) == 1000
    second.org.close()


def test_a_database_that_can_not_be_written_undoes_and_goes_on_later(tmp_path: Path) -> None:
    org = Asker(Org(tmp_path, token="t", batch_rows=400))
    job = org.create("Contact", "insert")
    org.put(job, rows(1000))
    org.patch(job, "UploadComplete")
    org.work(4)
    org.org._database.execute("PRAGMA query_only = 1")
    with pytest.raises(sqlite3.OperationalError):
        org.org.tick()
    assert error(org.patch(job, "Aborted"))[:2] == (500, "UNKNOWN_EXCEPTION")
    org.org._database.execute("PRAGMA query_only = 0")
    assert org.look(job)["numberRecordsProcessed"] == 400
    org.work()
    assert len(org.rows(job, "successfulResults")) == len(org.org.records("Contact")) == 1000
    org.org.close()


def test_a_killed_org_does_the_rows_of_its_torn_batch_once(tmp_path: Path) -> None:
    first = Asker(Org(tmp_path, token="t", batch_rows=400))
    job = first.create("Contact", "insert")
    first.put(job, rows(1000))
    first.patch(job, "UploadComplete")
    first.work(4)
    first.org._database.rollback()  # what a kill leaves: the open transaction is gone
    first.org._database.close()
    second = Asker(Org(tmp_path, token="t", batch_rows=400))
    assert second.look(job)["numberRecordsProcessed"] == 400
    second.work()
    assert len(second.org.records("Contact")) == 1000
    assert len(second.rows(job, "successfulResults")) == 1000
    second.org.close()
