"""What the org answers under `/services/oauth2/`: how apps get tokens, in Salesforce's words.

Source: "OAuth 2.0 … Flow" and "OAuth Error Codes" in Salesforce's help.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from bulkup.localorg.data.identity import Identity
from bulkup.localorg.http.messages import Refusal, Request, Response, answer_json
from bulkup.localorg.http.origin import is_cross_origin
from bulkup.localorg.oauth import consent_page
from bulkup.localorg.oauth.apps import App, LoginRules
from bulkup.localorg.oauth.grants import Denied, Grants
from bulkup.localorg.oauth.tokens import Tokens

PREFIX = "/services/oauth2/"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(slots=True, kw_only=True)
class Login:
    """What logging in needs of the org."""

    identity: Identity
    tokens: Tokens
    clock: Callable[[], float]
    rules: LoginRules
    grants: Grants = field(init=False)

    def __post_init__(self) -> None:
        self.grants = Grants(
            self.identity.org_id, self.tokens, self.clock, self.rules.token_seconds
        )


def answer(request: Request, login: Login) -> Response:
    """Answer a call whose path begins with PREFIX. Raises Refusal."""
    call = CALLS.get(request.path.removeprefix(PREFIX))
    if call is None:
        raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
    try:
        return call(request, login)
    except Denied as denied:
        said = {"error": denied.error, "error_description": denied.description}
        return answer_json(said, denied.status, headers={"cache-control": "no-store"})


def _form(request: Request) -> dict[str, str]:
    text = request.body.decode("utf-8", "replace")
    return dict(parse_qsl(text, keep_blank_values=True))


def _authorize(request: Request, login: Login) -> Response:
    if request.method == "POST":
        if is_cross_origin(request.headers):
            raise Refusal(403, "FORBIDDEN", "Requests from other origins are not allowed")
        return consent_page.decide(_form(request), login.rules, login.grants)
    return consent_page.page(request.query, login.rules, login.identity.username)


def _token(request: Request, login: Login) -> Response:
    if request.method != "POST":
        raise Denied("invalid_request", "must use HTTP POST")
    form = _form(request)
    grant = GRANTS.get(form.get("grant_type", ""))
    if grant is None:
        raise Denied("unsupported_grant_type", "grant type not supported")
    who, url = login.identity, _url(request)
    given = {
        "instance_url": url,
        "id": f"{url}/id/{who.org_id}/{who.user_id}",
        "token_type": "Bearer",
        "issued_at": str(int(login.clock() * 1000)),
        "signature": "bm90IHNpZ25lZA==",
        "scope": "api refresh_token",
        **grant(form, login),
    }
    return answer_json(given, headers={"cache-control": "no-store"})


def _app(form: dict[str, str], login: Login) -> App:
    app = login.rules.app(form.get("client_id", ""))
    if app is None:
        raise Denied("invalid_client_id", "client identifier invalid")
    return app


def _check_secret(app: App, form: dict[str, str]) -> None:
    given = form.get("client_secret", "")
    if not secrets.compare_digest(given.encode(), app.secret.encode()):
        raise Denied("invalid_client", "invalid client credentials")


def _by_code(form: dict[str, str], login: Login) -> dict[str, str]:
    app = _app(form, login)
    _check_secret(app, form)
    verifier, callback = form.get("code_verifier", ""), form.get("redirect_uri", "")
    login.grants.redeem(form.get("code", ""), app, callback, verifier)
    access, refresh = login.grants.session(app)
    return {"access_token": access, "refresh_token": refresh}


def _by_refresh(form: dict[str, str], login: Login) -> dict[str, str]:
    app = _app(form, login)
    _check_secret(app, form)
    used = form.get("refresh_token", "")
    access, refresh = login.grants.renew(used, app)
    # The refresh token is told only when it is a new one.
    return {"access_token": access, **({"refresh_token": refresh} if refresh != used else {})}


def _by_credentials(form: dict[str, str], login: Login) -> dict[str, str]:
    if not login.rules.my_domain:
        raise Denied("invalid_grant", "request not supported on this domain")
    app = _app(form, login)
    if not app.secret:
        raise Denied("invalid_client", "invalid client credentials")
    _check_secret(app, form)
    if not app.run_as:
        raise Denied("invalid_grant", "no client credentials user enabled")
    return {"access_token": login.grants.access(), "scope": "api"}


def _by_jwt(form: dict[str, str], login: Login) -> dict[str, str]:
    from bulkup.localorg.oauth import jwt_assertion  # noqa: PLC0415 -- cryptography is slow to load

    app, user = jwt_assertion.read(form.get("assertion", ""), login.rules, login.clock())
    if user != login.identity.username or user not in app.preauthorised:
        raise Denied("invalid_grant", "user hasn't approved this consumer")
    return {"access_token": login.grants.access(), "scope": "api"}


def _revoke(request: Request, login: Login) -> Response:
    if not login.grants.revoke(_form(request).get("token", "")):
        raise Denied("invalid_token", "invalid token")
    return Response(status=200)


def _userinfo(request: Request, login: Login) -> Response:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not login.tokens.valid(token):
        return Response(status=403, headers={"content-type": "text/html"}, body=b"Bad_OAuth_Token")
    who, url = login.identity, _url(request)
    return answer_json(
        {
            "sub": f"{url}/id/{who.org_id}/{who.user_id}",
            "user_id": who.user_id,
            "organization_id": who.org_id,
            "preferred_username": who.username,
            "nickname": "admin",
            "name": "Admin",
            "email": who.username,
            "email_verified": True,
            "active": True,
            "user_type": "STANDARD",
            "urls": {"rest": f"{url}/services/data/v{{version}}/"},
        }
    )


def _url(request: Request) -> str:
    return f"http://{request.headers.get('host', 'localhost')}"


CALLS: dict[str, Callable[[Request, Login], Response]] = {
    "authorize": _authorize,
    "token": _token,
    "revoke": _revoke,
    "userinfo": _userinfo,
}
GRANTS: dict[str, Callable[[dict[str, str], Login], dict[str, str]]] = {
    "authorization_code": _by_code,
    "refresh_token": _by_refresh,
    "client_credentials": _by_credentials,
    JWT_BEARER: _by_jwt,
}
