import base64
import hashlib
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import respx

from bulkup.auth.authorization_code import WebLogin, callback, pasted
from bulkup.errors import CredentialsError, InputError
from bulkup.salesforce.oauth import App
from tests.salesforce.wire import SECRET, URL, everything_of

LOGIN = "https://login.salesforce.com"


@pytest.fixture
def web() -> WebLogin:
    return WebLogin(app=App(login_url=LOGIN, client_id="a&b"), callback=callback(1717))


def test_the_address_to_open_proves_the_browser_and_holds_no_secret(web: WebLogin) -> None:
    parts = urlsplit(web.url)
    asked = dict(parse_qsl(parts.query))
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{LOGIN}/services/oauth2/authorize"
    digest = base64.urlsafe_b64encode(hashlib.sha256(web.verifier.encode()).digest()).decode()
    assert asked == {
        "response_type": "code",
        "client_id": "a&b",
        "redirect_uri": "http://localhost:1717/OauthRedirect",
        "scope": "api refresh_token",
        "state": web.state,
        "code_challenge": digest.rstrip("="),
        "code_challenge_method": "S256",
        "prompt": "login",
    }
    assert web.verifier not in web.url


def test_each_login_has_a_state_and_a_verifier_of_its_own(web: WebLogin) -> None:
    other = WebLogin(app=web.app, callback=web.callback)
    assert other.state != web.state
    assert other.verifier != web.verifier
    assert 43 <= len(web.verifier) <= 128
    assert web.verifier not in repr(web)
    assert web.state not in repr(web)


def test_a_code_is_exchanged_with_the_verifier(web: WebLogin) -> None:
    with respx.mock:
        route = respx.post(f"{LOGIN}/services/oauth2/token").respond(
            200, json={"access_token": "t", "refresh_token": "r", "instance_url": URL}
        )
        tokens = web.finish({"code": "aPrx==", "state": web.state})
    form = parse_qs(route.calls.last.request.content.decode())
    assert form["code"] == ["aPrx=="]
    assert form["code_verifier"] == [web.verifier]
    assert tokens.refresh == "r"


@pytest.mark.parametrize("answer", [{"code": "c"}, {"code": "c", "state": "other"}, {"state": "ä"}])
def test_an_answer_to_something_else_is_not_used(web: WebLogin, answer: dict[str, str]) -> None:
    with respx.mock, pytest.raises(CredentialsError) as caught:
        web.finish(answer)
    assert caught.value.name == "StateMismatch"


def test_a_person_who_declines_is_not_logged_in(web: WebLogin) -> None:
    with pytest.raises(CredentialsError) as caught:
        web.finish(
            {
                "error": "access_denied",
                "error_description": "end-user denied authorization",
                "state": web.state,
            }
        )
    assert "end-user denied authorization" in caught.value.message
    assert caught.value.name == "Declined"


def test_an_answer_without_a_code_is_an_error(web: WebLogin) -> None:
    with pytest.raises(CredentialsError, match="no code"):
        web.finish({"state": web.state})


def test_a_refused_code_is_told_without_the_code_and_the_verifier(web: WebLogin) -> None:
    with respx.mock:
        respx.post(f"{LOGIN}/services/oauth2/token").respond(
            400,
            json={"error": "invalid_grant", "error_description": f"bad {SECRET} {web.verifier}"},
        )
        with pytest.raises(CredentialsError) as caught:
            web.finish({"code": SECRET, "state": web.state})
    assert SECRET not in everything_of(caught.value)
    assert web.verifier not in everything_of(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "http://localhost:1717/OauthRedirect?code=aPrx%3D%3D&state=s",
        "  'http://localhost:1717/OauthRedirect?code=aPrx%3D%3D&state=s'\n",
        "localhost:1717/OauthRedirect?code=aPrx%3D%3D&state=s",
        "http://localhost:1717/OauthRedirect?code=aPrx%3D%3D&state=s#",
    ],
)
def test_the_address_that_the_browser_ended_on_can_be_pasted(text: str) -> None:
    assert pasted(text) == {"code": "aPrx==", "state": "s"}


@pytest.mark.parametrize("text", ["", "aPrx==", "https://x.example/?a=1", "?code=1", "//[?code=1"])
def test_something_else_that_is_pasted_is_said_to_be_wrong(text: str) -> None:
    with pytest.raises(InputError) as caught:
        pasted(text)
    assert "/OauthRedirect?code=" in caught.value.hint
