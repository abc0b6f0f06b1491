"""An encoding: by the name that the user gave it, and under the name that people know."""

import codecs
from dataclasses import dataclass

from bulkup.errors import InputError

_NAMES = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "utf-32-le": "UTF-32 LE",
    "utf-32-be": "UTF-32 BE",
    "iso8859-1": "Latin-1",
    "mac-roman": "Mac Roman",
    "mac-latin2": "Mac Central European",
    "mac-cyrillic": "Mac Cyrillic",
    "mac-greek": "Mac Greek",
    "mac-turkish": "Mac Turkish",
    "cp932": "Shift JIS (Windows-932)",
    "cp949": "EUC-KR (Windows-949)",
    "cp950": "Big5 (Windows-950)",
    "big5hkscs": "Big5-HKSCS",
    "gb18030": "GB 18030",
    "euc_jp": "EUC-JP",
    "iso2022_jp": "ISO-2022-JP",
    "iso2022_jp_ext": "ISO-2022-JP",
    "iso2022_kr": "ISO-2022-KR",
    "koi8-r": "KOI8-R",
    "koi8-u": "KOI8-U",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """An encoding by Python's name, the file's byte order mark, and whether it is a guess."""

    name: str
    mark: bytes = b""
    guessed: bool = False

    @property
    def shown(self) -> str:
        """The name as people know it."""
        if self.name in _NAMES:
            return _NAMES[self.name]
        if self.name == "cp874" or self.name.startswith("cp125"):
            return f"Windows-{self.name[2:]}"
        if self.name.startswith("iso8859-"):
            return f"ISO-8859-{self.name[8:]}"
        return f"DOS {self.name[2:]}" if self.name.startswith("cp") else self.name


def named(name: str, marked: Encoding | None) -> Encoding:
    """The encoding that the user named; a byte order mark that fits it is not part of the text.

    `marked` is the encoding that the file's mark says, if any.

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
    if wanted.name in {"utf-16", "utf-32"}:
        fits = marked and marked.name.startswith(wanted.name)
        return marked if marked and fits else Encoding(name=f"{wanted.name}-le")
    if wanted.name in {"utf-8-sig", "utf-8"}:
        return marked if marked and marked.name == "utf-8" else Encoding(name="utf-8")
    return marked if marked and marked.name == wanted.name else Encoding(name=wanted.name)
