"""What an org says of its objects: read tolerantly, kept, and asked again with its date."""

from pathlib import Path

import httpx
import pytest
import respx

from bulkup.errors import InputError, Refused, Transient
from bulkup.salesforce import describe as room
from bulkup.salesforce.bearer import TokenAuth
from bulkup.salesforce.client import Client
from tests.salesforce.wire import DATA, URL

CONTACT = f"{DATA}/sobjects/Contact/describe"
DATE = "Tue, 24 Nov 2026 10:00:00 GMT"
RAW = {
    "name": "Contact",
    "label": "Contact",
    "keyPrefix": "003",
    "deletable": False,
    "fields": [
        {"name": "LastName", "type": "string", "length": 80, "nillable": False},
        {
            "name": "Source__c",
            "type": "picklist",
            "restrictedPicklist": True,
            "picklistValues": [
                {"value": "Web", "active": True},
                {"value": "Old", "active": False},
                {"value": "Fair"},
            ],
        },
        {"name": "OwnerId", "type": "reference", "referenceTo": ["Group", "User"],
         "relationshipName": "Owner", "polymorphicForeignKey": True},
    ],
}  # fmt: skip


def test_an_object_is_read_with_its_fields(client: Client, net: respx.MockRouter) -> None:
    net.get(CONTACT).respond(json=RAW)
    contact = room.describe(client, "Contact")
    assert (contact.name, contact.key_prefix, contact.deletable) == ("Contact", "003", False)
    assert contact.fields["LastName"].required
    assert contact.fields["LastName"].length == 80
    assert contact.fields["Source__c"].picklist_values == ("Web", "Fair")
    assert contact.fields["OwnerId"].reference_to == ("Group", "User")
    assert contact.fields["OwnerId"].polymorphic


def test_nulls_and_missing_keys_have_their_defaults() -> None:
    found = room.object_of({"name": "X", "label": None, "fields": [{"name": "A", "length": None}]})
    assert found.label == ""
    assert found.fields["A"].type == "string"
    assert found.fields["A"].length == 0
    assert room.object_of({"name": "Y", "fields": []}).fields == {}


def test_an_unknown_object_names_the_one_that_is_close(
    client: Client, net: respx.MockRouter
) -> None:
    gone = [{"errorCode": "NOT_FOUND", "message": "no"}]
    net.get(f"{DATA}/sobjects/Contcat/describe").respond(404, json=gone)
    net.get(f"{DATA}/sobjects").respond(json={"sobjects": [{"name": "Contact"}, {"name": "Lead"}]})
    net.get("/services/data/").respond(json=[{"version": "60.0"}])
    with pytest.raises(InputError, match="Contcat") as caught:
        room.describe(client, "Contcat")
    assert caught.value.name == "UnknownObject"
    assert "Did you mean Contact?" in caught.value.hint


@pytest.mark.parametrize("answer", [httpx.Response(200, json={}), httpx.Response(403, json=[])])
def test_an_unknown_object_without_a_close_one_says_how_it_is_written(
    client: Client, net: respx.MockRouter, answer: httpx.Response
) -> None:
    gone = [{"errorCode": "NOT_FOUND", "message": "no"}]
    net.get(f"{DATA}/sobjects/Zzz/describe").respond(404, json=gone)
    net.get(f"{DATA}/sobjects").mock(return_value=answer)
    net.get("/services/data/").respond(403, json=[])
    with pytest.raises(InputError) as caught:
        room.describe(client, "Zzz")
    assert caught.value.hint == room.HINT


@pytest.mark.parametrize("name", ["", "Con tact", "../limits", "Contact/x", "Kontäkt"])
def test_a_name_that_no_object_can_have_is_not_asked_for(client: Client, name: str) -> None:
    with pytest.raises(InputError, match="API name"):
        room.describe(client, name)
    assert client.calls == 0


@pytest.mark.parametrize("body", [b"", b"<html>x</html>", b"[]"])
def test_a_describe_that_is_no_object_passes(
    client: Client, net: respx.MockRouter, body: bytes
) -> None:
    net.get(CONTACT).respond(content=body)
    with pytest.raises(Transient):
        room.describe(client, "Contact")


