"""What a finding about cells says: the first value that is wrong, and the form to write."""

from bulkup.check.cells.record_ids import prefixes_shown
from bulkup.check.cells.suggestions import quote_value, suggest_value
from bulkup.check.cells.tests import MOST_CHARACTERS, limit
from bulkup.check.column import Column
from bulkup.check.rules import RULES
from bulkup.model import Field
from bulkup.text import amount

_MOST_VALUES = 8


def describe_finding(code: str, column: Column, value: str, count: int = 1) -> str:
    """One sentence about a column, with its first wrong value. `count` cells are like it."""
    rule = RULES[code]
    field = column.field or column.reference
    suggestion = suggest_value(code, value, column.field)
    return rule.sentence.format(
        value=quote_value(value),
        length=f"{len(value):,}",
        field=field.name if field else column.name,
        limit=f"{_limit(field):,}",
        digits=f": {field.precision - field.scale} before the point" if field else "",
        choices=f"the closest is {suggestion}" if suggestion else _choices(field),
        objects=prefixes_shown(field) if field else "another",
        null="#N/A" if value else "--blank null",
        cells=amount(count, "cell"),
        form=f"write {suggestion}" if suggestion else rule.form,
    )


def _limit(field: Field | None) -> int:
    return limit(field) if field and field.type != "reference" else MOST_CHARACTERS


def _choices(field: Field | None) -> str:
    values = field.picklist_values if field else ()
    more = ", …" if len(values) > _MOST_VALUES else ""
    return f"they are {', '.join(values[:_MOST_VALUES])}{more}"
