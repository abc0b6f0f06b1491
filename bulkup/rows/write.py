"""The result files of a run: each row of the user's file with its fate before it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import compress
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING

from bulkup.errors import RunError
from bulkup.model import Source, Status
from bulkup.rows.behind import Behind, writing_behind
from bulkup.rows.cut import Cut, is_own
from bulkup.rows.records import blocks
from bulkup.rows.sheet import private

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BEFORE = {
    "results": (
        "bulkup__Row",
        "bulkup__Line",
        "bulkup__Status",
        "sf__Id",
        "sf__Created",
        "sf__Error",
    ),
    "successful": ("sf__Id", "sf__Created", "bulkup__Row", "bulkup__Line"),
    "failed": ("sf__Id", "sf__Error", "bulkup__Row", "bulkup__Line"),
    "unprocessed": ("bulkup__Row", "bulkup__Line"),
}
"""The files by their names, and the columns that stand before the user's own."""

_STATUS = {"succeeded": "successful", "failed": "failed", "unprocessed": "unprocessed"}

Telling = tuple[str, "DuckDBPyConnection"]
"""The status that all rows of a query have, or empty; and the query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of some rows: statuses, and the bytes that stand before their records.

    `before` is for results.csv, `apart` for the file of the status.
    """

    statuses: Sequence[str]
    before: Sequence[bytes]
    apart: Sequence[bytes]


class Fates:
    """The fates of all rows, in the order of the user's file, from one query after another."""

    def __init__(self, queries: Iterator[Telling]) -> None:
        self._queries = queries
        self._open: Telling | None = None

    def take(self, count: int) -> Fate:
        """The next `count` rows.

        Raises:
            RunError: there are not so many.
        """
        statuses: list[str] = []
        rows: list[tuple[bytes, bytes]] = []
        while len(rows) < count:
            self._open = self._open or next(self._queries, None)
            if self._open is None:
                raise _changed()
            status, query = self._open
            more = query.fetchmany(count - len(rows))
            self._open = self._open if more else None
            if status:
                rows += more
                statuses += [status] * len(more)
            else:
                rows += [row[:2] for row in more]
                statuses += [row[2] for row in more]
        return Fate(
            statuses=statuses, before=[row[0] for row in rows], apart=[row[1] for row in rows]
        )


def _changed() -> RunError:
    return RunError(
        "The file has more records than it had",
        "Put it back as it was.",
        name="SourceChanged",
    )


def write(source: Source, fates: Fates, to: Path) -> tuple[dict[Status, int], dict[str, Path]]:
    """Write the four files into `to` (0600, whole or not at all) and count rows by status.

    Raises:
        RunError: they can't be written, or the file has more records than there are fates.
    """
    paths = {name: to / f"{name}.csv" for name in BEFORE}
    counts: Counter[str] = Counter()
    kept = [at for at, name in enumerate(source.header) if not is_own(name)]
    names = [source.header[at] for at in kept]
    cut = Cut(source, kept)
    with ExitStack() as stack:
        opened = {name: stack.enter_context(private(path)) for name, path in paths.items()}
        behind = stack.enter_context(writing_behind())
        files = {name: behind(file) for name, file in opened.items()}
        for name, file in files.items():
            file.write(cut.header([*BEFORE[name], *names]))
        for block in blocks(source):
            fate = fates.take(len(block.raw))
            counts.update(fate.statuses)
            _write_block(files, cut.ending, cut.records(block.raw), fate)
    return {Status(name): count for name, count in counts.items()}, paths


def _write_block(
    files: Mapping[str, Behind], ending: bytes, records: Sequence[bytes], fate: Fate
) -> None:
    _write_lines(files["results"], map(add, fate.before, records), ending)
    statuses = set(fate.statuses)
    for status in statuses & _STATUS.keys():
        lines: Iterable[bytes] = map(add, fate.apart, records)
        if len(statuses) > 1:
            lines = compress(lines, [one == status for one in fate.statuses])
        _write_lines(files[_STATUS[status]], lines, ending)


def _write_lines(file: Behind, lines: Iterable[bytes], ending: bytes) -> None:
    file.write(ending.join(lines) + ending)
