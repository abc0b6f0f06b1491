"""A load as the user asks for it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from bulkup.errors import InputError
from bulkup.model import ObjectInfo, Operation, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A load as the user asks for it."""

    object: str
    operation: Operation
    external_id: str | None = None
    assignment_rule: str | None = None
    api_version: str = "60.0"
    renames: Mapping[str, str] = field(default_factory=dict)
    drops: Collection[str] = ()
    check: bool = True
    allow: Collection[str] = ()
    strict: bool = False
    skip_invalid: bool = False
    blank_null: bool = False


def target_of(wish: Wish, info: ObjectInfo) -> Target:
    """Where the rows go, as far as the wish says."""
    return Target(
        object=info.name,
        operation=wish.operation,
        external_id=wish.external_id,
        assignment_rule=wish.assignment_rule,
        api_version=wish.api_version,
    )


def validate_key(operation: Operation, external_id: str | None) -> None:
    """Refuse a key that is missing or makes no sense.

    Raises:
        InputError: with what to type.
    """
    if operation is Operation.UPSERT and not external_id:
        raise InputError(
            "An upsert needs the field that says which record a row is",
            "Add --external-id and its API name, as in: --external-id Email__c",
            name="MissingExternalId",
        )
    if operation is not Operation.UPSERT and external_id:
        found = "makes new records" if operation is Operation.INSERT else "goes by Id"
        raise InputError(
            f"--external-id is for upsert; {operation} {found}",
            "Leave it out, or say --op upsert.",
            name="InvalidOption",
        )
