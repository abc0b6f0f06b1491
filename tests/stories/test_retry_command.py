"""Stories of `bulkup retry`: what did not go in is sent again, as a new run, once."""

import csv
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from bulkup.duckdb_tools.engine import OutOfMemory
from bulkup.localorg.faults.plan import FaultPlan, JobFault
from tests.stories.conftest import Bulkup, ServedOrg
from tests.stories.dying import run_folders

INSERT = ("--object", "Contact", "--op", "insert", "--no-check")


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("LastName,Birthdate\n" + "".join(f"P{n},\n" for n in range(12)), "utf-8")
    return path


def left_over(bulkup: Bulkup, served: ServedOrg, people: Path) -> tuple[Any, dict[str, Any]]:
    """A run of which Salesforce left rows unprocessed, and its org."""
    org = served(FaultPlan(jobs=[JobFault(unprocessed=0.5)])).org
    done = bulkup("run", people, *INSERT, "--json")
    assert done.code == 1, done.err
    assert 0 < done.document["rows"]["unprocessed"] < 12
    return org, done.document


def names(org: Any) -> list[str]:
    return sorted(str(one["LastName"]) for one in org.records("Contact"))


def test_what_did_not_go_in_is_sent_and_the_rest_is_skipped_with_its_id(
    bulkup: Bulkup, served: ServedOrg, people: Path
) -> None:
    org, first = left_over(bulkup, served, people)
    done = bulkup("retry", "--json")
    assert done.code == 0, done.err
    rows = done.document["rows"]
    assert rows["succeeded"] == first["rows"]["unprocessed"]
    assert rows["skipped"] == first["rows"]["succeeded"]
    assert names(org) == sorted(f"P{n}" for n in range(12))
    with Path(done.document["files"]["results"]).open(encoding="utf-8", newline="") as file:
        results = list(csv.DictReader(file))
    assert [row["LastName"] for row in results] == [f"P{n}" for n in range(12)]
    assert all(row["sf__Id"].startswith("003") for row in results)


def test_a_copy_of_the_whole_home_is_not_retried_beside_the_original(
    bulkup: Bulkup, served: ServedOrg, people: Path, home: Path
) -> None:
    org, first = left_over(bulkup, served, people)
    copy = {"BULKUP_HOME": str(shutil.copytree(home / "bulkup", home / "restored"))}
    assert bulkup("retry", first["run"]).code == 0
    refused = bulkup("retry", first["run"], env=copy)
    assert refused.code == 6
    assert "or its folder is a copy" in refused.err
    assert names(org) == sorted(f"P{n}" for n in range(12))


def test_a_copy_of_a_run_is_retried_when_it_is_to_take_over(
    bulkup: Bulkup, served: ServedOrg, people: Path, home: Path
) -> None:
    org, first = left_over(bulkup, served, people)
    copy = {"BULKUP_HOME": str(shutil.copytree(home / "bulkup", home / "restored"))}
    assert bulkup("retry", first["run"], "--take-over", env=copy).code == 0
    assert names(org) == sorted(f"P{n}" for n in range(12))


def test_a_second_retry_and_a_resume_of_the_old_run_are_refused(
    bulkup: Bulkup, served: ServedOrg, people: Path
) -> None:
    org, first = left_over(bulkup, served, people)
    new = bulkup("retry", first["run"], "--json").document["run"]
    for command in ("retry", "resume"):
        again = bulkup(command, first["run"])
        assert again.code == 6
        assert new in again.err
    assert len(names(org)) == 12


def test_with_nothing_to_send_there_is_no_new_run_and_nothing_is_superseded(
    bulkup: Bulkup, served: ServedOrg, people: Path
) -> None:
    served()
    run = bulkup("run", people, *INSERT, "--json").document["run"]
    done = bulkup("retry")
    assert done.code == 0
    assert "nothing to send again" in done.err
    listed = bulkup("runs", "--json").document["runs"]
    assert [(one["run"], one["state"]) for one in listed] == [(run, "complete")]


def test_unknown_rows_stay_unknown_unless_the_user_says_otherwise(
    bulkup: Bulkup, served: ServedOrg, people: Path
) -> None:
    org = served(FaultPlan(jobs=[JobFault(missing=0.5)])).org
    first = bulkup("run", people, *INSERT, "--json", "--retry-for", 0)
    unknown = first.document["rows"]["unknown"]
    assert first.code == 1
    assert unknown > 0
    assert bulkup("retry").code == 1
    done = bulkup("retry", "--include-unknown", "--json")
    assert done.document["rows"]["succeeded"] == unknown
    assert len(names(org)) == 12 + unknown


def test_a_source_that_has_changed_is_refused_and_can_be_named_anew(
    bulkup: Bulkup, served: ServedOrg, people: Path, tmp_path: Path
) -> None:
    org, first = left_over(bulkup, served, people)
    moved = people.rename(tmp_path / "elsewhere.csv")
    assert bulkup("retry").code == 6
    text = moved.read_text("utf-8")
    moved.write_text(text.replace("P3", "P4"), "utf-8")
    refused = bulkup("retry", "--source", moved)
    assert refused.code == 6
    assert "has changed" in refused.err
    moved.write_text(text, "utf-8")
    assert bulkup("retry", first["run"], "--source", moved).code == 0
    assert len(names(org)) == 12


def test_a_run_that_is_not_over_is_resumed_first(
    bulkup: Bulkup, served: ServedOrg, people: Path
) -> None:
    served()
    run = bulkup("run", people, *INSERT, "--no-wait", "--json").document["run"]
    done = bulkup("retry", run)
    assert done.code == 6
    assert f"bulkup resume {run}" in done.err


