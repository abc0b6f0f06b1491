"""Jobs on the wire: Salesforce's spellings, odd answers, and whole results or none."""

import gzip
import itertools
import json
import stat
import sys
import tracemalloc
import zlib
from pathlib import Path

import httpx
import pytest
import respx

from bulkup.errors import Gone, NotWritable, Refused, SalesforceError, Transient
from bulkup.model import Delimiter, Job, JobState, LineEnding, Operation, ResultKind, Target
from bulkup.salesforce.bearer import TokenAuth
from bulkup.salesforce.client import Client
from bulkup.salesforce.ingest import IngestJobs, job_of
from bulkup.salesforce.result_check import CheckedResult
from tests.salesforce.wire import DATA, JOB, TOKEN, URL, Bytes, raw_server

INGEST = f"{DATA}/jobs/ingest"
AT = f"{INGEST}/{JOB}"


@pytest.fixture
def jobs(client: Client) -> IngestJobs:
    return IngestJobs(client)


def opened(content_url: str = f"services/data/v60.0/jobs/ingest/{JOB}/batches") -> Job:
    return Job(id=JOB, state=JobState.OPEN, content_url=content_url)


@pytest.mark.parametrize("status", [200, 201])
def test_a_job_is_created_in_salesforces_words(
    jobs: IngestJobs, net: respx.MockRouter, status: int
) -> None:
    answer = {"id": JOB, "state": "Open", "object": "Contact", "operation": "hardDelete",
              "contentUrl": "services/x", "apiVersion": 60.0, "columnDelimiter": "TAB",
              "lineEnding": "CRLF", "createdDate": "2026-11-24T04:05:06.000+0000"}  # fmt: skip
    route = net.post(INGEST).respond(status, json=answer)
    target = Target(object="Contact", operation=Operation.HARD_DELETE)
    job = jobs.create(target, delimiter=Delimiter.TAB, line_ending=LineEnding.CRLF)
    assert json.loads(route.calls.last.request.content) == {
        "object": "Contact",
        "operation": "hardDelete",
        "contentType": "CSV",
        "columnDelimiter": "TAB",
        "lineEnding": "CRLF",
    }
    assert job == Job(
        id=JOB,
        state=JobState.OPEN,
        object="Contact",
        operation="hard-delete",
        content_url="services/x",
        delimiter="TAB",
        line_ending="CRLF",
        created="2026-11-24T04:05:06.000+0000",
        api_version="60.0",
    )


def test_key_and_assignment_rule_go_into_the_job(jobs: IngestJobs, net: respx.MockRouter) -> None:
    route = net.post(INGEST).respond(json={"id": JOB, "state": "Open"})
    target = Target(
        object="Lead", operation=Operation.UPSERT, external_id="Ext__c", assignment_rule="01Q1"
    )
    jobs.create(target, delimiter=Delimiter.COMMA, line_ending=LineEnding.LF)
    wish = json.loads(route.calls.last.request.content)
    assert wish["operation"] == "upsert"
    assert wish["externalIdFieldName"] == "Ext__c"
    assert wish["assignmentRuleId"] == "01Q1"


@pytest.mark.parametrize(
    "job_id",
    [
        None,
        "",
        "../../x",
        "750/00000000001",
        "750000000000\n01",
        f"{JOB}\n",
        "7" * 10_000,
        "750\u0661" * 4,
    ],
)
def test_an_answer_to_a_new_job_without_an_id_of_salesforces_shape_passes(
    jobs: IngestJobs, net: respx.MockRouter, job_id: str | None
) -> None:
    net.post(INGEST).respond(json={"state": "Open", "id": job_id})
    with pytest.raises(Transient, match="no job"):
        jobs.create(
            Target(object="Contact", operation=Operation.INSERT),
            delimiter=Delimiter.COMMA,
            line_ending=LineEnding.LF,
        )


@pytest.mark.parametrize(
    "content_url",
    [
        f"services/data/v60.0/jobs/ingest/{JOB}/batches",
        f"/services/data/v60.0/jobs/ingest/{JOB}/batches",
        f"{URL}/services/data/v60.0/jobs/ingest/{JOB}/batches",
        "",
    ],
)
def test_an_upload_goes_to_the_content_url_with_its_length(
    jobs: IngestJobs, net: respx.MockRouter, content_url: str
) -> None:
    route = net.put(f"{AT}/batches").respond(201)
    jobs.upload(opened(content_url), Bytes(b"LastName\n", "Ä\n".encode()))
    sent = route.calls.last.request
    assert sent.content == "LastName\nÄ\n".encode()
    assert sent.headers["content-type"] == "text/csv"
    assert sent.headers["content-length"] == "12"
    assert "transfer-encoding" not in sent.headers
    assert "content-encoding" not in sent.headers


