"""Relationship columns, such as `Account.Ext__c` and `User:Owner.Email`, against a describe."""

from dataclasses import dataclass

from bulkup.check.rules import finding
from bulkup.model import Field, Finding, ObjectInfo
from bulkup.text import as_argument, closest


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What a relationship column fills: the name to send, and the reference field."""

    name: str
    reference: Field


def relation(source: str, name: str, info: ObjectInfo) -> Relation | Finding:
    """The reference that a column like `[Object:]Relationship.Field` fills, or what is wrong.

    The other object's describe is not known here: whether its field is a key only the org says,
    except for references to the object itself.
    """
    path, _, key = name.rpartition(".")
    object_name, colon, relationship = path.rpartition(":")
    reference = _reference(relationship, info)
    if reference is None or not key:
        return _unknown(source, relationship, info)
    if len(reference.reference_to) > 1:
        return _polymorphic(source, object_name, key, reference)
    if colon:
        right = f"{reference.relationship_name}.{key}"
        return finding(
            "RELATIONSHIP_TAKES_NO_OBJECT",
            f"{reference.name} refers to one object only: write {right} "
            f"(--map {as_argument(f'{source}={right}')})",
            column=source,
        )
    return _single(source, key, reference, info)


def _reference(relationship: str, info: ObjectInfo) -> Field | None:
    wanted = relationship.strip().lower()
    return next(
        (
            field
            for field in info.fields.values()
            if field.relationship_name.lower() == wanted != ""
        ),
        None,
    )


def _unknown(source: str, relationship: str, info: ObjectInfo) -> Finding:
    names = {
        field.relationship_name: field for field in info.fields.values() if field.relationship_name
    }
    near = closest(relationship, names) or next(
        (name for name, field in names.items() if field.name.lower() == relationship.lower()), ""
    )
    known = ", ".join(sorted(name for name, field in names.items() if field.createable)) or "none"
    tail = f"did you mean {near}?" if near else f"those that can be loaded: {known}"
    return finding(
        "RELATIONSHIP_UNKNOWN",
        f"{info.name} has no relationship {relationship or source!r}: {tail}",
        column=source,
    )


def _polymorphic(source: str, object_name: str, key: str, reference: Field) -> Relation | Finding:
    by_name = {item.lower(): item for item in reference.reference_to}
    chosen = by_name.get(object_name.strip().lower())
    if chosen:
        name = f"{chosen}:{reference.relationship_name}.{key}"
        return Relation(name=name, reference=reference)
    right = " or ".join(
        f"{item}:{reference.relationship_name}.{key}" for item in sorted(reference.reference_to)
    )
    return finding(
        "RELATIONSHIP_NEEDS_OBJECT",
        f"{reference.name} may refer to {' or '.join(sorted(reference.reference_to))}: "
        f"write {right}",
        column=source,
    )


def _single(source: str, key: str, reference: Field, info: ObjectInfo) -> Relation | Finding:
    name = f"{reference.relationship_name}.{key}"
    if reference.reference_to != (info.name,):
        return Relation(name=name, reference=reference)
    field = next(
        (value for value in info.fields.values() if value.name.lower() == key.lower()), None
    )
    if field and (field.external_id or field.id_lookup or field.name == "Id"):
        return Relation(name=f"{reference.relationship_name}.{field.name}", reference=reference)
    keys = ", ".join(
        value.name for value in info.fields.values() if value.external_id or value.id_lookup
    )
    return finding(
        "RELATIONSHIP_UNKNOWN",
        f"{info.name}.{key} finds no records: those that do are {keys or 'none'}",
        column=source,
    )
