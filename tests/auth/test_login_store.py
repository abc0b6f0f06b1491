"""Keeping and forgetting a login, whatever fails on the way."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import respx

from bulkup.auth import login_store
from bulkup.auth.logins import Login, LoginFlow, Orgs, SecretLocation
from bulkup.auth.secret_store import Secrets, SecretStore
from bulkup.errors import CredentialsError, Transient
from tests.salesforce.wire import SECRET, TOKEN, URL, everything_of

USERINFO = "/services/oauth2/userinfo"
LIMITS = "/services/data/v60.0/limits"
SECRETS = Secrets(access=TOKEN, refresh=f"5A{SECRET}")
Keyrings = Callable[[str], None]


def login(way: LoginFlow = LoginFlow.WEB, kept: SecretLocation = SecretLocation.FILE) -> Login:
    return Login(alias="prod", instance_url=URL, login_url=URL, way=way, kept=kept, client_id="app")


@pytest.fixture
def revoke() -> Iterator[respx.Route]:
    with respx.mock(assert_all_called=False) as router:
        yield router.post(f"{URL}/services/oauth2/revoke").respond(200)


def test_who_a_token_belongs_to_is_told_by_userinfo(net: respx.MockRouter) -> None:
    net.get(USERINFO).respond(
        200, json={"preferred_username": "u@x", "organization_id": "00D000000000009EAA"}
    )
    assert login_store.who(URL, TOKEN) == login_store.Who(user="u@x", org_id="00D000000000009EAA")


def test_the_org_is_read_from_the_token_where_userinfo_does_not_tell(
    net: respx.MockRouter,
) -> None:
    net.get(USERINFO).respond(200, json={})
    assert login_store.who(URL, TOKEN) == login_store.Who(org_id="00D000000000001")


def test_a_token_that_may_not_ask_who_it_is_is_good_if_the_api_takes_it(
    net: respx.MockRouter,
) -> None:
    net.get(USERINFO).respond(403, text="Missing_OAuth_Scope")
    net.get(LIMITS).respond(200, json={})
    assert login_store.who(URL, "opaque").org_id == ""


def test_a_token_that_nobody_takes_is_refused_without_being_shown(net: respx.MockRouter) -> None:
    net.get(USERINFO).respond(403, text="Bad_OAuth_Token")
    net.get(LIMITS).respond(401, json=[{"errorCode": "INVALID_SESSION_ID", "message": TOKEN}])
    with pytest.raises(CredentialsError) as caught:
        login_store.who(URL, TOKEN)
    assert SECRET not in everything_of(caught.value)


def test_an_org_that_does_not_answer_is_no_bad_token(net: respx.MockRouter) -> None:
    net.get(USERINFO).respond(503)
    with pytest.raises(Transient):
        login_store.who(URL, TOKEN)


def test_two_homes_with_one_keyring_do_not_take_each_others_secret(
    tmp_path: Path, keyrings: Keyrings
) -> None:
    keyrings("keyrings_for_tests.FileKeyring")
    here, there = tmp_path / "here", tmp_path / "there"
    mine = login_store.keep(login(kept=SecretLocation.KEYRING), SECRETS, here)
    login_store.keep(login(kept=SecretLocation.KEYRING), Secrets(access="other"), there)
    assert SecretStore(here).find(mine) == SECRETS


def test_a_login_made_anew_leaves_no_secret_of_the_old_one(tmp_path: Path) -> None:
    old = login_store.keep(login(), SECRETS, tmp_path)
    new = login_store.keep(login(), Secrets(access="new"), tmp_path)
    assert Orgs(tmp_path).all() == (new,)
    assert SecretStore(tmp_path).find(new).access == "new"
    with pytest.raises(CredentialsError):
        SecretStore(tmp_path).find(old)


def test_a_login_made_anew_is_kept_though_the_old_secret_can_not_be_removed(
    tmp_path: Path, keyrings: Keyrings
) -> None:
    keyrings("keyrings_for_tests.FileKeyring")
    login_store.keep(login(kept=SecretLocation.KEYRING), SECRETS, tmp_path)
    keyrings("keyring.backends.fail.Keyring")
    new = login_store.keep(login(), SECRETS, tmp_path)
    assert Orgs(tmp_path).all() == (new,)


def test_a_login_whose_secret_is_not_taken_leaves_the_old_one_whole(
    tmp_path: Path, keyrings: Keyrings
) -> None:
    old = login_store.keep(login(), SECRETS, tmp_path)
    keyrings("keyrings_for_tests.RaisingKeyring")
    with pytest.raises(CredentialsError):
        login_store.keep(login(kept=SecretLocation.KEYRING), Secrets(access="new"), tmp_path)
    assert Orgs(tmp_path).all() == (old,)
    assert SecretStore(tmp_path).find(old) == SECRETS


def test_a_login_that_keeps_nothing_has_no_name_for_its_secret(tmp_path: Path) -> None:
    kept = login_store.keep(login(LoginFlow.JWT, SecretLocation.NOWHERE), SECRETS, tmp_path)
    assert kept.entry == ""
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_forgetting_revokes_the_refresh_token_and_leaves_nothing(
    tmp_path: Path, revoke: respx.Route
) -> None:
    kept = login_store.keep(login(), SECRETS, tmp_path)
    with SecretStore(tmp_path).holding(kept):
        pass  # as a renewal does
    assert list(login_store.forget(kept, tmp_path)) == []
    assert revoke.calls.last.request.content == f"token=5A{SECRET}".encode()
    assert Orgs(tmp_path).all() == ()
    assert list((tmp_path / "secrets").iterdir()) == []


def test_forgetting_a_ready_token_revokes_it(tmp_path: Path, revoke: respx.Route) -> None:
    kept = login_store.keep(login(LoginFlow.TOKEN), Secrets(access="t"), tmp_path)
    assert list(login_store.forget(kept, tmp_path)) == []
    assert revoke.calls.last.request.content == b"token=t"


@pytest.mark.parametrize("way", [LoginFlow.SF, LoginFlow.JWT])
def test_what_is_not_ours_is_not_revoked(
    tmp_path: Path, revoke: respx.Route, way: LoginFlow
) -> None:
    kept = login_store.keep(login(way, SecretLocation.NOWHERE), Secrets(), tmp_path)
    assert list(login_store.forget(kept, tmp_path)) == []
    assert not revoke.called


def test_a_client_secret_alone_is_forgotten_and_nothing_revoked(
    tmp_path: Path, revoke: respx.Route
) -> None:
    kept = login_store.keep(
        login(LoginFlow.CLIENT_CREDENTIALS), Secrets(client_secret="s"), tmp_path
    )
    assert list(login_store.forget(kept, tmp_path)) == []
    assert not revoke.called
    assert Orgs(tmp_path).all() == ()


def test_a_login_that_can_not_be_revoked_is_forgotten_all_the_same(
    tmp_path: Path, revoke: respx.Route
) -> None:
    revoke.respond(400, json={"error": "invalid_token", "error_description": f"no 5A{SECRET}"})
    kept = login_store.keep(login(), SECRETS, tmp_path)
    (trouble,) = login_store.forget(kept, tmp_path)
    assert "prod could not be revoked" in trouble
    assert SECRET not in trouble
    assert Orgs(tmp_path).all() == ()


def test_a_login_whose_keyring_is_gone_is_forgotten_all_the_same(
    tmp_path: Path, keyrings: Keyrings, revoke: respx.Route
) -> None:
    keyrings("keyrings_for_tests.FileKeyring")
    kept = login_store.keep(login(kept=SecretLocation.KEYRING), SECRETS, tmp_path)
    keyrings("keyrings_for_tests.RaisingKeyring")
    troubles = list(login_store.forget(kept, tmp_path))
    assert [words.split(":")[0] for words in troubles] == [
        "prod could not be revoked",
        "the secret of prod could not be removed",
    ]
    assert Orgs(tmp_path).all() == ()
