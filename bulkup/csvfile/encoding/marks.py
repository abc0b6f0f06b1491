"""What a file says of its encoding itself: byte order mark, the zeros of UTF-16, escapes."""

import codecs

from bulkup.csvfile.encoding.names import Encoding

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The size of a unit, and which of its bytes are zero where it is ASCII.
_WITHOUT_MARK = (
    ("utf-32-le", 4, {1, 2, 3}),
    ("utf-32-be", 4, {0, 1, 2}),
    ("utf-16-le", 2, {1}),
    ("utf-16-be", 2, {0}),
)
_STRUCTURE = "\n\r,;\t"
_LEAST_ZEROS = 0.05
_STRAY = 0.34
_ESCAPES = (
    # ECMA-35; ISO-2022-JP is RFC 1468, its katakana of one byte (ext) is Windows' CP50221.
    ("iso2022_kr", "\x1b$)C"),
    ("iso2022_jp", "\x1b$B"),
    ("iso2022_jp", "\x1b$@"),
    ("iso2022_jp", "\x1b(J"),
    ("iso2022_jp_ext", "\x1b(I"),
)


def by_mark(head: bytes) -> Encoding | None:
    """The encoding by a byte order mark, or by the zeros of UTF-16 without one, if any."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name=name, mark=mark)
    if b"\0" not in head:
        return None
    return next(
        (
            Encoding(name=name)
            for name, size, zeros in _WITHOUT_MARK
            if _has_units(head, name, size, zeros)
        ),
        None,
    )


def _has_units(head: bytes, name: str, size: int, zeros: set[int]) -> bool:
    """Whether the zeros stand where breaks, delimiters and digits of the encoding have them.

    A text in ASCII with a few NUL bytes reads as UTF-16, too: as rare ideographs.
    """
    head = head[: len(head) - len(head) % size]
    try:
        text = codecs.getincrementaldecoder(name)().decode(head)
    except UnicodeDecodeError:
        return False
    if "\0" in text:
        return False
    counts = [head[place::size].count(0) for place in range(size)]
    expected = min(counts[place] for place in zeros)
    stray = sum(counts[place] for place in set(range(size)) - zeros)
    if expected < max(1, _LEAST_ZEROS * len(text)) or stray > _STRAY * expected:
        return False
    units = sum(map(text.count, _STRUCTURE))
    return 2 * units >= sum(head.count(char.encode()) for char in _STRUCTURE)


def by_escapes(text: str) -> list[Encoding]:
    """The encodings that switch between alphabets by the escape sequences of this text.

    Their bytes are all ASCII. The later ones know escapes that the first does not.
    """
    names = [name for name, escape in _ESCAPES if escape in text]
    if "iso2022_jp" in names:
        names.append("iso2022_jp_ext")
    return [Encoding(name=name) for name in dict.fromkeys(names)]
