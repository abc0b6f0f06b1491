"""Stories of the commands that look into the org: jobs, fields, limits."""

import json
from pathlib import Path

import pytest

from bulkup.localorg.faults.plan import FaultAction, FaultPlan, RequestFault
from tests.stories.conftest import Bulkup, ServedOrg


def answering(path: str, data: object) -> FaultPlan:
    body = json.dumps(data)
    return FaultPlan(
        requests=[RequestFault(act=FaultAction.STATUS, path=path, times=0, status=200, body=body)]
    )


def made(bulkup: Bulkup, name: str = "Contact") -> str:
    return bulkup("create", "--object", name, "--op", "insert").out.strip()


# jobs


def test_jobs_are_listed_newest_first(bulkup: Bulkup, served: ServedOrg) -> None:
    served()
    made_ids = [made(bulkup) for _ in range(3)]
    document = bulkup("jobs", "--json").document
    assert document["schema"] == "bulkup.jobs/1"
    assert [job["id"] for job in document["jobs"]] == made_ids[::-1]
    shown = bulkup("jobs").out
    assert [shown.index(job) for job in made_ids] == sorted(
        (shown.index(job) for job in made_ids), reverse=True
    )


def test_jobs_are_narrowed_by_state_and_object_in_any_case(
    bulkup: Bulkup, served: ServedOrg
) -> None:
    served()
    contact, lead, aborted = made(bulkup), made(bulkup, "Lead"), made(bulkup)
    bulkup("abort", aborted)

    def ids(*options: str) -> set[str]:
        return {job["id"] for job in bulkup("jobs", *options, "--json").document["jobs"]}

    assert ids("--state", "open") == {contact, lead}
    assert ids("--state", "Aborted") == {aborted}
    assert ids("--object", "lead") == {lead}
    assert ids("--object", "Contact", "--state", "OPEN") == {contact}
    assert ids("--state", "Failed") == set()


def test_no_jobs_are_an_empty_table(bulkup: Bulkup, served: ServedOrg) -> None:
    served()
    done = bulkup("jobs")
    assert done.code == 0
    assert "750" not in done.out


# fields


def test_fields_show_what_a_file_may_hold(bulkup: Bulkup, served: ServedOrg) -> None:
    served()
    done = bulkup("fields", "Contact")
    assert done.code == 0
    lines = {line.split()[0]: line for line in done.out.splitlines() if line.strip()}
    assert lines["Email__c"].split()[-2:] == ["external", "id"]
    assert "string 80" in lines["LastName"]
    assert lines["LastName"].rstrip().endswith("required")
    assert lines["Name"].rstrip().endswith("read only")
    assert "reference → Account" in lines["AccountId"]


def test_fields_tell_what_may_be_written_only_once(bulkup: Bulkup, served: ServedOrg) -> None:
    def field(name: str, *, create: bool, update: bool, lookup: bool = False) -> object:
        may = {"createable": create, "updateable": update, "nillable": True}
        return {"name": name, "label": name, "type": "boolean", "idLookup": lookup, **may}

    fields = [
        field("Once__c", create=True, update=False),
        field("Later__c", create=False, update=True),
        field("Found__c", create=True, update=True, lookup=True),
    ]
    served(answering("*/describe*", {"name": "X__c", "fields": fields}))
    lines = {
        line.split()[0]: line for line in bulkup("fields", "X__c").out.splitlines() if line.strip()
    }
    assert "only at insert" in lines["Once__c"]
    assert "not at insert" in lines["Later__c"]
    assert "finds records" in lines["Found__c"]


def test_fields_with_json_have_a_schema(bulkup: Bulkup, served: ServedOrg) -> None:
    served()
    document = bulkup("fields", "Contact", "--json").document
    assert document["schema"] == "bulkup.fields/1"
    assert document["object"] == "Contact"
    fields = {field["name"]: field for field in document["fields"]}
    assert fields["LastName"]["required"] is True
    assert fields["LastName"]["length"] == 80
    assert fields["Email__c"]["external_id"] is True
    assert fields["AccountId"]["reference_to"] == ["Account"]


def test_fields_raw_is_salesforces_own_json_and_becomes_an_object_of_the_local_org(
    bulkup: Bulkup, served: ServedOrg, home: Path
) -> None:
    served()
    raw = bulkup("fields", "Contact", "--json", "--raw")
    assert raw.document["fields"][0]["name"] == "Id"
    assert raw.document == bulkup("fields", "Contact", "--raw").document
    objects = home / "bulkup" / "localorg" / "objects"
    objects.mkdir(parents=True)
    renamed = raw.out.replace('"Last Name"', '"Nachname"')
    (objects / "Contact.json").write_text(renamed, encoding="utf-8")
    assert "Nachname" in bulkup("fields", "Contact", "--org", "local").out


