"""`python -m benchmarks.encodings.letters`: makes `bulkup/csvfile/encoding/letters.txt`.

It counts letters in the words of two collections, which are not among the requirements
(`pip install faker babel`): the names, streets, companies and jobs of Faker
(https://github.com/joke2k/faker, MIT licence), and the names of countries, cities, languages,
currencies, units and dates in Unicode's CLDR, as Babel has it (Unicode licence v3).
The words of this benchmark are left out, so that it is not asked what it was taught.
"""

import importlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.encodings.people import PEOPLE
from bulkup.csvfile.encoding.languages import IDEOGRAPHIC, fold, split_words

TO = Path(__file__).parents[2] / "bulkup" / "csvfile" / "encoding" / "letters.txt"
LOCALES = {
    "en": "en_US en_GB en_CA",
    "de": "de_DE de_AT de_CH",
    "fr": "fr_FR fr_CA fr_CH fr_BE fr_QC",
    "es": "es_ES es_MX es_AR es_CO es_CL es_CA es",
    "pt": "pt_BR pt_PT",
    "it": "it_IT",
    "nl": "nl_NL nl_BE",
    "sv": "sv_SE",
    "da": "da_DK",
    "no": "no_NO",
    "fi": "fi_FI",
    "is": "is_IS",
    "ga": "ga_IE",
    "ca": "",
    "pl": "pl_PL",
    "cs": "cs_CZ",
    "sk": "sk_SK",
    "hu": "hu_HU",
    "ro": "ro_RO",
    "hr": "hr_HR",
    "sl": "sl_SI",
    "sq": "",
    "tr": "tr_TR",
    "et": "et_EE",
    "lt": "lt_LT",
    "lv": "lv_LV",
    "ru": "ru_RU",
    "uk": "uk_UA",
    "bg": "bg_BG",
    "mk": "mk_MK",
    "sr": "",
    "be": "",
    "el": "el_GR",
    "he": "he_IL",
    "ar": "ar_AA ar_SA ar_PS ar_DZ ar_EG",
    "fa": "fa_IR",
    "ur": "",
    "th": "th_TH th",
    "vi": "vi_VN",
    "ja": "ja_JP",
    "ko": "ko_KR",
    "zh": "zh_CN",
    "zh-Hant": "zh_TW",
}
"""The locales of Faker by the code of the language, which is CLDR's but for these:"""

_CLDR = {"no": "nb", "zh": "zh_Hans", "zh-Hant": "zh_Hant"}
_PROVIDERS = (
    "person address company job color automotive currency date_time geo bank phone_number lorem"
)
_PARTS = (
    "territories languages currency_names months days quarters date_fields unit_display_names "
    "time_zones meta_zones compound_unit_patterns unit_patterns scripts eras day_periods variants"
)
_RARE = 4


def main() -> None:
    taught = {
        word
        for people in PEOPLE.values()
        for part in (people.given, people.family, people.streets, people.cities)
        for word in split_words(fold(part))
    }
    lines = [
        "# Three letters in a row (of Japanese, Korean and Chinese: one) and how often they are,",
        "# counted in the words of Faker (MIT licence) and of CLDR (Unicode licence v3)",
        "# by benchmarks/encodings/letters.py.",
    ]
    for code, locales in LOCALES.items():
        texts = [*_of_faker(locales), *_of_cldr(_CLDR.get(code, code))]
        words = {word for text in texts for word in split_words(fold(text))} - taught
        lines += _lines(code, _count(code, words))
    TO.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _of_faker(locales: str) -> Iterator[str]:
    for locale in locales.split():
        for provider in _PROVIDERS.split():
            try:
                module = importlib.import_module(f"faker.providers.{provider}.{locale}")
            except ModuleNotFoundError:
                continue
            for name, value in vars(module.Provider).items():
                if not name.startswith("__"):
                    yield from (text for text in _strings(value) if "{{" not in text)


def _of_cldr(code: str) -> Iterator[str]:
    data = importlib.import_module("babel.localedata").load(code)
    for part in _PARTS.split():
        yield from _strings(list(data.get(part, {}).values()))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if "%" not in value:
            yield value
    elif isinstance(value, dict):
        yield from _strings([*value.keys(), *value.values()])
    elif isinstance(value, list | tuple | set):
        for item in value:
            yield from _strings(item)


def _count(code: str, words: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for word in words:
        if code in IDEOGRAPHIC:
            counts.update(char for char in word if not char.isascii())
        else:
            text = f"^{word}^"
            counts.update(text[index : index + 3] for index in range(len(text) - 2))
    return counts


def _lines(code: str, counts: Counter[str]) -> Iterator[str]:
    """A line for each count, large ones rounded down; what is ASCII and seen once is left out."""
    by_count: dict[int, list[str]] = {}
    for letters, count in counts.items():
        if count > 1 or not letters.isascii():
            half = 1 << max(0, count.bit_length() - 2)
            rounded = count if count < _RARE else count // half * half
            by_count.setdefault(rounded, []).append(letters)
    for count, found in sorted(by_count.items()):
        yield f"{code} {count} {''.join(sorted(found))}"


if __name__ == "__main__":
    main()
