"""What a finding about cells says: the first value that is wrong, and the form to write."""

from bulkup.check.cells.choices import Choices
from bulkup.check.cells.record_ids import prefixes_shown
from bulkup.check.cells.suggestions import quote_value, suggest_value
from bulkup.check.cells.tests import MOST_CHARACTERS, limit
from bulkup.check.column import Column
from bulkup.check.rules import RULES
from bulkup.model import Field
from bulkup.text import amount

_MOST_VALUES = 8


def describe_finding(
    code: str, column: Column, value: str, choices: Choices, count: int = 1
) -> str:
    """One sentence about a column, with its first wrong value. `count` cells are like it."""
    rule = RULES[code]
    field = column.field or column.parent_key or column.reference
    suggestion = suggest_value(code, value, column.field or column.parent_key)
    return rule.sentence.format(
        value=quote_value(value),
        length=f"{len(value):,}",
        field=field.name if field else column.name,
        reference=column.reference.name if column.reference else "",
        limit=f"{_limit(field):,}",
        digits=f": {field.precision - field.scale} before the point" if field else "",
        choices=_describe_choices(value, choices, suggestion),
        objects=prefixes_shown(field) if field else "another",
        null="#N/A" if value else "--blank null",
        cells=amount(count, "cell"),
        form=f"write {suggestion}" if suggestion else rule.form,
    )


def _limit(field: Field | None) -> int:
    return limit(field) if field and field.type != "reference" else MOST_CHARACTERS


def _describe_choices(value: str, choices: Choices, suggestion: str) -> str:
    parts = value.split(";")
    labels = [part for part in parts if part.strip().lower() in choices.by_label]
    if labels:
        right = ";".join(choices.by_label.get(part.strip().lower(), part) for part in parts)
        return f"it is the label of {right}: write {right}"
    if suggestion:
        return f"the closest is {suggestion}"
    more = ", …" if len(choices.values) > _MOST_VALUES else ""
    return f"they are {', '.join(choices.values[:_MOST_VALUES])}{more}"
