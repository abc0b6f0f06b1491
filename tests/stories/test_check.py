"""Stories of `bulkup check`: what can be known before anything is sent."""

import csv
import re
from pathlib import Path

import pytest

from tests.stories.conftest import Bulkup, ServedOrg

UPSERT = ("--object", "Contact", "--op", "upsert", "--external-id", "Email__c")
SAMPLES = Path(__file__).parents[2] / "sample_data"
NOT_SENT = {"PUT", "PATCH"}


def write(path: Path, *lines: str, end: str = "\n") -> Path:
    path.write_text("".join(line + end for line in lines), encoding="utf-8", newline="")
    return path


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """One error and one warning."""
    return write(
        tmp_path / "faulty.csv",
        "Email__c,LastName,Birthdate",
        "a@example.com,A,2026-11-24",
        "b@example.com,B,24.11.2026",
        "c@example.com,C ,",
    )


def test_a_clean_file_is_0_and_nothing_is_sent(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    org = served().org
    done = bulkup("check", contacts, *UPSERT, "--verbose")
    assert done.code == 0
    assert "20 rows checked: 0 errors, 0 warnings; nothing was sent" in done.err
    assert not [line for line in done.err.splitlines() if line.split()[0] in NOT_SENT]
    assert org.records("Contact") == []
    assert bulkup("jobs", "--json").document["jobs"] == []


def test_what_would_fail_is_3_with_a_table_that_names_rows_and_the_form_to_use(
    bulkup: Bulkup, served: ServedOrg, faulty: Path
) -> None:
    served()
    done = bulkup("check", faulty, *UPSERT)
    assert done.code == 3
    assert "2026-11-24" in done.out
    assert "Birthdate" in done.out
    assert "1 error, 1 warning; nothing was sent" in done.err


def test_json_is_the_document_of_findings(bulkup: Bulkup, served: ServedOrg, faulty: Path) -> None:
    served()
    done = bulkup("check", faulty, *UPSERT, "--json", "--quiet")
    assert done.code == 3
    assert done.err == ""
    document = done.document
    assert document["schema"] == "bulkup.check/1"
    assert document["rows"] == 3
    error, warning = document["findings"]
    assert (error["severity"], error["column"], error["rows"]) == ("error", "Birthdate", [2])
    assert (warning["severity"], warning["column"], warning["rows"]) == ("warning", "LastName", [3])
    assert error["count"] == warning["count"] == 1
    same = bulkup("run", faulty, *UPSERT, "--json", "--quiet")
    assert same.code == 3
    assert same.document == document


def test_findings_are_written_for_a_spreadsheet(
    bulkup: Bulkup, served: ServedOrg, faulty: Path, tmp_path: Path
) -> None:
    served()
    told = tmp_path / "deep" / "findings.csv"
    assert bulkup("check", faulty, *UPSERT, "--findings", told).code == 3
    with told.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"row", "line", "column", "value", "code"} <= set(rows[0])
    found = {(row["row"], row["line"], row["column"], row["value"]) for row in rows}
    assert ("2", "3", "Birthdate", "24.11.2026") in found
    assert ("3", "4", "LastName", "C ") in found


def test_strict_makes_warnings_stop_and_allow_makes_errors_pass(
    bulkup: Bulkup, served: ServedOrg, faulty: Path
) -> None:
    served()
    error, warning = bulkup("check", faulty, *UPSERT, "--json").document["findings"]
    allowed = bulkup("check", faulty, *UPSERT, "--allow", error["code"], "--json")
    assert allowed.code == 0
    assert {one["severity"] for one in allowed.document["findings"]} == {"warning"}
    assert bulkup("check", faulty, *UPSERT, "--allow", error["code"], "--strict").code == 3
    assert warning["code"] in bulkup("check", faulty, *UPSERT).out


@pytest.mark.parametrize("command", ["check", "run"])
def test_no_upsert_by_id_without_ids_can_be_let_pass(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, command: str
) -> None:
    org = served().org
    file = write(tmp_path / "x.csv", "LastName", "A", "B")
    upsert = ("--object", "Contact", "--op", "upsert", "--external-id", "Id")
    assert bulkup(command, file, *upsert).code == 3
    done = bulkup(command, file, *upsert, "--allow", "KEY_COLUMN_MISSING")
    assert done.code == 2
    error, hint = done.err.splitlines()
    assert error.startswith("error: --allow KEY_COLUMN_MISSING: it can't be let pass, because ")
    assert hint == "  Add the column, or name it with --map."
    assert org.records("Contact") == []


