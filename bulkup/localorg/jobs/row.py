"""A row of an upload on its way into a record."""

from dataclasses import dataclass, field

from bulkup.localorg.data.records import Record, Values
from bulkup.localorg.jobs.errors import RowError
from bulkup.localorg.jobs.upload_reader import Text


@dataclass(slots=True)
class Row:
    """What one row says, which record it is about, and why it is refused.

    `values` by field, None to empty one; `parents` are the cells of relationship columns, by the
    column's position; `before` is the record that is there already.
    """

    text: Text
    values: Values = field(default_factory=dict)
    parents: dict[int, object] = field(default_factory=dict)
    id: str = ""
    created: bool = False
    before: Record | None = None
    error: RowError | None = None
