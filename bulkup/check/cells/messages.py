"""What a finding about cells says: the first value that is wrong, and the form to write."""

from collections.abc import Mapping

from bulkup.check.cells.record_ids import prefixes_shown
from bulkup.check.cells.suggestions import quote_value, suggest_value
from bulkup.check.cells.tests import limit
from bulkup.check.column import Column
from bulkup.model import Field

_SAYS: Mapping[str, tuple[str, str]] = {
    # code: what is said of the value, and what to write where no better form is known
    "NOT_A_NUMBER": ("is no number", "write it like 1234.5"),
    "NOT_AN_INTEGER": ("is no whole number that fits", "write it like 1234"),
    "NOT_A_DATE": ("is no date that Salesforce takes", "write it like 2026-11-24"),
    "NOT_A_DATETIME": (
        "is no date and time that Salesforce takes",
        "write it like 2026-11-24T04:05:06Z",
    ),
    "NOT_A_TIME": ("is no time that Salesforce takes", "write it like 04:05:06.000Z"),
    "NOT_A_BOOLEAN": ("is neither true nor false", "write true or false"),
    "BOOLEAN_IN_WORDS": ("may not be taken as a boolean", "write true or false"),
    "NOT_AN_EMAIL": ("is no email address", "write it like anna@example.com"),
    "MALFORMED_ID": ("is no Id", "an Id has 15 or 18 letters and digits"),
    "WRONG_ID_CHECKSUM": (
        "is no Id: its last three characters do not fit the rest",
        "export it again; a spreadsheet may have changed capitals",
    ),
    "BLANKS_AROUND": ("begins or ends with blanks", "Salesforce keeps them"),
    "WRONG_ENCODING": ("looks as if it was read in a wrong encoding", "export it again as UTF-8"),
}


def describe_finding(code: str, column: Column, value: str) -> str:
    """One sentence about the first wrong value of a column."""
    field = column.field or column.reference
    name = field.name if field else column.name
    if code in _SAYS:
        what, advice = _SAYS[code]
        form = suggest_value(code, value, column.field)
        return f"{quote_value(value)} {what}: {f'write {form}' if form else advice}"
    return _of_field(code, name, field, value)


def _of_field(code: str, name: str, field: Field | None, value: str) -> str:
    shown = quote_value(value)
    return {
        "TOO_LONG": f"{name} takes at most {_most(field):,} characters, and one has {len(value):,}",
        "OUTSIDE_PRECISION": f"{shown} has more digits than {name} holds{_digits(field)}",
        "MORE_DIGITS_THAN_DESCRIBED": f"{shown} has more digits than {name} is made for",
        "NOT_IN_PICKLIST": f"{shown} is no value of {name}: {_values(code, field, value)}",
        "NEW_PICKLIST_VALUE": (
            f"{shown} is not yet a value of {name}: {_values(code, field, value)}"
        ),
        "ID_OF_ANOTHER_OBJECT": (
            f"{shown} is the Id of another object: {name} takes {_objects(field)}"
        ),
        "KEY_EMPTY": f"{name} is empty, and records are found by it",
        "REQUIRED_EMPTY": f"{name} is required, and is empty",
        "REQUIRED_EMPTY_FOR_NEW": f"{name} is empty: a row that finds no record will fail",
        "REQUIRED_CLEARED": f"{name} can't be empty, and {_cleared(value)} would empty it",
    }[code]


def _cleared(value: str) -> str:
    return "#N/A" if value else "--blank null"


def _most(field: Field | None) -> int:
    return limit(field) if field and field.type != "reference" else 32_000


def _digits(field: Field | None) -> str:
    return f": {field.precision - field.scale} before the point" if field else ""


def _values(code: str, field: Field | None, value: str) -> str:
    if form := suggest_value(code, value, field):
        return f"the closest is {form}"
    values = field.picklist_values if field else ()
    return f"they are {', '.join(values[:_MOST_VALUES])}{', …' * (len(values) > _MOST_VALUES)}"


_MOST_VALUES = 8


def _objects(field: Field | None) -> str:
    return prefixes_shown(field) if field else "another"
