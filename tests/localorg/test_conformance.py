"""A client that is not ours, simple-salesforce, does whole loads against the served org."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError, SalesforceOperationError

from bulkup.localorg.server import Running, serve


class OverHttp(HTTPAdapter):
    """simple-salesforce speaks https only: the same request, over plain loopback."""

    def send(self, request: Any, *args: Any, **kw: Any) -> Any:
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, *args, **kw)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(tmp_path_factory.mktemp("org")) as running:
        yield running


@pytest.fixture
def client(running: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr("simple_salesforce.bulk2.sleep", lambda _seconds: None)
    with requests.Session() as session:
        session.mount("https://", OverHttp())
        session.trust_env = False
        yield Salesforce(
            instance=running.url.removeprefix("http://"),
            session_id=running.token,
            session=session,
            version="60.0",
        )


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_its_describe_reads_ours(client: Any) -> None:
    described = client.Contact.describe()
    assert described["name"] == "Contact"
    assert {"LastName", "Email__c"} <= {field["name"] for field in described["fields"]}
    names = {one["name"] for one in client.describe()["sobjects"]}
    assert names == {"Account", "Campaign", "Contact", "Lead", "User"}
    assert client.limits()["DailyBulkApiBatches"]["Max"] == 15_000


def test_its_upsert_update_and_delete_run_and_all_three_results_are_read(
    client: Any, running: Running, tmp_path: Path
) -> None:
    contacts = client.bulk2.Contact
    people = [
        {"LastName": f"Ünser, {i}", "Email__c": f"p{i}@example.com", "Title": 'a "b", c'}
        for i in range(450)
    ]
    people.append({"LastName": "", "Email__c": "nobody@example.com", "Title": ""})
    (made,) = contacts.upsert(records=people, external_id_field="Email__c")
    assert made["numberRecordsProcessed"] == made["numberRecordsTotal"] == 451
    assert made["numberRecordsFailed"] == 1

    results = contacts.get_all_ingest_records(made["job_id"])
    good = results["successfulRecords"]
    assert {row["Email__c"] for row in good} == {row["Email__c"] for row in people[:-1]}
    assert {row["sf__Created"] for row in good} == {"true"}
    assert {row["Title"] for row in good} == {'a "b", c'}
    (bad,) = results["failedRecords"]
    assert bad["sf__Error"].startswith("REQUIRED_FIELD_MISSING:")
    assert results["unprocessedRecords"] == []

    changed = [{"Id": row["sf__Id"], "Title": "new"} for row in good]
    (updated,) = contacts.update(records=changed)
    assert updated["numberRecordsFailed"] == 0
    assert {record["Title"] for record in running.org.records("Contact")} == {"new"}
    back = rows(contacts.get_successful_records(updated["job_id"]))
    assert sorted(row["Id"] for row in back) == sorted(row["Id"] for row in changed)

    doomed = [{"Id": row["sf__Id"]} for row in good[:440]]
    (deleted,) = contacts.delete(records=doomed)
    assert deleted["numberRecordsProcessed"] == 440
    assert len(running.org.records("Contact")) == 10
    again = contacts.delete(records=doomed[:1])[0]
    failed = rows(contacts.get_failed_records(again["job_id"]))
    assert failed[0]["sf__Error"] == "ENTITY_IS_DELETED:entity is deleted:--"
    path = tmp_path / "unprocessed.csv"
    contacts.get_unprocessed_records(again["job_id"], file=str(path))
    assert path.read_text(encoding="utf-8") == "Id\n"


def test_a_hard_delete_in_another_dialect_runs(client: Any, running: Running) -> None:
    from simple_salesforce.bulk2 import ColumnDelimiter, LineEnding

    leads = client.bulk2.Lead
    (made,) = leads.insert(
        records=[{"LastName": "A", "Company": "B; C"}, {"LastName": "D", "Company": "E"}],
        column_delimiter=ColumnDelimiter.SEMICOLON,
        line_ending=LineEnding.CRLF,
    )
    assert made["numberRecordsFailed"] == 0
    ids = [str(record["Id"]) for record in running.org.records("Lead")]
    (gone,) = leads.hard_delete(records=[{"Id": one} for one in ids])
    assert gone["numberRecordsFailed"] == 0
    assert running.org.records("Lead") == []


def test_it_sees_a_failed_job_as_one(client: Any) -> None:
    with pytest.raises(SalesforceOperationError, match="Field name not found : Foo__c"):
        client.bulk2.Contact.insert(records=[{"LastName": "A", "Foo__c": "x"}])


def test_it_is_refused_with_a_wrong_token(running: Running, client: Any) -> None:
    client.headers["Authorization"] = "Bearer wrong"
    with pytest.raises(SalesforceError, match="INVALID_SESSION_ID"):
        client.describe()
