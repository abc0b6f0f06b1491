"""Logging in to the local org, in Salesforce's words, without sockets."""

import base64
import hashlib
import html
import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest

from bulkup.localorg.http.messages import Request, Response
from bulkup.localorg.oauth.apps import CALLBACK, App, AppsError, LoginRules, load
from bulkup.localorg.org import Org
from tests.auth import keys

USER = "admin@localorg.example"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:-1]
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
APPS = (
    App(client_id="people", callbacks=(CALLBACK,)),
    App(client_id="rotating", callbacks=(CALLBACK,), rotation=True),
    App(client_id="confidential", callbacks=(CALLBACK,), secret="s"),
    App(client_id="server", secret="s", run_as=USER),
    App(client_id="nobody", secret="s"),
    App(client_id="signed", certificate=keys.certificate(0), preauthorised=frozenset({USER})),
    App(client_id="strangers", certificate=keys.certificate(0)),
)


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Logins:
    """An org and how apps speak to it."""

    def __init__(self, rules: LoginRules) -> None:
        self.clock = Clock()
        self.org = Org(None, clock=self.clock, login_rules=rules)

    def ask(self, method: str, path: str, form: dict[str, str], token: str = "") -> Response:
        headers = {"host": "localhost:8000"} | (
            {"authorization": f"Bearer {token}"} if token else {}
        )
        path = f"/services/oauth2/{path}"
        if method == "GET":
            return self.org.handle(Request(method="GET", path=path, query=form, headers=headers))
        body = urlencode(form).encode()
        return self.org.handle(Request(method=method, path=path, headers=headers, body=body))

    def token(self, **form: str) -> dict[str, Any]:
        answer = self.ask("POST", "token", form)
        data: dict[str, Any] = json.loads(answer.body)
        assert (answer.status == 200) == ("access_token" in data), data
        assert answer.status in {200, 400}
        return data

    def code(self, client_id: str = "people") -> str:
        return self.decide("allow", client_id)["code"]

    def decide(self, decision: str, client_id: str = "people") -> dict[str, str]:
        asked = question(client_id=client_id, decision=decision)
        answer = self.ask("POST", "authorize", asked)
        assert answer.status == 302
        parts = urlsplit(answer.headers["location"])
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == CALLBACK
        return dict(parse_qsl(parts.query))

    def by_code(self, code: str, client_id: str = "people", **more: str) -> dict[str, Any]:
        form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER, **more}
        return self.token(grant_type="authorization_code", client_id=client_id, **form)

    def by_refresh(self, refresh: str, client_id: str = "people", **more: str) -> dict[str, Any]:
        return self.token(
            grant_type="refresh_token", refresh_token=refresh, client_id=client_id, **more
        )

    def works(self, token: str) -> bool:
        return self.ask("GET", "userinfo", {}, token).status == 200


def question(**more: str) -> dict[str, str]:
    asked = {
        "response_type": "code",
        "client_id": "people",
        "redirect_uri": CALLBACK,
        "scope": "api refresh_token",
        "state": "s&<",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in {**asked, **more}.items() if value}


def logins_with(**rules: Any) -> Logins:
    return Logins(LoginRules(apps=APPS, **rules))


@pytest.fixture
def logins() -> Iterator[Logins]:
    made = logins_with()
    yield made
    made.org.close()


def error(data: dict[str, Any]) -> tuple[str, str]:
    return data["error"], data["error_description"]


EXPIRED = ("invalid_grant", "expired access/refresh token")


def test_the_page_asks_a_person_and_passes_the_question_on(logins: Logins) -> None:
    page = logins.ask("GET", "authorize", question()).body.decode()
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    assert {name: html.unescape(value) for name, value in fields.items()} == question()
    assert USER in page
    assert 'value="allow"' in page
    assert 'value="deny"' in page


def test_a_person_who_allows_sends_a_code_and_the_state_back(logins: Logins) -> None:
    answer = logins.decide("allow")
    assert answer["state"] == "s&<"
    assert answer["code"].endswith("==")


