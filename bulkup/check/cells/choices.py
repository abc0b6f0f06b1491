"""The values that a column takes, where there is a list of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bulkup.check.cells.tests import places, record_type_names
from bulkup.check.column import Column
from bulkup.model import ObjectInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The values, as they are shown, and the value of each label in lower case."""

    values: tuple[str, ...] = ()
    by_label: Mapping[str, str] = field(default_factory=dict)


def choices_of(column: Column, info: ObjectInfo) -> Choices:
    """The values that the column takes; none where it takes any."""
    described = column.field or column.reference
    if described is None:
        return Choices()
    if described.name == "RecordTypeId":
        return Choices(values=tuple(_record_types(column, info)))
    if places(described, info):
        labels = info.picklist_labels.get(f"{described.name}Code", {})
        return Choices(values=tuple(labels))
    labels = info.picklist_labels.get(described.name, {})
    return Choices(
        values=described.picklist_values,
        by_label={label.strip().lower(): value for label, value in labels.items()},
    )


def _record_types(column: Column, info: ObjectInfo) -> list[str]:
    if column.field:
        return [f"{item.id} ({item.name})" for item in info.record_types if item.available]
    return record_type_names(column.parent_key, info)
