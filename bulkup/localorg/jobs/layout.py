"""A header against the object's fields: what each column does to a record."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as facts

from bulkup.localorg.data.objects import OrgField, OrgObject
from bulkup.localorg.jobs import cell_types
from bulkup.localorg.jobs.errors import JobError, RowError

_MOST_COLUMNS = 5_000
_LONGEST_HEADER = 32_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: the field it fills, and how its cells are read.

    A relationship column (`Account.Ext__c`) finds the record of `parent` by `parent_key` and
    fills the reference `field` with its Id.
    """

    name: str
    field: OrgField
    convert: cell_types.Convert = facts(repr=False)
    rewrite: Callable[[str], str] | None = facts(default=None, repr=False)
    parent: OrgObject | None = None
    parent_key: OrgField | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """All columns of an upload, in its order, and those that need a second look."""

    columns: tuple[Column, ...]
    id_column: int | None
    key_column: int | None
    references: tuple[OrgField, ...]
    relations: tuple[int, ...]
    rewrites: tuple[tuple[int, Callable[[str], str]], ...]


def lay_out(
    header: Sequence[str],
    object_: OrgObject,
    objects: Mapping[str, OrgObject],
    operation: str,
    key: str | None,
) -> Layout:
    """What a header means. Raises JobError, in Salesforce's words, for one that is refused."""
    _check_header(header, operation)
    columns = tuple(
        _column(name, at, object_, objects, operation) for at, name in enumerate(header)
    )
    return Layout(
        columns=columns,
        id_column=_position(columns, "id"),
        key_column=_position(columns, key.lower()) if key else None,
        references=tuple(c.field for c in columns if c.field.type == "reference" and not c.parent),
        relations=tuple(at for at, c in enumerate(columns) if c.parent),
        rewrites=tuple((at, c.rewrite) for at, c in enumerate(columns) if c.rewrite),
    )


def _check_header(header: Sequence[str], operation: str) -> None:
    if len(header) > _MOST_COLUMNS:
        raise JobError(f"InvalidBatch : Too many columns: {len(header)}, at most {_MOST_COLUMNS}")
    if sum(map(len, header)) + len(header) > _LONGEST_HEADER:
        raise JobError(f"InvalidBatch : The header is longer than {_LONGEST_HEADER} characters")
    seen: set[str] = set()
    for name in header:
        if name.lower() in seen:
            raise JobError(f"InvalidBatch : Field name duplicated : {name}")
        seen.add(name.lower())
    if operation in {"delete", "hardDelete"} and seen != {"id"}:
        # Whether more columns than Id are borne is unconfirmed: the stricter way.
        extra = next((name for name in header if name.lower() != "id"), "")
        raise JobError(f"InvalidBatch : Field name not found : {extra}")


def _position(columns: Sequence[Column], name: str) -> int | None:
    return next(
        (at for at, c in enumerate(columns) if c.field.name.lower() == name and not c.parent), None
    )


def _column(
    name: str, at: int, object_: OrgObject, objects: Mapping[str, OrgObject], operation: str
) -> Column:
    if "." in name:
        return _relation(name, at, object_, objects, operation)
    field_ = object_.fields.get(name.lower())
    if field_ is None or field_.type == "address":
        raise JobError(f"InvalidBatch : Field name not found : {name}")
    if field_.name == "Id" or _writeable(field_, operation):
        convert, rewrite = cell_types.converter(field_, at), cell_types.rewritten(field_)
        return Column(name=name, field=field_, convert=convert, rewrite=rewrite)
    return Column(name=name, field=field_, convert=_refuse(field_))


def _relation(
    name: str, at: int, object_: OrgObject, objects: Mapping[str, OrgObject], operation: str
) -> Column:
    path, _, key_name = name.rpartition(".")
    type_name, colon, relationship = path.rpartition(":")
    field_ = object_.relation(relationship)
    if field_ is None:
        raise JobError(f"InvalidBatch : Unable to find relationship: {relationship}")
    several = len(field_.refers_to) > 1
    if colon and not several:
        raise JobError(
            "InvalidBatch : type is not needed for non polymorphic foreign key references: "
            + relationship
        )
    wanted = type_name if several else field_.refers_to[0]
    if wanted.lower() not in {item.lower() for item in field_.refers_to}:
        raise JobError(f"InvalidBatch : Unable to find relationship: {relationship}")
    parent = objects.get(wanted.lower())
    key = parent.fields.get(key_name.lower()) if parent else None
    if parent is None or key is None or not key.key:
        raise JobError(f"InvalidBatch : Field name not found : {name}")
    convert = cell_types.converter(key, at) if _writeable(field_, operation) else _refuse(field_)
    return Column(name=name, field=field_, convert=convert, parent=parent, parent_key=key)


def _writeable(field_: OrgField, operation: str) -> bool:
    if operation == "upsert":
        return field_.createable or field_.updateable
    return field_.createable if operation == "insert" else field_.updateable


def _refuse(field_: OrgField) -> cell_types.Convert:
    def convert(_cell: str) -> object:
        raise RowError(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {field_.name}. Please check the security settings "
            "of this field and verify that it is read/write for your profile or permission set.",
            field_.name,
        )

    return convert
