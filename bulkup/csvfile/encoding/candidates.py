"""Encodings that a file may be in that is not marked, and how likely each is in a CRM's export.

Windows code pages are what Excel and ERP systems on Windows write; ISO's come from old Unix
systems, Mac's from Excel for Mac ('CSV (Macintosh)'), DOS's from old databases.
"""

import codecs
import locale
from dataclasses import dataclass
from functools import partial

_WESTERN = "en de fr es pt it nl sv da no fi is ga ca et"
_CENTRAL = "pl cs sk hu ro hr sl sq de"
_BALTIC = "et lt lv"
_CYRILLIC = "ru uk bg mk sr be"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An encoding by Python's name, the languages written in it, and how likely it is.

    `prior` is the logarithm of how much rarer it is than Windows' code page of the same language.
    `rare`: a letter or two are not enough to believe it (DOS, Mac, East Asia). `multibyte`: its
    characters have one byte or more.
    """

    name: str
    languages: tuple[str, ...]
    prior: float
    rare: bool = False
    multibyte: bool = False

    @property
    def is_of_mac(self) -> bool:
        """Whether it is one of Apple's, from before Macs had Unicode."""
        return self.name.startswith("mac")


def _candidate(
    name: str, languages: str, prior: float, *, rare: bool = False, multibyte: bool = False
) -> Candidate:
    return Candidate(
        name=codecs.lookup(name).name,
        languages=tuple(languages.split()),
        prior=prior,
        rare=rare,
        multibyte=multibyte,
    )


_of_several_bytes = partial(_candidate, rare=True, multibyte=True)


CANDIDATES = (
    _candidate("cp1252", _WESTERN, 0),
    _candidate("cp1250", _CENTRAL, -0.5),
    _candidate("cp1251", _CYRILLIC, -0.5),
    _candidate("cp1253", "el", -0.5),
    _candidate("cp1254", "tr de", -0.5),
    _candidate("cp1255", "he", -0.5),
    _candidate("cp1256", "ar fa ur", -0.5),
    _candidate("cp1257", _BALTIC, -0.5),
    _candidate("cp1258", "vi", -2),
    _candidate("cp874", "th", -0.5),
    _of_several_bytes("cp932", "ja", -0.5),
    _of_several_bytes("cp949", "ko", -0.5),
    _of_several_bytes("gb18030", "zh", -0.5),
    _of_several_bytes("cp950", "zh-Hant", -0.5),
    _of_several_bytes("euc_jp", "ja", -3),
    _of_several_bytes("big5hkscs", "zh-Hant", -4),
    _candidate("iso8859-1", _WESTERN, -1),
    _candidate("iso8859-15", _WESTERN, -3),
    _candidate("iso8859-2", _CENTRAL, -2.5),
    _candidate("iso8859-5", _CYRILLIC, -4),
    _candidate("iso8859-6", "ar", -2.5),
    _candidate("iso8859-7", "el", -2),
    _candidate("iso8859-8", "he", -2),
    _candidate("iso8859-9", "tr de", -2),
    _candidate("iso8859-13", _BALTIC, -3),
    _candidate("iso8859-4", _BALTIC, -6),
    _candidate("koi8-r", "ru", -2.5),
    _candidate("koi8-u", "uk ru", -3),
    _candidate("mac-roman", _WESTERN, -5, rare=True),
    _candidate("mac-latin2", _CENTRAL, -7, rare=True),
    _candidate("mac-cyrillic", _CYRILLIC, -6, rare=True),
    _candidate("mac-greek", "el", -7, rare=True),
    _candidate("mac-turkish", "tr", -7, rare=True),
    _candidate("cp850", _WESTERN, -7, rare=True),
    _candidate("cp437", _WESTERN, -7.5, rare=True),
    _candidate("cp852", _CENTRAL, -6, rare=True),
    _candidate("cp857", "tr", -6, rare=True),
    _candidate("cp775", _BALTIC, -7, rare=True),
    _candidate("cp866", "ru uk be bg", -4, rare=True),
    _candidate("cp855", _CYRILLIC, -8, rare=True),
    _candidate("cp737", "el", -5, rare=True),
    _candidate("cp869", "el", -8, rare=True),
    _candidate("cp862", "he", -5, rare=True),
    _candidate("cp720", "ar fa", -6, rare=True),
)
"""The first of those that read a file alike is the one that is named."""


def of_this_machine() -> str:
    """The code page of Windows on this machine, in which its programs write; empty elsewhere."""
    name = codecs.lookup(locale.getpreferredencoding(do_setlocale=False)).name
    return name if name in {candidate.name for candidate in CANDIDATES} else ""
