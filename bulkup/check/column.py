"""A column of the user's file as it is sent."""

from dataclasses import dataclass

from bulkup.model import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column that is sent.

    `source` is its name in the file, `name` its name in the body. `field` is the field it fills
    by value: None for a relationship column, which finds a record for `reference` by its field
    `parent_key` (None where the org does not tell of it), and for a column that the object does
    not have.
    """

    source: str
    name: str
    field: Field | None = None
    reference: Field | None = None
    parent_key: Field | None = None
