"""What tells a wrong encoding in a word of any language: capitals and alphabets that are mixed."""

import unicodedata
from functools import lru_cache
from itertools import pairwise

HALF_WIDTH = frozenset(map(chr, range(0xFF66, 0xFFA0)))
"""Katakana of one byte in Shift JIS, as banks use them for names."""

FIRST_IDEOGRAPH = "\u2e00"
"""Where the characters of Chinese, Japanese and Korean begin."""

_FOREIGN_CASE = -6.0
_TWO_ALPHABETS = -8.0
_IDEOGRAPHS = "CJK"
_IDEOGRAPH_BY_SMALL = -6.0
_IDEOGRAPH_BY_CAPITAL = -2.0
_LONELY_HALF = -8.0
_SOME_HALF = -4.0


def score_spelling(word: str) -> float:
    """The logarithm by which a word is less likely than its letters are; 0 for most."""
    return 0.0 if word.isascii() else _cost_of_case(word) + _cost_of_mixture(word)


def _cost_of_case(word: str) -> float:
    """Letters that change between small and capital as nobody writes: `JosÉ`, `MüLLER`."""
    cost = 0.0
    for index, char in enumerate(word):
        if char.isascii() or char.lower() == char.upper():
            continue
        before, after = word[index - 1 : index] if index else "", word[index + 1 : index + 2]
        from_small = char.isupper() and before.islower()
        in_capitals = char.islower() and before.isupper() and (after.isupper() or index > 1)
        if from_small or in_capitals:
            cost += _FOREIGN_CASE
    return cost


def _cost_of_mixture(word: str) -> float:
    """Letters of two alphabets in a word, and katakana of one byte, which few files have."""
    half = sum(char in HALF_WIDTH for char in word)
    cost = _LONELY_HALF if half == 1 else _SOME_HALF if half else 0.0
    for before, after in pairwise(word):
        first, second = _alphabet(before), _alphabet(after)
        if first == second or "" in {first, second}:
            continue
        if _IDEOGRAPHS in {first, second}:
            small = before.islower() or after.islower()
            cost += _IDEOGRAPH_BY_SMALL if small else _IDEOGRAPH_BY_CAPITAL
        else:
            cost += _TWO_ALPHABETS
    return cost


@lru_cache(maxsize=1 << 14)
def _alphabet(char: str) -> str:
    if not char.isalpha():
        return ""
    return _IDEOGRAPHS if char >= FIRST_IDEOGRAPH else unicodedata.name(char, "").split(" ")[0]
