"""Makes the files of the benchmark: people of one language, written in one encoding."""

import random
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.encodings.people import PEOPLE, People

SIZES = {"one cell": 12, "3 rows": 8, "30 rows": 4, "1,000 rows": 1}
"""Files of each size for each language and encoding."""

_ROWS = {"3 rows": 3, "30 rows": 30, "1,000 rows": 1000}
_HEADER = "Email__c,FirstName,LastName,MailingStreet,MailingCity"
_ASCII_BYTES = ("utf-16", "iso2022")
_TONES = "\u0300\u0301\u0303\u0309\u0323"


@dataclass(frozen=True, slots=True)
class Case:
    """A file's bytes and the text that they are to be read as."""

    language: str
    encoding: str
    size: str
    text: str
    content: bytes


def cases() -> Iterator[Case]:
    """All files, the same ones each time; none that is UTF-8 by chance, which is read as such."""
    for language, people in PEOPLE.items():
        for encoding in people.encodings.split():
            lot = random.Random(f"{language} {encoding}")
            for size, count in SIZES.items():
                for text in _texts(people, encoding, size, count, lot):
                    content = encode(text, encoding)
                    if encoding.startswith(_ASCII_BYTES) or not _is_utf8(content):
                        yield Case(language, encoding, size, text, content)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _texts(
    people: People, encoding: str, size: str, count: int, lot: random.Random
) -> Iterator[str]:
    if size == "one cell":
        values = _values(people, encoding)
        for value in lot.sample(values, min(count, len(values))):
            yield f"Name\n{value}\n"
        return
    for _ in range(count):
        rows = [_row(people, encoding, number, lot) for number in range(_ROWS[size])]
        if "".join(rows).isascii():
            continue
        end = lot.choice(["\n", "\r\n"])
        if encoding.startswith("mac"):
            end = lot.choice(["\n", "\r"])
        yield end.join([_HEADER, *rows, ""])


def _values(people: People, encoding: str) -> list[str]:
    """Values with one letter that is not ASCII; of other alphabets any name."""
    values = [
        value
        for part in (people.given, people.family, people.cities)
        for value in part.split(", ")
        if not value.isascii() and _fits(value, encoding)
    ]
    single = [value for value in values if len(re.findall(r"[^\x00-\x7f]", value)) == 1]
    return single if len(single) > len(values) / 3 else values


def _row(people: People, encoding: str, number: int, lot: random.Random) -> str:
    parts = [
        lot.choice([value for value in part.split(", ") if _fits(value, encoding)])
        for part in (people.given, people.family, people.streets, people.cities)
    ]
    return ",".join([f"p{number}@example.com", *parts])


def _fits(value: str, encoding: str) -> bool:
    try:
        encode(value, encoding)
    except UnicodeEncodeError:
        return False
    return True


def encode(text: str, encoding: str) -> bytes:
    """The bytes; Windows-1258 has Vietnamese's tones as marks after the letter."""
    return (_with_marks(text) if encoding == "cp1258" else text).encode(encoding)


def _with_marks(text: str) -> str:
    result = ""
    for char in text:
        parts = unicodedata.normalize("NFD", char)
        tones = "".join(part for part in parts if part in _TONES)
        base = "".join(part for part in parts if part not in _TONES)
        result += unicodedata.normalize("NFC", base) + tones
    return result