def test_a_content_url_of_another_host_gets_neither_token_nor_rows(jobs: IngestJobs) -> None:
    body = Bytes(b"secret rows")
    with pytest.raises(Refused, match="another host"):
        jobs.upload(opened("https://evil.example/x"), body)
    assert body.begun == 0


def test_close_and_abort_are_patches_of_the_state(jobs: IngestJobs, net: respx.MockRouter) -> None:
    route = net.patch(AT)
    route.side_effect = [
        httpx.Response(200, json={"id": JOB, "state": "UploadComplete"}),
        httpx.Response(200, json={"id": JOB, "state": "Aborted"}),
    ]
    assert jobs.close(JOB).state is JobState.UPLOAD_COMPLETE
    assert jobs.abort(JOB).state is JobState.ABORTED
    wishes = [json.loads(call.request.content) for call in route.calls]
    assert wishes == [{"state": "UploadComplete"}, {"state": "Aborted"}]


def test_a_look_tells_counts_and_error(jobs: IngestJobs, net: respx.MockRouter) -> None:
    answer = {"id": JOB, "state": "Failed", "numberRecordsProcessed": 7, "numberRecordsFailed": 2,
              "errorMessage": "InvalidBatch : x", "totalProcessingTime": 12}  # fmt: skip
    net.get(AT).respond(json=answer)
    job = jobs.get(JOB)
    assert (job.state, job.processed, job.failed, job.total_ms) == (JobState.FAILED, 7, 2, 12)
    assert job.error_message == "InvalidBatch : x"


def test_a_job_that_is_not_there_is_gone(jobs: IngestJobs, net: respx.MockRouter) -> None:
    net.get(AT).respond(404, json=[{"errorCode": "NOT_FOUND", "message": "no such"}])
    with pytest.raises(Gone):
        jobs.get(JOB)


def test_what_a_user_types_as_a_job_id_stays_one_name(
    jobs: IngestJobs, net: respx.MockRouter
) -> None:
    route = net.route().respond(404, json=[{"errorCode": "NOT_FOUND", "message": "x"}])
    with pytest.raises(Gone):
        jobs.get("../../limits?x")
    assert route.calls.last.request.url.raw_path == f"{INGEST}/..%2F..%2Flimits%3Fx".encode()


@pytest.mark.parametrize(
    ("data", "counts"),
    [
        ({}, (None, None)),
        ({"numberRecordsProcessed": "12", "numberRecordsFailed": 1.0}, (12, 1)),
        ({"numberRecordsProcessed": "many", "numberRecordsFailed": None}, (None, None)),
        ({"numberRecordsProcessed": "", "numberRecordsFailed": float("inf")}, (None, None)),
        ({"numberRecordsProcessed": 0}, (0, None)),
    ],
)
def test_missing_and_odd_counts_are_none(
    data: dict[str, object], counts: tuple[int | None, int | None]
) -> None:
    job = job_of(data)
    assert (job.processed, job.failed) == counts


@pytest.mark.parametrize("state", ["Queued", "", None, 3])
def test_a_state_nobody_knows_means_look_again(state: object) -> None:
    assert job_of({"state": state}).state is JobState.IN_PROGRESS


def test_states_are_read_in_any_case() -> None:
    assert job_of({"state": "uploadComplete"}).state is JobState.UPLOAD_COMPLETE


def test_all_pages_of_jobs_are_read_the_newest_first(
    jobs: IngestJobs, net: respx.MockRouter
) -> None:
    def one(number: int) -> dict[str, str]:
        return {"id": f"750{number}", "state": "Open", "createdDate": f"2026-11-0{number}"}

    more = f"{INGEST}?jobType=V2Ingest&page=2"
    net.get(INGEST, params={"jobType": "V2Ingest", "page": "2"}).respond(
        json={"done": True, "records": [one(3)], "nextRecordsUrl": None}
    )
    first = net.get(INGEST, params={"jobType": "V2Ingest"}).respond(
        json={"done": False, "records": [one(1), one(2)], "nextRecordsUrl": more}
    )
    assert [job.id for job in jobs.jobs()] == ["7503", "7502", "7501"]
    assert first.call_count == 1


def test_a_page_that_names_itself_as_the_next_ends_the_list(
    jobs: IngestJobs, net: respx.MockRouter
) -> None:
    page = {"done": False, "records": [], "nextRecordsUrl": f"{INGEST}?jobType=V2Ingest"}
    route = net.get(INGEST).respond(json=page)
    assert list(jobs.jobs()) == []
    assert route.call_count == 1


