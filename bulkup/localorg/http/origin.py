"""Protection from web pages: which hosts and origins requests may name.

A page in a browser can reach a server on loopback. By DNS rebinding its own host name resolves
to 127.0.0.1, and then it may read the answers too; the `Host` header still holds that name.
"""

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback_host(host: str) -> bool:
    """Whether a `Host` header names this machine: localhost, 127.0.0.0/8 or [::1], any port."""
    try:
        parts = urlsplit(f"//{host}")
        name = parts.hostname or ""
        if parts.netloc != host or parts.username is not None:
            return False
        return name in {"localhost", "localhost."} or ip_address(name).is_loopback
    except ValueError:
        return False


def is_cross_origin(headers: Mapping[str, str]) -> bool:
    """Whether a browser sent this request from a page of another origin.

    Browsers send `Origin` with every POST; other clients don't. Names of headers are in lower
    case.
    """
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")
