"""Where the credentials come from: an option, the environment, a stored login, in this order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bulkup.auth.environment import ORG, TOKEN, URL, login_in
from bulkup.auth.logins import Login, LoginFlow, Orgs
from bulkup.auth.secret_store import Secrets, SecretStore
from bulkup.auth.token_source import Renewal, get_tokens, login_command
from bulkup.errors import CredentialsError
from bulkup.salesforce.bearer import TokenAuth, is_sound
from bulkup.salesforce.oauth import Log
from bulkup.salesforce.urls import instance

LOGIN_HINT = (
    f"Log in with: bulkup login. Or set {URL} and {TOKEN}. "
    "To try it with no Salesforce at all, add: --org local"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A way into one org. `way` says which, `place` where they were found; never what."""

    alias: str
    instance_url: str
    way: str
    place: str
    auth: TokenAuth = field(repr=False)


def find(
    alias: str | None,
    environment: Mapping[str, str],
    config: Path,
    *,
    log: Log | None = None,
    tell: Callable[[str], None] = lambda _text: None,
) -> Credentials:
    """The credentials for an alias; without one those in the environment, else the default login.

    The client credentials and the key of the environment are used at once, since only the answer
    tells the instance; a stored login asks for a token when one is needed. `log` hears of requests
    for tokens, `tell` of a renewed login that could not be kept.

    Raises:
        CredentialsError: there are none, half of them, one is empty, or they are refused.
        InputError: a URL is malformed. Transient: the org does not answer now.
    """
    keychain = SecretStore(config)
    if not alias and (held := login_in(environment)) is not None:
        login, secrets, place = held
        return _of_environment(login, secrets, place, keychain, log)
    if alias == "" or (alias is None and environment.get(ORG) == ""):
        raise CredentialsError(
            f"The name of the org is empty (--org or {ORG})",
            f"Give one that bulkup orgs shows, or unset {ORG} to use the default login.",
            name="EmptyVariable",
        )
    login = _stored(alias, Orgs(config))
    secrets = keychain.find(login)
    renewal = Renewal(login, secrets, keychain, log=log, tell=tell)
    hint = f"Type: {login_command(login)}"
    return Credentials(
        alias=login.alias,
        instance_url=instance(login.instance_url, f"instance_url of {login.alias!r}"),
        way=str(login.way),
        place=f"the login {login.alias!r}, {_kept(login, keychain)}",
        auth=TokenAuth(_sound(secrets.access, keychain.place(login), hint), renewal),
    )


def _stored(alias: str | None, orgs: Orgs) -> Login:
    login = orgs.get(alias) if alias else orgs.default()
    if login is None:
        raise CredentialsError("Not logged in to any org", LOGIN_HINT, name="NotLoggedIn")
    return login


def _kept(login: Login, keychain: SecretStore) -> str:
    asked = {
        LoginFlow.JWT: f"signed with {login.key_file}",
        LoginFlow.SF: f"its token from sf ({login.sf})",
    }
    return asked.get(login.way) or f"its secret in {keychain.place(login)}"


def _of_environment(
    login: Login, secrets: Secrets, place: str, keychain: SecretStore, log: Log | None
) -> Credentials:
    if login.way is LoginFlow.TOKEN:
        return ready(alias="", instance_url=login.instance_url, token=secrets.access, place=place)
    first = get_tokens(login, secrets, log)
    # What is renewed later must be for the same org.
    login = replace(login, instance_url=first.instance_url)
    renewal = Renewal(login, secrets, keychain, log=log)
    return Credentials(
        alias="",
        instance_url=first.instance_url,
        way=str(login.way),
        place=place,
        auth=TokenAuth(first.access, renewal),
    )


def ready(*, alias: str, instance_url: str, token: str, place: str = "") -> Credentials:
    """Credentials from a token that is at hand; `place` says where it was found.

    Raises:
        InputError: the URL is malformed. CredentialsError: the token can't be one.
    """
    return Credentials(
        alias=alias,
        instance_url=instance(instance_url, place or "The instance URL"),
        way=str(LoginFlow.TOKEN),
        place=place,
        auth=TokenAuth(_sound(token, place or "what was given")),
    )


def _sound(token: str, place: str, hint: str = "") -> str:
    if is_sound(token):
        return token
    raise CredentialsError(
        f"The access token in {place} has a character that no token has",
        hint or "Copy it again, without blanks, quotes or line breaks.",
        name="MalformedToken",
    )
