"""Which rows had odd quotes, and what was made of them."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from bulkup.csvfile.problems import LineList
from bulkup.csvfile.quoting.reader import Correction, QuotedRecord

_FIRST = 20
"""How many rows are named."""


@dataclass(slots=True)
class QuoteNotes:
    """Rows count from 1 = the first record, 0 = the header.

    `unclear` are the rows whose quotes may mean several things, and `unclear_lines` where they
    begin; they were read as the csv module reads them: `first_unclear` is the first such cell.
    """

    corrected: int = 0
    rows: list[int] = field(default_factory=list)
    lines: dict[Correction, LineList] = field(default_factory=dict)
    unclear: "array[int]" = field(default_factory=lambda: array("q"))
    unclear_lines: "array[int]" = field(default_factory=lambda: array("q"))
    first_unclear: str = ""
    _pending: dict[int, QuotedRecord] = field(default_factory=dict)

    def hold(self, line: int, record: QuotedRecord) -> None:
        """Remember a record until it is known which row it is, if it is one."""
        if record.odd:
            self._pending[line] = record

    def add(self, row: int, line: int) -> None:
        """The record that begins in the line is this row."""
        record = self._pending.pop(line, None)
        if record is None:
            return
        if record.unclear:
            self.first_unclear = self.first_unclear or record.unclear_cell
            self.unclear.append(row)
            self.unclear_lines.append(line)
            return
        self.corrected += row > 0
        if row and len(self.rows) < _FIRST:
            self.rows.append(row)
        for correction in record.corrections:
            self.lines.setdefault(correction, LineList()).add(line, str(line))

    @property
    def unclear_rows(self) -> Iterator[tuple[int, int]]:
        """The unclear rows with their lines, in order."""
        return zip(self.unclear, self.unclear_lines, strict=True)

    def is_unclear(self, row: int) -> bool:
        """Whether the row's quotes may mean several things."""
        place = bisect_left(self.unclear, row)
        return place < len(self.unclear) and self.unclear[place] == row

    def is_odd(self, line: int) -> bool:
        """Whether the record that begins in the line has odd quotes; only once."""
        return self._pending.pop(line, None) is not None

    @property
    def sentences(self) -> list[str]:
        """What was corrected, and in which lines."""
        return [
            f"{correction}: line{'s' if lines.count > 1 else ''} {lines}"
            for correction, lines in sorted(self.lines.items())
        ]