@pytest.mark.parametrize("decision", ["deny", ""])
def test_a_person_who_does_not_allow_sends_the_refusal_back(logins: Logins, decision: str) -> None:
    assert logins.decide(decision) == {
        "error": "access_denied",
        "error_description": "end-user denied authorization",
        "state": "s&<",
    }


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"client_id": "<unknown>"}, "invalid_client_id"),
        ({"redirect_uri": "http://localhost:1718/OauthRedirect"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "https://evil.example/"}, "redirect_uri_mismatch"),
        ({"redirect_uri": ""}, "redirect_uri_mismatch"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_wrong_question_sends_the_browser_nowhere(
    logins: Logins, method: str, wrong: dict[str, str], told: str
) -> None:
    answer = logins.ask(method, "authorize", question(**wrong, decision="allow"))
    assert answer.status == 400
    assert told in answer.body.decode()
    assert "location" not in answer.headers


def test_a_code_gives_tokens_as_salesforce_spells_them(logins: Logins) -> None:
    given = logins.by_code(logins.code())
    org_id = logins.org.identity.org_id
    assert given["instance_url"] == "http://localhost:8000"
    assert given["access_token"].startswith(f"{org_id[:15]}!")
    assert given["id"] == f"http://localhost:8000/id/{org_id}/{logins.org.identity.user_id}"
    assert given["token_type"] == "Bearer"
    assert given["issued_at"] == "1800000000000"
    assert "expires_in" not in given
    assert logins.works(given["access_token"])


def test_a_code_is_good_once_for_one_app_and_for_who_asked(logins: Logins) -> None:
    code = logins.code()
    assert "access_token" in logins.by_code(code)
    assert error(logins.by_code(code)) == ("invalid_grant", "invalid authorization code")
    other = error(logins.by_code(logins.code(), "rotating"))
    assert other == ("invalid_grant", "invalid authorization code")
    wrong = logins.by_code(logins.code(), code_verifier="w" * 43)
    assert error(wrong) == ("invalid_grant", "invalid code verifier")
    assert error(logins.by_code(logins.code(), code_verifier=""))[1] == "invalid code verifier"
    moved = logins.by_code(logins.code(), redirect_uri="http://localhost:1718/OauthRedirect")
    assert moved["error"] == "redirect_uri_mismatch"


def test_a_code_is_good_for_a_quarter_of_an_hour(logins: Logins) -> None:
    code = logins.code()
    logins.clock.now += 901
    assert error(logins.by_code(code)) == ("invalid_grant", "expired authorization code")


def test_an_app_with_a_secret_has_to_tell_it(logins: Logins) -> None:
    refused = ("invalid_client", "invalid client credentials")
    assert error(logins.by_code(logins.code("confidential"), "confidential")) == refused
    given = logins.by_code(logins.code("confidential"), "confidential", client_secret="s")
    assert error(logins.by_refresh(given["refresh_token"], "confidential")) == refused
    again = logins.by_refresh(given["refresh_token"], "confidential", client_secret="s")
    assert logins.works(again["access_token"])


def test_a_refresh_token_is_good_again_and_again_for_its_own_app(logins: Logins) -> None:
    refresh = logins.by_code(logins.code())["refresh_token"]
    for _ in range(2):
        given = logins.by_refresh(refresh)
        assert logins.works(given["access_token"])
        assert "refresh_token" not in given
    assert error(logins.by_refresh(refresh, "rotating")) == EXPIRED
    assert error(logins.by_refresh("made up")) == EXPIRED


def test_with_rotation_each_refresh_token_is_good_once(logins: Logins) -> None:
    first = logins.by_code(logins.code("rotating"), "rotating")["refresh_token"]
    second = logins.by_refresh(first, "rotating")["refresh_token"]
    assert second != first
    assert error(logins.by_refresh(first, "rotating")) == EXPIRED
    assert "access_token" in logins.by_refresh(second, "rotating")


def test_access_tokens_live_as_long_as_the_org_says() -> None:
    logins = logins_with(token_seconds=60)
    given = logins.by_code(logins.code())
    logins.clock.now += 59
    assert logins.works(given["access_token"])
    logins.clock.now += 1
    assert not logins.works(given["access_token"])
    assert logins.works(logins.by_refresh(given["refresh_token"])["access_token"])
    assert logins.works(logins.org.token)
    logins.org.close()


def test_revoking_a_refresh_token_ends_all_that_it_gave(logins: Logins) -> None:
    given = logins.by_code(logins.code())
    later = logins.by_refresh(given["refresh_token"])
    assert logins.ask("POST", "revoke", {"token": given["refresh_token"]}).status == 200
    assert not logins.works(given["access_token"])
    assert not logins.works(later["access_token"])
    assert error(logins.by_refresh(given["refresh_token"])) == EXPIRED
    assert logins.ask("POST", "revoke", {"token": given["refresh_token"]}).status == 400


def test_revoking_an_access_token_leaves_the_login(logins: Logins) -> None:
    given = logins.by_code(logins.code())
    assert logins.ask("POST", "revoke", {"token": given["access_token"]}).status == 200
    assert not logins.works(given["access_token"])
    assert "access_token" in logins.by_refresh(given["refresh_token"])


def credentials(logins: Logins, client_id: str = "server", secret: str = "s") -> dict[str, Any]:
    return logins.token(grant_type="client_credentials", client_id=client_id, client_secret=secret)


def test_client_credentials_give_a_token_and_nothing_to_renew_it_with(logins: Logins) -> None:
    given = credentials(logins)
    assert logins.works(given["access_token"])
    assert "refresh_token" not in given


@pytest.mark.parametrize(
    ("client_id", "secret", "told"),
    [
        ("unknown", "s", ("invalid_client_id", "client identifier invalid")),
        ("server", "wrong", ("invalid_client", "invalid client credentials")),
        ("server", "", ("invalid_client", "invalid client credentials")),
        ("people", "", ("invalid_client", "invalid client credentials")),
        ("nobody", "s", ("invalid_grant", "no client credentials user enabled")),
    ],
)
def test_client_credentials_are_refused_in_salesforces_words(
    logins: Logins, client_id: str, secret: str, told: tuple[str, str]
) -> None:
    assert error(credentials(logins, client_id, secret)) == told


def test_client_credentials_are_taken_at_the_orgs_own_address_only() -> None:
    logins = logins_with(my_domain=False)
    assert error(credentials(logins)) == ("invalid_grant", "request not supported on this domain")
    logins.org.close()


def signed(logins: Logins, number: int = 0, **claims: Any) -> dict[str, Any]:
    said = {
        "iss": "signed",
        "sub": USER,
        "aud": "https://login.salesforce.com",
        "exp": int(logins.clock()) + 180,
        **claims,
    }
    assertion = jwt.encode(
        {name: value for name, value in said.items() if value is not None},
        keys.pem(number),
        algorithm="RS256",
    )
    return logins.token(grant_type=BEARER, assertion=assertion)


def test_a_signed_assertion_gives_a_token(logins: Logins) -> None:
    assert logins.works(signed(logins)["access_token"])


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"iss": "unknown"}, ("invalid_client_id", "client identifier invalid")),
        ({"iss": "people"}, ("invalid_grant", "invalid assertion")),
        ({"iss": "strangers"}, ("invalid_grant", "user hasn't approved this consumer")),
        ({"sub": "other@example.com"}, ("invalid_grant", "user hasn't approved this consumer")),
        ({"sub": None}, ("invalid_grant", "user hasn't approved this consumer")),
        ({"aud": "https://test.salesforce.com"}, ("invalid_grant", "audience is invalid")),
        ({"aud": None}, ("invalid_grant", "audience is invalid")),
        ({"exp": 1_799_999_900}, ("invalid_grant", "expired authorization code")),
        ({"exp": 1_800_000_400}, ("invalid_grant", "expired authorization code")),
        ({"exp": None}, ("invalid_grant", "expired authorization code")),
    ],
)
def test_an_assertion_is_refused_in_salesforces_words(
    logins: Logins, claims: dict[str, Any], told: tuple[str, str]
) -> None:
    assert error(signed(logins, **claims)) == told


