"""Cells of a CSV as values: one function per column, made once, in Salesforce's strictness."""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial

from bulkup.localorg.data import ids
from bulkup.localorg.data.objects import OrgField
from bulkup.localorg.jobs import errors
from bulkup.localorg.jobs.errors import RowError

Convert = Callable[[str], object]
"""Turns a cell (not empty, not `#N/A`) into the value held; raises RowError."""

_DATE = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?",
    re.ASCII,
)
_DATETIME = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?(?:Z|[+-]\d{2}:?\d{2})", re.ASCII
)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3})?Z?", re.ASCII)
_INT = re.compile(r"[+-]?\d{1,11}", re.ASCII)
_DOUBLE = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
# Stricter than it is known to be: names and domains of ASCII, a domain of two labels at least.
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9]{2,}"
)
_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_INT_LIMIT = 2**31
_SHORT_TEXT = 80
_YEARS = range(1700, 4001)
_JAVA_PLAIN = (1e-3, 1e7)


def converter(field: OrgField, column: int) -> Convert:
    """The function that reads this field's cells; `column` is counted from 0."""
    make = _MAKERS.get(field.type, _text)
    return partial(make, field, column)


def rewritten(field: OrgField) -> Callable[[str], str] | None:
    """How results write this field's cells anew, or None where they stay as they came.

    Doubles are known to come back in Java's spelling. For booleans and datetimes nothing is
    confirmed: they are written anew too, since a client must be ready for it.
    """
    if field.type in {"double", "currency", "percent"}:
        return lambda cell: java_double(float(cell))
    if field.type == "boolean":
        return lambda cell: "true" if _TRUTH[cell.lower()] else "false"
    if field.type == "datetime":
        return _normal_datetime
    return None


def java_double(value: float) -> str:
    """A number as Java's Double.toString writes it: `50000.0`, `9.12260031E8`."""
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    low, high = _JAVA_PLAIN
    if value == 0 or low <= abs(value) < high:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    power = len(text) - 1 + int(exponent)
    text = text.rstrip("0")
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{power}"


def _text(field: OrgField, _column: int, cell: str) -> object:
    if field.length and len(cell) > field.length:
        shown = cell if len(cell) <= _SHORT_TEXT + 20 else cell[:_SHORT_TEXT] + "..."
        raise RowError(
            "STRING_TOO_LONG",
            f"{field.label}: data value too large: {shown} (max length={field.length})",
            field.name,
        )
    return cell


def _email(field: OrgField, column: int, cell: str) -> object:
    _text(field, column, cell)
    if not _EMAIL.fullmatch(cell):
        message = f"{field.label}: invalid email address: {cell}"
        raise RowError("INVALID_EMAIL_ADDRESS", message, field.name)
    return cell


def _choice(field: OrgField, column: int, cell: str) -> object:
    if field.restricted and cell not in field.choices:
        raise _bad_choice(field, cell)
    return _text(field, column, cell)


def _choices(field: OrgField, column: int, cell: str) -> object:
    for item in cell.split(";"):
        if field.restricted and item not in field.choices:
            raise _bad_choice(field, item)
    return _text(field, column, cell)


def _bad_choice(field: OrgField, cell: str) -> RowError:
    return RowError(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        f"{field.label}: bad value for restricted picklist field: {cell}",
        field.name,
    )


def _boolean(field: OrgField, column: int, cell: str) -> object:
    try:
        return _TRUTH[cell.lower()]
    except KeyError:
        raise errors.not_of_type(column, cell, "boolean", field.name) from None


def _int(field: OrgField, column: int, cell: str) -> object:
    if not _INT.fullmatch(cell) or not -_INT_LIMIT <= (value := int(cell)) < _INT_LIMIT:
        raise errors.not_of_type(column, cell, "int", field.name)
    return value


def _double(field: OrgField, column: int, cell: str) -> object:
    if not _DOUBLE.fullmatch(cell):
        raise errors.not_of_type(column, cell, "double", field.name)
    value = float(cell)
    if field.precision and abs(value) >= 10 ** (field.precision - field.scale):
        raise RowError(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.label}: value outside of valid range on numeric field: {java_double(value)}",
            field.name,
        )
    return value


def _date(field: OrgField, column: int, cell: str) -> object:
    # The guide's own sample has a zone behind a date; what an org makes of it is unconfirmed.
    try:
        if (match := _DATE.fullmatch(cell)) and date.fromisoformat(match[1]).year in _YEARS:
            return match[1]
    except ValueError:
        pass
    raise errors.not_of_type(column, cell, "date", field.name)


def _datetime(field: OrgField, column: int, cell: str) -> object:
    # A datetime without Z or offset is unconfirmed, hence refused.
    try:
        if _DATETIME.fullmatch(cell) and int(cell[:4]) in _YEARS:
            return _normal_datetime(cell)
    except (ValueError, OverflowError):
        pass
    raise errors.not_of_type(column, cell, "dateTime", field.name)


def _normal_datetime(cell: str) -> str:
    moment = datetime.fromisoformat(cell).astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _time(field: OrgField, column: int, cell: str) -> object:
    if not _TIME.fullmatch(cell):
        raise errors.not_of_type(column, cell, "time", field.name)
    return cell


def _id(field: OrgField, _column: int, cell: str) -> object:
    if (whole := ids.whole(cell)) is None:
        raise errors.wrong_id(field.label, cell, field.name)
    return whole


_MAKERS: dict[str, Callable[[OrgField, int, str], object]] = {
    "email": _email,
    "picklist": _choice,
    "multipicklist": _choices,
    "boolean": _boolean,
    "int": _int,
    "double": _double,
    "currency": _double,
    "percent": _double,
    "date": _date,
    "datetime": _datetime,
    "time": _time,
    "id": _id,
    "reference": _id,
}
