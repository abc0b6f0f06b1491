"""What an operation needs of the columns: a key, the right to write, required fields."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from bulkup.check.column import Column
from bulkup.check.rules import finding
from bulkup.errors import InputError
from bulkup.model import Field, Finding, ObjectInfo, Operation, Target
from bulkup.text import as_argument, closest

BY_ID = {Operation.UPDATE, Operation.DELETE, Operation.HARD_DELETE}
_DELETES = {Operation.DELETE, Operation.HARD_DELETE}


COMPANY_NAME, PERSON_NAME = "Name", "LastName"


def is_company_name(field: Field, info: ObjectInfo) -> bool:
    """Whether the field is the name of accounts in an org with person accounts.

    There the describe calls `Name` required, and a row has either it or `LastName`.
    """
    people = {"IsPersonAccount", PERSON_NAME} <= info.fields.keys()
    return people and (info.name, field.name) == ("Account", COMPANY_NAME)


def object_findings(info: ObjectInfo, target: Target) -> list[Finding]:
    """A finding where the user may not do this to the object at all."""
    able = {
        Operation.INSERT: info.createable,
        Operation.UPDATE: info.updateable,
        Operation.UPSERT: info.createable or info.updateable,
        Operation.DELETE: info.deletable,
        Operation.HARD_DELETE: info.deletable,
    }[target.operation]
    message = f"Your user may not {target.operation} records of {info.name}"
    return [] if able else [finding("OBJECT_NOT_LOADABLE", message)]


def is_key(field: Field) -> bool:
    """Whether an upsert can find records by this field."""
    return field.external_id or field.id_lookup or field.name == "Id"


def key_field(info: ObjectInfo, target: Target, fields: Mapping[str, Field]) -> Field | None:
    """The field by which records are found; None for an insert.

    Raises:
        InputError: the one that was named does not exist, or is no key.
    """
    if target.operation in BY_ID:
        return fields.get("id")
    if target.operation is Operation.INSERT:
        return None
    name = target.external_id or ""
    field = fields.get(name.strip().lower())
    if field and is_key(field):
        return field
    raise _no_key(name, field, info)


def _no_key(name: str, field: Field | None, info: ObjectInfo) -> InputError:
    keys = [key.name for key in info.fields.values() if is_key(key)]
    reason = (
        f"{info.name}.{field.name} is no key" if field else f"{info.name} has no field {name!r}"
    )
    near = closest(name, keys)
    return InputError(
        f"{reason}: an upsert finds records by {', '.join(keys) or 'none'}",
        f"Did you mean --external-id {near}?" if near else "Name one of these: --external-id FIELD",
        name="KeyNotAllowed",
    )


def doubled(as_sent: Sequence[Column]) -> list[Finding]:
    """Columns that would be sent under one name."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for column in as_sent:
        by_name[column.name.lower()].append(column.source)
    return [
        finding(
            "COLUMN_TWICE",
            f"{' and '.join(map(repr, sources))} would both be sent as "
            f"{next(c.name for c in as_sent if c.name.lower() == name)}: "
            f"leave one out (--drop {as_argument(sources[-1])})",
            column=sources[-1],
        )
        for name, sources in by_name.items()
        if len(sources) > 1
    ]


def unwritable(
    as_sent: Sequence[Column], key: Column | None, info: ObjectInfo, target: Target
) -> list[Finding]:
    """Columns that the operation does not take."""
    columns = [item for item in as_sent if item != key]
    if target.operation in _DELETES:
        if not columns:
            return []
        drops = " ".join(f"--drop {as_argument(column.source)}" for column in columns)
        message = f"A {target.operation} takes only the Id: {drops}"
        return [finding("ONLY_ID_FOR_DELETE", message, column=columns[0].source)]
    fields = [(column, field) for column in columns if (field := column.field or column.reference)]
    return [
        finding("COLUMN_NOT_LOADABLE", _why_not(field, info, target, column), column=column.source)
        for column, field in fields
        if not _writable(field, target)
    ] + [
        _half_writable(field, info, column)
        for column, field in fields
        if target.operation is Operation.UPSERT
        and _writable(field, target)
        and field.createable != field.updateable
    ]


def _half_writable(field: Field, info: ObjectInfo, column: Column) -> Finding:
    """A field of an upsert that may be written only in new records, or only in those there are."""
    when, others = (
        ("when a record is created", "find their record")
        if field.createable
        else ("in a record that is there", "find none")
    )
    return finding(
        "COLUMN_NOT_FOR_ALL_ROWS",
        f"{info.name}.{field.name} can be written only {when}: rows that {others} may fail",
        column=column.source,
    )


def _writable(field: Field, target: Target) -> bool:
    if field.name == "Id" or field.type in {"address", "base64"}:
        return False
    return {
        Operation.INSERT: field.createable,
        Operation.UPDATE: field.updateable,
    }.get(target.operation, field.createable or field.updateable)


def _why_not(field: Field, info: ObjectInfo, target: Target, column: Column) -> str:
    kind = (
        "is made of other fields" if field.type == "address"
        else "holds a file, which Bulk API 2.0 does not take" if field.type == "base64"
        else "is calculated" if field.calculated
        else "is numbered by Salesforce" if field.auto_number
        else f"can't be written by an {target.operation}"
    )  # fmt: skip
    return f"{info.name}.{field.name} {kind}: leave it out (--drop {as_argument(column.source)})"


def missing(
    as_sent: Sequence[Column],
    key: Column | None,
    by: Field | None,
    info: ObjectInfo,
    target: Target,
) -> list[Finding]:
    """Columns that the operation needs and the file does not have."""
    result = []
    if by and key is None:
        result.append(_no_key_column(by, target))
    elif target.operation not in _DELETES and not [item for item in as_sent if item != key]:
        result.append(
            finding("NOTHING_BUT_KEYS", f"Only {key.name} would be sent: there is nothing to load")
            if key
            else finding("NO_COLUMN_LEFT", "No column would be sent: there is nothing to load")
        )
    return result + _required(as_sent, info, target)


def _no_key_column(field: Field, target: Target) -> Finding:
    wrong = (
        ": without it every row would be inserted anew"
        if target.operation is Operation.UPSERT and field.name == "Id"
        else ""
    )
    message = f"The file has no column {field.name}, which every {target.operation} needs{wrong}"
    return finding("KEY_COLUMN_MISSING", message, column=field.name)


def _required(as_sent: Sequence[Column], info: ObjectInfo, target: Target) -> list[Finding]:
    if target.operation not in {Operation.INSERT, Operation.UPSERT}:
        return []
    filled = {field.name for item in as_sent if (field := item.field or item.reference)}
    labels = {item.name.lower() for item in as_sent if not (item.field or item.reference)}
    lacking = [
        field
        for field in info.fields.values()
        # A column that has the field's label is reported already, as LABEL_NOT_NAME.
        if field.required and field.name not in filled and field.label.lower() not in labels
        if not (PERSON_NAME in filled and is_company_name(field, info))
    ]
    if target.operation is Operation.INSERT:
        return [
            finding(
                "REQUIRED_COLUMN_MISSING",
                f"{info.name}.{item.name} is required, and the file has no column for it",
                column=item.name,
            )
            for item in lacking
        ]
    return [
        finding(
            "REQUIRED_FOR_NEW",
            f"{info.name}.{item.name} has no column: rows that find no record will fail",
            column=item.name,
        )
        for item in lacking
    ]
