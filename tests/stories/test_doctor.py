"""What `doctor` says of sound and of broken configurations, and the code that it ends with."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import keyring.core
import pytest

from bulkup.localorg import server
from bulkup.localorg.faults.plan import FaultAction, FaultPlan, RequestFault
from bulkup.localorg.server import Running
from tests.stories import logins
from tests.stories.conftest import Bulkup, Done

STEPS = ["configuration", "keyring", "credentials", "token", "API version", "Bulk API", "limits",
         "clock"]  # fmt: skip


@pytest.fixture
def org(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A served org whose token stands in the environment."""
    with server.serve(tmp_path / "org") as running:
        monkeypatch.setenv("BULKUP_INSTANCE_URL", running.url)
        monkeypatch.setenv("BULKUP_ACCESS_TOKEN", running.token)
        yield running


@pytest.fixture
def working_keyring(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = keyring.get_keyring()
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings_for_tests.FileKeyring")
    keyring.core.init_backend()
    yield
    keyring.set_keyring(before)


def states(done: Done) -> dict[str, str]:
    return {one["step"]: one["state"] for one in done.document["doctor"]}


def step(done: Done, name: str) -> dict[str, Any]:
    return next(one for one in done.document["doctor"] if one["step"] == name)


def order(org: Running, *faults: RequestFault) -> None:
    org.org._faults.__init__(FaultPlan(requests=faults))  # type: ignore[misc]  # ordered only now


def test_a_sound_configuration_is_ok_at_every_step(
    bulkup: Bulkup, org: Running, working_keyring: None
) -> None:
    done = bulkup("doctor", "--json", "--object", "contact")
    assert done.code == 0, done.out
    assert done.document["schema"] == "bulkup.doctor/1"
    assert states(done) == dict.fromkeys([*STEPS, "object"], "ok")
    assert "BULKUP_ACCESS_TOKEN" in step(done, "credentials")["message"]
    assert org.token not in done.out


def test_people_get_lines_with_what_to_do_under_what_is_wrong(bulkup: Bulkup, org: Running) -> None:
    done = bulkup("doctor")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].startswith("ok      configuration: ")
    assert lines[1] == "warning keyring: There is no keyring on this machine"
    assert lines[2].startswith("          ")


def test_the_built_in_org_needs_nothing(bulkup: Bulkup) -> None:
    done = bulkup("doctor", "--org", "local", "--json")
    assert done.code == 0
    assert states(done) == {**dict.fromkeys(STEPS, "ok"), "keyring": "warning"}


def test_nothing_configured_is_told_with_the_ways_in(bulkup: Bulkup) -> None:
    done = bulkup("doctor", "--json")
    assert done.code == 4
    assert states(done) == {"configuration": "ok", "keyring": "warning", "credentials": "failed"}
    assert "bulkup login" in step(done, "credentials")["hint"]


def test_a_damaged_configuration_file_is_named(bulkup: Bulkup, home: Path) -> None:
    (home / "bulkup").mkdir()
    path = home / "bulkup" / "orgs.toml"
    path.write_text("orgs = [", encoding="utf-8")
    done = bulkup("doctor", "--json")
    assert done.code == 4
    assert states(done)["configuration"] == "failed"
    assert str(path) in step(done, "configuration")["message"]


