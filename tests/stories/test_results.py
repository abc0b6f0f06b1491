"""Stories of `bulkup results`."""

import csv
import json
import stat
from pathlib import Path

import pytest

from bulkup.localorg.faults.plan import FaultAction, FaultPlan, JobFault, RequestFault
from tests.stories.conftest import Bulkup, ServedOrg

UPSERT = ("--object", "Contact", "--op", "upsert", "--external-id", "Email__c")
NO_JOB = "750000000000999AAA"


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Two rows that go in and one that does not."""
    path = tmp_path / "mixed.csv"
    path.write_text(
        "Email__c,LastName\na@example.com,A\nb@example.com,\nc@example.com,C\n", encoding="utf-8"
    )
    return path


def loaded(bulkup: Bulkup, file: Path) -> str:
    job = bulkup("create", *UPSERT).out.strip()
    assert bulkup("upload", job, file).code == 0
    bulkup("close", job, "--wait")
    return job


def emails(path: str | Path) -> list[str]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return sorted(row["Email__c"] for row in csv.DictReader(file))


def test_all_three_are_written_and_their_paths_printed(
    bulkup: Bulkup, served: ServedOrg, mixed: Path
) -> None:
    served()
    job = loaded(bulkup, mixed)
    done = bulkup("results", job)
    assert done.code == 0
    successful, failed, unprocessed = map(Path, done.out.splitlines())
    assert emails(successful) == ["a@example.com", "c@example.com"]
    assert emails(failed) == ["b@example.com"]
    assert emails(unprocessed) == []
    assert successful == Path.cwd() / "bulkup-results" / job / "successful.csv"
    assert stat.S_IMODE(successful.stat().st_mode) == 0o600


def test_one_flag_asks_for_one_result_and_dir_says_where(
    bulkup: Bulkup, served: ServedOrg, mixed: Path, tmp_path: Path
) -> None:
    served()
    job = loaded(bulkup, mixed)
    folder = tmp_path / "deep" / "er"
    done = bulkup("results", job, "--failed", "--dir", folder)
    assert done.out == f"{folder / 'failed.csv'}\n"
    assert [path.name for path in folder.iterdir()] == ["failed.csv"]
    both = bulkup("results", job, "--failed", "--unprocessed", "--dir", folder, "--json")
    assert both.document == {
        "schema": "bulkup.results/1",
        "job": job,
        "files": {
            "failed": str(folder / "failed.csv"),
            "unprocessed": str(folder / "unprocessed.csv"),
        },
    }


def test_a_dash_prints_the_csv_itself(
    bulkup: Bulkup, process: Bulkup, served: ServedOrg, mixed: Path
) -> None:
    served()
    job = loaded(bulkup, mixed)
    done = process("results", job, "--failed", "--dir", "-")
    header, row = csv.reader(done.out.splitlines())
    assert header == ["sf__Id", "sf__Error", "Email__c", "LastName"]
    assert row[2] == "b@example.com"
    assert bulkup("results", job, "--failed", "--dir", "-", "--exit-code").code == 1


@pytest.mark.parametrize(
    "flags", [(), ("--failed", "--successful"), ("--failed", "--json")], ids=str
)
def test_a_dash_needs_one_flag_and_no_json(
    bulkup: Bulkup, served: ServedOrg, mixed: Path, flags: tuple[str, ...]
) -> None:
    served()
    done = bulkup("results", NO_JOB, "--dir", "-", *flags)
    assert done.code == 2
    assert "--dir - prints one result" in done.out + done.err


def test_exit_code_tells_whether_every_row_went_in(
    bulkup: Bulkup, served: ServedOrg, contacts: Path, mixed: Path
) -> None:
    served()
    assert bulkup("results", loaded(bulkup, contacts), "--exit-code").code == 0
    assert bulkup("results", loaded(bulkup, mixed), "--exit-code").code == 1
    assert bulkup("results", loaded(bulkup, mixed)).code == 0


def test_exit_code_does_not_trust_counts_that_lag_behind(
    bulkup: Bulkup, served: ServedOrg, mixed: Path
) -> None:
    served(FaultPlan(jobs=[JobFault(lag=100)]))
    assert bulkup("results", loaded(bulkup, mixed), "--exit-code").code == 1


def test_exit_code_counts_rows_that_were_not_looked_at(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    served(FaultPlan(jobs=[JobFault(unprocessed=0.5)]))
    assert bulkup("results", loaded(bulkup, contacts), "--exit-code").code == 1


def test_a_job_that_failed_as_a_whole_is_1_with_exit_code(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    served(FaultPlan(jobs=[JobFault(fail_after=0)]))
    job = loaded(bulkup, contacts)
    done = bulkup("results", job, "--exit-code")
    assert done.code == 1
    assert len(emails(done.out.splitlines()[2])) == 20


@pytest.mark.parametrize("uploaded", [False, True])
def test_a_job_that_is_not_over_has_no_results(
    bulkup: Bulkup, served: ServedOrg, contacts: Path, uploaded: bool
) -> None:
    state = "InProgress" if uploaded else "Open"
    answer = RequestFault(
        act=FaultAction.STATUS,
        method="GET",
        path="*/ingest/750*",
        times=0,
        status=200,
        body=json.dumps({"id": NO_JOB, "state": state}),
    )
    served(FaultPlan(requests=[answer]))
    done = bulkup("results", NO_JOB)
    assert done.code == 5
    assert f"is {state}: there are no results" in done.err
    assert f"bulkup {'status' if uploaded else 'close'} {NO_JOB} --wait" in done.err
    assert not Path("bulkup-results").exists()


def test_a_download_that_ends_early_is_asked_for_again(
    bulkup: Bulkup, served: ServedOrg, contacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bulkup.retry.FIRST_WAIT", 0.01)
    served(FaultPlan(requests=[RequestFault(act=FaultAction.CUT, path="*/successfulResults*")]))
    job = loaded(bulkup, contacts)
    done = bulkup("results", job, "--successful")
    assert done.code == 0
    assert "waiting" in done.err
    assert len(emails(done.out.strip())) == 20


@pytest.mark.parametrize("with_json", [False, True])
def test_wrong_input_is_told(
    bulkup: Bulkup, served: ServedOrg, contacts: Path, with_json: bool
) -> None:
    served()
    job = loaded(bulkup, contacts)
    mistakes: list[tuple[tuple[object, ...], int, str]] = [
        ((), 2, "JOB"),
        (("../../../etc",), 2, "no job's id"),
        ((NO_JOB,), 5, "does not exist"),
        ((job, "--dir", contacts), 2, "can't be made"),
        ((job, "--unknown"), 2, "--unknown"),
    ]
    for arguments, code, words in mistakes:
        done = bulkup("results", *arguments, *(["--json"] if with_json else []))
        assert done.code == code
        assert words in (done.document["message"] if with_json else done.err)
        assert (done.document["hint"] if with_json else done.err.splitlines()[1]).strip()
        assert "Traceback" not in done.err


def test_a_folder_that_takes_no_file_is_told(
    bulkup: Bulkup, served: ServedOrg, contacts: Path, tmp_path: Path
) -> None:
    served()
    job = loaded(bulkup, contacts)
    (tmp_path / "successful.csv").mkdir()
    done = bulkup("results", job, "--dir", tmp_path)
    assert done.code == 2
    assert f"{tmp_path} can't be written" in done.err
    assert "--dir" in done.err
    assert "resume" not in done.err
