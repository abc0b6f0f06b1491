"""Salesforce's words for what is wrong with a row or a job."""

from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class RowError(Exception):
    """Why one row is refused. `raw` means that its cells could not be read at all."""

    code: str
    message: str
    fields: str = ""
    raw: bool = False

    def __str__(self) -> str:
        """As `sf__Error` has it: `CODE:message:fields --`, or `CODE:message:--`."""
        return f"{self.code}:{self.message}:{self.fields + ' ' if self.fields else ''}--"


@dataclass(slots=True, eq=False)
class JobError(Exception):
    """Why a whole job fails: the text of its `errorMessage`."""

    message: str

    def __str__(self) -> str:
        return self.message


def not_of_type(column: int, cell: str, type_: str, field: str) -> RowError:
    """A cell that can't be turned into a value; columns are counted from 0."""
    return RowError(
        "INVALID_FIELD",
        f"Failed to deserialize field at col {column}. "
        f"Due to, '{cell}' is not a valid value for the type xsd:{type_}",
        field,
        raw=True,
    )


def missing(fields: list[str]) -> RowError:
    """Required fields without a value."""
    return RowError(
        "REQUIRED_FIELD_MISSING",
        f"Required fields are missing: [{', '.join(fields)}]",
        ",".join(fields),
    )


def wrong_id(label: str, cell: str, field: str) -> RowError:
    """What stands where an Id should is none, or one of another object."""
    return RowError("MALFORMED_ID", f"{label}: id value of incorrect type: {cell}", field)


def no_such_reference(field: str = "") -> RowError:
    """An Id of the right shape, of no live record."""
    return RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", field)


def unreadable(why: str) -> RowError:
    """A record that is no sound CSV. Salesforce's words for it are unconfirmed."""
    return RowError("INVALID_FIELD", f"Failed to parse CSV row: {why}", raw=True)


def no_such_parent(value: object, key: str, parent: str, *, several: bool) -> RowError:
    """A relationship column's value that no record, or more than one, has."""
    if several:
        message = (
            f"More than one record found for external ID: {value} for field {key} "
            f"in entity {parent}"
        )
    else:
        message = f"Foreign key external ID: {value} not found for field {key} in entity {parent}"
    return RowError("INVALID_FIELD", message)