def test_an_assertion_that_another_key_signed_is_refused(logins: Logins) -> None:
    assert error(signed(logins, 1)) == ("invalid_grant", "invalid assertion")


@pytest.mark.parametrize("text", ["", "a.b.c", "no assertion"])
def test_what_is_no_assertion_is_refused(logins: Logins, text: str) -> None:
    refused = logins.token(grant_type=BEARER, assertion=text)
    assert error(refused) == ("invalid_grant", "invalid assertion")


def test_an_assertion_that_nobody_signed_is_refused(logins: Logins) -> None:
    claims = {"iss": "signed", "sub": USER, "aud": "https://login.salesforce.com"}
    bare = jwt.encode({**claims, "exp": int(logins.clock()) + 60}, "", algorithm="none")
    refused = logins.token(grant_type=BEARER, assertion=bare)
    assert error(refused) == ("invalid_grant", "invalid assertion")


@pytest.mark.parametrize("grant", ["", "password", "implicit"])
def test_other_grants_are_not_offered(logins: Logins, grant: str) -> None:
    refused = logins.token(grant_type=grant)
    assert error(refused) == ("unsupported_grant_type", "grant type not supported")


def test_a_token_is_asked_for_by_post(logins: Logins) -> None:
    answer = logins.ask("GET", "token", {"grant_type": "client_credentials"})
    assert (answer.status, json.loads(answer.body)["error"]) == (400, "invalid_request")


def test_other_addresses_are_not_there(logins: Logins) -> None:
    assert logins.ask("GET", "introspect", {}).status == 404


