"""The secrets that this process knows, so that a traceback can be written without them.

What we write ourselves holds none. This is for what libraries write when they crash.
"""

import json
from urllib.parse import quote, quote_plus

SHORTEST = 4
"""Shorter ones would hide plain words."""
MARK = "[hidden]"

_known: set[str] = set()


def register_secret(*secrets: str) -> None:
    """Hide these from now on, in every form in which a request or a file holds them."""
    for secret in secrets:
        if len(secret) >= SHORTEST:
            in_json, in_python = json.dumps(secret)[1:-1], repr(secret)[1:-1]
            _known.update((secret, quote(secret), quote_plus(secret), in_json, in_python))


def redact(text: str) -> str:
    """The text without the secrets that are known."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, MARK)
    return text
