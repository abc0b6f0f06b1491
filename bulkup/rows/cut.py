"""Takes columns out of raw records, and leaves the records alone where none is taken."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from bulkup.model import Source

OWN = ("sf__", "bulkup__")
"""Columns that begin so are ours: never sent, and replaced in what we write."""


def is_own(name: str) -> bool:
    """Whether a column is one of ours or of Salesforce's results."""
    return name.casefold().startswith(OWN)


class Cut:
    """The columns of a source at the places `kept`, in its own dialect."""

    def __init__(self, source: Source, kept: Sequence[int]) -> None:
        self.ending = source.line_ending.chars.encode()
        self._mark = source.delimiter.char
        self._kept = kept
        self._all = list(kept) == list(range(len(source.header)))

    def header(self, names: Iterable[str]) -> bytes:
        """A header record of these names."""
        return self._joined([list(names)])[0] + self.ending

    def records(self, raw: list[bytes]) -> list[bytes]:
        """The records with the kept columns only; as they are where all are kept."""
        if self._all:
            return raw
        rows = self.cells(one.decode("utf-8") for one in raw)
        return self._joined(
            [cells[at] if at < len(cells) else "" for at in self._kept] for cells in rows
        )

    def cells(self, raw: Iterable[str]) -> Iterator[list[str]]:
        """The cells of raw records."""
        return (next(csv.reader([one], delimiter=self._mark), []) for one in raw)

    def _joined(self, rows: Iterable[Sequence[str]]) -> list[bytes]:
        text = io.StringIO(newline="")
        written = csv.writer(text, delimiter=self._mark, lineterminator="\r\n")
        records = []
        for row in rows:
            written.writerow(row)
            records.append(text.getvalue()[:-2].encode("utf-8"))
            text.seek(0)
            text.truncate()
        return records
