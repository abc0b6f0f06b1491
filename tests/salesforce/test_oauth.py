"""The token endpoint on the wire: what is sent, and what odd answers come to."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import respx

from bulkup.errors import CredentialsError, SalesforceError, Transient
from bulkup.salesforce import oauth
from bulkup.salesforce.oauth import App
from bulkup.salesforce.refusal_hints import ADVICE, OTHERWISE, advice
from tests.salesforce.wire import SECRET, URL, everything_of, raw_server

LOGIN = "https://login.salesforce.com"
APP = App(login_url=LOGIN, client_id="app", client_secret=f"s-{SECRET}")
GIVEN = {"access_token": f"00D!{SECRET}", "instance_url": URL, "token_type": "Bearer"}


@pytest.fixture
def token() -> Iterator[respx.Route]:
    with respx.mock(assert_all_called=False) as router:
        yield router.post(f"{LOGIN}/services/oauth2/token")


def sent(route: respx.Route) -> dict[str, str]:
    return {
        name: one[0] for name, one in parse_qs(route.calls.last.request.content.decode()).items()
    }


GRANTS: list[tuple[Callable[[App], Any], dict[str, str]]] = [
    (
        lambda app: app.by_code("c==", "v", "http://localhost:1717/OauthRedirect"),
        {
            "grant_type": "authorization_code",
            "code": "c==",
            "code_verifier": "v",
            "redirect_uri": "http://localhost:1717/OauthRedirect",
            "client_id": "app",
            "client_secret": f"s-{SECRET}",
        },
    ),
    (
        lambda app: app.by_refresh("r"),
        {
            "grant_type": "refresh_token",
            "refresh_token": "r",
            "client_id": "app",
            "client_secret": f"s-{SECRET}",
        },
    ),
    (
        lambda app: app.by_secret(),
        {
            "grant_type": "client_credentials",
            "client_id": "app",
            "client_secret": f"s-{SECRET}",
        },
    ),
    (
        lambda app: app.by_assertion("a.b.c"),
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": "a.b.c",
        },
    ),
]


@pytest.mark.parametrize(("ask", "form"), GRANTS)
def test_each_grant_sends_its_form_and_nothing_in_the_address(
    token: respx.Route, ask: Callable[[App], Any], form: dict[str, str]
) -> None:
    token.respond(200, json={**GIVEN, "refresh_token": "new"})
    tokens = ask(APP)
    assert (tokens.access, tokens.refresh, tokens.instance_url) == (f"00D!{SECRET}", "new", URL)
    assert sent(token) == form
    assert token.calls.last.request.url.query == b""
    assert SECRET not in repr(tokens) + repr(APP)


def test_an_app_without_a_secret_sends_none(token: respx.Route) -> None:
    token.respond(200, json=GIVEN)
    assert App(login_url=LOGIN, client_id="app").by_refresh("r").refresh == ""
    assert "client_secret" not in sent(token)


def test_the_log_tells_method_path_status_and_time(token: respx.Route) -> None:
    lines: list[str] = []
    app = App(login_url=LOGIN, client_id="app", client_secret=SECRET, log=lines.append)
    token.respond(200, json=GIVEN)
    app.by_secret()
    token.mock(side_effect=httpx.ConnectError("refused"))
    with pytest.raises(Transient):
        app.by_secret()
    words = [line.split() for line in lines]
    assert [one[:3] for one in words] == [
        ["POST", "/services/oauth2/token", "200"],
        ["POST", "/services/oauth2/token", "-"],
    ]


REFUSALS = [
    ("invalid_grant", "user hasn't approved this consumer", "pre-authorized"),
    ("invalid_grant", "audience is invalid", "--sandbox"),
    ("invalid_grant", "invalid assertion", "certificate"),
    ("invalid_grant", "expired access/refresh token", "The login is over"),
    ("invalid_client_id", "client identifier invalid", "--client-id"),
    ("invalid_client", "invalid client credentials", "client secret"),
    ("invalid_client", "app must be installed into org", "An administrator has to install"),
    ("invalid_grant", "no client credentials user enabled", "run-as user"),
    ("invalid_grant", "request not supported on this domain", "example.my.salesforce.com"),
    ("redirect_uri_mismatch", "redirect_uri must match configuration", "callback URL"),
    ("unsupported_grant_type", "grant type not supported", "OAuth settings"),
    ("invalid_grant", "authentication failure", OTHERWISE),
]


@pytest.mark.parametrize(("error", "words", "told"), REFUSALS)
def test_a_refusal_is_told_in_the_orgs_words_with_what_to_do(
    token: respx.Route, error: str, words: str, told: str
) -> None:
    token.respond(400, json={"error": error, "error_description": words})
    with pytest.raises(CredentialsError) as caught:
        APP.by_secret()
    assert caught.value.exit_code == 4
    assert f"{error}: {words}" in caught.value.message
    assert told in caught.value.hint


def test_each_advice_is_about_one_kind_of_refusal() -> None:
    assert len({told for _, told in ADVICE}) == len(ADVICE)
    assert advice("something new") == OTHERWISE


def test_a_refusal_that_repeats_the_secret_is_told_without_it(token: respx.Route) -> None:
    words = f"client s-{SECRET} is unknown"
    token.respond(401, json={"error": "invalid_client", "error_description": words})
    with pytest.raises(CredentialsError) as caught:
        APP.by_secret()
    assert "client [hidden] is unknown" in caught.value.message
    assert SECRET not in everything_of(caught.value)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"error": "server_error"}),
        (503, {}),
        (429, {"error": "slow_down"}),
        (400, {"error": "invalid_grant", "error_description": "login rate exceeded"}),
    ],
)
def test_a_fault_of_the_login_that_passes_is_worth_another_try(
    token: respx.Route, status: int, body: dict[str, str]
) -> None:
    token.respond(status, json=body, headers={"Retry-After": "7"})
    with pytest.raises(Transient) as caught:
        APP.by_secret()
    assert caught.value.retry_after == 7


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, b"<html>Welcome to the hotel</html>"),
        (200, b""),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"access_token": "a b", "instance_url": "https://x"}'),
        (200, b'{"access_token": "a", "refresh_token": "b\\n", "instance_url": "https://x"}'),
        (301, b""),
        (404, b"<html>nothing here</html>"),
        (400, b"[]"),
    ],
)
def test_what_is_no_login_of_salesforce_is_said_to_be_none(
    token: respx.Route, status: int, content: bytes
) -> None:
    token.respond(status, content=content, headers={"Location": "https://elsewhere.example"})
    with pytest.raises(CredentialsError) as caught:
        APP.by_secret()
    assert caught.value.name == "NoLoginThere"
    assert "login.salesforce.com" in caught.value.message
    assert token.call_count == 1


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://x.my.salesforce.com", "InsecureUrl"),
        ("http://127.0.0.1:8000", "InsecureUrl"),
        ("https://localhost", "InsecureUrl"),
        ("", "MalformedUrl"),
        ("ftp://x", "MalformedUrl"),
    ],
)
def test_an_instance_that_a_token_must_not_go_to_is_refused(
    token: respx.Route, url: str, name: str
) -> None:
    token.respond(200, json={**GIVEN, "instance_url": url})
    with pytest.raises(CredentialsError) as caught:
        APP.by_secret()
    assert caught.value.name == name
    assert SECRET not in everything_of(caught.value)


def test_an_answer_that_is_cut_short_is_worth_another_try() -> None:
    answer = b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"access_token":'
    with raw_server(answer) as url, pytest.raises(Transient) as caught:
        App(login_url=url, client_id="app", client_secret=SECRET).by_secret()
    assert SECRET not in everything_of(caught.value)


def test_a_login_that_can_not_be_reached_is_named() -> None:
    app = App(login_url="http://127.0.0.1:9", client_id="app", client_secret=SECRET)
    with pytest.raises(Transient, match=r"127\.0\.0\.1:9 can't be reached") as caught:
        app.by_secret()
    assert SECRET not in everything_of(caught.value)


def test_a_token_is_revoked_and_one_that_is_unknown_is_an_error() -> None:
    with respx.mock:
        route = respx.post(f"{LOGIN}/services/oauth2/revoke").respond(200)
        oauth.revoke(LOGIN, SECRET)
        assert sent(route) == {"token": SECRET}
        route.respond(400, json={"error": "invalid_token", "error_description": f"no {SECRET}"})
        with pytest.raises(CredentialsError) as caught:
            oauth.revoke(LOGIN, SECRET)
    assert SECRET not in everything_of(caught.value)


@pytest.mark.parametrize(
    ("status", "good"), [(200, True), (401, False), (403, False), (500, False)]
)
def test_whether_a_token_is_good_is_asked_of_the_org(status: int, good: bool) -> None:
    with respx.mock:
        route = respx.get(f"{URL}/services/oauth2/userinfo").respond(status)
        assert oauth.is_valid(URL, "t") is good
        assert route.calls.last.request.headers["Authorization"] == "Bearer t"
        route.mock(side_effect=httpx.ConnectError("refused"))
        assert not oauth.is_valid(URL, "t")


def test_a_refusal_is_never_taken_for_a_fault_of_an_orgs_call(token: respx.Route) -> None:
    token.respond(400, json={"error": "invalid_grant"})
    with pytest.raises(CredentialsError) as caught:
        APP.by_secret()
    assert not isinstance(caught.value, SalesforceError)
