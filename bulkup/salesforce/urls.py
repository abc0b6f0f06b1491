"""Addresses of orgs as people type them, and those that a token may be sent to."""

import ipaddress
import re
from urllib.parse import urlsplit

from bulkup.errors import InputError

PRODUCTION = "https://login.salesforce.com"
SANDBOX = "https://test.salesforce.com"
SHARED = frozenset({PRODUCTION, SANDBOX})
SANDBOX_HOST = re.compile(r"[^.]+--[^.]+\.|.*\.(sandbox|scratch)\.")
# What stands in a browser's address line, and what the API listens to.
BROWSER_HOST = re.compile(r"\.(lightning\.force|my\.salesforce-setup)\.com$")

KINDS = {
    "sandbox": "sandbox",
    "scratch": "scratch",
    "develop": "developer",
    "trailblaze": "developer",
}


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def instance(url: str, place: str) -> str:
    """The scheme and host of an org's URL.

    Raises:
        InputError: it is none, or would carry the token in the clear.
    """
    try:
        parts = urlsplit(url.strip() if "://" in url else f"https://{url.strip()}")
        _ = parts.port
        sound = bool(parts.hostname) and not re.search(r"[\s@\\]", parts.netloc)
    except ValueError:
        parts, sound = urlsplit(""), False
    if not sound or parts.scheme not in {"http", "https"}:
        raise InputError(
            f"{place} is no URL of an org: {_shown(url)!r}",
            "Write it like https://example.my.salesforce.com",
            name="MalformedUrl",
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise InputError(
            f"{place} begins with http://, which would send the token in the clear",
            f"Write it with https: https://{parts.netloc}",
            name="InsecureUrl",
        )
    host = BROWSER_HOST.sub(".my.salesforce.com", parts.netloc.lower())
    return f"{parts.scheme}://{host}"


def org_kind(url: str) -> str:
    """`local`, `sandbox`, `scratch`, `developer` or `production`, by the host of an org's URL.

    Salesforce's My Domain host names say what an org is: `acme--uat.sandbox.my.salesforce.com`,
    `….scratch.my.salesforce.com`, `….develop.my.salesforce.com`. What none of them says may be
    production, so it is called that.
    """
    host = (urlsplit(url).hostname or "").lower()
    if is_loopback(host):
        return "local"
    for word, kind in KINDS.items():
        if f".{word}." in host:
            return kind
    old_sandbox = "--" in host.partition(".")[0] or re.match(r"(cs\d+|test)\.", host)
    return "sandbox" if old_sandbox else "production"


def describe_org(alias: str, url: str, username: str = "") -> str:
    """The org for people: `prod (acme.my.salesforce.com, production) as ann@acme.com`."""
    host, kind = urlsplit(url).netloc, org_kind(url)
    org = f"{alias} ({host}, {kind})" if alias else f"{host} ({kind})"
    return f"{org} as {username}" if username else org


def _shown(url: str) -> str:
    """Without what stands before an @: it could be a password."""
    return re.sub(r"[^/@]*@", "", url)


def audience(login_url: str) -> str:
    """Whom a JWT assertion is for: one of two addresses, also at a My Domain."""
    host = urlsplit(login_url).hostname or ""
    is_sandbox = login_url == SANDBOX or SANDBOX_HOST.match(host)
    return SANDBOX if is_sandbox else PRODUCTION