def test_half_of_the_variables_is_told(
    bulkup: Bulkup, org: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BULKUP_ACCESS_TOKEN")
    done = bulkup("doctor", "--json")
    assert done.code == 4
    assert "BULKUP_ACCESS_TOKEN" in step(done, "credentials")["message"]


def test_a_login_without_its_keyring_fails_at_the_keyring(
    bulkup: Bulkup, org: Running, working_keyring: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, token = org.url, org.token
    monkeypatch.delenv("BULKUP_INSTANCE_URL")
    monkeypatch.delenv("BULKUP_ACCESS_TOKEN")
    where = ("--token", "--instance-url", url)
    assert bulkup("login", "--alias", "prod", *where, stdin=token).code == 0
    sound = bulkup("doctor", "--json")
    assert sound.code == 0
    assert "1 login" in step(sound, "configuration")["message"]
    assert "the default is prod" in step(sound, "configuration")["message"]
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    keyring.core.init_backend()
    broken = bulkup("doctor", "--json", "--org", "prod")
    assert broken.code == 4
    assert states(broken)["keyring"] == "failed"
    assert "--insecure-storage" in step(broken, "keyring")["hint"]


def test_a_token_that_is_over_ends_the_questions(
    bulkup: Bulkup, org: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BULKUP_ACCESS_TOKEN", "00D000000000001!over")
    done = bulkup("doctor", "--json")
    assert done.code == 4
    assert states(done)["token"] == "failed"
    assert states(done)["clock"] == "ok"
    assert "API version" not in states(done)
    assert "expired" in step(done, "token")["message"]


def test_an_org_that_cannot_be_reached_is_told_at_once(bulkup: Bulkup, org: Running) -> None:
    org.stop()
    began = time.monotonic()
    done = bulkup("doctor", "--json")
    assert done.code == 5
    assert "can't be reached" in step(done, "token")["message"]
    assert time.monotonic() - began < 5


def test_a_version_that_the_org_does_not_offer_is_told_with_one_that_it_does(
    bulkup: Bulkup, org: Running
) -> None:
    done = bulkup("doctor", "--json", "--api-version", "99.0")
    assert done.code == 5
    assert "does not offer 99.0" in step(done, "API version")["message"]
    assert "--api-version 66.0" in step(done, "API version")["hint"]


def test_a_user_who_may_not_use_the_bulk_api_is_told(bulkup: Bulkup, org: Running) -> None:
    body = '[{"errorCode": "API_DISABLED_FOR_ORG", "message": "not for you"}]'
    order(org, RequestFault(act=FaultAction.STATUS, status=403, body=body, path="*/jobs/ingest*"))
    done = bulkup("doctor", "--json")
    assert done.code == 5
    assert states(done)["Bulk API"] == "failed"
    assert "not for you" in step(done, "Bulk API")["message"]
    assert states(done)["clock"] == "ok"


def test_scarce_limits_are_a_warning(bulkup: Bulkup, org: Running) -> None:
    body = '{"DailyApiRequests": {"Max": 15000, "Remaining": 10}}'
    order(org, RequestFault(act=FaultAction.STATUS, status=200, body=body, path="*/limits"))
    done = bulkup("doctor", "--json")
    assert done.code == 0
    assert states(done)["limits"] == "warning"
    assert "10 of 15,000" in step(done, "limits")["message"]


def test_limits_that_the_org_does_not_tell_are_no_fault(bulkup: Bulkup, org: Running) -> None:
    order(org, RequestFault(act=FaultAction.STATUS, status=200, body="{}", path="*/limits"))
    done = bulkup("doctor", "--json")
    assert states(done)["limits"] == "ok"
    assert "does not tell" in step(done, "limits")["message"]


@pytest.mark.parametrize(("seconds", "side"), [(600.0, "ahead of"), (-600.0, "behind")])
def test_a_clock_that_is_off_is_a_warning_because_it_breaks_jwt(
    bulkup: Bulkup, org: Running, monkeypatch: pytest.MonkeyPatch, seconds: float, side: str
) -> None:
    now = time.time
    monkeypatch.setattr("bulkup.salesforce.clock_skew.now", lambda: now() + seconds)
    done = bulkup("doctor", "--json")
    assert done.code == 0
    assert states(done)["clock"] == "warning"
    assert side in step(done, "clock")["message"]
    assert "JWT" in step(done, "clock")["hint"]


def test_a_signed_login_that_is_refused_is_told_with_the_clock(
    bulkup: Bulkup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key.pem").write_bytes(logins.key_pair()[0])
    now = time.time
    monkeypatch.setattr("bulkup.salesforce.clock_skew.now", lambda: now() + 600)
    monkeypatch.setattr("bulkup.auth.jwt_assertion.SECONDS", 600 + 170)
    with server.serve(tmp_path / "jwt-org", login_rules=logins.rules()) as org:
        environment = {
            "BULKUP_LOGIN_URL": org.url,
            "BULKUP_CLIENT_ID": logins.SIGNER,
            "BULKUP_USERNAME": logins.USER,
            "BULKUP_JWT_KEY_FILE": str(tmp_path / "key.pem"),
        }
        done = bulkup("doctor", "--json", env=environment)
    assert done.code == 4
    assert states(done)["credentials"] == "failed"
    assert "ahead of the org's" in step(done, "clock")["message"]


def test_an_object_that_is_not_there_is_told_with_one_that_is(bulkup: Bulkup, org: Running) -> None:
    done = bulkup("doctor", "--json", "--object", "Contcat")
    assert done.code == 2
    assert "Contact" in step(done, "object")["hint"]


def test_an_object_that_the_user_may_not_change_is_a_warning(bulkup: Bulkup, org: Running) -> None:
    flags = '"createable": false, "updateable": false, "deletable": false'
    body = f'{{"name": "Contact", {flags}, "fields": []}}'
    order(org, RequestFault(act=FaultAction.STATUS, status=200, body=body, path="*/describe"))
    done = bulkup("doctor", "--json", "--object", "Contact")
    assert done.code == 0
    assert states(done)["object"] == "warning"
