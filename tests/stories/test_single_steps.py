"""Stories of the single steps: create, upload, close, abort, status."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bulkup.files import write_private
from bulkup.localorg.faults.plan import FaultAction, FaultPlan, JobFault, RequestFault
from bulkup.state_dir import find_state_dir
from tests.stories.conftest import Bulkup, ServedOrg

UPSERT = ("--object", "Contact", "--op", "upsert", "--external-id", "Email__c")
INSERT = ("--object", "Contact", "--op", "insert")
NO_JOB = "750000000000999AAA"


def write(path: Path, *lines: str, end: str = "\n") -> Path:
    path.write_text("".join(line + end for line in lines), encoding="utf-8", newline="")
    return path


def made(bulkup: Bulkup, *options: str) -> str:
    done = bulkup("create", *(options or UPSERT))
    assert done.code == 0, done.err
    return done.out.strip()


def state_of(bulkup: Bulkup, job: str) -> str:
    return str(bulkup("status", job, "--json").document["state"])


def puts(served_errors: str) -> int:
    return sum(line.startswith("PUT ") for line in served_errors.splitlines())


# The whole way.

SCRIPT = """\
set -e
JOB=$(bulkup create --object Contact --op upsert --external-id Email__c)
bulkup upload "$JOB" "$1"
bulkup close "$JOB" --wait
bulkup results "$JOB" --exit-code
echo "all went in"
"""
ONE_LINE = (
    "set -e; JOB=$(bulkup create --object Contact --op upsert --external-id Email__c) && "
    'bulkup upload "$JOB" "$1" && bulkup close "$JOB" --wait && '
    'bulkup results "$JOB" --exit-code'
)


posix = pytest.mark.skipif(os.name != "posix", reason="it is a shell script")


def bash(script: str, file: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-c", script, "bash", str(file)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PATH": path},
        timeout=60,
        check=False,
    )


@posix
def test_the_script_of_single_steps_loads_a_file(served: ServedOrg, contacts: Path) -> None:
    org = served().org
    done = bash(ONE_LINE, contacts)
    assert done.returncode == 0, done.stderr
    assert len(org.records("Contact")) == 20
    state, *paths = done.stdout.splitlines()
    assert state == "JobComplete"
    assert [Path(path).name for path in paths] == [
        "successful.csv",
        "failed.csv",
        "unprocessed.csv",
    ]


@posix
def test_the_script_stops_with_1_where_a_row_was_refused(served: ServedOrg, tmp_path: Path) -> None:
    served()
    file = write(tmp_path / "some.csv", "Email__c,LastName", "a@example.com,A", "b@example.com,")
    done = bash(SCRIPT, file)
    assert done.returncode == 1
    assert "all went in" not in done.stdout


# create


def test_create_prints_the_id_alone_and_leaves_the_job_open(
    bulkup: Bulkup, served: ServedOrg
) -> None:
    served()
    done = bulkup("create", *UPSERT)
    assert done.out == done.out.strip() + "\n"
    assert done.err == ""
    assert state_of(bulkup, done.out.strip()) == "Open"


def test_create_with_json_prints_the_job(bulkup: Bulkup, served: ServedOrg) -> None:
    served()
    dialect = ("--delimiter", "SEMICOLON", "--line-ending", "CRLF")
    document = bulkup("create", *UPSERT, *dialect, "--json").document
    assert document["schema"] == "bulkup.job/1"
    assert document["state"] == "Open"
    assert document["external_id"] == "Email__c"
    assert (document["delimiter"], document["line_ending"]) == ("SEMICOLON", "CRLF")


def test_a_job_that_deletes_needs_a_confirmation(bulkup: Bulkup, served: ServedOrg) -> None:
    served()
    for operation in ("delete", "hard-delete"):
        refused = bulkup("create", "--object", "Contact", "--op", operation)
        assert refused.code == 2
        assert "--yes" in refused.err
        job = made(bulkup, "--object", "Contact", "--op", operation, "--yes")
        assert bulkup("status", job, "--json").document["operation"] == operation
    assert len(bulkup("jobs", "--json").document["jobs"]) == 2


def test_a_lost_answer_to_create_is_told_and_not_tried_again(
    bulkup: Bulkup, served: ServedOrg
) -> None:
    served(
        FaultPlan(requests=[RequestFault(act=FaultAction.LOST, method="POST", path="*/ingest*")])
    )
    done = bulkup("create", *UPSERT)
    assert done.code == 5
    assert "may have been made" in done.err
    assert "bulkup jobs --state Open" in done.err
    assert len(bulkup("jobs", "--json").document["jobs"]) == 1


# upload


def test_upload_says_on_stderr_how_much_it_sent(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    served()
    job = made(bulkup)
    done = bulkup("upload", job, contacts)
    assert (done.code, done.out) == (0, "")
    assert f"job {job}: uploaded 20 rows" in done.err
    assert bulkup("upload", made(bulkup), contacts, "--quiet").err == ""


def test_a_second_upload_into_a_job_is_refused_with_what_to_type(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    served()
    job = made(bulkup)
    assert bulkup("upload", job, contacts).code == 0
    done = bulkup("upload", job, contacts, "--verbose")
    assert done.code == 2
    assert f"Job {job} has got its file, {contacts}, and takes no second one" in done.err
    assert f"bulkup close {job} --wait" in done.err
    assert f"bulkup abort {job}" in done.err
    assert puts(done.err) == 0
    assert bulkup("upload", job, contacts, "--json").document["error"] == "AlreadyUploaded"
    assert bulkup("close", job, "--wait").out == "JobComplete\n"


def test_what_was_uploaded_is_remembered_privately_and_not_for_ever(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    served()
    first, second = made(bulkup), made(bulkup)
    bulkup("upload", first, contacts)
    folder = find_state_dir().uploads
    (record,) = folder.iterdir()
    assert record.stat().st_mode & 0o77 == 0
    os.utime(record, (0, 0))
    bulkup("upload", second, contacts)
    assert [path.stem for path in folder.iterdir()] == [second]


def test_an_upload_that_was_refused_can_be_made_again(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    refusal = RequestFault(
        act=FaultAction.STATUS, method="PUT", path="*/batches", status=400, body="[]"
    )
    served(FaultPlan(requests=[refusal]))
    job = made(bulkup)
    assert bulkup("upload", job, contacts).code == 5
    assert bulkup("upload", job, contacts).code == 0


def test_a_record_of_another_job_with_that_id_does_not_count(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    served()
    job = made(bulkup)
    write_private(find_state_dir().uploads / f"{job}.json", '{"created": "2001", "file": "x.csv"}')
    assert bulkup("upload", job, contacts).code == 0


def test_upload_with_json_tells_rows_and_bytes(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    served()
    document = bulkup("upload", made(bulkup), contacts, "--json").document
    assert document["schema"] == "bulkup.job/1"
    assert document["rows"] == 20
    assert document["bytes"] == contacts.stat().st_size


def test_upload_takes_a_compressed_file_standard_input_and_another_encoding(
    process: Bulkup, bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    text = "Email__c,LastName\n{}@example.com,Ähre\n"
    utf16, packed = tmp_path / "utf16.csv", tmp_path / "packed.csv.gz"
    utf16.write_bytes(text.format("a").encode("utf-16"))
    packed.write_bytes(gzip.compress(text.format("b").encode()))
    jobs = [made(bulkup) for _ in range(3)]
    assert "UTF-8" in bulkup("upload", jobs[0], utf16).err
    assert bulkup("upload", jobs[1], packed).code == 0
    assert process("upload", jobs[2], "-", stdin=text.format("c")).code == 0
    for job in jobs:
        assert bulkup("close", job, "--wait").out == "JobComplete\n"
    assert [one["LastName"] for one in org.records("Contact")] == ["Ähre"] * 3


def test_a_byte_order_mark_is_not_sent(bulkup: Bulkup, served: ServedOrg, tmp_path: Path) -> None:
    org = served().org
    file = tmp_path / "bom.csv"
    file.write_bytes(b"\xef\xbb\xbfEmail__c,LastName\na@example.com,A\n")
    job = made(bulkup)
    bulkup("upload", job, file)
    assert bulkup("close", job, "--wait").code == 0
    assert len(org.records("Contact")) == 1


def test_a_file_of_one_column_fits_a_job_of_any_delimiter(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    file = write(tmp_path / "one.csv", "LastName", "A", "B")
    job = made(bulkup, *INSERT, "--delimiter", "TAB")
    assert bulkup("upload", job, file).code == 0
    assert bulkup("close", job, "--wait").code == 0
    assert len(org.records("Contact")) == 2


def test_upload_refuses_a_file_over_the_limit_and_names_run(
    bulkup: Bulkup, served: ServedOrg, contacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served()
    job = made(bulkup)
    monkeypatch.setattr("bulkup.cli.commands.upload.MOST_BYTES", contacts.stat().st_size - 1)
    done = bulkup("upload", job, contacts, "--verbose")
    assert done.code == 2
    assert "a job takes" in done.err
    assert f"bulkup run {contacts} --object Contact --op upsert" in done.err
    assert puts(done.err) == 0
    monkeypatch.setattr("bulkup.cli.commands.upload.MOST_BYTES", contacts.stat().st_size)
    assert bulkup("upload", job, contacts).code == 0


def test_upload_of_a_header_without_records_names_no_option_that_it_does_not_have(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    done = bulkup("upload", made(bulkup), write(tmp_path / "none.csv", "Email__c,LastName"))
    assert done.code == 2
    assert "a header without records" in done.err
    assert done.err.splitlines()[-1] == "  Export it again, with its records."


def test_upload_refuses_another_dialect_and_says_which_job_would_fit(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    file = write(tmp_path / "x.csv", "Email__c;LastName", "a@example.com;A", end="\r\n")
    job = made(bulkup)
    done = bulkup("upload", job, file, "--verbose")
    assert done.code == 2
    assert "split by SEMICOLON, the job by COMMA" in done.err
    assert "line endings CRLF, the job LF" in done.err
    assert puts(done.err) == 0
    hint = done.err.strip().rpartition("bulkup create ")[2].split()
    fits = made(bulkup, *hint)
    assert bulkup("upload", fits, file).code == 0


def test_upload_refuses_a_job_that_is_not_open_before_it_reads_the_file(
    bulkup: Bulkup, served: ServedOrg, contacts: Path, tmp_path: Path
) -> None:
    served()
    job = made(bulkup)
    bulkup("upload", job, contacts)
    bulkup("close", job, "--wait")
    broken = write(tmp_path / "broken.csv", "a,b", "1")
    done = bulkup("upload", job, broken, "--verbose", "--json")
    assert done.code == 2
    assert "only an Open job" in done.document["message"]
    assert puts(done.err) == 0


def test_an_upload_whose_answer_is_lost_is_not_sent_twice(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    served(FaultPlan(requests=[RequestFault(act=FaultAction.LOST, method="PUT", path="*/batches")]))
    job = made(bulkup)
    done = bulkup("upload", job, contacts, "--verbose")
    assert done.code == 5
    assert puts(done.err) == 1
    assert "Nobody can tell whether the file arrived" in done.err
    assert f"bulkup abort {job}" in done.err
    # One upload arrived, and only one: the job can still be closed.
    assert bulkup("close", job, "--wait").out == "JobComplete\n"


def test_an_upload_that_is_interrupted_says_what_is_known(
    bulkup: Bulkup, served: ServedOrg, contacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served()
    job = made(bulkup)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bulkup.salesforce.ingest.IngestJobs.upload", interrupt)
    done = bulkup("upload", job, contacts)
    assert done.code == 130
    assert "Nobody can tell whether the file arrived" in done.err
    assert f"bulkup abort {job}" in done.err


# close


def test_close_prints_the_state_and_does_not_wait(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    served()
    job = made(bulkup)
    bulkup("upload", job, contacts)
    assert bulkup("close", job).out in {"UploadComplete\n", "InProgress\n", "JobComplete\n"}
    assert bulkup("status", job, "--wait").code == 0


def test_close_with_wait_ends_with_5_for_a_job_that_failed(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    job = made(bulkup)
    bulkup("upload", job, write(tmp_path / "x.csv", "Email__c,Nope", "a@example.com,x"))
    done = bulkup("close", job, "--wait", "--json")
    assert done.code == 5
    assert done.document["state"] == "Failed"
    assert "Nope" in done.document["error_message"]
    shown = bulkup("status", job)
    assert shown.code == 0
    assert done.document["error_message"].split()[0] in shown.out


def test_a_close_whose_answer_is_lost_is_told_as_done(
    bulkup: Bulkup, served: ServedOrg, contacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bulkup.retry.FIRST_WAIT", 0.01)
    monkeypatch.setattr("bulkup.retry.UNREACHABLE_SECONDS", 0.03)
    served(FaultPlan(requests=[RequestFault(act=FaultAction.LOST, method="PATCH")]))
    job = made(bulkup)
    bulkup("upload", job, contacts)
    done = bulkup("close", job, "--wait")
    assert (done.code, done.out) == (0, "JobComplete\n")
    assert "waiting" in done.err


@pytest.mark.parametrize("command", ["status", "close"])
def test_silence_does_not_outlast_the_timeout_of_a_wait(
    bulkup: Bulkup, served: ServedOrg, command: str
) -> None:
    method = {"status": "GET", "close": "PATCH"}[command]
    hanging = RequestFault(act=FaultAction.HANG, method=method, path="*/jobs/*", times=0)
    served(FaultPlan(requests=[hanging]))
    job = made(bulkup)
    done = bulkup(command, job, "--wait", "--timeout", 1)
    assert done.code == 7
    assert "The time is over" in done.err


def test_a_second_close_is_refused_in_salesforces_words(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    served()
    job = made(bulkup)
    bulkup("upload", job, contacts)
    bulkup("close", job, "--wait")
    done = bulkup("close", job)
    assert done.code == 5
    assert "Salesforce says" in done.err
    assert done.out == ""


# abort


def test_abort_takes_several_jobs_and_says_of_each_what_became_of_it(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    served()
    jobs = [made(bulkup) for _ in range(3)]
    bulkup("upload", jobs[1], contacts)
    bulkup("close", jobs[1], "--wait")
    done = bulkup("abort", *jobs, NO_JOB)
    assert done.code == 5
    assert done.out == f"{jobs[0]} Aborted\n{jobs[2]} Aborted\n"
    assert f"error: job {jobs[1]}: Salesforce says" in done.err
    assert f"error: job {NO_JOB}: Salesforce says" in done.err


def test_abort_with_json_lists_each_job(bulkup: Bulkup, served: ServedOrg) -> None:
    served()
    job = made(bulkup)
    document = bulkup("abort", job, NO_JOB, "--json").document
    assert document["schema"] == "bulkup.jobs/1"
    first, second = document["jobs"]
    assert (first["id"], first["state"]) == (job, "Aborted")
    assert (second["id"], second["error"], second["exit_code"]) == (NO_JOB, "Gone", 5)
    assert second["hint"]


def test_abort_of_one_job_prints_its_state_or_its_error(bulkup: Bulkup, served: ServedOrg) -> None:
    served()
    job = made(bulkup)
    assert bulkup("abort", job).out == "Aborted\n"
    assert bulkup("abort", made(bulkup), "--json").document["state"] == "Aborted"
    gone = bulkup("abort", NO_JOB, "--json")
    assert gone.code == 5
    assert gone.document["schema"] == "bulkup.error/1"


def test_a_token_that_ends_between_two_aborts_leaves_the_rest_alone(
    bulkup: Bulkup, served: ServedOrg
) -> None:
    served(FaultPlan(requests=[RequestFault(act=FaultAction.EXPIRE_TOKEN, method="PATCH", nth=2)]))
    jobs = [made(bulkup) for _ in range(4)]
    done = bulkup("abort", *jobs, "--json", "--verbose")
    assert done.code == 4
    assert sum(line.startswith("PATCH ") for line in done.err.splitlines()) == 2
    told = done.document["jobs"]
    assert told[0]["state"] == "Aborted"
    assert [one["error"] for one in told[1:]] == ["TokenRefused"] * 3


# status


def test_status_is_a_table_or_a_document(bulkup: Bulkup, served: ServedOrg, contacts: Path) -> None:
    served()
    job = made(bulkup)
    shown = bulkup("status", job)
    assert shown.code == 0
    assert job in shown.out
    assert "upsert by Email__c" in shown.out
    document = bulkup("status", job, "--json").document
    assert document["schema"] == "bulkup.job/1"
    assert {"id", "state", "object", "operation", "rows_processed", "rows_failed"} <= set(document)


def test_the_message_of_a_failed_job_is_shown_whole_though_it_looks_like_markup(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    served(FaultPlan(jobs=[JobFault(fail_after=3, error="[red]Internal[/red] error [LastName]")]))
    job = made(bulkup)
    bulkup("upload", job, contacts)
    assert bulkup("close", job, "--wait").code == 5
    assert "[red]Internal[/red] error [LastName]" in bulkup("status", job).out


def test_status_with_wait_of_an_open_job_says_to_close_it(
    bulkup: Bulkup, served: ServedOrg
) -> None:
    served()
    job = made(bulkup)
    done = bulkup("status", job, "--wait")
    assert done.code == 5
    assert f"bulkup close {job} --wait" in done.err


def stuck(served: ServedOrg, bulkup: Bulkup, contacts: Path) -> str:
    """A job that says InProgress for as long as anybody asks."""
    body = '{"id": "750000000000001AAA", "state": "InProgress", "object": "Contact"}'
    fault = RequestFault(
        act=FaultAction.STATUS, method="GET", path="*/ingest/*", times=0, status=200, body=body
    )
    served(FaultPlan(requests=[fault]))
    return made(bulkup)


def test_waiting_ends_with_7_when_the_time_is_over(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    job = stuck(served, bulkup, contacts)
    done = bulkup("status", job, "--wait", "--timeout", "0.2s")
    assert done.code == 7
    assert "it goes on at Salesforce" in done.err
    assert f"bulkup status {job} --wait" in done.err
    told = bulkup("status", job, "--wait", "--timeout", "0", "--json")
    assert told.code == 7
    assert told.document["error"] == "WaitTimeout"


def test_waiting_that_is_interrupted_says_that_the_job_goes_on(
    bulkup: Bulkup, served: ServedOrg, contacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = stuck(served, bulkup, contacts)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bulkup.execution.control.RunControl.sleep", interrupt)
    done = bulkup("status", job, "--wait")
    assert done.code == 130
    assert f"job {job} goes on" in done.err
    assert f"bulkup status {job} --wait" in done.err


# Wrong input.

MISTAKES: dict[str, tuple[tuple[str, ...], int, str]] = {
    "create without an object": (("create", "--op", "insert"), 2, "--object"),
    "create without a key": (
        ("create", "--object", "Contact", "--op", "upsert"),
        2,
        "--external-id",
    ),
    "create with a key for an update": (
        ("create", "--object", "Contact", "--op", "update", "--external-id", "Email__c"),
        2,
        "--external-id is for upsert",
    ),
    "create of an unknown operation": (("create", "--object", "Lead", "--op", "merge"), 2, "merge"),
    "create of an unknown object": (("create", "--object", "Lad", "--op", "insert"), 5, "Lad"),
    "create by an unknown field": (
        ("create", "--object", "Lead", "--op", "upsert", "--external-id", "Nope"),
        5,
        "Nope",
    ),
    "create with an unknown delimiter": (
        ("create", *INSERT, "--delimiter", "COLON"),
        2,
        "'COLON' is not one of",
    ),
    "create with an API version of old": (("create", *INSERT, "--api-version", "x"), 2, "60.0"),
    "upload without a file": (("upload", NO_JOB), 2, "FILE"),
    "upload of a file that is not there": (("upload", NO_JOB, "nothing.csv"), 2, "nothing.csv"),
    "upload of a directory": (("upload", NO_JOB, "."), 2, "directory"),
    "upload into a job that is not there": (("upload", NO_JOB, "FILE"), 5, "does not exist"),
    "upload into something else": (("upload", "003000000000001AAA", "FILE"), 2, "no job's id"),
    "upload into nothing": (("upload", "", "FILE"), 2, "no job's id"),
    "close of a path": (("close", "../../sobjects"), 2, "no job's id"),
    "close of a job that is not there": (("close", NO_JOB, "--wait"), 5, "does not exist"),
    "close with a bad duration": (("close", NO_JOB, "--timeout", "soon"), 2, "soon"),
    "abort of nothing": (("abort",), 2, "JOB"),
    "abort of a short id": (("abort", NO_JOB, "7500001"), 2, "7500001"),
    "status of a job that is not there": (("status", NO_JOB), 5, "does not exist"),
    "status of two jobs": (("status", NO_JOB, NO_JOB), 2, "unexpected extra argument"),
    "status of an unknown option": (("status", NO_JOB, "--wat"), 2, "--wat"),
    "status in an unknown org": (("status", NO_JOB, "--org", "nowhere"), 4, "nowhere"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_wrong_input_ends_with_a_line_and_a_hint_and_no_job(
    bulkup: Bulkup, served: ServedOrg, contacts: Path, name: str
) -> None:
    served()
    given, code, words = MISTAKES[name]
    arguments = [str(contacts) if one == "FILE" else one for one in given]
    done = bulkup(*arguments)
    assert done.code == code, done.err
    first, hint = done.err.splitlines()
    assert words in first + hint
    assert first.startswith("error: ")
    assert hint.startswith("  ")
    assert hint.strip()
    assert done.out == ""
    told = bulkup(*arguments, "--json")
    assert told.code == code
    assert told.document["schema"] == "bulkup.error/1"
    assert told.document["exit_code"] == code
    assert told.document["hint"]
    assert told.err == ""
    assert bulkup("jobs", "--json").document["jobs"] == []


@pytest.mark.parametrize("command", ["create", "upload", "close", "abort", "status"])
def test_without_credentials_each_step_says_what_to_set(
    bulkup: Bulkup, contacts: Path, command: str
) -> None:
    arguments = {"create": INSERT, "upload": (NO_JOB, contacts)}.get(command, (NO_JOB,))
    done = bulkup(command, *arguments)
    assert done.code == 4
    assert "BULKUP_INSTANCE_URL" in done.err
