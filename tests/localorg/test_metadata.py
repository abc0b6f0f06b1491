"""Calls about the org: tokens, versions, limits, describes; and how answers are dressed."""

import gzip
import json
from pathlib import Path

import pytest

from bulkup.localorg.data import ids
from bulkup.localorg.data.objects import DescribeError
from bulkup.localorg.oauth.tokens import Tokens
from bulkup.localorg.org import Org
from tests.localorg.asking import INGEST, Asker

DATA = "/services/data/v60.0"


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Basic 00D!x", "Bearer"])
def test_without_the_token_nothing_is_told(org: Asker, authorization: str) -> None:
    response = org.ask("GET", f"{DATA}/limits", authorization=authorization)
    assert response.status == 401
    assert json.loads(response.body) == [
        {"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}
    ]


def test_versions_need_no_token(org: Asker) -> None:
    listed = org.json("GET", "/services/data/", authorization="")
    assert {"label": "Spring '24", "url": DATA, "version": "60.0"} in listed
    assert {one["label"] for one in listed} >= {"Winter '18", "Summer '25", "Winter '26"}


@pytest.mark.parametrize("path", ["/services/data/v99.0/limits", "/services/data/v60/limits",
                                  "/", f"{DATA}/nothing", "/services/oauth2/nothing"])  # fmt: skip
def test_what_is_not_there_is_404(org: Asker, path: str) -> None:
    response = org.ask("GET", path)
    assert response.status == 404
    assert json.loads(response.body) == [
        {"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}
    ]


def test_only_get_is_allowed_outside_of_jobs(org: Asker) -> None:
    assert org.ask("POST", f"{DATA}/limits").status == 405


def test_limits_count_what_was_used(org: Asker) -> None:
    before = org.json("GET", f"{DATA}/limits")
    org.load("Contact", "insert", "LastName\nA\n")
    after = org.json("GET", f"{DATA}/limits")
    used = {
        name: before[name]["Remaining"] - after[name]["Remaining"]
        for name in ("DailyApiRequests", "DailyBulkApiBatches", "DailyBulkV2QueryJobs")
    }
    assert used == {"DailyApiRequests": 4, "DailyBulkApiBatches": 1, "DailyBulkV2QueryJobs": 0}
    assert org.ask("GET", f"{DATA}/limits").headers["sforce-limit-info"] == "api-usage=6/15000"


def test_objects_are_listed_and_described(org: Asker) -> None:
    listed = org.json("GET", f"{DATA}/sobjects/")
    names = [one["name"] for one in listed["sobjects"]]
    assert sorted(names) == ["Account", "Campaign", "Contact", "Lead", "User"]
    assert "fields" not in listed["sobjects"][0]
    assert set(org.json("GET", DATA)) == {"limits", "sobjects", "jobs"}
    described = org.json("GET", f"{DATA}/sobjects/contact/describe/")
    fields = {one["name"]: one for one in described["fields"]}
    assert (described["name"], described["keyPrefix"]) == ("Contact", "003")
    email = fields["Email__c"]
    assert (email["type"], email["length"], email["externalId"], email["unique"]) == (
        "email", 80, True, True
    )  # fmt: skip
    assert fields["LastName"]["nillable"] is False
    assert fields["OwnerId"]["referenceTo"] == ["User"]
    assert org.ask("GET", f"{DATA}/sobjects/Nothing__c/describe").status == 404


def test_a_describe_that_has_not_changed_since_is_304(org: Asker) -> None:
    path = f"{DATA}/sobjects/Lead/describe"
    modified = org.ask("GET", path).headers["last-modified"]
    again = org.ask("GET", path, if_modified_since=modified)
    assert (again.status, again.body) == (304, b"")
    old = org.ask("GET", path, if_modified_since="Thu, 01 Jan 1970 00:00:00 GMT")
    assert old.status == 200
    assert org.ask("GET", path, if_modified_since="yesterday").status == 200


def test_answers_are_zipped_when_that_is_asked_for(org: Asker) -> None:
    path = f"{DATA}/sobjects/Contact/describe"
    plain = org.ask("GET", path)
    zipped = org.ask("GET", path, accept_encoding="gzip, deflate")
    assert zipped.headers["content-encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == plain.body
    assert "content-encoding" not in plain.headers
    unwanted = org.ask("GET", path, accept_encoding="gzip;q=0, identity")
    assert "content-encoding" not in unwanted.headers
    assert "content-encoding" not in org.ask("GET", INGEST, accept_encoding="gzip").headers


def test_userinfo_tells_whose_token_it_is(org: Asker) -> None:
    who = org.json("GET", "/services/oauth2/userinfo")
    assert who["organization_id"] == org.org.identity.org_id
    assert who["user_id"] == org.org.identity.user_id
    assert who["preferred_username"] == "admin@localorg.example"
    assert org.ask("GET", "/services/oauth2/userinfo", authorization="Bearer x").status == 403


def test_a_directory_keeps_its_org_and_each_start_has_a_token_of_its_own(tmp_path: Path) -> None:
    first = Org(tmp_path)
    first.close()
    second = Org(tmp_path)
    second.close()
    assert first.identity == second.identity
    assert first.token != second.token
    assert first.token.startswith(first.identity.org_id[:15] + "!")
    other = Org(tmp_path / "other")
    other.close()
    assert other.identity.org_id != first.identity.org_id
    assert first.token not in repr(first) + repr(first.tokens)


def test_a_token_is_over_when_its_time_is(org: Asker) -> None:
    now = [100.0]
    tokens = Tokens(lambda: now[0])
    tokens.add("short", seconds=60)
    tokens.add("long")
    assert (tokens.valid("short"), tokens.valid("long"), tokens.valid("")) == (True, True, False)
    now[0] += 60
    assert (tokens.valid("short"), tokens.valid("long")) == (False, True)
    tokens.expire("long")
    assert not tokens.valid("long")
    tokens.add("again")
    tokens.expire()
    assert not tokens.valid("again")


def test_a_describe_of_the_users_own_beats_the_packages(tmp_path: Path) -> None:
    first = Asker(Org(tmp_path))
    first.load("Contact", "insert", "LastName,Title\nA,chief\n")
    raw = first.json("GET", f"{DATA}/sobjects/Contact/describe")
    first.org.close()
    for field in raw["fields"]:
        if field["name"] == "Title":
            field |= {"externalId": True, "unique": True}
    own = tmp_path / "objects"
    own.mkdir()
    (own / "mine.json").write_text(json.dumps(raw), encoding="utf-8")
    second = Asker(Org(tmp_path))
    job = second.load("Contact", "upsert", "Title,LastName\nCHIEF,B\n", "Title")
    assert second.errors(job) == []
    assert [record["LastName"] for record in second.org.records("Contact")] == ["B"]
    second.org.close()


def test_a_describe_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects" / "bad.json").write_text('{"name": "X"}', encoding="utf-8")
    with pytest.raises(DescribeError, match=r"bad\.json is no describe of an object"):
        Org(tmp_path)


@pytest.mark.parametrize(
    ("short", "long"),
    [("001D000000IqhSL", "001D000000IqhSLIAZ"), ("003000000000001", "003000000000001AAA")],
)
def test_ids_have_a_checksum(short: str, long: str) -> None:
    assert ids.whole(short) == ids.whole(long) == long
    assert ids.whole(long.lower()) is None
    assert ids.whole(long[:17]) is None
    assert ids.make("003", 62) > ids.make("003", 61)