def test_without_any_run_it_says_so(bulkup: Bulkup) -> None:
    assert bulkup("retry").code == 6


STRANGE = {
    "a line that names the delimiter": (("sep=#\r\n", "#", "\r\n"), "utf-8", ()),
    "UTF-16": (("", "\t", "\r\n"), "utf-16", ()),
    "an encoding that the user names": (("", ";", "\n"), "cp1250", ("--encoding", "cp1250")),
    "a delimiter that the user names": (("", "|", "\n"), "utf-8", ("--delimiter", "PIPE")),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_a_file_that_was_written_anew_is_read_again_as_it_was_read_first(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, kind: str
) -> None:
    (first, char, end), encoding, said = STRANGE[kind]
    lines = [f"Łucja, {n}{char}a, b{char}{end}" for n in range(12)]
    path = tmp_path / "strange.csv"
    text = f"{first}LastName{char}Description{char}Birthdate{end}" + "".join(lines)
    path.write_text(text, encoding, newline="")
    org = served(FaultPlan(jobs=[JobFault(unprocessed=0.5)])).org
    done = bulkup("run", path, *INSERT, *said, "--json")
    assert done.code == 1, done.err
    again = bulkup("retry", "--json")
    assert again.code == 0, again.err
    assert names(org) == sorted(f"Łucja, {n}" for n in range(12))


def test_a_file_that_is_not_read_as_it_was_is_refused(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("LastName\n" + "".join(f"Łucja {n}\n" for n in range(12)), "cp1250")
    org = served(FaultPlan(jobs=[JobFault(unprocessed=0.5)])).org
    run = bulkup("run", path, *INSERT, "--encoding", "cp1250", "--json").document["run"]
    before = names(org)
    plan = run_folders()[0] / "plan.json"
    as_if = plan.read_text("utf-8").replace('"encoding": "cp1250",', '"encoding": "latin-1",')
    plan.write_text(as_if, "utf-8")
    refused = bulkup("retry", run)
    assert refused.code == 6
    assert "is not read as run" in refused.err
    assert "results.csv" in refused.err
    assert names(org) == before


@pytest.mark.parametrize("left", [b"", b"PAR1", b"PAR1" + b"\0" * 200 + b"PAR1"])
def test_an_outcome_that_is_damaged_is_told_with_what_to_load_instead(
    bulkup: Bulkup, served: ServedOrg, people: Path, left: bytes
) -> None:
    left_over(bulkup, served, people)
    for part in run_folders()[0].glob("outcome/*"):
        part.write_bytes(left)
    refused = bulkup("retry")
    assert refused.code == 6
    assert "outcome is damaged" in refused.err
    assert "results.csv" in refused.err
    assert len(run_folders()) == 1


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no way to see what is synced")
def test_the_outcome_is_on_the_disk_before_the_run_is_over(
    bulkup: Bulkup, served: ServedOrg, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = list[Path]()
    honest = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        honest(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    left_over(bulkup, served, people)
    folder = run_folders()[0]
    (part,) = folder.glob("outcome/*.parquet")
    last = len(synced) - 1 - synced[::-1].index(folder / "journal.jsonl")
    assert synced.index(part) < synced.index(part.parent) < last


def test_rows_that_landed_after_the_run_was_over_are_not_sent_again(
    bulkup: Bulkup, served: ServedOrg, people: Path
) -> None:
    late = JobFault(fail_after=2, error="Timeout", late_rows=4, late_after=4)
    org = served(FaultPlan(jobs=[late])).org
    first = bulkup("run", people, *INSERT, "--row-retries", 0, "--json").document
    assert first["rows"]["unprocessed"] == 10
    time.sleep(4)
    done = bulkup("retry", "--json")
    assert done.code == 0, done.err
    assert done.document["rows"]["succeeded"] == 6
    assert done.document["rows"]["skipped"] == 6
    assert names(org) == sorted(f"P{n}" for n in range(12))
    summary = Path(first["files"]["results"]).with_name("summary.json")
    rows = json.loads(summary.read_text(encoding="utf-8"))["rows"]
    assert (rows["succeeded"], rows["unprocessed"]) == (6, 6)


def test_a_copy_of_a_run_that_is_over_is_not_retried_beside_the_original(
    bulkup: Bulkup, served: ServedOrg, people: Path
) -> None:
    org, first = left_over(bulkup, served, people)
    folder = run_folders()[0]
    shutil.copytree(folder, folder.with_name("copy"))
    refused = bulkup("retry", "copy")
    assert refused.code == 6
    assert "--take-over" in refused.err
    assert len(names(org)) < 12
    assert bulkup("retry", first["run"]).code == 0
    assert len(names(org)) == 12


def test_a_copy_of_a_run_that_is_over_is_retried_by_who_takes_it_over(
    bulkup: Bulkup, served: ServedOrg, people: Path
) -> None:
    org, _first = left_over(bulkup, served, people)
    folder = run_folders()[0]
    shutil.copytree(folder, folder.with_name("copy"))
    assert bulkup("retry", "copy", "--take-over").code == 0
    assert len(names(org)) == 12


def test_too_little_memory_to_read_an_outcome_is_told_as_such(
    bulkup: Bulkup, served: ServedOrg, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OutOfMemory

    run = left_over(bulkup, served, people)[1]["run"]
    monkeypatch.setattr("bulkup.results.row_files._read", fail)
    refused = bulkup("retry", run)
    assert refused.code == 6
    assert "too little memory" in refused.err
    assert "damaged" not in refused.err
