"""Which letters follow each other in the words of a language: how likely a text is in it.

`letters.txt` holds the counts; `benchmarks/encodings/letters.py` makes it, and says what from.
"""

# ruff: noqa: RUF001  full-width signs are what CJK texts have

import math
import re
import unicodedata
from collections import defaultdict
from functools import cache
from importlib.resources import files

from bulkup.csvfile.encoding.signs import is_sign
from bulkup.csvfile.encoding.spelling import HALF_WIDTH

IDEOGRAPHIC = frozenset({"ja", "ko", "zh", "zh-Hant"})
"""Languages whose counts are of single characters, not of three in a row."""

_EDGE = "^"
_ASCII_WORD = re.compile("[A-Za-z]+")
_FOREIGN_LETTER = 1e-6
_OTHER_SCRIPT = 1e-8
_FULL_WIDTH = {
    "、": 2e-3, "。": 2e-3, "・": 2e-3, "ー": 5e-3, "（": 1e-3, "）": 1e-3, "「": 5e-4, "」": 5e-4,
    "々": 1e-3, "〒": 1e-4, "−": 1e-4, "－": 1e-3, "～": 1e-4, "，": 2e-3, "：": 1e-3, "　": 2e-3,
    "＆": 1e-4, "／": 1e-4, "《": 1e-4, "》": 1e-4, "；": 1e-4, "？": 1e-4, "！": 1e-4, "〇": 1e-4,
}  # fmt: skip
_FULL_WIDTH_DIGIT = 5e-4
_HALF_WIDTH = 5e-3


def split_words(text: str) -> list[str]:
    """The words of a text: runs of letters with the marks on them."""
    if text.isascii():
        return _ASCII_WORD.findall(text)
    return "".join(
        char
        if char in _FULL_WIDTH or not (char.isascii() or is_sign(char)) or char.isalpha()
        else " "
        for char in text
    ).split()


def fold(text: str) -> str:
    """The text in small letters, with one form for each letter that has several.

    No code page has Romanian's comma below, so its cedilla stands for it.
    """
    text = unicodedata.normalize("NFC", text).replace("İ", "\0").lower().replace("\0", "İ")
    return text.replace("ș", "ş").replace("ț", "ţ")


class Language:
    """The letters of one language, by counts of three in a row (`^` is a word's edge)."""

    def __init__(self, counts: dict[str, int]) -> None:
        self._three = counts
        self._two: dict[str, int] = defaultdict(int)
        self._one: dict[str, int] = defaultdict(int)
        self._before_three: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for letters, count in counts.items():
            self._two[letters[1:]] += count
            self._one[letters[2]] += count
            if letters[0] == _EDGE:
                self._two[letters[:2]] += count
                self._one[letters[1]] += count
            self._before_three[letters[:2]][0] += count
            self._before_three[letters[:2]][1] += 1
        self._before_two: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for letters, count in self._two.items():
            self._before_two[letters[0]][0] += count
            self._before_two[letters[0]][1] += 1
        self._total = sum(self._one.values())
        self._script = {_script(char) for char in self._one if char.isalpha()}

    def score(self, word: str) -> float:
        """The logarithm of how likely a folded word is."""
        result, text = 0.0, f"{_EDGE}{word}{_EDGE}"
        first, result = text[0], math.log(self._after(text[0], text[1]))
        for index in range(2, len(text)):
            first = text[index - 2 : index]
            result += math.log(self._after_two(first, text[index]))
        return result

    def _after_two(self, before: str, char: str) -> float:
        rest = self._after(before[1], char)
        if before not in self._before_three:
            return rest
        total, kinds = self._before_three[before]
        return (self._three.get(before + char, 0) + kinds * rest) / (total + kinds)

    def _after(self, before: str, char: str) -> float:
        rest = self._alone(char)
        if before not in self._before_two:
            return rest
        total, kinds = self._before_two[before]
        return (self._two.get(before + char, 0) + kinds * rest) / (total + kinds)

    def _alone(self, char: str) -> float:
        if count := self._one.get(char):
            return 0.97 * count / self._total
        return _FOREIGN_LETTER if _script(char) in self._script else _OTHER_SCRIPT


class IdeographicLanguage:
    """The characters of a language that has thousands of them, by counts of each.

    The standards order characters by how common they are: those of their first level, and the
    others. So a character that was never counted is not as rare as any other.
    """

    def __init__(
        self, counts: dict[str, int], kana: str, first_level: str, second_level: str
    ) -> None:
        total = sum(counts.values())
        self._chances = dict.fromkeys(second_level, 0.01 / max(1, len(second_level)))
        self._chances |= dict.fromkeys(first_level, 0.3 / len(first_level))
        self._chances |= dict.fromkeys(kana, 0.25 / max(1, len(kana)))
        for char, count in counts.items():
            chance = self._chances.get(char, 0)
            self._chances[char] = chance + (0.4 if kana else 0.65) * count / total
        for char, chance in _FULL_WIDTH.items():
            self._chances[char] = max(self._chances.get(char, 0), chance)

    def score(self, word: str) -> float:
        """The logarithm of how likely a folded word is."""
        return sum(math.log(self._alone(char)) for char in word)

    def _alone(self, char: str) -> float:
        if chance := self._chances.get(char):
            return chance
        wide = unicodedata.normalize("NFKC", char)
        if wide != char and wide.isascii() and wide.isalnum():
            return _FULL_WIDTH_DIGIT
        if char in HALF_WIDTH:
            return _HALF_WIDTH
        if char.isascii():
            return 1e-3
        return _OTHER_SCRIPT


def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]


@cache
def load_language(code: str) -> Language | IdeographicLanguage:
    """A language by its code."""
    size = 1 if code in IDEOGRAPHIC else 3
    counts = {
        letters[index : index + size]: int(count)
        for count, letters in _lines_by_code()[code]
        for index in range(0, len(letters), size)
    }
    return IdeographicLanguage(counts, *_levels(code)) if size == 1 else Language(counts)


@cache
def _lines_by_code() -> dict[str, list[tuple[str, str]]]:
    text = files("bulkup.csvfile.encoding").joinpath("letters.txt").read_text("utf-8")
    lines: dict[str, list[tuple[str, str]]] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            code, count, letters = line.split(" ")
            lines.setdefault(code, []).append((count, letters))
    return lines


# The first and last row (lead byte) of the first and the second level, in the standard's encoding.
_LEVELS = {
    "ja": ("euc_jp", (0xB0, 0xCF), (0xD0, 0xF4)),
    "ko": ("euc_kr", (0xB0, 0xC8), (0xCA, 0xFD)),
    "zh": ("gb2312", (0xB0, 0xD7), (0xD8, 0xF7)),
    "zh-Hant": ("big5", (0xA4, 0xC6), (0xC9, 0xF9)),
}


_KANA = (0xA4, 0xA5)


def _levels(code: str) -> tuple[str, str, str]:
    """The kana, if any, and the first and second level of a language's national standard."""
    name, first, second = _LEVELS[code]
    kana = _rows(name, *_KANA) if code == "ja" else ""
    return kana, _rows(name, *first), _rows(name, *second)


def _rows(name: str, first: int, last: int) -> str:
    trails = [*range(0x40, 0x7F), *range(0xA1, 0xFF)] if name == "big5" else range(0xA1, 0xFF)
    return "".join(
        bytes((lead, trail)).decode(name, "ignore")
        for lead in range(first, last + 1)
        for trail in trails
    )
