import pytest

from bulkup.auth.environment import login_in
from bulkup.auth.logins import LoginFlow
from bulkup.auth.secret_store import Secrets
from bulkup.errors import CredentialsError, InputError
from tests.salesforce.wire import SECRET, everything_of

TOKEN = {"BULKUP_INSTANCE_URL": "x.my.salesforce.com", "BULKUP_ACCESS_TOKEN": f" 00D!{SECRET}\n"}
APP = {"BULKUP_LOGIN_URL": "https://x.my.salesforce.com", "BULKUP_CLIENT_ID": "app"}
SERVER = {**APP, "BULKUP_CLIENT_SECRET": SECRET}
KEY = {**APP, "BULKUP_USERNAME": "u@example.com", "BULKUP_JWT_KEY_FILE": "/keys/k.pem"}


def test_a_ready_token_is_taken_as_it_is() -> None:
    found = login_in(TOKEN)
    assert found is not None
    login, secrets, place = found
    assert (login.way, login.instance_url) == (LoginFlow.TOKEN, "https://x.my.salesforce.com")
    assert secrets == Secrets(access=f"00D!{SECRET}")
    assert place == "BULKUP_INSTANCE_URL and BULKUP_ACCESS_TOKEN"


def test_client_credentials_need_no_login() -> None:
    found = login_in(SERVER)
    assert found is not None
    login, secrets, place = found
    assert (login.way, login.client_id, login.instance_url) == (
        LoginFlow.CLIENT_CREDENTIALS,
        "app",
        "",
    )
    assert secrets == Secrets(client_secret=SECRET)
    assert place == "BULKUP_LOGIN_URL, BULKUP_CLIENT_ID and BULKUP_CLIENT_SECRET"


def test_a_key_needs_no_login() -> None:
    found = login_in(KEY)
    assert found is not None
    login, secrets, _ = found
    assert (login.way, login.user, login.key_file) == (
        LoginFlow.JWT,
        "u@example.com",
        "/keys/k.pem",
    )
    assert secrets == Secrets()


@pytest.mark.parametrize("environment", [{}, APP, {"HOME": "/"}])
def test_what_login_reads_too_is_no_way_in_by_itself(environment: dict[str, str]) -> None:
    assert login_in(environment) is None


@pytest.mark.parametrize(
    ("whole", "missing"),
    [(whole, name) for whole in (TOKEN, SERVER, KEY) for name in whole if whole is not SERVER]
    + [(SERVER, "BULKUP_LOGIN_URL"), (SERVER, "BULKUP_CLIENT_ID")],
)
def test_a_set_in_part_is_told_with_what_is_missing(whole: dict[str, str], missing: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        login_in({name: value for name, value in whole.items() if name != missing})
    assert caught.value.name == "HalfSet"
    assert f"{missing} is not" in caught.value.message
    assert SECRET not in everything_of(caught.value)


@pytest.mark.parametrize("name", sorted({*TOKEN, *SERVER, *KEY}))
@pytest.mark.parametrize("value", ["", " \n"])
@pytest.mark.parametrize("rest", [{}, TOKEN, SERVER, KEY])
def test_an_empty_variable_of_a_login_is_an_error_that_names_it(
    rest: dict[str, str], name: str, value: str
) -> None:
    with pytest.raises(CredentialsError, match=f"{name} is set and empty") as caught:
        login_in({**rest, name: value})
    assert caught.value.name == "EmptyVariable"
    assert SECRET not in everything_of(caught.value)


def test_two_whole_sets_are_not_chosen_from() -> None:
    with pytest.raises(CredentialsError) as caught:
        login_in({**TOKEN, **SERVER})
    assert caught.value.name == "TwoSets"
    assert "BULKUP_ACCESS_TOKEN and BULKUP_CLIENT_SECRET" in caught.value.message
    assert SECRET not in everything_of(caught.value)


def test_a_malformed_address_is_told_by_the_name_of_its_variable() -> None:
    with pytest.raises(InputError, match="BULKUP_LOGIN_URL"):
        login_in({**SERVER, "BULKUP_LOGIN_URL": "http://x.example"})
    with pytest.raises(InputError, match="BULKUP_INSTANCE_URL"):
        login_in({**TOKEN, "BULKUP_INSTANCE_URL": "https://a b"})
