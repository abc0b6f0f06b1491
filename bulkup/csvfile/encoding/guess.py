"""Guesses the encoding of a sample: the best reading, and the next best where it is not clear.

A reading is as likely as its words are in the languages that are written in its encoding, each
word by the letters that follow each other in it. Encodings that read the sample alike are one
guess. A reading with control characters, or with characters that Unicode does not have, is none.
"""

import codecs
import math
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bulkup.csvfile.encoding.candidates import CANDIDATES, Candidate, of_this_machine
from bulkup.csvfile.encoding.languages import (
    IDEOGRAPHIC,
    fold,
    is_sign,
    languages,
    score_sign,
    split_words,
)
from bulkup.csvfile.encoding.sample import LONGEST_PIECE, Sample

CLEAR = 10.0
"""The natural logarithm of how much likelier the best reading has to be than any other."""

_FIRST_WORDS = 40
_MOST_WORDS = 400
_HOPELESS = 60.0
_FOREIGN = 0.1
_FOREIGN_CASE = -6.0
_LEAST_LETTERS = 2
_MACHINE = 1.5
_MAC_BREAKS = 10.0
_WINDOWS_BREAKS = 3.0
_MOST_ASCII_WORDS = 20
_ASCII_WEIGHT = 0.25
_ODD_PLACE = -5.0
_WITHIN = frozenset("’·–\u00ad")
_AFTER = frozenset("’”“…®™©»–—")
_BEFORE = frozenset("‘’“„«¿¡©€£•§–—·")
_NOISE_ASCII = -4.5
_NOISE_LETTER = -7.0
_NOISE_IDEOGRAPH = -10.5
_ENGLISH = "en"
_NO_TEXT = frozenset({"Cc", "Cn", "Co", "Cs"})


@dataclass(frozen=True, slots=True)
class Guess:
    """The best candidate; where it is not `clear`, `rival` may be right as well, if there is one."""

    best: Candidate
    rival: Candidate | None
    clear: bool


def guess(sample: Sample, excluded: Collection[str] = ()) -> Guess | None:
    """The best guess for a sample; None where no encoding reads it as text."""
    ordered = ranked(sample, excluded)
    if not ordered:
        return None
    best = ordered[0]
    rival = ordered[1] if len(ordered) > 1 else None
    ahead = best.score - rival.score if rival else math.inf
    return Guess(
        best=best.candidates[0],
        rival=rival.candidates[0] if rival else None,
        clear=ahead >= CLEAR and best.is_text,
    )


@dataclass(slots=True)
class Reading:
    """A sample as text, the candidates that read it so, and the logarithm of its chances."""

    texts: tuple[str, ...]
    candidates: list[Candidate]
    score: float = 0.0
    noise: float = 0.0

    @property
    def is_text(self) -> bool:
        """Whether the text is enough, and enough like a language's, to be believed."""
        letters = {char for text in self.texts for char in text if not char.isascii()}
        if self.candidates[0].rare and len(letters) < _LEAST_LETTERS:
            return False
        return self.score > self.noise


def ranked(sample: Sample, excluded: Collection[str] = ()) -> list[Reading]:
    """All readings of a sample, the best first."""
    by_text: dict[tuple[str, ...], Reading] = {}
    for candidate in CANDIDATES:
        if candidate.name not in excluded and (texts := _read(sample, candidate)):
            by_text.setdefault(texts, Reading(texts, [])).candidates.append(candidate)
    readings = list(by_text.values())
    ascii_words = [fold(word.decode()) for word in sample.words][:_MOST_ASCII_WORDS]
    for reading in readings:
        _score(sample, reading, ascii_words, _FIRST_WORDS)
    readings.sort(key=lambda reading: reading.score, reverse=True)
    if readings and len(sample.pieces) > _FIRST_WORDS:
        best = readings[0].score
        likely = [reading for reading in readings if reading.score > best - _HOPELESS]
        likely = likely if len(likely) > 1 else readings[:2]
        for reading in likely:
            _score(sample, reading, ascii_words, _MOST_WORDS)
        likely.sort(key=lambda reading: reading.score, reverse=True)
        readings = likely
    return readings


def _read(sample: Sample, candidate: Candidate) -> tuple[str, ...]:
    """The pieces as text; nothing where the encoding does not fit them."""
    try:
        if not candidate.multibyte and not _is_text(bytes(sample.high).decode(candidate.name)):
            return ()
        texts = tuple(_decode(piece, candidate.name) for piece in sample.pieces)
    except UnicodeDecodeError:
        return ()
    return texts if all(map(_is_text, texts)) else ()


def _decode(piece: bytes, name: str) -> str:
    decoder = codecs.getincrementaldecoder(name)()
    return decoder.decode(piece, final=len(piece) < LONGEST_PIECE)


def _is_text(text: str) -> bool:
    return not any(
        unicodedata.category(char) in _NO_TEXT or char == "\ufffd"
        for char in set(text)
        if not char.isascii()
    )


def _score(sample: Sample, reading: Reading, ascii_words: Sequence[str], limit: int) -> None:
    words: list[str] = []
    cost = 0.0
    for text in reading.texts[:limit]:
        cost += _cost_of_signs(text)
        for word in split_words(unicodedata.normalize("NFC", text)):
            words.append(fold(word))
            cost += _cost_of_case(word)
    by_candidate = [
        _prior(sample, candidate)
        + _sum_of_chances(
            [
                _in_language(code, candidate.languages, words, ascii_words)
                - math.log(len(candidate.languages))
                for code in candidate.languages
            ]
        )
        for candidate in reading.candidates
    ]
    reading.score = cost + _sum_of_chances(by_candidate)
    reading.noise = sum(map(_score_noise, words))


def _cost_of_signs(text: str) -> float:
    """What the signs of a piece cost, and more where they stand as they do in no language."""
    cost = 0.0
    for index, sign in enumerate(text):
        if is_sign(sign):
            cost += score_sign(sign)
            follows = index > 0 and text[index - 1].isalpha()
            leads = text[index + 1 : index + 2].isalpha()
            if follows and leads:
                cost += 0 if sign in _WITHIN else _ODD_PLACE
            elif (follows and sign not in _AFTER) or (leads and sign not in _BEFORE):
                cost += _ODD_PLACE
    return cost


def _cost_of_case(word: str) -> float:
    """What a word costs in which letters change between small and capital as nobody writes."""
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


def _prior(sample: Sample, candidate: Candidate) -> float:
    prior = candidate.prior
    if candidate.name == of_this_machine():
        prior += _MACHINE
    if candidate.name.startswith("mac"):
        prior += _MAC_BREAKS if sample.lone_returns else 0
        prior -= _WINDOWS_BREAKS if sample.windows_breaks else 0
    return prior


def _in_language(
    code: str, others: Sequence[str], words: Iterable[str], ascii_words: Iterable[str]
) -> float:
    """The logarithm of the chances of these words in a file of one language.

    Some words of it are of another language that the encoding has, or of none.
    """
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
    return languages()[code].score(word)


def _score_noise(word: str) -> float:
    """The chances of a word of which nothing is known."""
    return -8.0 + sum(
        _NOISE_ASCII if char.isascii() else _NOISE_IDEOGRAPH if char > "\u2e00" else _NOISE_LETTER
        for char in word
    )


def _sum_of_chances(logarithms: Sequence[float]) -> float:
    top = max(logarithms)
    return top + math.log(sum(math.exp(value - top) for value in logarithms))
