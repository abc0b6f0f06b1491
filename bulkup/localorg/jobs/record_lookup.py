"""Which record each row is about: by its Id, or by the key of an upsert."""

from collections import Counter
from collections.abc import Mapping, Sequence

from bulkup.localorg.data.objects import OrgField, OrgObject
from bulkup.localorg.data.records import Records, spelled
from bulkup.localorg.jobs import errors
from bulkup.localorg.jobs.errors import RowError
from bulkup.localorg.jobs.row import Row


def by_id(rows: Sequence[Row], object_: OrgObject, operation: str, records: Records) -> None:
    """Find records by the Id column. Rows of an insert, and upserts without an Id, are new."""
    for row in rows:
        row.id = str(row.values.pop("Id", None) or "")
        if not row.error:
            row.created = operation == "insert" or (operation == "upsert" and not row.id)
            row.error = _wrong_id(row, object_, operation)
    named = {id(row): row.id for row in rows if row.id and not row.error}
    _refuse_doubles(rows, named, "Id")
    _fetch(rows, object_, operation, records)
    if operation != "insert":
        _attach(rows, object_, records)


def _wrong_id(row: Row, object_: OrgObject, operation: str) -> RowError | None:
    if operation == "insert" and row.id:
        message = "cannot specify Id in an insert call"
        return RowError("INVALID_FIELD_FOR_INSERT_UPDATE", message, "Id")
    if row.created:
        return None
    if not row.id:
        call = "a delete" if operation in {"delete", "hardDelete"} else f"an {operation}"
        return RowError("MISSING_ARGUMENT", f"Id not specified in {call} call")
    if not row.id.startswith(object_.prefix):
        return errors.wrong_id(f"{object_.label} ID", row.id, "Id")
    return None


def by_key(
    rows: Sequence[Row], object_: OrgObject, key: OrgField, operation: str, records: Records
) -> None:
    """Find records by the key of an upsert. Rows whose key no record has are new."""
    keys: dict[int, str] = {}
    for row in rows:
        if row.error:
            continue
        if "Id" in row.values:
            # Both Id and another key in one row: unconfirmed, refused.
            message = f"cannot specify Id in an upsert by {key.name}"
            row.error = RowError("INVALID_FIELD_FOR_INSERT_UPDATE", message, "Id")
        elif (value := row.values.get(key.name)) is None:
            row.error = RowError("MISSING_ARGUMENT", f"{key.name} not specified")
        else:
            keys[id(row)] = spelled(key, value)
    _refuse_doubles(rows, keys, key.name)
    result = records.find(object_, key, set(keys.values()))
    for row in rows:
        if not row.error:
            _take(row, result.get(keys[id(row)], []), key)
    _fetch(rows, object_, operation, records)
    _find_of_refused(rows, object_, key, records)


def _find_of_refused(
    rows: Sequence[Row], object_: OrgObject, key: OrgField, records: Records
) -> None:
    """Give refused rows of an upsert the record whose key they have: results have its Id."""
    keys = {
        id(row): spelled(key, value)
        for row in rows
        if row.error and not row.before and (value := row.values.get(key.name)) is not None
    }
    ids = records.find(object_, key, set(keys.values()))
    for row in rows:
        if len(several := ids.get(keys.get(id(row), ""), [])) == 1:
            row.id = several[0]
    _attach(rows, object_, records)


def _attach(rows: Sequence[Row], object_: OrgObject, records: Records) -> None:
    """Attach the live records to refused rows that know the Id."""
    refused = [row for row in rows if row.error and row.id and not row.before]
    held = records.get({row.id for row in refused})
    for row in refused:
        record = held.get(row.id)
        if record and record.object == object_.name and not record.deleted:
            row.before = record


def _take(row: Row, several: Sequence[str], key: OrgField) -> None:
    row.created = not several
    if len(several) > 1:
        row.error = RowError(
            "DUPLICATE_EXTERNAL_ID",
            f"{key.name}: more than one record found for external id field: [{', '.join(several)}]",
        )
    elif several:
        row.id = several[0]


def _refuse_doubles(rows: Sequence[Row], keys: Mapping[int, str], name: str) -> None:
    # All rows of a key, as one tool has seen it; not only the later ones.
    counts = Counter(keys.values())
    if counts.total() == len(counts):
        return
    for row in rows:
        key = keys.get(id(row), "")
        if not row.error and counts[key] > 1:
            message = f"Duplicate external id specified: {row.values.get(name, key)}"
            row.error = RowError("DUPLICATE_VALUE", message, name)


def _fetch(rows: Sequence[Row], object_: OrgObject, operation: str, records: Records) -> None:
    wanted = [row for row in rows if not row.error and not row.created]
    held = records.get({row.id for row in wanted})
    for row in wanted:
        before = held.get(row.id)
        if before is None or before.object != object_.name:
            row.error = errors.no_such_reference()
        elif before.deleted and operation != "hardDelete":
            row.error = RowError("ENTITY_IS_DELETED", "entity is deleted")
        else:
            row.before = before
