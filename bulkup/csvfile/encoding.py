"""Determines a file's encoding: by its byte order mark, by being UTF-8, or from a sample."""

import codecs
import locale
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bulkup.errors import InputError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The encodings of exports, the most likely first: it wins where a sample fits several.
_GUESSES = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258",
    "cp874", "cp932", "gb18030", "cp949", "big5", "euc_jp", "koi8_r", "mac_roman", "cp850",
)  # fmt: skip
_NAMES = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "utf-32-le": "UTF-32 LE",
    "utf-32-be": "UTF-32 BE",
    "iso8859-1": "Latin-1",
    "mac-roman": "Mac Roman",
}
_MAC = "mac_roman"
_NOT_LATIN = {
    "cp1251", "cp1253", "cp1255", "cp1256", "cp874", "koi8_r", "gb18030", "cp949", "big5", "euc_jp",
}  # fmt: skip
_CLOSE = 0.03
_ENOUGH = 1 << 15
_SEVERAL_BYTES = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_WINDOWS_LETTERS = re.compile(rb"[\xc0-\xff]")
# But for what Windows-1252 has there for Euro, quotes, dashes and dots, which are no letters.
_MAC_LETTERS = re.compile(rb"[\x81\x83\x86-\x8a\x8c-\x90\x98\x9a\x9c-\x9f]")
_BESIDE_LATIN = re.compile(rb"[A-Za-z][\xc0-\xff]|[\xc0-\xff][A-Za-z]")
_BESIDE_EACH_OTHER = re.compile(rb"[\xa1-\xff]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """An encoding by Python's name, the file's byte order mark, and whether it is a guess."""

    name: str
    mark: bytes = b""
    guessed: bool = False

    @property
    def shown(self) -> str:
        """The name as people know it."""
        if self.name.startswith("cp125"):
            return f"Windows-{self.name[2:]}"
        return _NAMES.get(self.name, self.name)


def named(name: str, head: bytes) -> Encoding:
    """The encoding that the user named; a byte order mark that fits it is not part of the text.

    Raises:
        InputError: there is no encoding of this name.
    """
    try:
        "".encode(name)  # says of hex, rot13 and the like that they are no encodings of text
        wanted = codecs.lookup(name)
    except (LookupError, ValueError):
        raise InputError(
            f"There is no encoding {name!r}",
            "Common ones are utf-8, utf-16, cp1252 (Windows, Western Europe) and latin-1.",
            name="InvalidOption",
        ) from None
    marked = by_mark(head)
    if wanted.name in {"utf-16", "utf-32"}:
        fits = marked and marked.name.startswith(wanted.name)
        return marked if marked and fits else Encoding(name=f"{wanted.name}-le")
    if wanted.name in {"utf-8-sig", "utf-8"}:
        return marked if marked and marked.name == "utf-8" else Encoding(name="utf-8")
    return marked if marked and marked.name == wanted.name else Encoding(name=wanted.name)


def by_mark(head: bytes) -> Encoding | None:
    """The encoding by a byte order mark, or by the zeros of UTF-16 without one, if any."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name=name, mark=mark)
    first = [byte == 0 for byte in head[:8]]
    if first[:4] in ([False, True] * 2, [False, True]):
        return Encoding(name="utf-16-le")
    if first[:4] in ([True, False] * 2, [True, False]):
        return Encoding(name="utf-16-be")
    return None


def mostly_utf8(sample: bytes) -> bool:
    """Whether most characters of a sample are UTF-8: then the others are damage."""
    good = len(_SEVERAL_BYTES.findall(sample))
    bad = len(re.findall(rb"[\x80-\xff]", _SEVERAL_BYTES.sub(b"", sample)))
    return good > bad


def guesses(sample: bytes) -> Iterator[Encoding]:
    """Encodings that a sample may be in, the most likely first; the last one fits all bytes."""
    from charset_normalizer import from_bytes  # noqa: PLC0415  slow to import, rarely needed

    lines = b"\n".join(line for line in sample.splitlines() if not line.isascii())[:_ENOUGH]
    known = [name for name in dict.fromkeys((_of_this_machine(), *_GUESSES)) if name]
    matches = list(from_bytes(lines, cp_isolation=[*known]))
    least_chaos = min((match.chaos for match in matches), default=0.0)
    near = [
        (-match.coherence, known.index(name), name)
        for match in matches
        if match.chaos <= least_chaos + _CLOSE
        for name in match.could_be_from_charset
        if name in known
    ]
    likely = [name for *_, name in sorted(near)]
    unlikely = _unlikely(sample)
    plausible = [name for name in likely if name not in unlikely]
    for name in dict.fromkeys([*plausible, "cp1252", *likely, "iso8859-1"]):
        yield Encoding(name=codecs.lookup(name).name, guessed=True)


def _unlikely(sample: bytes) -> set[str]:
    """Encodings that fit the bytes, but not what people write."""
    return (set() if _may_be_mac(sample) else {_MAC}) | (
        set() if _may_be_of_another_alphabet(sample) else _NOT_LATIN
    )


def _may_be_mac(sample: bytes) -> bool:
    """Whether an old Mac may have written it: neither its line ends nor its letters are Windows'.

    Windows-1252 has its letters from 0xC0 on, and Mac Roman most of them before 0xA0.
    """
    if 2 * sample.count(b"\r\n") > sample.count(b"\n"):
        return False
    return len(_WINDOWS_LETTERS.findall(sample)) < len(_MAC_LETTERS.findall(sample))


def _may_be_of_another_alphabet(sample: bytes) -> bool:
    """Whether letters that are not ASCII stand beside each other rather than beside Latin ones."""
    beside_latin = len(_BESIDE_LATIN.findall(sample))
    return len(_BESIDE_EACH_OTHER.findall(sample)) >= max(1, beside_latin)


def _of_this_machine() -> str:
    """The code page of Windows on this machine, in which its programs write; empty elsewhere."""
    name = codecs.lookup(locale.getpreferredencoding(do_setlocale=False)).name
    return name if name.startswith("cp12") else ""


_LETTER = re.compile(r"[^\W\d_\x00-\x7f]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_AROUND = 200
"""Characters on either side of a letter: the example that is shown is shorter."""


def better_example(example: str, text: str) -> str:
    """Part of a line with a letter that is not ASCII; `example` where that has one already.

    Without such a letter in the text, one with another character that is not ASCII.
    """
    if text.isascii() or _LETTER.search(example):
        return example
    match = _LETTER.search(text) or (None if example else _NOT_ASCII.search(text))
    if match is None:
        return example
    before = re.split(r"[\r\n]", text[max(0, match.start() - _AROUND) : match.start()])[-1]
    after = re.split(r"[\r\n]", text[match.start() : match.end() + _AROUND])[0]
    return before + after


def example_cell(line: str, char: str) -> str:
    """The cell of an example line that shows the encoding; `char` separates cells."""
    cells = [cell.strip(' "') for cell in line.split(char)]
    with_letter = [cell for cell in cells if _LETTER.search(cell)]
    return (with_letter or [cell for cell in cells if not cell.isascii()] or [""])[0]
