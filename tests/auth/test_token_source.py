"""Tokens and their renewal, each way, against the local org over a socket."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bulkup.auth.authorization_code import WebLogin
from bulkup.auth.logins import Login, LoginFlow, SecretLocation
from bulkup.auth.secret_store import Secrets, SecretStore
from bulkup.auth.token_source import Renewal, get_tokens, login_command
from bulkup.errors import CredentialsError, Transient
from bulkup.localorg import server
from bulkup.localorg.oauth.apps import CALLBACK, App, LoginRules
from bulkup.localorg.server import Running
from bulkup.salesforce import oauth
from bulkup.salesforce.bearer import TokenAuth
from bulkup.salesforce.client import Client
from bulkup.salesforce.describe import limits, userinfo
from tests.auth import keys, person
from tests.auth.fake_sf import FakeSf, good
from tests.salesforce.wire import SECRET, everything_of

USER = "admin@localorg.example"
RULES = LoginRules(
    apps=(
        App(client_id="people", callbacks=(CALLBACK,)),
        App(client_id="rotating", callbacks=(CALLBACK,), rotation=True),
        App(client_id="confidential", callbacks=(CALLBACK,), secret="app-secret"),
        App(client_id="server", secret="app-secret", run_as=USER),
        App(client_id="signed", certificate=keys.certificate(0), preauthorised=frozenset({USER})),
    )
)


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with server.serve(tmp_path_factory.mktemp("org"), login_rules=RULES) as running:
        yield running


@pytest.fixture
def chain(tmp_path: Path) -> SecretStore:
    return SecretStore(tmp_path / "config")


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    (tmp_path / "key.pem").write_bytes(keys.pem())
    return tmp_path / "key.pem"


Made = tuple[Login, Secrets]


@pytest.fixture
def made(org: Running, chain: SecretStore) -> Callable[..., Made]:
    """A login of the web way, its secrets kept in a file."""

    def make(client_id: str = "people", client_secret: str = "") -> Made:
        app = oauth.App(login_url=org.url, client_id=client_id, client_secret=client_secret)
        web = WebLogin(app=app, callback=CALLBACK)
        tokens = web.finish(person.decides(web.url))
        login = Login(
            alias="prod",
            way=LoginFlow.WEB,
            kept=SecretLocation.FILE,
            entry="prod-1",
            login_url=org.url,
            client_id=client_id,
            instance_url=tokens.instance_url,
        )
        secrets = Secrets(access=tokens.access, refresh=tokens.refresh, client_secret=client_secret)
        chain.keep(login, secrets)
        return login, secrets

    return make


def works(org: Running, token: str) -> bool:
    return oauth.is_valid(org.url, token)


def test_a_web_login_is_renewed_and_its_refresh_token_stays(
    org: Running, chain: SecretStore, made: Callable[..., Made]
) -> None:
    login, secrets = made()
    org.org.tokens.expire(secrets.access)
    token = Renewal(login, secrets, chain)()
    assert works(org, token)
    assert chain.find(login) == replace(secrets, access=token)


def test_a_rotated_refresh_token_is_kept_and_good_for_the_next_time(
    org: Running, chain: SecretStore, made: Callable[..., Made]
) -> None:
    login, secrets = made("rotating")
    renewal = Renewal(login, secrets, chain)
    first, second = renewal(), renewal()
    assert works(org, first)
    assert works(org, second)
    assert chain.find(login).refresh not in {secrets.refresh, ""}
    assert works(org, Renewal(login, chain.find(login), chain)())


def test_an_app_with_a_secret_renews_with_it(
    org: Running, chain: SecretStore, made: Callable[..., Made]
) -> None:
    login, secrets = made("confidential", "app-secret")
    assert works(org, Renewal(login, secrets, chain)())


def test_a_token_that_another_process_has_renewed_is_taken_over(
    org: Running, chain: SecretStore, made: Callable[..., Made]
) -> None:
    login, secrets = made("rotating")
    theirs = Renewal(login, secrets, chain)()
    ours = Renewal(login, secrets, chain)()
    assert ours == theirs


def test_a_token_that_another_process_has_renewed_and_is_over_is_renewed_again(
    org: Running, chain: SecretStore, made: Callable[..., Made]
) -> None:
    login, secrets = made("rotating")
    theirs = Renewal(login, secrets, chain)()
    org.org.tokens.expire(theirs)
    ours = Renewal(login, secrets, chain)()
    assert ours != theirs
    assert works(org, ours)


def test_a_revoked_login_ends_with_what_to_type(
    org: Running, chain: SecretStore, made: Callable[..., Made]
) -> None:
    login, secrets = made()
    oauth.revoke(org.url, secrets.refresh)
    assert not works(org, secrets.access)
    with pytest.raises(CredentialsError) as caught:
        Renewal(login, secrets, chain)()
    assert "expired access/refresh token" in caught.value.message
    assert f"bulkup login --alias prod --login-url {org.url}" in caught.value.hint
    shown = everything_of(caught.value)
    assert secrets.refresh not in shown
    assert secrets.access not in shown


def test_a_keyring_that_breaks_in_the_middle_does_not_end_the_run(
    org: Running, chain: SecretStore, made: Callable[..., Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    login, secrets = made("rotating")
    told: list[str] = []
    renewal = Renewal(login, secrets, chain, tell=told.append)

    def broken(*_: object) -> Secrets:
        raise CredentialsError("This machine's keyring is broken")

    monkeypatch.setattr(chain, "find", broken)
    monkeypatch.setattr(chain, "keep", broken)
    assert works(org, renewal())
    assert works(org, renewal())
    assert len(told) == 2
    assert "bulkup login --alias prod" in told[0]
    assert secrets.refresh not in "".join(told) + repr(renewal)


def server_login(org: Running) -> Made:
    login = Login(
        alias="ci",
        instance_url=org.url,
        way=LoginFlow.CLIENT_CREDENTIALS,
        login_url=org.url,
        client_id="server",
    )
    return login, Secrets(client_secret="app-secret")


def test_client_credentials_give_a_token(org: Running, chain: SecretStore) -> None:
    login, secrets = server_login(org)
    assert works(org, get_tokens(login, secrets).access)
    assert works(org, Renewal(login, secrets, chain)())


def test_a_wrong_client_secret_is_told_without_it(org: Running) -> None:
    login, _ = server_login(org)
    with pytest.raises(CredentialsError) as caught:
        get_tokens(login, Secrets(client_secret=SECRET))
    assert "invalid client credentials" in caught.value.message
    assert "--client-credentials" in caught.value.hint
    assert SECRET not in everything_of(caught.value)


def signed_login(org: Running, key_file: Path, user: str = USER) -> Login:
    return Login(
        alias="ci",
        instance_url=org.url,
        way=LoginFlow.JWT,
        login_url=org.url,
        client_id="signed",
        user=user,
        key_file=str(key_file),
    )


def test_a_key_gives_a_token_and_nothing_is_kept(
    org: Running, chain: SecretStore, key_file: Path, tmp_path: Path
) -> None:
    login = signed_login(org, key_file)
    assert works(org, get_tokens(login, Secrets()).access)
    assert works(org, Renewal(login, Secrets(), chain)())
    assert not (tmp_path / "config").exists()


def test_a_user_who_is_not_pre_authorised_is_told_so(org: Running, key_file: Path) -> None:
    with pytest.raises(CredentialsError) as caught:
        get_tokens(signed_login(org, key_file, "other@example.com"), Secrets())
    assert "user hasn't approved this consumer" in caught.value.message
    assert "pre-authorized" in caught.value.hint
    assert f"--jwt-key-file {key_file}" in caught.value.hint


def test_another_key_than_the_apps_is_told_so(org: Running, key_file: Path) -> None:
    key_file.write_bytes(keys.pem(1))
    with pytest.raises(CredentialsError, match="invalid assertion"):
        get_tokens(signed_login(org, key_file), Secrets())


@pytest.mark.skipif(os.name != "posix", reason="the program is a script with a #!")
def test_sf_is_asked_each_time_and_nothing_is_kept(
    org: Running, tmp_path: Path, chain: SecretStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    fake = FakeSf(tmp_path)
    fake.answers(good({"instanceUrl": org.url, "username": USER, "accessToken": org.token}), "")
    login = Login(alias="x", instance_url=org.url, way=LoginFlow.SF, sf="prod")
    renewal = Renewal(login, Secrets(), chain)
    assert renewal() == renewal() == org.token
    assert len(fake.called) == 2
    (tmp_path / "sf").unlink()
    with pytest.raises(CredentialsError) as caught:
        renewal()
    assert "bulkup login --help" in caught.value.hint


def test_a_ready_token_can_not_be_renewed(org: Running) -> None:
    login = Login(alias="x", instance_url=org.url, way=LoginFlow.TOKEN)
    with pytest.raises(CredentialsError) as caught:
        get_tokens(login, Secrets(access="over"))
    assert f"bulkup login --alias x --token --instance-url {org.url}" in caught.value.hint


def test_a_token_for_another_instance_is_not_used(org: Running) -> None:
    login, secrets = server_login(org)
    with pytest.raises(CredentialsError) as caught:
        get_tokens(replace(login, instance_url="https://other.my.salesforce.com"), secrets)
    assert caught.value.name == "OtherInstance"


def test_the_command_to_log_in_again_has_all_that_it_needs() -> None:
    login = Login(
        alias="x", instance_url="https://i", way=LoginFlow.SF, sf="my org", kept=SecretLocation.FILE
    )
    assert login_command(login) == "bulkup login --alias x --from-sf 'my org' --insecure-storage"


def test_a_call_whose_token_is_over_is_repeated_with_a_new_one(
    org: Running, chain: SecretStore, made: Callable[..., Made]
) -> None:
    login, secrets = made()
    org.org.tokens.expire(secrets.access)
    auth = TokenAuth(secrets.access, Renewal(login, secrets, chain))
    with Client(instance_url=org.url, auth=auth) as client:
        assert "DailyApiRequests" in limits(client)
        org.org.tokens.expire(auth.token)
        assert userinfo(client)["preferred_username"] == USER


def test_a_login_without_a_token_asks_for_one_at_the_first_call(
    org: Running, chain: SecretStore
) -> None:
    login, secrets = server_login(org)
    with Client(instance_url=org.url, auth=TokenAuth("", Renewal(login, secrets, chain))) as client:
        assert "DailyApiRequests" in limits(client)


def test_several_threads_renew_once(
    org: Running, chain: SecretStore, made: Callable[..., Made]
) -> None:
    login, secrets = made("rotating")
    org.org.tokens.expire(secrets.access)
    lines: list[str] = []
    auth = TokenAuth(secrets.access, Renewal(login, secrets, chain, log=lines.append))
    good: list[bool] = []
    with Client(instance_url=org.url, auth=auth) as client:
        threads = [
            threading.Thread(target=lambda: good.append("DailyApiRequests" in limits(client)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert good == [True] * 8
    assert len(lines) == 1


def test_a_refused_renewal_is_not_asked_for_again_by_every_thread() -> None:
    asked: list[int] = []

    def refuse() -> str:
        asked.append(1)
        raise CredentialsError("refused")

    auth = TokenAuth("", refuse)
    for _ in range(3):
        with pytest.raises(CredentialsError, match="refused"):
            _ = auth.token
    assert len(asked) == 1


def test_a_renewal_that_fails_for_a_passing_reason_is_asked_for_again() -> None:
    answers: list[str | Exception] = [Transient("busy"), "good"]

    def renew() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    auth = TokenAuth("", renew)
    with pytest.raises(Transient):
        _ = auth.token
    assert auth.token == "good"
