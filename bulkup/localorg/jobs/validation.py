"""What a row must be: it refers to what is there, has what is required, doubles nothing."""

from collections.abc import Mapping, Sequence

from bulkup.localorg.data.objects import OrgField, OrgObject
from bulkup.localorg.data.records import Records, spelled
from bulkup.localorg.jobs import errors
from bulkup.localorg.jobs.errors import RowError
from bulkup.localorg.jobs.layout import Column, Layout
from bulkup.localorg.jobs.row import Row


def find_parents(rows: Sequence[Row], layout: Layout, records: Records) -> None:
    """Turn the cells of relationship columns into the Ids of the records that they name."""
    for at in layout.relations:
        column = layout.columns[at]
        asked = [(row, row.parents[at]) for row in rows if not row.error and at in row.parents]
        if asked and column.parent and column.parent_key:
            _find_parents(asked, column, column.parent, column.parent_key, records)


def _find_parents(
    asked: Sequence[tuple[Row, object]],
    column: Column,
    parent: OrgObject,
    key: OrgField,
    records: Records,
) -> None:
    result: Mapping[str, list[str]]
    if key.name == "Id":
        live = records.live({str(value) for _, value in asked})
        result = {spelled(key, id_): [id_] for id_, name in live.items() if name == parent.name}
    else:
        result = records.find(parent, key, {spelled(key, value) for _, value in asked})
    for row, value in asked:
        several = result.get(spelled(key, value), [])
        if len(several) == 1:
            row.values[column.field.name] = several[0]
        else:
            row.error = errors.no_such_parent(value, key.name, parent.name, several=bool(several))


def check_references(
    rows: Sequence[Row], layout: Layout, objects: Mapping[str, OrgObject], records: Records
) -> None:
    """Refuse Ids of other objects, and of records that are not there."""
    for reference in layout.references:
        asked = [
            (row, str(row.values[reference.name]))
            for row in rows
            if not row.error and row.values.get(reference.name)
        ]
        if not asked:
            continue
        known = [
            referred for name in reference.refers_to if (referred := objects.get(name.lower()))
        ]
        prefixes = {known_one.prefix: known_one.name for known_one in known}
        live = records.live({id_ for _, id_ in asked})
        for row, id_ in asked:
            wanted = prefixes.get(id_[:3])
            if wanted is None and len(known) == len(reference.refers_to):
                row.error = errors.wrong_id(reference.label, id_, reference.name)
            elif wanted is None or live.get(id_) != wanted:
                row.error = errors.no_such_reference(reference.name)


def check_required(rows: Sequence[Row], object_: OrgObject) -> None:
    """Refuse new records without a value where one is required."""
    required = [value.name for value in object_.fields.values() if value.required]
    for row in rows:
        if row.created and not row.error:
            lacking = [name for name in required if row.values.get(name) is None]
            if lacking:
                row.error = errors.missing(lacking)


def check_unique(rows: Sequence[Row], object_: OrgObject, records: Records) -> None:
    """Refuse a value of a unique field that another record, or an earlier row, has."""
    for key in object_.keys:
        asked = [
            (row, spelled(key, value))
            for row in rows
            if key.unique and not row.error and (value := row.values.get(key.name)) is not None
        ]
        if asked:
            held = records.find(object_, key, {value for _, value in asked})
            _claim(asked, key, {value: several[0] for value, several in held.items()})


def _claim(asked: Sequence[tuple[Row, str]], key: OrgField, taken: dict[str, str]) -> None:
    for row, value in asked:
        own = row.id or f"row {id(row)}"
        owner = taken.setdefault(value, own)
        if owner != own:
            shown = "<unknown>" if owner.startswith("row ") else owner
            row.error = RowError(
                "DUPLICATE_VALUE",
                f"duplicate value found: {key.name} duplicates value on record with id: {shown}",
            )