@pytest.mark.parametrize("named", ["Account", "contact__c", "ContactX", ""])
def test_a_describe_of_another_object_passes(
    client: Client, net: respx.MockRouter, named: str
) -> None:
    net.get(CONTACT).respond(json={**RAW, "name": named})
    with pytest.raises(Transient, match="names another"):
        room.describe(client, "Contact")


@pytest.mark.parametrize("asked", ["ns__Thing__c", "Thing__c", "thing__C"])
def test_an_object_is_named_in_any_case_and_without_the_orgs_own_namespace(
    client: Client, net: respx.MockRouter, asked: str
) -> None:
    net.get(f"{DATA}/sobjects/{asked}/describe").respond(json={**RAW, "name": "ns__Thing__c"})
    assert room.describe(client, asked).name == "ns__Thing__c"


def test_a_kept_describe_is_asked_for_with_its_date_and_used_when_it_still_holds(
    client: Client, net: respx.MockRouter, tmp_path: Path
) -> None:
    route = net.get(CONTACT)
    route.side_effect = [
        httpx.Response(200, json=RAW, headers={"Last-Modified": DATE}),
        httpx.Response(304),
        httpx.Response(200, json={**RAW, "label": "New"}, headers={"Last-Modified": DATE}),
    ]
    cache = tmp_path / "describe"
    first = room.describe(client, "Contact", cache)
    assert room.describe(client, "Contact", cache) == first
    assert room.describe(client, "Contact", cache).label == "New"
    asked = [call.request.headers.get("if-modified-since") for call in route.calls]
    assert asked == [None, DATE, DATE]


@pytest.mark.parametrize("kept", [b"", b"{", b"[]", b'{"modified": "x"}', b'{"describe": 1}'])
def test_a_spoilt_cache_is_as_none(
    client: Client, net: respx.MockRouter, tmp_path: Path, kept: bytes
) -> None:
    route = net.get(CONTACT).respond(json=RAW, headers={"Last-Modified": DATE})
    room.describe(client, "Contact", tmp_path / "c")
    (file,) = (tmp_path / "c").iterdir()
    file.write_bytes(kept)
    assert room.describe(client, "Contact", tmp_path / "c").name == "Contact"
    assert "if-modified-since" not in route.calls.last.request.headers


def test_a_cache_that_cannot_be_written_does_no_harm(
    client: Client, net: respx.MockRouter, tmp_path: Path
) -> None:
    (tmp_path / "c").write_text("a file", encoding="utf-8")
    net.get(CONTACT).respond(json=RAW, headers={"Last-Modified": DATE})
    assert room.describe(client, "Contact", tmp_path / "c").name == "Contact"


def test_limits_and_versions_are_read(client: Client, net: respx.MockRouter) -> None:
    net.get(f"{DATA}/limits").respond(json={"DailyApiRequests": {"Max": 5, "Remaining": 4}})
    net.get("/services/data/").respond(json=[{"version": "59.0"}, {"version": "60.0"}])
    assert room.limits(client)["DailyApiRequests"]["Remaining"] == 4
    assert room.versions(client) == ["59.0", "60.0"]


def test_the_orgs_id_is_read_from_the_token(client: Client) -> None:
    assert room.org_id(client) == "00D000000000001"
    assert room.org_id(client, "00D000000000002AAA!x") == "00D000000000002"
    assert client.calls == 0


def test_the_orgs_id_is_asked_for_when_the_token_does_not_tell(net: respx.MockRouter) -> None:
    net.get("/services/oauth2/userinfo").respond(json={"organization_id": "00D000000000003AAB"})
    with Client(instance_url=URL, auth=TokenAuth("ey.jwt.token")) as client:
        assert room.org_id(client) == "00D000000000003"


def test_no_permission_for_an_object_is_refused(client: Client, net: respx.MockRouter) -> None:
    net.get(CONTACT).respond(403, json=[{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}])
    with pytest.raises(Refused):
        room.describe(client, "Contact")