def test_a_next_page_on_another_host_is_not_asked(jobs: IngestJobs, net: respx.MockRouter) -> None:
    page = {"done": False, "records": [], "nextRecordsUrl": "https://evil.example/next"}
    net.get(INGEST).respond(json=page)
    with pytest.raises(Refused, match="another host"):
        list(jobs.jobs())


def test_a_job_is_deleted(jobs: IngestJobs, net: respx.MockRouter) -> None:
    route = net.delete(AT).respond(204)
    jobs.delete(JOB)
    assert route.called


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (ResultKind.SUCCESSFUL, "successfulResults/"),
        (ResultKind.FAILED, "failedResults/"),
        (ResultKind.UNPROCESSED, "unprocessedrecords/"),
    ],
)
def test_a_result_becomes_a_private_file(
    jobs: IngestJobs, net: respx.MockRouter, tmp_path: Path, kind: ResultKind, name: str
) -> None:
    route = net.get(f"{AT}/{name}").respond(content=b'"sf__Id",A\n"003","1"\n')
    jobs.fetch(JOB, kind, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == b'"sf__Id",A\n"003","1"\n'
    assert route.calls.last.request.headers["accept"] == "text/csv"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out.csv"]
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o600


def test_a_compressed_result_is_unpacked(
    jobs: IngestJobs, net: respx.MockRouter, tmp_path: Path
) -> None:
    text = b"sf__Id,A\n" + b"x" * 1_000_000
    packed = gzip.compress(text)
    headers = {"content-encoding": "gzip", "content-length": str(len(packed))}
    net.get(f"{AT}/failedResults/").mock(
        return_value=httpx.Response(200, headers=headers, stream=httpx.ByteStream(packed))
    )
    jobs.fetch(JOB, ResultKind.FAILED, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == text


def test_an_empty_result_is_an_empty_file(
    jobs: IngestJobs, net: respx.MockRouter, tmp_path: Path
) -> None:
    net.get(f"{AT}/failedResults/").respond(content=b"")
    jobs.fetch(JOB, ResultKind.FAILED, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == b""


@pytest.mark.parametrize("headers", [{}, {"content-encoding": "gzip"}])
def test_a_result_shorter_than_promised_leaves_what_was_there(
    jobs: IngestJobs, net: respx.MockRouter, tmp_path: Path, headers: dict[str, str]
) -> None:
    (tmp_path / "out.csv").write_bytes(b"before")
    body = gzip.compress(b"short") if headers else b"short"
    net.get(f"{AT}/failedResults/").mock(
        return_value=httpx.Response(
            200, headers={"content-length": "1000", **headers}, stream=httpx.ByteStream(body)
        )
    )
    with pytest.raises(Transient, match="of an answer of 1000"):
        jobs.fetch(JOB, ResultKind.FAILED, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out.csv"]


PAGE = b"<!doctype html>\n<html><title>Welcome</title>sf__Id</html>"


@pytest.mark.parametrize("kind", list(ResultKind))
@pytest.mark.parametrize(
    "body", [PAGE, b"\n\n" + PAGE, b"<html>" * 100_000, b'{"a": 1}', b'[{"errorCode": "X"}]']
)
def test_a_page_or_json_in_place_of_a_result_passes_and_leaves_no_file(
    jobs: IngestJobs, net: respx.MockRouter, tmp_path: Path, kind: ResultKind, body: bytes
) -> None:
    net.get(url__startswith=f"{URL}{AT}/").respond(content=body)
    for columns in ([], ["Name", "Email"]):
        with pytest.raises(Transient, match="was expected"):
            jobs.fetch(JOB, kind, tmp_path / "out.csv", columns=columns)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("body", [b"Service unavailable", b"Title,Body\n", b"sf__Error\n"])
def test_a_result_without_salesforces_header_or_a_sent_column_passes(
    jobs: IngestJobs, net: respx.MockRouter, tmp_path: Path, body: bytes
) -> None:
    net.get(url__startswith=f"{URL}{AT}/").respond(content=body)
    for kind in ResultKind:
        with pytest.raises(Transient, match="was expected"):
            jobs.fetch(JOB, kind, tmp_path / "out.csv", columns=["Name", "Email"])


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (ResultKind.SUCCESSFUL, b'"sf__Id","sf__Error",Name\n"","X:--","Ann"\n'),
        (ResultKind.FAILED, b"sf__Id,sf__Created,Name\n"),
        (ResultKind.UNPROCESSED, b'"sf__Id","sf__Created",Name\n"003","true","Ann"\n'),
        (ResultKind.SUCCESSFUL, b'"sf__Id","sf__Created",Name\r"003","true","Ann"\r'),
    ],
)
def test_one_result_in_place_of_another_or_with_other_line_breaks_passes(
    jobs: IngestJobs, net: respx.MockRouter, tmp_path: Path, kind: ResultKind, body: bytes
) -> None:
    net.get(url__startswith=f"{URL}{AT}/").respond(content=body)
    with pytest.raises(Transient, match="was expected"):
        jobs.fetch(JOB, kind, tmp_path / "out.csv", columns=["Name", "Email"])


def test_a_line_break_of_a_header_may_come_in_two_blocks(tmp_path: Path) -> None:
    with (tmp_path / "out.csv").open("wb") as file:
        result = CheckedResult(file, ResultKind.FAILED)
        for block in (b"sf__Id,sf__Error\r", b"\n,X:--\r\n"):
            result.write(block)
        result.finish()
    assert (tmp_path / "out.csv").read_bytes() == b"sf__Id,sf__Error\r\n,X:--\r\n"


@pytest.mark.parametrize("status", [203, 204, 205, 206, 304])
def test_a_part_of_a_result_and_a_caches_word_are_no_result(
    jobs: IngestJobs, net: respx.MockRouter, tmp_path: Path, status: int
) -> None:
    net.get(url__startswith=f"{URL}{AT}/").respond(status, content=b"")
    with pytest.raises(Transient, match=str(status)):
        jobs.fetch(JOB, ResultKind.FAILED, tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (ResultKind.SUCCESSFUL, b'"sf__Id","sf__Created",Name\n'),
        (ResultKind.SUCCESSFUL, b"\xef\xbb\xbfsf__Id;sf__Created;Name\r\n001;true;x\r\n"),
        (ResultKind.FAILED, b'"sf__Id"\t"sf__Error"\tName'),
        (ResultKind.UNPROCESSED, b"name|Email\n"),
        (ResultKind.UNPROCESSED, b'"Owner.Name"^"EMAIL"\n"<b>"^"x ""y"" z"\n'),
        (ResultKind.UNPROCESSED, b"\n"),
        (ResultKind.FAILED, b""),
    ],
)
def test_a_result_begins_with_salesforces_header_or_the_columns_sent_or_is_empty(
    jobs: IngestJobs, net: respx.MockRouter, tmp_path: Path, kind: ResultKind, body: bytes
) -> None:
    net.get(url__startswith=f"{URL}{AT}/").respond(content=body)
    jobs.fetch(JOB, kind, tmp_path / "out.csv", columns=["Name", "Email"])
    assert (tmp_path / "out.csv").read_bytes() == body


def test_unprocessed_rows_of_unknown_columns_come_with_whatever_header_was_sent(
    jobs: IngestJobs, net: respx.MockRouter, tmp_path: Path
) -> None:
    net.get(f"{AT}/unprocessedrecords/").respond(content=b"First Name,Last Name\nx,y\n")
    jobs.fetch(JOB, ResultKind.UNPROCESSED, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").exists()


def test_a_result_cut_in_a_cell_is_asked_for_again_and_believed_when_it_comes_twice(
    jobs: IngestJobs, net: respx.MockRouter, tmp_path: Path
) -> None:
    whole = b'"sf__Id","sf__Error",A\n"","X:--","a\nb"\n'
    route = net.get(f"{AT}/failedResults/")
    route.side_effect = [
        httpx.Response(200, content=body) for body in (whole[:-3], whole[:-4], whole, whole[:-4])
    ]
    for _ in range(2):
        with pytest.raises(Transient, match="inside a cell"):
            jobs.fetch(JOB, ResultKind.FAILED, tmp_path / "out.csv")
    jobs.fetch(JOB, ResultKind.FAILED, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == whole
    jobs.fetch(JOB, ResultKind.FAILED, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == whole[:-4]


def answer_packed(body: bytes, encoding: str = "gzip") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def gzip_bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    blocks = [packer.compress(b"sf__Id,A\n")]
    blocks += [packer.compress(bytes(1 << 20)) for _ in range(megabytes)]
    return answer_packed(b"".join([*blocks, packer.flush()]))


def test_a_result_without_end_is_salesforces_fault_and_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bulkup.salesforce.client.RESULT_BYTES", 8 << 20)
    with (
        raw_server(gzip_bomb(64)) as url,
        Client(instance_url=url, auth=TokenAuth(TOKEN)) as client,
        pytest.raises(SalesforceError, match="more than 8 MB as one result"),
    ):
        IngestJobs(client).fetch(JOB, ResultKind.FAILED, tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("packed", [True, False])
def test_json_without_end_is_read_no_further_than_its_limit(
    packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bulkup.salesforce.client.JSON_BYTES", 1 << 20)
    body = gzip_bomb(64) if packed else b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * (2 << 20)
    with raw_server(body) as url, Client(instance_url=url, auth=TokenAuth(TOKEN)) as client:
        tracemalloc.start()
        try:
            with pytest.raises(SalesforceError, match="more than 1 MB as one answer"):
                IngestJobs(client).get(JOB)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "gzip"])
def test_an_answer_packed_in_a_way_that_was_not_asked_for_passes(encoding: str) -> None:
    with (
        raw_server(answer_packed(b"nonsense", encoding)) as url,
        Client(instance_url=url, auth=TokenAuth(TOKEN)) as client,
        pytest.raises(Transient, match="packed"),
    ):
        IngestJobs(client).get(JOB)


def test_a_packed_result_that_ends_early_passes_though_its_length_is_right(tmp_path: Path) -> None:
    packed = gzip.compress(b"sf__Id,A\n" + b"001,x\n" * 1000)
    with (
        raw_server(answer_packed(packed[:-12])) as url,
        Client(instance_url=url, auth=TokenAuth(TOKEN)) as client,
        pytest.raises(Transient, match="ends early"),
    ):
        IngestJobs(client).fetch(JOB, ResultKind.FAILED, tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [200, 404])
def test_a_packed_answer_is_read_whole_and_an_error_as_far_as_it_is_worth(status: int) -> None:
    words = {"id": JOB, "state": "Open", "errorCode": "NOT_FOUND", "message": "no such"}
    answer = answer_packed(gzip.compress(json.dumps(words).encode()))
    with (
        raw_server(answer.replace(b"200 OK", f"{status} X".encode())) as url,
        Client(instance_url=url, auth=TokenAuth(TOKEN)) as client,
    ):
        if status == 200:
            assert IngestJobs(client).get(JOB).state is JobState.OPEN
        else:
            with pytest.raises(Gone, match="no such"):
                IngestJobs(client).get(JOB)


def test_a_list_of_jobs_whose_next_page_is_always_new_has_an_end(
    jobs: IngestJobs, net: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bulkup.salesforce.ingest.MOST_PAGES", 5)
    numbers = itertools.count()

    def page(_request: httpx.Request) -> httpx.Response:
        path = f"{INGEST}?page={next(numbers)}"
        return httpx.Response(200, json={"done": False, "records": [], "nextRecordsUrl": path})

    net.get(INGEST).mock(side_effect=page)
    with pytest.raises(SalesforceError, match="does not end after 5 pages"):
        list(jobs.jobs())


@pytest.mark.parametrize("address", ["http://[::1", "//[", "https://[x]/y", "a\x00b"])
def test_a_content_url_that_can_not_be_read_is_refused(jobs: IngestJobs, address: str) -> None:
    with pytest.raises(Refused):
        jobs.upload(opened(address), Bytes(b"a"))


def test_a_real_connection_that_ends_early_leaves_no_file(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nsf__Id,A\n003,1\n"
    with (
        raw_server(answer) as url,
        Client(instance_url=url, auth=TokenAuth(TOKEN)) as client,
        pytest.raises(Transient),
    ):
        IngestJobs(client).fetch(JOB, ResultKind.FAILED, tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


@pytest.mark.parametrize(("status", "kind"), [(404, Gone), (400, Refused), (503, Transient)])
def test_a_result_that_is_refused_makes_no_file(
    jobs: IngestJobs, net: respx.MockRouter, tmp_path: Path, status: int, kind: type[Exception]
) -> None:
    net.get(f"{AT}/failedResults/").respond(
        status, json=[{"errorCode": "NOT_FOUND", "message": "x"}]
    )
    with pytest.raises(kind, match="x"):
        jobs.fetch(JOB, ResultKind.FAILED, tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


def test_a_disk_that_does_not_take_the_result_is_told(
    jobs: IngestJobs, net: respx.MockRouter, tmp_path: Path
) -> None:
    net.get(f"{AT}/failedResults/").respond(content=b"sf__Id")
    (tmp_path / "nowhere").touch()
    with pytest.raises(NotWritable, match="can't be written"):
        jobs.fetch(JOB, ResultKind.FAILED, tmp_path / "nowhere" / "out.csv")