@pytest.mark.parametrize("command", ["check", "run"])
def test_all_codes_that_cannot_be_allowed_are_told_at_once_with_what_was_meant(
    bulkup: Bulkup, served: ServedOrg, contacts: Path, command: str
) -> None:
    served()
    codes = ("--allow", "NOT_A_DAT", "--allow", "NOPE", "--allow", "LABEL_NOT_NAM")
    done = bulkup(command, contacts, *UPSERT, *codes, "--allow", "TOO_LONG", "--json")
    assert done.code == 2
    assert (done.document["error"], done.document["message"].split("; ")) == (
        "InvalidOption",
        [
            "--allow NOT_A_DAT: the check has no such code, did you mean NOT_A_DATE?",
            "--allow NOPE: the check has no such code",
            "--allow LABEL_NOT_NAM: the check has no such code, did you mean LABEL_NOT_NAME?",
        ],
    )
    assert done.document["hint"].splitlines() == [
        "Type: --allow NOT_A_DATE",
        "Leave it out, or take the code that stands beside the finding.",
        "Type the --map that the message shows.",
    ]


@pytest.fixture
def of_windows(tmp_path: Path) -> Path:
    """A small file in Windows-1252, as a spreadsheet writes it."""
    path = tmp_path / "windows.csv"
    text = "Email__c;LastName;Description\na@b.co;Müller;10 €\nb@b.co;Groß;„ja“\n"
    path.write_text(text, encoding="cp1252", newline="\r\n")
    return path


def test_a_guessed_encoding_is_a_warning_with_a_value_by_which_to_judge_it(
    bulkup: Bulkup, served: ServedOrg, of_windows: Path
) -> None:
    served()
    done = bulkup("check", of_windows, *UPSERT, "--json")
    assert done.code == 0
    (found,) = done.document["findings"]
    assert (found["code"], found["severity"]) == ("ENCODING_GUESSED", "warning")
    for word in ("Windows-1252", "'Müller'", "--encoding cp1252"):
        assert word in found["message"]
    assert bulkup("check", of_windows, *UPSERT, "--encoding", "cp1252", "--strict").code == 0


@pytest.mark.parametrize("no_check", [(), ("--no-check",)], ids=["checked", "not checked"])
def test_strict_stops_a_load_whose_encoding_is_a_guess(
    bulkup: Bulkup, served: ServedOrg, of_windows: Path, no_check: tuple[str, ...]
) -> None:
    org = served().org
    done = bulkup("run", of_windows, *UPSERT, *no_check, "--strict")
    assert done.code == 3
    assert "ENCODING_GUESSED" in done.out + done.err
    assert org.records("Contact") == []
    done = bulkup("run", of_windows, *UPSERT, *no_check)
    assert done.code == 0
    assert "by which a value is 'Müller'" in done.err
    assert {one["LastName"] for one in org.records("Contact")} == {"Müller", "Groß"}


