"""How likely a reading of a sample is: by its words in the languages of its encoding, and signs."""

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bulkup.csvfile.encoding.candidates import Candidate, of_this_machine
from bulkup.csvfile.encoding.languages import IDEOGRAPHIC, fold, load_language, split_words
from bulkup.csvfile.encoding.sample import Sample
from bulkup.csvfile.encoding.signs import score_signs
from bulkup.csvfile.encoding.spelling import FIRST_IDEOGRAPH, score_spelling

_MACHINE = 1.5
_MAC_BREAKS = 10.0
_WINDOWS_BREAKS = 3.0
_FOREIGN = 0.1
_ENGLISH = "en"
_MOST_ASCII_WORDS = 20
_ASCII_WEIGHT = 0.25
_NOISE = -8.0
_NOISE_ASCII = -4.5
_NOISE_LETTER = -7.0
_NOISE_IDEOGRAPH = -10.5
_LIKE_NOISE = 0.85
_LEAST_LETTERS = 2


@dataclass(slots=True)
class Reading:
    """A sample as text, the candidates that read it so, and the logarithm of its chances.

    `like_words`: its words are those of a language rather than any letters.
    """

    texts: tuple[str, ...]
    candidates: list[Candidate]
    score: float = 0.0
    like_words: bool = False


def score_reading(sample: Sample, reading: Reading, limit: int) -> None:
    """Score the first pieces of a reading, at most `limit`."""
    words: list[str] = []
    score = 0.0
    for piece in reading.texts[:limit]:
        score_of_signs, text = score_signs(piece)
        score += score_of_signs
        for word in split_words(unicodedata.normalize("NFC", text)):
            words.append(fold(word))
            score += score_spelling(word)
    ascii_words = [fold(word.decode()) for word in sample.words][:_MOST_ASCII_WORDS]
    reading.score = score + _sum_of_chances(
        [
            _prior(sample, candidate) + _score_words(candidate.languages, words, ascii_words)
            for candidate in reading.candidates
        ]
    )
    best = max(_score_words(candidate.languages, words) for candidate in reading.candidates)
    reading.like_words = best >= _LIKE_NOISE * sum(map(_score_noise, words))


def is_enough(sample: Sample, reading: Reading) -> bool:
    """Whether a reading has letters enough for its encoding to be believed."""
    best = reading.candidates[0]
    expected = best.is_of_mac and sample.lone_returns
    letters = {char for text in reading.texts for char in text if not char.isascii()}
    return expected or not best.rare or len(letters) >= _LEAST_LETTERS


def _prior(sample: Sample, candidate: Candidate) -> float:
    prior = candidate.prior
    if candidate.name == of_this_machine():
        prior += _MACHINE
    if candidate.is_of_mac:
        prior += _MAC_BREAKS if sample.lone_returns else 0
        prior -= _WINDOWS_BREAKS if sample.windows_breaks else 0
    return prior


def _score_words(
    codes: Sequence[str], words: Iterable[str], ascii_words: Iterable[str] = ()
) -> float:
    """The logarithm of the chances of words in a file of any of these languages.

    `ascii_words` stand on the same lines: they tell the language, whatever the encoding.
    """
    scores = [_score_in_language(code, codes, words, ascii_words) for code in codes]
    return _sum_of_chances(scores) - math.log(len(codes))


def _score_in_language(
    code: str, others: Sequence[str], words: Iterable[str], ascii_words: Iterable[str]
) -> float:
    """The same for one language: some of its words are of another one, or of none."""
    total = 0.0
    for word in words:
        rest = [_score_word(other, word) for other in others if other != code]
        rest.append(_score_noise(word))
        share = math.log(_FOREIGN / len(rest))
        chances = [math.log(1 - _FOREIGN) + _score_word(code, word)]
        total += _sum_of_chances([*chances, *(share + score for score in rest)])
    for word in ascii_words:
        english = _score_word(_ENGLISH, word)
        own = english if code in IDEOGRAPHIC else _score_word(code, word)
        total += _ASCII_WEIGHT * max(_sum_of_chances([own, english]), _score_noise(word))
    return total


@lru_cache(maxsize=1 << 16)
def _score_word(code: str, word: str) -> float:
    return load_language(code).score(word)


def _score_noise(word: str) -> float:
    """The chances of a word of which nothing is known."""
    return _NOISE + sum(
        _NOISE_ASCII
        if char.isascii()
        else _NOISE_IDEOGRAPH
        if char >= FIRST_IDEOGRAPH
        else _NOISE_LETTER
        for char in word
    )


def _sum_of_chances(logarithms: Sequence[float]) -> float:
    top = max(logarithms)
    return top + math.log(sum(math.exp(value - top) for value in logarithms))
