"""The token endpoint: every way to a token, and what its refusals mean.

Sources: the pages of the OAuth 2.0 flows and "OAuth Error Codes" in Salesforce's help.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from bulkup.errors import CredentialsError, InputError, LoginRefused, SalesforceError, Transient
from bulkup.redaction import redact, register_secret
from bulkup.salesforce import errors
from bulkup.salesforce.bearer import is_sound
from bulkup.salesforce.client import open_http, parse_json, send
from bulkup.salesforce.deadline import deadline
from bulkup.salesforce.refusal_hints import advice
from bulkup.salesforce.urls import instance, is_loopback

TOKEN, REVOKE, USERINFO = (f"/services/oauth2/{call}" for call in ("token", "revoke", "userinfo"))
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
OK = 200
REFUSED_FROM, SERVER_ERRORS_FROM = 400, 500
SECRET_FIELDS = (
    "client_secret",
    "refresh_token",
    "code",
    "code_verifier",
    "assertion",
    "token",
)

Log = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a grant gave. `refresh` is empty where there is none, or none that is new."""

    access: str = field(repr=False)
    instance_url: str
    refresh: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        register_secret(self.access, self.refresh)


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app of the org (an external client app), and where it logs in."""

    login_url: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    log: Log | None = field(default=None, repr=False, compare=False)

    def by_code(self, code: str, verifier: str, callback: str) -> Tokens:
        """The end of the web flow."""
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        return self._ask({**form, "redirect_uri": callback, **self._own()})

    def by_refresh(self, refresh: str) -> Tokens:
        """A new access token for a login that was made in the browser."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh}
        return self._ask({**form, **self._own()})

    def by_secret(self) -> Tokens:
        """Client credentials."""
        return self._ask({"grant_type": "client_credentials", **self._own()})

    def by_assertion(self, assertion: str) -> Tokens:
        """JWT bearer."""
        return self._ask({"grant_type": JWT_BEARER, "assertion": assertion})

    def _own(self) -> dict[str, str]:
        secret = {"client_secret": self.client_secret} if self.client_secret else {}
        return {"client_id": self.client_id, **secret}

    def _ask(self, form: Mapping[str, str]) -> Tokens:
        """One try.

        Raises:
            CredentialsError: refused, in the org's words. Transient: it may work in a while.
        """
        response = post(self.login_url, TOKEN, form, self.log)
        return _tokens(response, self.login_url)


def post(login_url: str, path: str, form: Mapping[str, str], log: Log | None) -> httpx.Response:
    """One POST of a form; redirects are not followed: the form holds secrets.

    Raises:
        CredentialsError: refused. Transient: a fault that passes.
    """
    register_secret(*(form[name] for name in SECRET_FIELDS if name in form))
    host, since, status = urlsplit(login_url).netloc, time.monotonic(), "-"
    try:
        with open_http(login_url) as http, deadline():
            response = send(http, "POST", path, data=dict(form))
        status = str(response.status_code)
    except httpx.HTTPError as error:
        raise errors.error_of_failure(error, host) from None
    finally:
        if log:
            log(f"POST {path} {status} {(time.monotonic() - since) * 1000:.0f} ms")
    if response.status_code != OK:
        raise _refusal(response, host)
    return response


def revoke(login_url: str, token: str, log: Log | None = None) -> None:
    """End a token; with a refresh token all access tokens that it has given.

    Raises:
        CredentialsError: the org does not know it (any more). Transient: a fault that passes.
    """
    post(login_url, REVOKE, {"token": token}, log)


def is_valid(instance_url: str, token: str) -> bool:
    """Whether the org takes a token at this moment; False where nobody can tell."""
    try:
        with open_http(instance_url) as http, deadline():
            headers = {"Authorization": f"Bearer {token}"}
            response = send(http, "GET", USERINFO, headers=headers)
    except (httpx.HTTPError, SalesforceError):
        return False
    return response.status_code == OK


def _tokens(response: httpx.Response, login_url: str) -> Tokens:
    host = urlsplit(login_url).netloc
    data = _object(response)
    access, refresh = (str(data.get(name) or "") for name in ("access_token", "refresh_token"))
    if not access or not is_sound(access) or not is_sound(refresh):
        raise _no_login_there(host)
    try:
        url = instance(str(data.get("instance_url") or ""), "The instance_url in the answer")
    except InputError as error:
        raise CredentialsError(f"{host}: {error.message}", error.hint, name=error.name) from None
    # Nobody out there may point us at something on this machine, where http would be taken.
    if is_loopback(urlsplit(url).hostname) and not is_loopback(urlsplit(login_url).hostname):
        raise CredentialsError(
            f"{host} sent an instance_url on this machine ({url}); it was not used",
            "Check --login-url.",
            name="InsecureUrl",
        )
    return Tokens(access=access, instance_url=url, refresh=refresh)


def _object(response: httpx.Response) -> dict[str, Any]:
    data = parse_json(response)
    return data if isinstance(data, dict) else {}


def _no_login_there(host: str) -> CredentialsError:
    return CredentialsError(
        f"{host} does not answer as a Salesforce login does",
        "Check --login-url: login.salesforce.com, test.salesforce.com or the org's My Domain, "
        "as example.my.salesforce.com.",
        name="NoLoginThere",
    )


def _refusal(response: httpx.Response, host: str) -> CredentialsError | SalesforceError:
    error, words = map(redact, errors.message_of(response))
    told = f"{error}: {words}" if words else error
    passing = bool(PASSING.search(told)) or response.status_code in errors.PASSING_STATUSES
    if passing or response.status_code >= SERVER_ERRORS_FROM:
        return Transient(
            f"{host} can't log anyone in now: {told or f'status {response.status_code}'}",
            errors.PASSING_HINT,
            status=response.status_code,
            code=error,
            retry_after=errors.retry_after(response),
        )
    if not error or response.status_code < REFUSED_FROM:
        return _no_login_there(host)
    return LoginRefused(f"{host} refused the login: {told}", advice(told))


PASSING = re.compile(
    r"login rate exceeded|rate limit|server_error|temporarily_unavailable", re.IGNORECASE
)
