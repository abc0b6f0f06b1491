"""How likely signs are (quotes, currencies, degrees …), by themselves and where they stand.

A wrong encoding turns letters into signs within words: `M³ller`, `Jos‚`, `CantØ`.
"""

# ruff: noqa: RUF001, RUF002  curly quotes and dashes are what this is about

import math
import re
import unicodedata

COMMON = frozenset("’‘“”„–—…€°ºª®™©«»·•\u00a0§½¼¾£¿¡´²³µ±×")
"""Signs that names, addresses and prices hold in any language."""

_COMMON = math.log(3e-3)
_DIGIT = math.log(1e-4)
_RARE = math.log(1e-6)
_ALONE = frozenset("€£©®™–—…•“”‘’«»°")
_COST_ALONE = -2.5
_BESIDE_DIGIT = frozenset("°²³½¼¾£€±×µºª§–")
_COST_BESIDE_DIGIT = -2.0
_WITHIN = frozenset("’·–\u00ad")
_AFTER = frozenset("’”“…®™©»–—ºª°²³")
_BEFORE = frozenset("‘“„«¿¡©€£•§–—·°")
_ODD_PLACE = -5.0
_ELISION = re.compile(r"\b(?:[A-Za-z]|[Qq]u)’(?=[^\W\d_]{2})|(?<=[^\W\d_])’(?:[dsmt]|ll|re|ve)\b")
_COST_OF_ELISION = -5.0
_MARKS = frozenset({"Mn", "Mc"})


def is_sign(char: str) -> bool:
    """Whether a character is neither ASCII nor part of a word."""
    if char.isascii() or (char.isalpha() and char not in COMMON):
        return False
    return unicodedata.category(char) not in _MARKS


def score_signs(text: str) -> tuple[float, str]:
    """The logarithm of the chances of the signs of a text, and the text without elisions.

    `L’`, `d’` and `’s` are left out, since they are no words.
    """
    text, elisions = _ELISION.subn(" ", text)
    places = (index for index, char in enumerate(text) if is_sign(char))
    return elisions * _COST_OF_ELISION + sum(_score(text, index) for index in places), text


def _score(text: str, index: int) -> float:
    sign, before, after = text[index], text[max(0, index - 1) : index], text[index + 1 : index + 2]
    if sign in _BESIDE_DIGIT and (before.isdecimal() or after.isdecimal()):
        return _COST_BESIDE_DIGIT
    follows, leads = before.isalpha(), after.isalpha()
    if not (follows or leads) and sign in _ALONE:
        return _COST_ALONE
    usual = _COMMON if sign in COMMON else _DIGIT if sign.isdecimal() else _RARE
    if follows and leads:
        return usual if sign in _WITHIN else usual + _ODD_PLACE
    fits = not (follows and sign not in _AFTER) and not (leads and sign not in _BEFORE)
    return usual if fits else usual + _ODD_PLACE
