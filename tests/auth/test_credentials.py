from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import respx

from bulkup.auth import credentials
from bulkup.auth.logins import Login, LoginFlow, Orgs, SecretLocation
from bulkup.auth.secret_store import Secrets, SecretStore
from bulkup.errors import CredentialsError, InputError
from bulkup.salesforce.client import Client
from tests.salesforce.wire import SECRET, TOKEN, URL, everything_of

LOGIN = "https://x.my.salesforce.com"
ENVIRONMENT = {"BULKUP_INSTANCE_URL": URL, "BULKUP_ACCESS_TOKEN": TOKEN}
SERVER = {
    "BULKUP_LOGIN_URL": LOGIN,
    "BULKUP_CLIENT_ID": "app",
    "BULKUP_CLIENT_SECRET": f"s-{SECRET}",
}
WEB = Login(
    alias="prod",
    instance_url=URL,
    way=LoginFlow.WEB,
    kept=SecretLocation.FILE,
    entry="prod-1",
    login_url=LOGIN,
    client_id="app",
)


@pytest.fixture
def login_page() -> Iterator[respx.Route]:
    with respx.mock(assert_all_called=False) as router:
        yield router.post(f"{LOGIN}/services/oauth2/token").respond(
            200, json={"access_token": "00D!new", "instance_url": URL}
        )


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A configuration with two logins: `prod`, the default, and `other`."""
    Orgs(tmp_path).keep(WEB)
    SecretStore(tmp_path).keep(WEB, Secrets(access=TOKEN, refresh=f"5A{SECRET}"))
    Orgs(tmp_path).keep(Login(alias="other", instance_url=LOGIN, way=LoginFlow.SF, sf="o"))
    return tmp_path


def test_a_ready_token_of_the_environment_is_used_as_it_is(tmp_path: Path) -> None:
    found = credentials.find(None, ENVIRONMENT, tmp_path)
    assert (found.alias, found.instance_url, found.way) == ("", URL, "token")
    assert found.place == "BULKUP_INSTANCE_URL and BULKUP_ACCESS_TOKEN"
    assert found.auth.token == TOKEN
    assert SECRET not in repr(found)
    assert list(tmp_path.iterdir()) == []


def test_the_environment_beats_a_stored_login_and_an_alias_beats_the_environment(
    stored: Path,
) -> None:
    other = {**ENVIRONMENT, "BULKUP_INSTANCE_URL": "https://env.my.salesforce.com"}
    assert credentials.find(None, other, stored).instance_url == "https://env.my.salesforce.com"
    assert credentials.find("prod", other, stored).instance_url == URL
    assert credentials.find(None, {}, stored).alias == "prod"


@pytest.mark.parametrize(
    ("alias", "environment"),
    [
        ("", {}),
        (None, {"BULKUP_ORG": ""}),
        (None, {"BULKUP_CLIENT_SECRET": "", "BULKUP_LOGIN_URL": LOGIN, "BULKUP_CLIENT_ID": "app"}),
    ],
)
def test_an_empty_name_or_variable_never_means_the_default_login(
    stored: Path, alias: str | None, environment: dict[str, str]
) -> None:
    with pytest.raises(CredentialsError, match="empty") as caught:
        credentials.find(alias, environment, stored)
    assert caught.value.name == "EmptyVariable"


def test_a_renewed_token_of_the_environment_for_another_org_is_not_used(
    tmp_path: Path, login_page: respx.Route
) -> None:
    auth = credentials.find(None, SERVER, tmp_path).auth
    login_page.respond(
        200, json={"access_token": "00D!x", "instance_url": "https://other.my.salesforce.com"}
    )
    with respx.mock(base_url=URL) as router, Client(instance_url=URL, auth=auth) as client:
        route = router.get("/x").respond(401)
        with pytest.raises(CredentialsError, match=r"other\.my") as caught:
            client.get("/x")
    assert caught.value.name == "OtherInstance"
    assert route.call_count == 1


def test_client_credentials_of_the_environment_tell_the_instance(
    tmp_path: Path, login_page: respx.Route
) -> None:
    lines: list[str] = []
    found = credentials.find(None, SERVER, tmp_path, log=lines.append)
    assert (found.instance_url, found.way, found.auth.token) == (
        URL,
        "client-credentials",
        "00D!new",
    )
    assert SECRET not in repr(found) + "".join(lines)
    assert login_page.call_count == len(lines) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_of_what_the_environment_holds_names_no_stored_login(
    tmp_path: Path, login_page: respx.Route
) -> None:
    login_page.respond(400, json={"error": "invalid_client_id"})
    with pytest.raises(CredentialsError) as caught:
        credentials.find(None, SERVER, tmp_path)
    assert "--alias" not in caught.value.hint
    assert SECRET not in everything_of(caught.value)


def test_a_stored_login_is_found_without_asking_anybody(
    stored: Path, login_page: respx.Route
) -> None:
    found = credentials.find("prod", {}, stored)
    assert found.auth.token == TOKEN
    assert str(stored / "secrets" / "prod-1.json") in found.place
    assert not login_page.called
    assert SECRET not in repr(found)


def test_a_login_that_keeps_no_token_is_found_without_asking_anybody(stored: Path) -> None:
    with respx.mock:
        assert credentials.find("other", {}, stored).instance_url == LOGIN


def test_nobody_logged_in_is_told_every_way(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError) as caught:
        credentials.find(None, {}, tmp_path)
    for word in ("bulkup login", "BULKUP_ACCESS_TOKEN", "--org local"):
        assert word in caught.value.hint


def test_an_unknown_alias_is_told_with_those_that_are_known(stored: Path) -> None:
    with pytest.raises(CredentialsError) as caught:
        credentials.find("prd", {}, stored)
    assert caught.value.name == "UnknownOrg"
    assert "prod, other" in caught.value.hint


def test_a_keyring_that_is_gone_is_one_clear_error(
    tmp_path: Path, keyrings: Callable[[str], None]
) -> None:
    keyrings("keyrings_for_tests.FileKeyring")
    login = Login(
        alias="k", instance_url=URL, way=LoginFlow.TOKEN, kept=SecretLocation.KEYRING, entry="k-1"
    )
    Orgs(tmp_path).keep(login)
    SecretStore(tmp_path).keep(login, Secrets(access=TOKEN))
    assert credentials.find("k", {}, tmp_path).auth.token == TOKEN
    keyrings("keyring.backends.fail.Keyring")
    with pytest.raises(CredentialsError, match="no keyring") as caught:
        credentials.find("k", {}, tmp_path)
    assert "--insecure-storage" in caught.value.hint


def test_an_instance_that_somebody_has_changed_to_http_gets_no_token(stored: Path) -> None:
    file = stored / "orgs.toml"
    file.write_text(file.read_text("utf-8").replace(URL, "http://evil.example"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        credentials.find("prod", {}, stored)
    assert caught.value.name == "InsecureUrl"


@pytest.mark.parametrize("token", ["a b", "ä", "a\nb", "a\x00"])
def test_a_token_that_can_not_be_one_is_told_by_its_place_only(token: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        credentials.ready(alias="", instance_url=URL, token=f"{SECRET}{token}", place="the prompt")
    assert "the prompt" in caught.value.message
    assert SECRET not in everything_of(caught.value)


def test_a_stored_token_that_can_not_be_one_says_how_to_log_in_again(stored: Path) -> None:
    SecretStore(stored).keep(WEB, Secrets(access="a b"))
    with pytest.raises(CredentialsError) as caught:
        credentials.find("prod", {}, stored)
    assert "bulkup login --alias prod" in caught.value.hint
