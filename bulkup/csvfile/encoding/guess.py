"""Guesses the encoding of a sample: the best reading, and the next best where it is not clear.

A reading is as likely as its words are in the languages that are written in its encoding, each
word by the letters that follow each other in it. Encodings that read the sample alike are one
guess. A reading with control characters, or with characters that Unicode does not have, is none.
"""

import codecs
import math
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from bulkup.csvfile.encoding.candidates import CANDIDATES, Candidate
from bulkup.csvfile.encoding.sample import LONGEST_PIECE, Sample
from bulkup.csvfile.encoding.score import Reading, is_enough, score_reading

CLEAR = 10.0
"""The natural logarithm of how much likelier the best reading has to be than any other."""

CLEAR_BY_ONE_WORD = 12.0
"""The same where there is only one word to go by."""

_FEW_PIECES = 40
_MANY_PIECES = 400
_HOPELESS = 60.0
_NO_TEXT = frozenset({"Cc", "Cn", "Co", "Cs"})


@dataclass(frozen=True, slots=True)
class Guess:
    """The best candidate; where it is not `clear`, `rival`, if any, may be right as well."""

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
    needed = CLEAR if len(sample.pieces) > 1 else CLEAR_BY_ONE_WORD
    return Guess(
        best=best.candidates[0],
        rival=rival.candidates[0] if rival else None,
        clear=ahead >= needed and best.like_words and is_enough(sample, best),
    )


def ranked(sample: Sample, excluded: Collection[str] = ()) -> list[Reading]:
    """All readings of a sample, the best first."""
    by_text: dict[tuple[str, ...], Reading] = {}
    for candidate in CANDIDATES:
        if candidate.name not in excluded and (texts := _read(sample, candidate)):
            by_text.setdefault(texts, Reading(texts, [])).candidates.append(candidate)
    readings = list(by_text.values())
    _rank(sample, readings, _FEW_PIECES)
    if readings and len(sample.pieces) > _FEW_PIECES:
        least = readings[0].score - _HOPELESS
        hopeful = sum(reading.score > least for reading in readings)
        del readings[max(2, hopeful) :]
        _rank(sample, readings, _MANY_PIECES)
    return readings


def _rank(sample: Sample, readings: list[Reading], limit: int) -> None:
    for reading in readings:
        score_reading(sample, reading, limit)
    readings.sort(key=lambda reading: reading.score, reverse=True)


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
