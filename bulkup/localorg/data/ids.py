"""Salesforce's Ids: 15 case-sensitive characters, or 18 with a checksum at the end."""

import re

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
SHORT = 15
LONG = 18
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?", re.ASCII)


def checksum(short: str) -> str:
    """The three characters that make 15 into 18: one for each group of five, by its capitals."""
    return "".join(
        CHECKSUM[sum(1 << i for i, char in enumerate(short[at : at + 5]) if "A" <= char <= "Z")]
        for at in (0, 5, 10)
    )


def make(prefix: str, number: int) -> str:
    """The 18-character Id of the `number`th thing with this prefix; later ones sort after."""
    digits = []
    for _ in range(SHORT - len(prefix)):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    short = prefix + "".join(reversed(digits))
    return short + checksum(short)


def whole(text: str) -> str | None:
    """The 18-character form of an Id of either length, or None for what is no Id."""
    if not _SHAPE.fullmatch(text):
        return None
    short = text[:SHORT]
    long = short + checksum(short)
    return long if text in (short, long) else None
