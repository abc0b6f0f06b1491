"""Relationship columns, such as `Account.Ext__c` and `User:Owner.Email`, against a describe."""

from collections.abc import Mapping
from dataclasses import dataclass

from bulkup.check.rules import finding
from bulkup.model import Field, Finding, ObjectInfo
from bulkup.text import as_argument, closest


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What a relationship column fills: the name to send, and the reference field.

    `parent_key` is the field of the other object by which its record is found, if that is known.
    """

    name: str
    reference: Field
    parent_key: Field | None = None


def parent_object(name: str, info: ObjectInfo) -> str:
    """The object that a column like `[Object:]Relationship.Field` refers to; empty for others."""
    path, _, key = name.strip().rpartition(".")
    object_name, _, relationship = path.rpartition(":")
    reference = _reference(relationship, info)
    if reference is None or not key:
        return ""
    by_name = {item.lower(): item for item in reference.reference_to}
    only = reference.reference_to[0] if len(reference.reference_to) == 1 else ""
    return by_name.get(object_name.strip().lower(), only)


def relation(
    source: str, name: str, info: ObjectInfo, parents: Mapping[str, ObjectInfo]
) -> Relation | Finding:
    """The reference that a column like `[Object:]Relationship.Field` fills, or what is wrong.

    `parents` are the objects that columns refer to, by name, as far as the org describes them;
    whether the field of another object is a key only the org says.
    """
    path, _, key = name.rpartition(".")
    _, colon, relationship = path.rpartition(":")
    reference = _reference(relationship, info)
    chosen = parent_object(name, info)
    parent = {**parents, info.name: info}.get(chosen)
    if reference is None or not key:
        return _unknown(source, relationship, info)
    if len(reference.reference_to) > 1:
        return _polymorphic(source, chosen, key, reference, parent)
    if colon:
        right = f"{reference.relationship_name}.{key}"
        return finding(
            "RELATIONSHIP_TAKES_NO_OBJECT",
            f"{reference.name} refers to one object only: write {right} "
            f"(--map {as_argument(f'{source}={right}')})",
            column=source,
        )
    return _with_key(source, f"{reference.relationship_name}.", key, reference, parent)


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


def _polymorphic(
    source: str, chosen: str, key: str, reference: Field, parent: ObjectInfo | None
) -> Relation | Finding:
    if chosen:
        before = f"{chosen}:{reference.relationship_name}."
        return _with_key(source, before, key, reference, parent)
    right = " or ".join(
        f"{item}:{reference.relationship_name}.{key}" for item in sorted(reference.reference_to)
    )
    return finding(
        "RELATIONSHIP_NEEDS_OBJECT",
        f"{reference.name} may refer to {' or '.join(sorted(reference.reference_to))}: "
        f"write {right}",
        column=source,
    )


NAMED = frozenset({"RecordType", "Group", "Profile", "UserRole"})
"""Objects of the setup, which are found by their names, whatever the describe says of those."""

NAMES = frozenset({"Name", "DeveloperName"})


def _with_key(
    source: str, before: str, key: str, reference: Field, parent: ObjectInfo | None
) -> Relation | Finding:
    """The relation by the parent's field `key`; `before` is what stands before it in the name."""
    if parent is None:
        return Relation(name=f"{before}{key}", reference=reference)
    by_name = {field.name.lower(): field for field in parent.fields.values()}
    field = by_name.get(key.strip().lower())
    if field and _finds_records(field, parent):
        return Relation(name=f"{before}{field.name}", reference=reference, parent_key=field)
    keys = [value.name for value in parent.fields.values() if _finds_records(value, parent)]
    near = closest(key, keys)
    right = f"{before}{near}"
    advice = f"did you mean {right}? (--map {as_argument(f'{source}={right}')})" if near else ""
    return finding(
        "RELATIONSHIP_UNKNOWN",
        (
            f"{parent.name}.{field.name} finds no records"
            if field
            else f"{parent.name} has no field {key!r}"
        )
        + f": {advice or 'those that find records are ' + (', '.join(keys) or 'none')}",
        column=source,
    )


def _finds_records(field: Field, parent: ObjectInfo) -> bool:
    named = parent.name in NAMED and field.name in NAMES
    return field.external_id or field.id_lookup or field.name == "Id" or named
