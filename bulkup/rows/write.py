"""The result files of a run: each row of the user's file with its fate before it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
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

Fate = tuple[str, str, str]
"""A row's status, what stands before its record in results.csv, and in the file of its status."""


class Fates:
    """The fates of all rows, in the order of the user's file, from one query after another."""

    def __init__(self, queries: "Iterator[DuckDBPyConnection]") -> None:
        self._queries = queries
        self._open: DuckDBPyConnection | None = None

    def take(self, count: int) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
        """The next `count` rows: statuses, and the texts that stand before their records.

        Raises:
            RunError: there are not so many.
        """
        rows: list[Fate] = []
        while len(rows) < count:
            self._open = self._open or next(self._queries, None)
            if self._open is None:
                raise _changed()
            more = self._open.fetchmany(count - len(rows))
            rows += more
            self._open = self._open if more else None
        statuses, before, apart = zip(*rows, strict=True)
        return statuses, before, apart


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
            fate = fates.take(len(block.records))
            counts.update(fate[0])
            _write_block(files, cut.ending, cut.records(block.records), fate)
    return {Status(name): count for name, count in counts.items()}, paths


def _write_block(
    files: Mapping[str, Behind],
    ending: str,
    records: Sequence[str],
    fate: tuple[Sequence[str], Sequence[str], Sequence[str]],
) -> None:
    statuses, before, apart = fate
    _write_lines(files["results"], map(add, before, records), ending)
    for status in set(statuses) & _STATUS.keys():
        lines = map(add, apart, records)
        mine = compress(lines, [one == status for one in statuses])
        _write_lines(files[_STATUS[status]], mine, ending)


def _write_lines(file: Behind, lines: Iterable[str], ending: str) -> None:
    file.write((ending.join(lines) + ending).encode("utf-8"))
