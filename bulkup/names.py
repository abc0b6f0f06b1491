"""Names that people type: the closest one that exists, and how to write one on the command line."""

import shlex
from collections.abc import Iterable
from difflib import get_close_matches

_CLOSE = 0.75


def plain(name: str) -> str:
    """The name without case, blanks, underscores, hyphens, and the `__c` of a custom field."""
    short = name.strip().lower().removesuffix("__c")
    return "".join(char for char in short if char not in " _-.\t\u00a0")


def closest(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant, or nothing. The first of equals wins."""
    by_plain: dict[str, str] = {}
    for one in known:
        by_plain.setdefault(plain(one), one)
    near = get_close_matches(plain(name), by_plain, n=1, cutoff=_CLOSE)
    return by_plain[near[0]] if near else ""


def as_argument(text: str) -> str:
    """The text as one argument of a shell."""
    return shlex.quote(text)
