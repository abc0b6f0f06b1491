"""Stories of files whose quotes Salesforce refuses, and of lines above the header."""

import csv
from pathlib import Path

import pytest

from bulkup.localorg.faults import FaultPlan
from tests.stories.conftest import Bulkup, Done, ServedOrg
from tests.stories.dying import INSERT, UNWILLING, run_folders

CLEAR = 'LastName,Title\n5" Müller,x\nSmith,"12" nails"\nJones, "a, b"\n'
UNCLEAR = 'LastName,Title\nA,x\n"B" or C,y\nD,z\n'


def titles(org: object) -> dict[str, str]:
    return {one["LastName"]: one["Title"] for one in org.records("Contact")}  # type: ignore[attr-defined]


def results(done: Done) -> list[dict[str, str]]:
    path = Path(done.document["files"]["results"])
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def test_quotes_with_one_meaning_are_loaded_as_meant_and_their_lines_named(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    path = tmp_path / "p.csv"
    path.write_text(CLEAR, encoding="utf-8")
    checked = bulkup("check", path, *INSERT, "--json")
    assert checked.code == 0, checked.out + checked.err
    (finding,) = checked.document["findings"]
    assert finding["code"] == "QUOTES_CORRECTED"
    assert finding["severity"] == "warning"
    assert finding["rows"] == [1, 2, 3]
    assert "Quotes inside cells were doubled: lines 2, 3" in finding["message"]
    done = bulkup("run", path, *INSERT, "--json")
    assert done.code == 0, done.out + done.err
    assert "Quotes inside cells were doubled: lines 2, 3" in done.document["changes"]
    assert "Blanks beside quoted cells were left out: line 4" in done.err
    assert titles(org) == {'5" Müller': "x", "Smith": '12" nails', "Jones": "a, b"}


def test_a_run_with_corrected_quotes_that_ended_early_goes_on_as_planned(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served(FaultPlan(requests=[UNWILLING])).org
    path = tmp_path / "p.csv"
    path.write_text(CLEAR, encoding="utf-8")
    assert bulkup("run", path, *INSERT, "--retry-for", 0).code == 5
    assert bulkup("resume").code == 0
    assert titles(org) == {'5" Müller': "x", "Smith": '12" nails', "Jones": "a, b"}


@pytest.mark.parametrize("more", [(), ("--no-check",)], ids=["check", "no check"])
def test_a_quote_that_may_mean_several_things_stops_the_load_with_its_row(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, more: tuple[str, ...]
) -> None:
    org = served().org
    path = tmp_path / "p.csv"
    path.write_text(UNCLEAR, encoding="utf-8")
    done = bulkup("run", path, *INSERT, *more)
    assert done.code == 3
    assert "line 3" in done.err
    assert "--skip-invalid" in done.err
    assert titles(org) == {}
    assert run_folders() == []


@pytest.mark.parametrize("more", [(), ("--no-check",)], ids=["check", "no check"])
def test_a_row_with_an_unclear_quote_can_be_left_out_and_stays_out_in_a_retry(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, more: tuple[str, ...]
) -> None:
    org = served().org
    path = tmp_path / "p.csv"
    path.write_text(f"{UNCLEAR},w\n", encoding="utf-8")
    done = bulkup("run", path, *INSERT, "--skip-invalid", "--json", *more)
    assert done.code == 1, done.out + done.err
    assert titles(org) == {"A": "x", "D": "z"}
    row = results(done)[1]
    assert (row["bulkup__Line"], row["bulkup__Status"]) == ("3", "not_sent")
    assert "QUOTES_UNCLEAR" in row["sf__Error"]
    again = bulkup("retry", "--json")
    assert titles(org) == {"A": "x", "D": "z"}, again.out
    assert again.document["rows"]["not_sent"] == 1
    assert again.document["rows"]["failed"] == 1


def test_a_retry_of_nothing_but_unclear_quotes_says_what_to_do(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    path = tmp_path / "p.csv"
    path.write_text(UNCLEAR, encoding="utf-8")
    assert bulkup("run", path, *INSERT, "--skip-invalid").code == 1
    again = bulkup("retry", "--json")
    assert again.code == 6
    assert again.document["error"] == "QuotesUnclear"
    assert "results.csv" in again.document["hint"]
    assert titles(org) == {"A": "x", "D": "z"}


def test_an_unclear_quote_can_be_allowed_and_is_read_as_the_message_says(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    path = tmp_path / "p.csv"
    path.write_text(UNCLEAR, encoding="utf-8")
    done = bulkup("run", path, *INSERT, "--allow", "QUOTES_UNCLEAR")
    assert done.code == 0, done.err
    assert "it is read as 'B or C'" in done.err
    assert titles(org) == {"A": "x", "B or C": "y", "D": "z"}


def test_unclear_quotes_are_in_the_file_of_findings(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    path = tmp_path / "p.csv"
    path.write_text(UNCLEAR, encoding="utf-8")
    assert bulkup("check", path, *INSERT, "--findings", tmp_path / "f.csv").code == 3
    with (tmp_path / "f.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1:] == [["2", "3", "", "", "QUOTES_UNCLEAR"]]


def test_an_upload_refuses_unclear_quotes(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    path = tmp_path / "p.csv"
    path.write_text(UNCLEAR, encoding="utf-8")
    job = bulkup("create", *INSERT, "--json").document["id"]
    done = bulkup("upload", job, path)
    assert done.code == 2
    assert "line 3" in done.err


def test_lines_above_the_header_are_skipped_and_lines_stay_those_of_the_file(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served(FaultPlan(requests=[UNWILLING])).org
    path = tmp_path / "p.csv"
    path.write_text(f"Contacts of May\n\n{'LastName,Title'}\nA,x\nB,y\n", encoding="utf-8")
    refused = bulkup("run", path, *INSERT)
    assert refused.code == 2
    assert "--skip-lines 2" in refused.err
    assert bulkup("check", path, *INSERT, "--skip-lines", 2).code == 0
    assert bulkup("run", path, *INSERT, "--skip-lines", 2, "--retry-for", 0).code == 5
    done = bulkup("resume", "--json")
    assert done.code == 0, done.out + done.err
    assert titles(org) == {"A": "x", "B": "y"}
    assert [row["bulkup__Line"] for row in results(done)] == ["4", "5"]
    text = Path(done.document["files"]["results"]).read_text(encoding="utf-8")
    assert "Contacts of May" not in text
