"""Collects what a guess goes by, in constant memory: pieces of text that are not ASCII."""

import codecs
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

MOST_PIECES = 1500
LONGEST_PIECE = 400
_MOST_WORDS = 60
_MOST_BLOCKS = 16
_WORDS_FROM = 1 << 14
_ASCII = bytes(range(0x80))
# No encoding has a byte below 0x30, or of : ; < = > ?, within a character of several bytes.
_PIECE = re.compile(rb"[0-9@-\xff]+")
_HIGH = re.compile(rb"[\x80-\xff]")
_LEAST_UTF8 = 0.1
_BEFORE = 40
_LONGEST_RUN = 1 << 16
_WORD = re.compile(rb"(?<![0-9@-\xff.])[A-Za-z]{3,20}(?![0-9@-\xff.@])")


@dataclass(slots=True)
class Sample:
    """Distinct pieces of a file without blanks, each with bytes that are not ASCII.

    All such bytes of the file are in `high`, and each of them is in a piece, so that what single
    bytes mean is known for the whole file. `words` are ASCII ones of the same lines.
    """

    pieces: dict[bytes, None] = field(default_factory=dict)
    words: dict[bytes, None] = field(default_factory=dict)
    high: set[int] = field(default_factory=set)
    carriage_returns: int = 0
    line_feeds: int = 0
    windows_breaks: int = 0
    _blocks: int = 0

    @property
    def lone_returns(self) -> bool:
        """Whether lines end in a carriage return alone, as on Macs of before 2001."""
        return self.carriage_returns > self.line_feeds

    @property
    def is_damaged_utf8(self) -> bool:
        """Whether so many pieces are UTF-8 that the others are damage, or of another file.

        Pieces of other encodings are UTF-8 by chance, too, but then as letters of several
        alphabets: `Dvořák` in Mac Central European has one of the Maldives.
        """
        utf8 = [piece for piece in self.pieces if _is_utf8(piece)]
        with_letters = sum(map(_is_latin, utf8))
        count = len(self.pieces)
        return 2 * len(utf8) > count or with_letters > _LEAST_UTF8 * count

    def add(self, block: bytes) -> None:
        """Add a block of the file that ends at the end of a line, or of the file."""
        if self.carriage_returns + self.line_feeds < MOST_PIECES:
            self.carriage_returns += block.count(b"\r")
            self.line_feeds += block.count(b"\n")
            self.windows_breaks += block.count(b"\r\n")
        if block.isascii():
            return
        if len(self.pieces) < MOST_PIECES and self._blocks < _MOST_BLOCKS:
            self._blocks += 1
            self._add_pieces(block)
        if len(self.words) < _MOST_WORDS:
            self._add_words(block)
        new = set(block.translate(None, _ASCII + bytes(self.high)))
        for byte in new - self.high:
            self._add_piece_with(byte, block)
        self.high |= new

    def sort(self) -> None:
        """Put first the pieces that have bytes which those before them do not have."""
        seen: set[int] = set()
        first: dict[bytes, None] = {}
        for piece in self.pieces:
            if not seen.issuperset(piece.translate(None, _ASCII)):
                first[piece] = None
                seen.update(piece)
        self.pieces = first | self.pieces

    def _add_pieces(self, block: bytes) -> None:
        for run in dict.fromkeys(_PIECE.findall(block)):
            if match := _HIGH.search(run):
                piece = _cut(run, match.start())
                self.pieces[piece] = None
                self.high.update(piece.translate(None, _ASCII))
                if len(self.pieces) >= MOST_PIECES:
                    return

    def _add_words(self, block: bytes) -> None:
        for line in re.split(rb"[\r\n]+", block[:_WORDS_FROM]):
            if not line.isascii():
                self.words.update(dict.fromkeys(_WORD.findall(line)))

    def _add_piece_with(self, byte: int, block: bytes) -> None:
        place = block.index(byte)
        start = max(block.rfind(b"\n", 0, place), block.rfind(b"\r", 0, place)) + 1
        for match in _PIECE.finditer(block, start):
            if match.end() > place:
                # From its beginning, since a character of several bytes can't be cut in two.
                if (end := place - match.start()) < _LONGEST_RUN:
                    self.pieces[match[0][: max(LONGEST_PIECE, end + 4)]] = None
                return


def _cut(run: bytes, place: int) -> bytes:
    """The part of a run with its first byte that is not ASCII, which is at this place."""
    start = place - _BEFORE if place > LONGEST_PIECE - _BEFORE else 0
    return run[start : start + LONGEST_PIECE]


def _is_utf8(piece: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(piece, len(piece) < LONGEST_PIECE)
    except UnicodeDecodeError:
        return False
    return True


def _is_latin(piece: bytes) -> bool:
    """Whether a piece in UTF-8 has ASCII letters, and no letters but Latin ones."""
    letters = [char for char in piece.decode("utf-8", "ignore") if char.isalpha()]
    has_ascii = any(map(str.isascii, letters))
    return has_ascii and all(unicodedata.name(char, "").startswith("LATIN") for char in letters)


def collect_sample(blocks: Iterable[bytes]) -> Sample:
    """Read all blocks of a file; each ends at the end of a line, or of the file."""
    sample = Sample()
    for block in blocks:
        sample.add(block)
    sample.sort()
    return sample