def test_columns_are_renamed_and_left_out_before_the_check(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    file = write(tmp_path / "x.csv", "E-mail,LastName,Notes", "a@example.com,A,n")
    assert bulkup("check", file, *UPSERT).code == 3
    mapped = ("--map", "E-mail=Email__c", "--drop", "Notes")
    assert bulkup("check", file, *UPSERT, *mapped).code == 0


def test_an_unknown_column_is_told_with_what_was_meant(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    file = write(tmp_path / "x.csv", "Email__c,LastNam", "a@example.com,A")
    done = bulkup("check", file, *UPSERT)
    assert done.code == 3
    assert "LastName" in done.out


def test_a_file_that_has_to_be_rewritten_is_checked_by_its_own_line_numbers(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, home: Path
) -> None:
    served()
    file = tmp_path / "utf16.csv"
    file.write_bytes("Email__c,LastName\na@example.com,Ä\n\nb@example.com,\n".encode("utf-16"))
    before = {path.name for path in (home / "bulkup").glob("*")}
    done = bulkup("check", file, *UPSERT, "--json", "--allow-empty")
    assert "UTF-16" in done.err.upper()
    assert done.document["findings"][0]["rows"] == [2]
    left = {path.name for path in (home / "bulkup").glob("check-*")}
    assert not left - before


def test_a_header_without_records_is_an_error_unless_it_is_allowed(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    file = write(tmp_path / "empty.csv", "Email__c,LastName")
    refused = bulkup("check", file, *UPSERT)
    assert refused.code == 2
    assert refused.err.splitlines()[-1] == "  If that is as it should be, add --allow-empty."
    assert bulkup("check", file, *UPSERT, "--allow-empty").code == 0


def test_the_sample_with_mistakes_is_told_in_one_screen(bulkup: Bulkup, served: ServedOrg) -> None:
    served()
    done = bulkup("check", SAMPLES / "contacts-with-mistakes.csv", *UPSERT)
    assert done.code == 3
    assert len(done.out.splitlines()) < 40
    assert bulkup("check", SAMPLES / "contacts.csv", *UPSERT).code == 0


MISTAKES: dict[str, tuple[tuple[str, ...], int, str]] = {
    "no file": (("nothing.csv", *UPSERT), 2, "nothing.csv"),
    "a directory": ((".", *UPSERT), 2, "directory"),
    "no key": (("FILE", "--object", "Contact", "--op", "upsert"), 2, "--external-id"),
    "an unknown object": (("FILE", "--object", "Kontact", "--op", "insert"), 2, "Contact"),
    "a key that is no key": (
        ("FILE", "--object", "Contact", "--op", "upsert", "--external-id", "LastName"),
        2,
        "an upsert finds records by Id, Email",
    ),
    "an unknown encoding": (("FILE", *UPSERT, "--encoding", "latin-99"), 2, "latin-99"),
    "a renaming without a field": (("FILE", *UPSERT, "--map", "Email"), 2, "CSV_COLUMN=Field"),
    "an unknown option": (("FILE", *UPSERT, "--no-check"), 2, "--no-check"),
    "an unknown org": (("FILE", *UPSERT, "--org", "nowhere"), 4, "nowhere"),
    "findings onto standard output": (("FILE", *UPSERT, "--findings", "-"), 2, "--json"),
    "findings into a directory": (("FILE", *UPSERT, "--findings", "."), 2, "--findings"),
    "findings into the file itself": (
        ("FILE", *UPSERT, "--findings", "FILE"),
        2,
        "the file that is checked",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_wrong_input_ends_with_a_line_and_a_hint(
    bulkup: Bulkup, served: ServedOrg, contacts: Path, name: str
) -> None:
    served()
    given, code, words = MISTAKES[name]
    arguments = [str(contacts) if one == "FILE" else one for one in given]
    done = bulkup("check", *arguments, "--quiet")
    assert done.code == code, done.err
    assert words in done.err
    first, hint = done.err.splitlines()
    assert first.startswith("error: ")
    assert hint.strip()
    told = bulkup("check", *arguments, "--json", "--quiet")
    assert told.code == code
    assert told.document["schema"] == "bulkup.error/1"
    assert told.err == ""


def test_a_load_beyond_the_orgs_day_is_told_before_anything_is_sent(
    bulkup: Bulkup,
    served: ServedOrg,
    contacts: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    org = served().org
    left = {"DailyBulkApiBatches": {"Max": 15_000, "Remaining": 0}}
    monkeypatch.setattr("bulkup.planning.precheck.limits", lambda _client: left)
    told = tmp_path / "findings.csv"
    done = bulkup("check", contacts, *UPSERT, "--json", "--findings", told)
    codes = [finding["code"] for finding in done.document["findings"]]
    assert "MORE_THAN_REMAINING_LIMIT" in codes
    assert ",,,,MORE_THAN_REMAINING_LIMIT" in told.read_text(encoding="utf-8").splitlines()
    refused = bulkup("run", contacts, *UPSERT, "--strict")
    assert refused.code == 3
    assert org.records("Contact") == []


def test_a_relationship_is_held_against_the_object_that_it_points_to(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    file = write(
        tmp_path / "people.csv", "LastName,Account.Name,Owner.Username", "A,Acme,x@example.com"
    )
    found = bulkup("check", file, "--object", "Contact", "--op", "insert", "--json", "--verbose")
    assert found.code == 3
    assert [(f["code"], f["column"]) for f in found.document["findings"]] == [
        ("RELATIONSHIP_UNKNOWN", "Account.Name")
    ]
    described = re.findall(r"/sobjects/(\w+)/describe", found.err)
    assert sorted(described) == ["Account", "Contact", "User"]


def test_a_key_in_the_place_of_an_id_is_answered_with_the_map_to_type(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    file = write(tmp_path / "people.csv", "LastName,AccountId", "A,ACME-1")
    arguments = ("check", file, "--object", "Contact", "--op", "insert")
    found = bulkup(*arguments, "--json").document["findings"]
    message = next(f["message"] for f in found if f["code"] == "MALFORMED_ID")
    option = message.partition("--map ")[2]
    assert option == "AccountId=Account.External_Id__c"
    assert bulkup(*arguments, "--map", option).code == 0
    assert org.records("Contact") == []


def test_an_object_is_described_once_whatever_asks_for_it(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    header = "LastName,AccountId,Account.External_Id__c"
    file = write(tmp_path / "people.csv", header, "A,ACME-1,", "B,,ACME-2")
    found = bulkup("check", file, "--object", "Contact", "--op", "insert", "--json", "--verbose")
    assert "--map AccountId=Account.External_Id__c" in found.out
    described = re.findall(r"/sobjects/(\w+)/describe", found.err)
    assert sorted(described) == ["Account", "Contact"]
