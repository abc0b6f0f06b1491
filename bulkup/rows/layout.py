"""What was sent, and what Salesforce answered, as the matching of rows needs to know it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bulkup.model import Chunk, Field, ResultKind, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of one chunk.

    `results`: Salesforce's three answers as they came; one that is missing is not known.
    `otherwise` is what rows are that no result names, `reason` their error (`bulkup: …` or empty).
    `processed` and `failed` are Salesforce's own counts, None where they are not to be relied on.
    """

    chunk: Chunk
    results: Mapping[ResultKind, Path]
    otherwise: Status
    reason: str = ""
    processed: int | None = None
    failed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What was sent: each column as sent with its field (None for a relationship), in order.

    `key` is the column by which rows are matched, None for an insert.
    """

    columns: Mapping[str, Field | None]
    key: str | None

    def cells(self) -> dict[str, Field | None]:
        """The cells of a record that was sent, with their fields."""
        return {f"c{at}": field for at, field in enumerate(self.columns.values())}
