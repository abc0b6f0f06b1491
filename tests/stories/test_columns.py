"""Stories of columns that are sent under other names, twice, or not at all."""

import csv
from pathlib import Path

import pytest

from tests.stories.conftest import Bulkup, ServedOrg
from tests.stories.dying import Mortal, balanced, run_folders

BOTH = ("--map", "Mail=Email", "--map", "Mail=Email__c")
INSERT = ("--object", "Contact", "--op", "insert", *BOTH)
UPSERT = ("--object", "Contact", "--op", "upsert", "--external-id", "Email__c", *BOTH)


def mails(path: Path, rows: int = 30) -> Path:
    lines = [f"a{n}@example.com,Müller {n},x\n" for n in range(rows)]
    path.write_text("Mail,LastName,Note\n" + "".join(lines), encoding="utf-8")
    return path


def addresses(records: list[dict[str, object]]) -> list[tuple[object, object]]:
    return sorted((record["Email"], record["Email__c"]) for record in records)


def each_twice(rows: int = 30) -> list[tuple[object, object]]:
    return sorted((f"a{n}@example.com", f"a{n}@example.com") for n in range(rows))


@pytest.mark.parametrize("options", [INSERT, UPSERT], ids=["insert", "upsert"])
def test_a_column_that_is_given_to_two_fields_fills_both_and_stands_once_in_the_results(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, options: tuple[str, ...]
) -> None:
    org = served().org
    file = mails(tmp_path / "m.csv")
    done = bulkup("run", file, *options, "--drop", "Note", "--chunk-rows", 7, "--json")
    assert done.code == 0, done.out
    assert balanced(done.document)
    assert addresses(org.records("Contact")) == each_twice()
    assert "Mail is sent as Email and as Email__c" in done.err
    with Path(done.document["files"]["results"]).open(encoding="utf-8", newline="") as results:
        reader = csv.reader(results)
        assert next(reader)[6:] == ["Mail", "LastName", "Note"]
        assert [row[6:] for row in reader] == [
            [f"a{n}@example.com", f"Müller {n}", "x"] for n in range(30)
        ]


@pytest.mark.parametrize("event", ["Created", "Closing", "Finished"])
def test_a_load_of_one_column_for_two_fields_goes_on_after_a_kill(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, event: str
) -> None:
    org = served().org
    load = Mortal("run", mails(tmp_path / "m.csv"), *INSERT, "--drop", "Note", "--chunk-rows", 7)
    load.wait_for_event(event, 2)
    load.kill()
    done = bulkup("resume", run_folders()[0].name, "--json")
    assert done.code == 0, done.out
    assert addresses(org.records("Contact")) == each_twice()


def test_rows_of_one_column_for_two_fields_are_retried_with_both(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    file = mails(tmp_path / "m.csv")
    assert bulkup("run", file, *INSERT, "--drop", "Note", "--no-wait").code == 0
    bulkup("stop")
    again = bulkup("retry", "--json")
    assert again.code == 0
    assert addresses(org.records("Contact")) == each_twice()


def test_options_that_contradict_each_other_are_refused(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    file = mails(tmp_path / "m.csv")
    done = bulkup("run", file, "--object", "Contact", "--op", "insert",
                  "--map", "Mail=Email", "--map", "Note=Email")  # fmt: skip
    assert done.code == 2
    assert "--map Mail=Email and --map Note=Email fill one field" in done.err


def test_unknown_columns_are_left_out_and_named_where_that_is_asked_for(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    file = tmp_path / "p.csv"
    file.write_text("LastName,Nonsense,CreatedDate\nAnn,x,2026-01-01T00:00:00Z\n", "utf-8")
    load = ("run", file, "--object", "Contact", "--op", "Insert")
    assert bulkup(*load).code == 3
    done = bulkup(*load, "--drop-unknown")
    assert done.code == 0, done.err
    assert "Not sent: Nonsense, CreatedDate" in done.err
    assert [record["LastName"] for record in org.records("Contact")] == ["Ann"]


def test_what_was_inserted_is_deleted_by_its_own_result_file(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    done = bulkup("run", mails(tmp_path / "m.csv"), *INSERT, "--drop", "Note", "--json")
    successful = done.document["files"]["successful"]
    delete = ("--object", "Contact", "--op", "DELETE", "--drop-unknown", "--yes")
    assert bulkup("run", successful, *delete).code == 0
    assert org.records("Contact") == []
