"""Input of the reconciliation: what was sent, and what Salesforce answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bulkup.csvfile.numbered import NumberedCsv
from bulkup.model import Chunk, Field, Part, ResultKind, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class SentChunk:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """All that is known of a load, for `reconcile`.

    `original` has every row of the user's file and all its columns. `parts` are what was sent as
    each level and round, `sent` what became of their chunks; chunks never sent may be missing.
    `columns` are the columns as sent, in order, each with its field (None for a relationship);
    `key` is the one by which rows are matched, None for an insert. `unsent` is a file of
    `write_unsent`: rows that are in no chunk. `byte_order_mark`: the result files begin with one.
    """

    original: NumberedCsv
    parts: Mapping[Part, NumberedCsv]
    sent: Sequence[SentChunk]
    columns: Mapping[str, Field | None]
    key: str | None
    unsent: Path | None = None
    byte_order_mark: bool = False

    @property
    def layout(self) -> Layout:
        """The columns and the key of a record that was sent."""
        return Layout(columns=self.columns, key=self.key)

    def chunks(self, part: Part) -> list[SentChunk]:
        """The part's chunks, in the order of its rows."""
        chunks = (sent for sent in self.sent if sent.chunk.part == part)
        return sorted(chunks, key=lambda sent: sent.chunk.first_row)
