"""A wrong value and the form that would be taken, in a few words."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from difflib import get_close_matches

from bulkup.check.cells import record_ids
from bulkup.model import Field

_LONGEST_SHOWN = 60
_DAYS = (
    "%d.%m.%Y", "%d.%m.%y", "%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d-%m-%Y",
    "%m-%d-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%Y-%m-%d",
)  # fmt: skip
_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M %p", "%I:%M:%S %p", "%H:%M:%S.%f")
_TRUE = {"true", "yes", "y", "1", "ja", "oui", "si", "sí", "x", "on", "t", "wahr", "vrai"}
_FALSE = {"false", "no", "n", "0", "nein", "non", "off", "f", "falsch", "faux"}


def quote_value(value: str) -> str:
    """The value in quotes, on one line, cut where it is long."""
    text = " ".join(value.split("\n")).replace("\r", "")
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")


def suggest_value(code: str, value: str, field: Field | None) -> str:
    """The form of this value that would be taken, or nothing where nobody can tell."""
    suggest = _SUGGESTIONS.get(code)
    form = suggest(value.strip(), field) if suggest and field else ""
    return "" if form == value else form


def _date(value: str, _field: Field) -> str:
    readings = {parsed.date() for form in _DAYS if (parsed := _parsed(value, form))}
    readings |= {parsed.date() for parsed in [_iso(value)] if parsed}
    return _only_reading(readings)


def _only_reading(readings: set[date]) -> str:
    """The only reading; where there are two, as of 03/04/2026, nobody can tell."""
    return f"{readings.pop():%Y-%m-%d}" if len(readings) == 1 else ""


def _datetime(value: str, field: Field) -> str:
    moment = _iso(value)
    if moment and len(value) > len("2026-11-24"):
        zone = moment.isoformat()[19:].lstrip(".0123456789")
        if not zone:
            return _with_offset(f"{moment:%Y-%m-%dT%H:%M:%S}")
        return f"{moment:%Y-%m-%dT%H:%M:%S}{'Z' if zone == '+00:00' else zone}"
    day, _, clock = value.partition(" ")
    if (first := _date(day, field)) and (time := _clock(clock)):
        return _with_offset(f"{first}T{time}")
    only = _date(value, field)
    return _with_offset(f"{only}T00:00:00") if only else ""


def _with_offset(local: str) -> str:
    """What to write for a time without a zone: nobody knows of which zone it is."""
    return f"{local} and your offset, as in {local}+01:00 (Z is UTC)"


def _time(value: str, _field: Field) -> str:
    result = _clock(value)
    return f"{result}.000Z" if result else ""


def _clock(value: str) -> str:
    result = next((parsed for form in _CLOCKS if (parsed := _parsed(value, form))), None)
    return f"{result:%H:%M:%S}" if result else ""


def _parsed(value: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(value, form)  # noqa: DTZ007  a person's date has no zone
    except ValueError:
        return None


def _iso(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _number(value: str, _field: Field) -> str:
    plain = re.sub(r"[\s\u00a0\u202f'€$£%]|EUR|USD", "", value)
    if re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+,\d+", plain) or re.fullmatch(r"[+-]?\d+,\d+", plain):
        if re.fullmatch(r"[+-]?\d{1,3},\d{3}", plain):
            return ""  # 1,234 may be either
        plain = plain.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+\.\d+", plain) or re.fullmatch(
        r"[+-]?\d{1,3}(,\d{3}){2,}", plain
    ):
        plain = plain.replace(",", "")
    return plain if re.fullmatch(r"[+-]?\d+(\.\d+)?", plain) else ""


def _integer(value: str, field: Field) -> str:
    plain = _number(value, field) or value
    whole = re.fullmatch(r"([+-]?\d{1,9})(\.0*)?", plain)
    return whole[1] if whole else ""


def _boolean(value: str, _field: Field) -> str:
    word = value.lower()
    return "true" if word in _TRUE else "false" if word in _FALSE else ""


def _choice(value: str, field: Field) -> str:
    return ";".join(
        part if part in field.picklist_values else _nearest(part.strip(), field) or part
        for part in value.split(";")
    ) if _some_near(value, field) else ""  # fmt: skip


def _some_near(value: str, field: Field) -> bool:
    return any(
        part not in field.picklist_values and _nearest(part.strip(), field)
        for part in value.split(";")
    )


def _nearest(value: str, field: Field) -> str:
    by_lower = {choice.lower(): choice for choice in reversed(field.picklist_values)}
    near = get_close_matches(value.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[near[0]] if near else ""


def _email(value: str, _field: Field) -> str:
    plain = re.sub(r"\s", "", value.strip("<>\"' ").removeprefix("mailto:")).replace(",", ".")
    good = re.fullmatch(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(\.[\w-]+)+", plain, re.ASCII)
    return plain if good and ".." not in plain else ""


def _id(value: str, _field: Field) -> str:
    return record_ids.whole(value) if re.fullmatch("[0-9A-Za-z]{15}", value) else ""


def _restored_id(value: str, _field: Field) -> str:
    """The Id of 18 characters whose capitals were lost as a whole: its end tells them."""
    return record_ids.restore(value) if value in {value.lower(), value.upper()} else ""


def _without_zone(value: str, _field: Field) -> str:
    return value[: len("2026-11-24")]


_SUGGESTIONS: Mapping[str, Callable[[str, Field], str]] = {
    "NOT_A_DATE": _date,
    "NOT_A_DATETIME": _datetime,
    "NOT_A_TIME": _time,
    "NOT_A_NUMBER": _number,
    "NOT_AN_INTEGER": _integer,
    "NOT_A_BOOLEAN": _boolean,
    "BOOLEAN_IN_WORDS": _boolean,
    "NOT_IN_PICKLIST": _choice,
    "NEW_PICKLIST_VALUE": _choice,
    "NOT_AN_EMAIL": _email,
    "MALFORMED_ID": _id,
    "WRONG_ID_CHECKSUM": _restored_id,
    "DATE_WITH_ZONE": _without_zone,
}
