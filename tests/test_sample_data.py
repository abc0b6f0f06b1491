"""The sample files are what their script writes, and what their README says."""

import csv
import importlib.util
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from types import ModuleType

import pytest

from bulkup.localorg.org import Org
from tests.localorg.asking import Asker

FOLDER = Path(__file__).parent.parent / "sample_data"


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make", FOLDER / "make.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def records(name: str, delimiter: str = ",") -> list[dict[str, str]]:
    text = (FOLDER / name).read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text, newline=""), delimiter=delimiter))


def test_the_script_writes_the_files_that_are_kept_byte_for_byte(make: ModuleType) -> None:
    made = make.files()
    assert made == {path.name: path.read_bytes() for path in FOLDER.glob("*.csv")}


def test_contacts_have_all_that_makes_a_csv_hard_and_a_key_of_their_own() -> None:
    rows = records("contacts.csv")
    values = [value for row in rows for value in row.values()]
    for hard in ("\n", '"', ",", "#N/A", "é"):
        assert any(hard in value for value in values)
    assert "" in values
    assert len({row["Email__c"].lower() for row in rows}) == len(rows) == 400


def test_nobody_s_address_is_real() -> None:
    for name, delimiter in (("contacts.csv", ","), ("leads.csv", ","), ("campaigns.csv", ";")):
        for row in records(name, delimiter):
            for column in {"Email", "Email__c"} & row.keys():
                assert not row[column] or row[column].endswith(("@example.com", "@example.org"))


def test_ids_of_both_lengths_are_there_and_their_checksums_are_right() -> None:
    ids = [row["Id"] for row in records("contacts-update.csv")]
    assert {len(id_) for id_ in ids} == {15, 18}
    assert len({id_[:15] for id_ in ids}) == len(ids)
    for id_ in ids:
        capitals = [letter.isascii() and letter.isupper() for letter in id_[:15]]
        fives = [capitals[at : at + 5] for at in (0, 5, 10)]
        numbers = [sum(capital << bit for bit, capital in enumerate(five)) for five in fives]
        expected = "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[number] for number in numbers)
        assert id_[15:] in {"", expected}


@pytest.fixture
def org() -> Iterator[Asker]:
    org = Org(None, token="00D!x")
    yield Asker(org)
    org.close()


@pytest.mark.parametrize(
    ("name", "object_", "key", "more"),
    [
        ("contacts.csv", "Contact", "Email__c", {}),
        ("leads.csv", "Lead", "Email__c", {"lineEnding": "CRLF"}),
        ("campaigns.csv", "Campaign", "External_Id__c", {"columnDelimiter": "SEMICOLON"}),
    ],
)
def test_the_sound_files_load_into_the_local_org_without_one_failure(
    org: Asker, name: str, object_: str, key: str, more: dict[str, str]
) -> None:
    body = (FOLDER / name).read_bytes().removeprefix(b"\xef\xbb\xbf")
    job = org.look(org.load(object_, "upsert", body, key, **more))
    assert job["numberRecordsFailed"] == 0
    assert job["numberRecordsProcessed"] >= 250


def test_of_the_file_with_mistakes_the_org_refuses_just_those_rows(org: Asker) -> None:
    body = (FOLDER / "contacts-with-mistakes.csv").read_bytes()
    job = org.look(org.load("Contact", "upsert", body, "Email__c"))
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (40, 7)
