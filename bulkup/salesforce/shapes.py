"""Values out of Salesforce's JSON, each of the kind that it has to be.

What is missing or null is empty: answers of several versions have fewer keys. A value of another
kind is no answer of Salesforce's, and asking again may help.
"""

import math
from collections.abc import Mapping
from typing import Any

from bulkup.errors import Transient
from bulkup.salesforce.errors import PASSING_HINT

MOST_DIGITS = 18


def text(data: Mapping[str, Any], key: str) -> str:
    """A text, or a number as text; empty where there is none.

    Raises:
        Transient: it is something else.
    """
    value = data.get(key)
    if value is None:
        return ""
    if isinstance(value, str | float | int) and not isinstance(value, bool):
        return str(value)
    raise unexpected(key, "a text", value)


def flag(data: Mapping[str, Any], key: str, *, default: bool = False) -> bool:
    """True or false.

    Raises:
        Transient: it is something else.
    """
    value = data.get(key)
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    raise unexpected(key, "true or false", value)


def whole_number(data: Mapping[str, Any], key: str) -> int:
    """A whole number; 0 where there is none.

    Raises:
        Transient: it is something else.
    """
    value = data.get(key)
    if value is None:
        return 0
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        number = int(value)
        if abs(number) < 10**MOST_DIGITS:
            return number
    raise unexpected(key, "a number", value)


def objects(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """A list of objects; empty where there is none.

    Raises:
        Transient: it is something else.
    """
    return objects_of(data.get(key) or [], key)


def objects_of(value: object, name: str) -> list[dict[str, Any]]:
    """A list of objects that is called so.

    Raises:
        Transient: it is something else.
    """
    if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        return value
    raise unexpected(name, "a list of objects", value)


def texts(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """A list of texts; empty where there is none.

    Raises:
        Transient: it is something else.
    """
    value = data.get(key) or []
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return tuple(value)
    raise unexpected(key, "a list of texts", value)


def unexpected(key: str, expected: str, value: object) -> Transient:
    """The error for a value of another kind than expected."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    kind = "nothing" if value is None else kinds.get(type(value), "a number")
    return Transient(
        f"Salesforce's answer has {kind} as {key!r} where {expected} was expected", PASSING_HINT
    )
