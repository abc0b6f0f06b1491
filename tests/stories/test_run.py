"""Stories of `bulkup run`: the real command against the real local org, over sockets."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.stories.conftest import Bulkup, ServedOrg

UPSERT = ("--object", "Contact", "--op", "upsert", "--external-id", "Email__c")


def rows_of(path: str | Path) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, *lines: str, end: str = "\n") -> Path:
    path.write_text("".join(line + end for line in lines), encoding="utf-8", newline="")
    return path


def test_a_file_becomes_records(bulkup: Bulkup, served: ServedOrg, contacts: Path) -> None:
    org = served().org
    done = bulkup("run", contacts, *UPSERT)
    assert done.code == 0, done.err
    assert sorted(one["LastName"] for one in org.records("Contact")) == sorted(
        f"Last {n}" for n in range(20)
    )
    assert "Complete" in done.out
    assert "20" in done.out


def test_a_second_upsert_updates(bulkup: Bulkup, served: ServedOrg, contacts: Path) -> None:
    org = served().org
    first = bulkup("run", contacts, *UPSERT, "--json")
    again = bulkup("run", contacts, *UPSERT, "--json")
    assert first.document["rows"]["created"] == 20
    assert again.document["rows"]["created"] == 0
    assert again.document["rows"]["succeeded"] == 20
    assert len(org.records("Contact")) == 20


def test_an_update_goes_by_id(
    bulkup: Bulkup, served: ServedOrg, contacts: Path, tmp_path: Path
) -> None:
    org = served().org
    bulkup("run", contacts, *UPSERT)
    ids = [str(one["Id"]) for one in org.records("Contact")]
    lines = [f"{one[:15] if n % 2 else one},Moved {n}" for n, one in enumerate(ids)]
    path = write(tmp_path / "update.csv", "Id,LastName", *lines)
    done = bulkup("run", path, "--object", "Contact", "--op", "update", "--json")
    assert done.code == 0
    assert sorted(one["LastName"] for one in org.records("Contact")) == sorted(
        f"Moved {n}" for n in range(20)
    )


def test_delete_needs_a_confirmation_and_then_deletes(
    bulkup: Bulkup, served: ServedOrg, contacts: Path, tmp_path: Path
) -> None:
    org = served().org
    bulkup("run", contacts, *UPSERT)
    ids = [str(one["Id"]) for one in org.records("Contact")][:5]
    path = write(tmp_path / "delete.csv", "Id", *ids)
    refused = bulkup("run", path, "--object", "Contact", "--op", "delete")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert len(org.records("Contact")) == 20
    assert bulkup("run", path, "--object", "Contact", "--op", "delete", "--yes").code == 0
    assert len(org.records("Contact")) == 15


def test_rows_that_fail_are_told_with_their_errors_and_exit_1(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    lines = [f"x{n}@example.com,{'' if n == 3 else f'Last {n}'}" for n in range(6)]
    path = write(tmp_path / "some.csv", "Email__c,LastName", *lines)
    done = bulkup("run", path, *UPSERT, "--json", "--no-check")
    assert done.code == 1
    document = done.document
    assert document["state"] == "partial"
    assert document["rows"]["succeeded"] == 5
    assert document["rows"]["failed"] == 1
    error = document["errors"][0]
    assert error["code"] == "REQUIRED_FIELD_MISSING"
    assert error["rows"] == [4]
    failed = rows_of(document["files"]["failed"])
    assert failed[0]["bulkup__Row"] == "4"
    assert failed[0]["bulkup__Line"] == "5"
    assert failed[0]["Email__c"] == "x3@example.com"


def test_the_books_of_the_json_balance_and_name_every_file(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    served()
    document: dict[str, Any] = bulkup("run", contacts, *UPSERT, "--json").document
    counts = document["rows"]
    statuses = ("succeeded", "failed", "unprocessed", "not_sent", "skipped", "unknown", "pending")
    assert counts["total"] == sum(counts[name] for name in statuses) == 20
    assert sum(job["rows"] for job in document["jobs"]) == 20
    for path in document["files"].values():
        assert Path(path).exists()
        assert Path(path).stat().st_mode & 0o777 == 0o600
    summary = Path(document["files"]["results"]).with_name("summary.json")
    assert json.loads(summary.read_text(encoding="utf-8")) == document


def test_results_have_every_row_in_the_files_own_order(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    served()
    document = bulkup("run", contacts, *UPSERT, "--json", "--chunk-rows", 7).document
    results = rows_of(document["files"]["results"])
    assert [row["Email__c"] for row in results] == [f"c{n}@example.com" for n in range(20)]
    assert [row["bulkup__Row"] for row in results] == [str(n) for n in range(1, 21)]
    assert {row["bulkup__Status"] for row in results} == {"succeeded"}
    assert all(row["sf__Id"].startswith("003") for row in results)


def test_a_big_file_becomes_several_jobs(bulkup: Bulkup, served: ServedOrg, contacts: Path) -> None:
    served()
    document = bulkup("run", contacts, *UPSERT, "--json", "--chunk-bytes", 200).document
    assert len(document["jobs"]) > 2
    assert all(job["bytes"] <= 200 for job in document["jobs"])
    assert document["rows"]["succeeded"] == 20


def test_without_a_terminal_progress_is_plain_lines_on_stderr(
    process: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    served()
    done = process("run", contacts, *UPSERT)
    assert done.code == 0
    assert "\x1b" not in done.err + done.out
    assert "\r" not in done.err + done.out
    assert "uploaded 20 rows" in done.err
    assert "ended, 20 succeeded" in done.err


def test_json_is_alone_on_stdout_and_quiet_is_quiet(
    process: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    served()
    done = process("run", contacts, *UPSERT, "--json", "--quiet")
    assert done.document["state"] == "complete"
    assert done.err == ""


def test_the_local_org_needs_no_credentials_and_keeps_its_records(
    process: Bulkup, contacts: Path
) -> None:
    first = process("run", contacts, *UPSERT, "--org", "local", "--json")
    again = process("run", contacts, *UPSERT, "--org", "local", "--json")
    assert first.document["rows"]["created"] == 20
    assert again.document["rows"]["created"] == 0
    assert again.document["org"]["alias"] == "local"


def test_no_credentials_say_what_to_set(bulkup: Bulkup, contacts: Path) -> None:
    done = bulkup("run", contacts, *UPSERT)
    assert done.code == 4
    assert "BULKUP_INSTANCE_URL" in done.err
    assert "--org local" in done.err


def test_a_refused_token_is_exit_4(
    bulkup: Bulkup, served: ServedOrg, contacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served()
    monkeypatch.setenv("BULKUP_ACCESS_TOKEN", "00Dxx0000001gPL!planted-secret")
    done = bulkup("run", contacts, *UPSERT)
    assert done.code == 4
    assert "planted-secret" not in done.out + done.err


def test_an_unreachable_host_is_exit_5_within_seconds(
    bulkup: Bulkup, contacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BULKUP_INSTANCE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("BULKUP_ACCESS_TOKEN", "00Dxx0000001gPL!x")
    monkeypatch.setattr("bulkup.retry.UNREACHABLE_SECONDS", 0.03)
    done = bulkup("run", contacts, *UPSERT)
    assert done.code == 5
    assert "127.0.0.1:9 can't be reached" in done.err


MISTAKES: dict[str, tuple[tuple[str, ...], int, str]] = {
    "upsert without a key": (("--object", "Contact", "--op", "upsert"), 2, "--external-id"),
    "a key for an insert": (
        ("--object", "Contact", "--op", "insert", "--external-id", "Email__c"),
        2,
        "--external-id is for upsert",
    ),
    "an unknown object": (
        ("--object", "Kontact", "--op", "insert"),
        2,
        "Kontact",
    ),
    "an update without Ids": (("--object", "Contact", "--op", "update"), 3, "Id"),
    "a key that is no column": (
        ("--object", "Contact", "--op", "upsert", "--external-id", "External_Id__c"),
        3,
        "External_Id__c",
    ),
    "a key that is no key": (
        ("--object", "Contact", "--op", "upsert", "--external-id", "LastName"),
        2,
        "LastName is no key: an upsert finds records by Id, Email",
    ),
    "a key that is no field": (
        ("--object", "Contact", "--op", "upsert", "--external-id", "Extrenal_Id__c", "--no-check"),
        2,
        "Did you mean --external-id External_Id__c?",
    ),
    "an unknown operation": (("--object", "Contact", "--op", "merge"), 2, "merge"),
    "an unknown option": ((*UPSERT, "--paralel", "2"), 2, "--paralel"),
    "chunks of nothing": ((*UPSERT, "--chunk-bytes", "0"), 2, "--chunk-bytes"),
    "chunks smaller than a record": ((*UPSERT, "--chunk-bytes", "35"), 2, "line 2"),
    "an unknown org": ((*UPSERT, "--org", "nowhere"), 4, "nowhere"),
    "a bad duration": ((*UPSERT, "--timeout", "soon"), 2, "soon"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_wrong_input_ends_with_a_line_and_a_hint_and_nothing_sent(
    bulkup: Bulkup, served: ServedOrg, contacts: Path, name: str
) -> None:
    org = served().org
    arguments, code, words = MISTAKES[name]
    done = bulkup("run", contacts, *arguments)
    assert done.code == code, done.err
    assert words in done.err
    assert "Traceback" not in done.err
    assert org.records("Contact") == []
    told = bulkup("run", contacts, *arguments, "--json")
    assert told.code == code
    assert told.document["schema"] in {"bulkup.error/1", "bulkup.check/1"}


def test_an_unknown_column_is_told_with_what_was_meant(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    path = write(tmp_path / "bad.csv", "Email__c,LastNam,Fone", "a@example.com,x,y")
    done = bulkup("run", path, *UPSERT)
    assert done.code == 3
    assert "LastName" in done.err
    assert "Fone" in done.err
    assert org.records("Contact") == []


WAYS_ON: dict[str, tuple[tuple[str, ...], tuple[str, ...], list[str]]] = {
    "rows that may pass": (
        ("Email__c,Birthdate,LastName", "a@example.com,24.11.2026,A"),
        (),
        [
            "Mend the file, or let it pass: --allow NOT_A_DATE",
            "Or leave these rows out: --skip-invalid",
        ],
    ),
    "rows that may not pass": (
        ("Email__c,LastName", ",A"),
        (),
        ["Fill the cells, or take the rows out.", "Or leave these rows out: --skip-invalid"],
    ),
    "a column that may not pass": (
        ("Email__c,Fone", "a@example.com,1"),
        (),
        ["Name the field with --map, or leave the column out with --drop."],
    ),
    "a column and rows": (
        ("Email__c,Fone,Birthdate", "a@example.com,1,x", "a@example.com,2,x"),
        (),
        [
            "Name the field with --map, or leave the column out with --drop.",
            "Mend the rest, or let it pass: --allow NOT_A_DATE --allow KEY_TWICE",
        ],
    ),
    "a column, while rows are left out": (
        ("Email__c,Fone,Birthdate", "a@example.com,1,x"),
        ("--skip-invalid",),
        ["Name the field with --map, or leave the column out with --drop."],
    ),
    "a load that may pass": (
        ("Email__c", "a@example.com"),
        (),
        ["Mend the file, or let it pass: --allow NOTHING_BUT_KEYS"],
    ),
    "warnings that are to stop": (
        ("Email__c,LastName", "a@example.com,A "),
        ("--strict",),
        [
            "Mend the file, or let it pass: --allow BLANKS_AROUND",
            "Or leave these rows out: --skip-invalid",
        ],
    ),
}


@pytest.mark.parametrize("name", WAYS_ON)
def test_the_hint_names_only_what_helps_with_all_that_stops(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, name: str
) -> None:
    served()
    lines, options, hint = WAYS_ON[name]
    done = bulkup("run", write(tmp_path / "x.csv", *lines), *UPSERT, *options)
    assert done.code == 3
    _, told = done.err.split("; nothing was sent\n")
    assert told.splitlines() == [f"  {line}" for line in hint]


def test_a_header_that_can_not_be_sent_is_told_as_such_where_nothing_is_checked(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    path = write(tmp_path / "x.csv", "LastName", "A")
    done = bulkup("run", path, *UPSERT, "--no-check")
    assert done.code == 3
    assert "The file has no column Email__c, which every upsert needs; nothing was sent" in done.err
    assert "the check" not in done.err
    assert done.err.splitlines()[-1].strip() == "Add the column, or name it with --map."


def test_a_url_that_is_none_is_told(
    bulkup: Bulkup, contacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BULKUP_ACCESS_TOKEN", "x")
    for url in ("http://example.com", "https://", "ftp://example.com", "https://exa mple.com"):
        monkeypatch.setenv("BULKUP_INSTANCE_URL", url)
        done = bulkup("run", contacts, *UPSERT)
        assert done.code == 2, url
        assert "BULKUP_INSTANCE_URL" in done.err


def test_a_home_that_cannot_be_used_is_told(
    bulkup: Bulkup, served: ServedOrg, contacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served()
    monkeypatch.setenv("BULKUP_HOME", str(contacts))
    done = bulkup("run", contacts, *UPSERT)
    assert done.code == 2
    assert "BULKUP_HOME" in done.err


def test_a_bug_is_one_line_and_a_log_without_secrets(
    bulkup: Bulkup, served: ServedOrg, contacts: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    served()

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("Bearer 00Dxx0000001gPL!AQplanted.secret_1")

    monkeypatch.setattr("bulkup.planning.plan_load.cut", broken)
    done = bulkup("run", contacts, *UPSERT)
    assert done.code == 70
    assert "ZeroDivisionError" in done.err
    assert "Traceback" not in done.err
    log = (home / "bulkup" / "bulkup.log").read_text(encoding="utf-8")
    assert "Traceback" in log
    assert "planted" not in log


def test_no_time_at_all_sends_everything_and_waits_for_nothing(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    org = served().org
    done = bulkup("run", contacts, *UPSERT, "--timeout", 0, "--chunk-rows", 8, "--json")
    assert done.code == 7
    assert done.document["state"] == "timeout"
    assert done.document["rows"]["pending"] == 20
    assert done.document["files"]["results"] is None
    resumed = bulkup("resume", "--json")
    assert resumed.code == 0
    assert resumed.document["rows"]["succeeded"] == 20
    assert len(org.records("Contact")) == 20


def test_a_file_without_records_is_fine_where_the_user_says_so(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    path = write(tmp_path / "none.csv", "Email__c,LastName")
    assert bulkup("run", path, *UPSERT).code == 2
    done = bulkup("run", path, *UPSERT, "--allow-empty", "--json")
    assert done.code == 0
    assert done.document["rows"]["total"] == 0
    assert done.document["jobs"] == []


def test_any_csv_goes_in_and_results_keep_its_own_numbers(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    text = (
        "sep=;\r\nE-mail;Last Name;Notes\r\na@example.com;Müller;x\r\n\r\nb@example.com;Ößen;y\r\n"
    )
    path = tmp_path / "excel.csv"
    path.write_bytes(text.encode("utf-16"))
    names = ("--map", "E-mail=Email__c", "--map", "Last Name=LastName", "--drop", "Notes")
    done = bulkup("run", path, *UPSERT, *names, "--json")
    assert done.code == 0, done.err
    assert {one["LastName"] for one in org.records("Contact")} == {"Müller", "Ößen"}
    results = Path(done.document["files"]["results"]).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(results.splitlines(), delimiter=";"))
    assert [(row["bulkup__Row"], row["bulkup__Line"]) for row in rows] == [("1", "3"), ("2", "5")]
    assert [row["Notes"] for row in rows] == ["x", "y"]
    assert done.document["source"]["encoding"] == "utf-16-le"


def test_mended_results_are_sent_again_and_what_went_in_is_skipped(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    path = write(tmp_path / "some.csv", "Email__c,LastName", "a@example.com,", "b@example.com,B")
    first = bulkup("run", path, *UPSERT, "--no-check", "--json").document
    mended = tmp_path / "mended.csv"
    text = Path(first["files"]["results"]).read_text(encoding="utf-8")
    mended.write_text(text.replace("a@example.com,", "a@example.com,A"), encoding="utf-8")
    done = bulkup("run", mended, *UPSERT, "--json")
    assert done.code == 0, done.err
    assert done.document["rows"]["succeeded"] == 1
    assert done.document["rows"]["skipped"] == 1
    assert {one["LastName"] for one in org.records("Contact")} == {"A", "B"}
    rows = rows_of(done.document["files"]["results"])
    assert [row["bulkup__Status"] for row in rows] == ["succeeded", "skipped"]
    assert list(rows[0]).count("sf__Id") == 1
    assert rows[1]["sf__Id"].startswith("003")


def test_rows_with_errors_are_left_out_when_the_user_says_so(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    path = write(tmp_path / "some.csv", "Email__c,LastName", "no email,A", "b@example.com,B")
    assert bulkup("run", path, *UPSERT).code == 3
    done = bulkup("run", path, *UPSERT, "--skip-invalid", "--json")
    assert done.code == 1
    assert done.document["rows"]["not_sent"] == 1
    assert {one["LastName"] for one in org.records("Contact")} == {"B"}
    rows = rows_of(done.document["files"]["results"])
    assert rows[0]["bulkup__Status"] == "not_sent"
    assert rows[0]["sf__Error"].startswith("bulkup: ")


def test_standard_input_is_kept_until_the_load_is_over(
    process: Bulkup, served: ServedOrg, contacts: Path, home: Path
) -> None:
    served()
    text = contacts.read_text(encoding="utf-8")
    done = process("run", "-", *UPSERT, "--json", stdin=text)
    assert done.code == 0, done.err
    assert done.document["source"]["file"] == "-"
    assert done.document["rows"]["succeeded"] == 20
    assert list((home / "bulkup" / "runs").rglob("input.csv")) == []


def test_empty_cells_empty_their_fields_when_the_user_says_so(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    header = "Email__c,LastName,Title"
    full = write(tmp_path / "full.csv", header, "a@example.com,A,Boss", "b@example.com,B,Boss")
    bare = write(tmp_path / "bare.csv", header, "a@example.com,A,", "b@example.com,B,")
    bulkup("run", full, *UPSERT)
    bulkup("run", bare, *UPSERT)
    assert [one["Title"] for one in org.records("Contact")] == ["Boss", "Boss"]
    done = bulkup("run", bare, *UPSERT, "--blank", "null", "--json")
    assert done.code == 0, done.err
    assert [one.get("Title") for one in org.records("Contact")] == [None, None]
    rows = rows_of(done.document["files"]["results"])
    assert [row["Title"] for row in rows] == ["", ""]
    required = write(tmp_path / "required.csv", header, "a@example.com,,x")
    assert bulkup("run", required, *UPSERT, "--blank", "null").code == 3


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_a_load_with_a_closed_stream_ends_as_it_would_with_an_open_one(
    served: ServedOrg, tmp_path: Path, closed: str
) -> None:
    served()
    path = write(tmp_path / "some.csv", "LastName", "Ann", "Bob")
    insert = "--object Contact --op insert"
    line = f"{sys.executable} -m bulkup run {path} {insert} --dir {tmp_path / 'out'} {closed}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_report_and_the_run_name_the_org_its_kind_and_the_user(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    running = served()
    username = bulkup("run", contacts, *UPSERT, "--json").document["org"]["username"]
    org = f"org {running.url.removeprefix('http://')} (local) as {username}"
    done = bulkup("run", contacts, *UPSERT, "--again")
    assert org in " ".join(done.out.split())
    assert org in " ".join(bulkup("runs", "last").out.split())