def test_nothing_of_a_login_shows_in_the_orgs_objects(logins: Logins) -> None:
    given = logins.by_code(logins.code())
    login = logins.org._routes.login
    shown = repr(login.grants) + repr(login.tokens) + repr(APPS)
    assert given["refresh_token"] not in shown
    assert "secret=" not in shown


def test_without_apps_toml_there_is_an_app_for_people_and_one_for_servers() -> None:
    rules = load(None)
    people, server = rules.app("PlatformCLI"), rules.app("local-server")
    assert people is not None
    assert people.callbacks == (CALLBACK,)
    assert server is not None
    assert server.run_as == USER


def test_each_home_has_its_own_secret_and_keeps_it_private(tmp_path: Path) -> None:
    homes = [tmp_path / "a", tmp_path / "b"]
    secrets = {app.secret for home in [*homes, *homes] for app in load(home).apps if app.secret}
    assert len(secrets) == 2
    assert all(len(secret) > 40 for secret in secrets)
    if os.name == "posix":
        assert stat.S_IMODE((homes[0] / "server-app.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"client_secret": ""}', '{"client_secret": 1}'])
def test_a_damaged_secret_is_an_error_that_names_the_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "server-app.json").write_text(text, encoding="utf-8")
    with pytest.raises(AppsError, match=r"server-app\.json can't be read"):
        load(tmp_path)


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:8001", "null"])
def test_authorize_takes_no_form_of_another_origin(logins: Logins, origin: str) -> None:
    headers = {"host": "localhost:8000", "origin": origin}
    body = urlencode(question(decision="allow")).encode()
    path = "/services/oauth2/authorize"
    answer = logins.org.handle(Request(method="POST", path=path, headers=headers, body=body))
    assert answer.status == 403
    assert "location" not in answer.headers


def test_authorize_takes_the_form_of_its_own_page(logins: Logins) -> None:
    headers = {"host": "localhost:8000", "origin": "http://localhost:8000"}
    body = urlencode(question(decision="allow")).encode()
    path = "/services/oauth2/authorize"
    answer = logins.org.handle(Request(method="POST", path=path, headers=headers, body=body))
    assert answer.status == 302


def test_no_page_can_frame_the_consent_page(logins: Logins) -> None:
    assert logins.ask("GET", "authorize", question()).headers["x-frame-options"] == "DENY"


def test_a_file_of_ones_own_says_which_apps_there_are(tmp_path: Path) -> None:
    (tmp_path / "app.crt").write_text(keys.certificate(0), encoding="ascii")
    (tmp_path / "apps.toml").write_text(
        "token_seconds = 30\n"
        "[[app]]\n"
        'client_id = "signed"\n'
        'certificate = "app.crt"\n'
        f'preauthorised = ["{USER}"]\n'
        "[[app]]\n"
        'client_id = "people"\n'
        f'callbacks = ["{CALLBACK}"]\n'
        "rotation = true\n",
        encoding="utf-8",
    )
    rules = load(tmp_path)
    assert rules.token_seconds == 30
    assert rules.apps == (
        App(
            client_id="signed",
            certificate=(tmp_path / "app.crt").read_text("ascii"),
            preauthorised=frozenset({USER}),
        ),
        App(client_id="people", callbacks=(CALLBACK,), rotation=True),
    )


def test_the_file_that_the_docs_show_can_be_read(tmp_path: Path) -> None:
    docs = Path(__file__).parent.parent.parent / "docs" / "local-org.md"
    (shown,) = re.findall(r"```toml\n(.*?)```", docs.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "apps.toml").write_text(shown, encoding="utf-8")
    (tmp_path / "cert.pem").write_text(keys.certificate(0), encoding="ascii")
    rules = load(tmp_path)
    logins = Logins(rules)
    assert logins.works(signed(logins)["access_token"])
    assert logins.works(credentials(logins, secret="any-secret")["access_token"])
    assert "code" in logins.decide("allow")
    logins.org.close()


@pytest.mark.parametrize(
    "text",
    [
        "[[app]",
        "[[app]]\nsecret = 's'",
        "colour = 1",
        "[[app]]\nclient_id = 'a'\ncertificate = 'x'",
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "apps.toml").write_text(text, encoding="utf-8")
    with pytest.raises(AppsError, match=r"apps\.toml can't be read"):
        load(tmp_path)


def test_a_public_key_may_stand_for_a_certificate() -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = keys.key(0).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    app = App(client_id="signed", certificate=pem, preauthorised=frozenset({USER}))
    logins = Logins(LoginRules(apps=(app,)))
    assert "access_token" in signed(logins)
    logins.org.close()
