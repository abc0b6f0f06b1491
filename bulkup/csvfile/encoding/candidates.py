"""Encodings that a file may be in that is not marked, and how likely each is in a CRM's export.

Windows code pages are what Excel and ERP systems on Windows write; ISO's come from old Unix
systems, Mac's from Excel for Mac ('CSV (Macintosh)'), DOS's from old databases.
"""

import codecs
import locale
from dataclasses import dataclass

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


def _single(name: str, languages: str, prior: float, *, rare: bool = False) -> Candidate:
    return Candidate(
        name=codecs.lookup(name).name, languages=tuple(languages.split()), prior=prior, rare=rare
    )


def _multi(name: str, language: str, prior: float) -> Candidate:
    return Candidate(
        name=codecs.lookup(name).name,
        languages=(language,),
        prior=prior,
        rare=True,
        multibyte=True,
    )


CANDIDATES = (
    _single("cp1252", _WESTERN, 0),
    _single("cp1250", _CENTRAL, -0.5),
    _single("cp1251", _CYRILLIC, -0.5),
    _single("cp1253", "el", -0.5),
    _single("cp1254", "tr de", -0.5),
    _single("cp1255", "he", -0.5),
    _single("cp1256", "ar fa ur", -0.5),
    _single("cp1257", _BALTIC, -0.5),
    _single("cp1258", "vi", -2),
    _single("cp874", "th", -0.5),
    _multi("cp932", "ja", -0.5),
    _multi("cp949", "ko", -0.5),
    _multi("gb18030", "zh", -0.5),
    _multi("cp950", "zh-Hant", -0.5),
    _multi("euc_jp", "ja", -3),
    _multi("big5hkscs", "zh-Hant", -4),
    _single("iso8859-1", _WESTERN, -1),
    _single("iso8859-15", _WESTERN, -3),
    _single("iso8859-2", _CENTRAL, -2.5),
    _single("iso8859-5", _CYRILLIC, -4),
    _single("iso8859-6", "ar", -2.5),
    _single("iso8859-7", "el", -2),
    _single("iso8859-8", "he", -2),
    _single("iso8859-9", "tr de", -2),
    _single("iso8859-13", _BALTIC, -3),
    _single("iso8859-4", _BALTIC, -6),
    _single("koi8-r", "ru", -2.5),
    _single("koi8-u", "uk ru", -3),
    _single("mac-roman", _WESTERN, -5, rare=True),
    _single("mac-latin2", _CENTRAL, -7, rare=True),
    _single("mac-cyrillic", _CYRILLIC, -6, rare=True),
    _single("mac-greek", "el", -7, rare=True),
    _single("mac-turkish", "tr", -7, rare=True),
    _single("cp850", _WESTERN, -7, rare=True),
    _single("cp437", _WESTERN, -7.5, rare=True),
    _single("cp852", _CENTRAL, -6, rare=True),
    _single("cp857", "tr", -6, rare=True),
    _single("cp775", _BALTIC, -7, rare=True),
    _single("cp866", "ru uk be bg", -4, rare=True),
    _single("cp855", _CYRILLIC, -8, rare=True),
    _single("cp737", "el", -5, rare=True),
    _single("cp869", "el", -8, rare=True),
    _single("cp862", "he", -5, rare=True),
    _single("cp720", "ar fa", -6, rare=True),
)
"""The first of those that read a file alike is the one that is named."""


def of_this_machine() -> str:
    """The code page of Windows on this machine, in which its programs write; empty elsewhere."""
    name = codecs.lookup(locale.getpreferredencoding(do_setlocale=False)).name
    return name if name in {candidate.name for candidate in CANDIDATES} else ""
