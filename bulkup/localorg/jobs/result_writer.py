"""A job's three results, as Salesforce writes them."""

from collections.abc import Sequence
from random import Random

from bulkup.localorg.jobs.layout import Layout
from bulkup.localorg.jobs.row import Row
from bulkup.localorg.jobs.store import FAILED_RESULTS, SUCCESSFUL, UNPROCESSED, Job
from bulkup.localorg.jobs.upload_reader import DELIMITERS, ENDINGS, Text

_HEADS = {
    SUCCESSFUL: ['"sf__Id"', '"sf__Created"'],
    FAILED_RESULTS: ['"sf__Id"', '"sf__Error"'],
    UNPROCESSED: [],
}


class Writer:
    """Writes the rows of one job: its delimiter and line ending, every value quoted."""

    def __init__(self, job: Job, layout: Layout | None, random: Random) -> None:
        self._char = DELIMITERS[job.delimiter]
        self._end = ENDINGS[job.ending]
        self._width = len(job.header)
        self._layout = layout
        self._random = random

    def head(self, kind: str, names: Sequence[str]) -> bytes:
        """The header: Salesforce's own names quoted, the uploaded ones as they came."""
        written = [_plain(name, self._char) for name in names]
        return (self._char.join([*_HEADS[kind], *written]) + self._end).encode()

    def rows(self, rows: Sequence[Row]) -> dict[str, bytes]:
        """The lines of rows that were worked on, by kind, in another order than the upload's."""
        succeeded = [self._line(row, "true" if row.created else "false")
                     for row in rows if not row.error]  # fmt: skip
        failed = [self._line(row, str(row.error)) for row in rows if row.error]
        return {SUCCESSFUL: self._shuffled(succeeded), FAILED_RESULTS: self._shuffled(failed)}

    def untouched(self, texts: Sequence[Text], width: int) -> bytes:
        """The lines of records that were not worked on, of `width` cells each."""
        return self._shuffled(
            [self._join(_padded(text, width)) or text.raw.rstrip("\r\n") for text in texts]
        )

    def _line(self, row: Row, second: str) -> str:
        head = self._join([row.id if row.before or not row.error else "", second])
        cells = self._join(self._anew(row)) or row.text.raw.rstrip("\r\n")
        return head + self._char + cells

    def _anew(self, row: Row) -> list[str]:
        cells = _padded(row.text, self._width)
        if (
            not cells
            or self._layout is None
            or not self._layout.rewrites
            or (row.error and row.error.raw)
        ):
            return cells
        cells = cells.copy()
        for at, rewrite in self._layout.rewrites:
            if (cell := cells[at]) and cell != "#N/A":
                try:
                    cells[at] = rewrite(cell)
                except (ValueError, KeyError):  # behind the cell for which the row was refused
                    return _padded(row.text, self._width)
        return cells

    def _join(self, cells: Sequence[str]) -> str:
        return self._char.join([f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in cells])

    def _shuffled(self, lines: list[str]) -> bytes:
        before = lines.copy()
        self._random.shuffle(lines)
        if lines == before:  # never the upload's own order
            lines.reverse()
        return "".join([line + self._end for line in lines]).encode()


def _plain(name: str, char: str) -> str:
    if any(item in name for item in (char, '"', "\n", "\r")):
        return '"' + name.replace('"', '""') + '"'
    return name


def _padded(text: Text, width: int) -> list[str]:
    """As many cells as the header has, also for ragged rows and blank lines.

    Empty for a record that could not be split into cells.
    """
    if not text.cells and text.raw.strip("\r\n"):
        return []
    return (text.cells + [""] * width)[:width]
