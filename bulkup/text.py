"""Words and numbers for people: the closest name, shell quoting, amounts, sizes, durations."""

import re
import shlex
from collections.abc import Iterable
from difflib import get_close_matches

_CLOSE = 0.75
KILO = 1000
MINUTE = 60
LAST_BYTE = 0xFF

UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Characters that steer a terminal or reorder what it shows: C0 but tab and newline, DEL, C1,
line and paragraph separators, and Unicode's controls of direction."""


def safe_text(text: str) -> str:
    r"""The text for a terminal: a control character is shown as `\x1b`, and has no effect."""
    return UNSAFE.sub(lambda result: _escape(ord(result[0])), text)


def safe_json(text: str) -> str:
    r"""A JSON document for a terminal: the same characters as `\u001b`, which JSON reads back."""
    return UNSAFE.sub(lambda result: f"\\u{ord(result[0]):04x}", text)


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code <= LAST_BYTE else f"\\u{code:04x}"


def plain(name: str) -> str:
    """The name without case, blanks, underscores, hyphens, and the `__c` of a custom field."""
    short = name.strip().lower().removesuffix("__c")
    return "".join(char for char in short if char not in " _-.\t\u00a0")


def closest(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant, or nothing. The first of equals wins."""
    by_plain: dict[str, str] = {}
    for known_one in known:
        by_plain.setdefault(plain(known_one), known_one)
    near = get_close_matches(plain(name), by_plain, n=1, cutoff=_CLOSE)
    return by_plain[near[0]] if near else ""


def as_argument(text: str) -> str:
    """The text as one argument of a shell."""
    return shlex.quote(text)


def amount(count: int, word: str) -> str:
    """`1 row`, `1,234 rows`."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def size(count: float) -> str:
    """Bytes for people, in decimal units as in Salesforce's limits."""
    for unit in ("B", "kB", "MB"):
        if count < KILO:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= KILO
    return f"{count:.2f} GB"


def duration(seconds: float) -> str:
    """Seconds for people."""
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), MINUTE)
    hours, minutes = divmod(minutes, MINUTE)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