def test_a_label_that_looks_like_markup_is_shown_as_it_is(
    bulkup: Bulkup, served: ServedOrg
) -> None:
    field = {"name": "X__c", "label": "[bold]Size[/bold] [cm]", "type": "double", "precision": 9}
    served(answering("*/describe*", {"name": "X__c", "fields": [field]}))
    assert "[bold]Size[/bold] [cm]" in bulkup("fields", "X__c").out


# limits


def test_limits_show_what_is_left(bulkup: Bulkup, served: ServedOrg) -> None:
    served()
    document = bulkup("limits", "--json").document
    assert document["schema"] == "bulkup.limits/1"
    limits = {one["name"]: one for one in document["limits"]}
    assert 0 < limits["DailyApiRequests"]["remaining"] <= limits["DailyApiRequests"]["max"]
    shown = bulkup("limits")
    assert shown.code == 0
    assert "DailyApiRequests" in shown.out


def test_a_limit_without_numbers_is_shown_without_them(bulkup: Bulkup, served: ServedOrg) -> None:
    limits = {"Odd": {"Max": 5}, "Empty": {}, "Fine": {"Max": 5000, "Remaining": 0}}
    served(answering("*/limits*", limits))
    done = bulkup("limits")
    assert done.code == 0
    assert "Odd" in done.out
    assert "5,000" in done.out
    assert "Empty" not in done.out


# Wrong input.

MISTAKES: dict[str, tuple[tuple[str, ...], int, str]] = {
    "jobs of no state": (("jobs", "--state", "Done"), 2, "Open, UploadComplete, InProgress"),
    "jobs with an argument": (("jobs", "750"), 2, "750"),
    "fields of nothing": (("fields",), 2, "OBJECT"),
    "fields of an unknown object": (("fields", "Kontact"), 2, "Did you mean Contact?"),
    "fields of a path": (("fields", "../limits"), 2, "no API name"),
    "limits of another API version": (("limits", "--api-version", "sixty"), 2, "60.0"),
    "limits in an unknown org": (("limits", "--org", "nowhere"), 4, "nowhere"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_wrong_input_ends_with_a_line_and_a_hint(
    bulkup: Bulkup, served: ServedOrg, name: str
) -> None:
    served()
    arguments, code, words = MISTAKES[name]
    done = bulkup(*arguments)
    assert done.code == code
    assert words in done.err
    assert len(done.err.splitlines()) == 2
    assert done.out == ""
    told = bulkup(*arguments, "--json")
    assert told.code == code
    assert told.document["schema"] == "bulkup.error/1"
    assert told.document["hint"]
    assert told.err == ""


@pytest.mark.parametrize("command", [("jobs",), ("fields", "Contact"), ("limits",)], ids=str)
def test_without_credentials_each_says_what_to_set(
    bulkup: Bulkup, command: tuple[str, ...]
) -> None:
    done = bulkup(*command)
    assert done.code == 4
    assert "BULKUP_INSTANCE_URL" in done.err


def test_an_answer_that_is_no_json_is_a_fault_and_not_a_bug(
    bulkup: Bulkup, served: ServedOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bulkup.retry.FIRST_WAIT", 0.01)
    body = "<html><title>Down for maintenance</title></html>"
    page = RequestFault(
        act=FaultAction.STATUS, times=2, status=200, body=body, content_type="text/html"
    )
    served(FaultPlan(requests=[page]))
    done = bulkup("limits")
    assert done.code == 0
    assert "not Salesforce's JSON" in done.err


PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")


def test_this_machine_is_never_asked_through_a_proxy(
    bulkup: Bulkup, served: ServedOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PROXIES:
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    served()
    assert bulkup("limits").code == 0
    assert bulkup("limits", "--org", "local").code == 0


def test_a_proxy_that_is_none_is_told_without_its_password(
    bulkup: Bulkup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BULKUP_INSTANCE_URL", "https://example.my.salesforce.com")
    monkeypatch.setenv("BULKUP_ACCESS_TOKEN", "00Dxx0000001gPL!x")
    monkeypatch.setenv("HTTPS_PROXY", "ftp://user:planted@proxy:x")
    done = bulkup("limits")
    assert done.code == 2
    assert "HTTPS_PROXY" in done.err
    assert "planted" not in done.err
