"""Where the credentials come from: an option, the environment, a stored login, in this order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bulkup.errors import CredentialsError, InputError
from bulkup.salesforce.auth import TokenAuth
from bulkup.salesforce.client import is_loopback

URL, TOKEN = "BULKUP_INSTANCE_URL", "BULKUP_ACCESS_TOKEN"
WAYS_IN = (
    f"Set {URL} and {TOKEN}, or log in with: bulkup login. "
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
    config: Path,  # noqa: ARG001 -- stored logins follow
) -> Credentials:
    """The credentials for an alias, or those that the environment holds.

    Raises:
        CredentialsError: there are none, or half of them.
        InputError: a URL is malformed.
    """
    if alias is None and (environment.get(URL) or environment.get(TOKEN)):
        return _from_environment(environment)
    if alias is not None:
        raise CredentialsError(f"There is no login named {alias!r}", WAYS_IN, name="UnknownOrg")
    raise CredentialsError("Not logged in to any org", WAYS_IN, name="NotLoggedIn")


def ready(*, alias: str, instance_url: str, token: str, place: str = "") -> Credentials:
    """Credentials from a token that is at hand.

    Raises:
        InputError: the URL is malformed. CredentialsError: the token can't be one.
    """
    if not token.isascii() or not token.isprintable() or " " in token:
        raise CredentialsError(
            "The access token has a character that no token has",
            "Copy it again, without blanks, quotes or line breaks.",
            name="MalformedToken",
        )
    return Credentials(
        alias=alias,
        instance_url=instance(instance_url, place or "The instance URL"),
        way="token",
        place=place,
        auth=TokenAuth(token),
    )


def instance(url: str, place: str) -> str:
    """The scheme and host of an org's URL.

    Raises:
        InputError: it is none, or would carry the token in the clear.
    """
    parts = urlsplit(url.strip() if "://" in url else f"https://{url.strip()}")
    try:
        _ = parts.port
        sound = bool(parts.hostname) and " " not in parts.netloc and "@" not in parts.netloc
    except ValueError:
        sound = False
    if not sound or parts.scheme not in {"http", "https"}:
        raise InputError(
            f"{place} is no URL of an org: {url!r}",
            "Write it like https://example.my.salesforce.com",
            name="MalformedUrl",
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise InputError(
            f"{place} begins with http://, which would send the token in the clear",
            f"Write it with https: https://{parts.netloc}",
            name="InsecureUrl",
        )
    return f"{parts.scheme}://{parts.netloc}"


def _from_environment(environment: Mapping[str, str]) -> Credentials:
    missing = [name for name in (URL, TOKEN) if not environment.get(name)]
    if missing:
        given = URL if missing == [TOKEN] else TOKEN
        raise CredentialsError(
            f"{given} is set, and {missing[0]} is not", f"Set both. {WAYS_IN}", name="HalfSet"
        )
    return ready(
        alias="",
        instance_url=environment[URL],
        token=environment[TOKEN].strip(),
        place=URL,
    )
