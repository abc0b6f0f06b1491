"""The result files of a run: each row of the user's file with its fate before it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from itertools import compress
from operator import add
from pathlib import Path

from bulkup.csvfile.records import ColumnProjection, blocks, is_own
from bulkup.files import open_private
from bulkup.model import Source, Status
from bulkup.results.background_io import BackgroundFile, write_in_background
from bulkup.results.prefixes import PrefixReader, RowPrefixes

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


def write(
    source: Source, fates: PrefixReader, to: Path
) -> tuple[dict[Status, int], dict[str, Path]]:
    """Write the four files into `to` (0600, whole or not at all) and count rows by status.

    Raises:
        RunError: they can't be written, or the file has more records than there are fates.
    """
    paths = {name: to / f"{name}.csv" for name in BEFORE}
    counts: Counter[str] = Counter()
    kept = [at for at, name in enumerate(source.header) if not is_own(name)]
    names = [source.header[at] for at in kept]
    cut = ColumnProjection(source, kept)
    with ExitStack() as stack:
        opened = {name: stack.enter_context(open_private(path)) for name, path in paths.items()}
        behind = stack.enter_context(write_in_background())
        files = {name: behind(file) for name, file in opened.items()}
        for name, file in files.items():
            file.write(cut.header([*BEFORE[name], *names]))
        for block in blocks(source):
            records = cut.records(block.raw)
            while records:
                fate = fates.take(len(records))
                some, records = records[: len(fate.before)], records[len(fate.before) :]
                _count(counts, fate)
                _write(files, cut.ending, some, fate)
    return {Status(name): count for name, count in counts.items()}, paths


def _count(counts: Counter[str], fate: RowPrefixes) -> None:
    if fate.status:
        counts[fate.status] += len(fate.before)
    else:
        counts.update(fate.statuses)


def _write(
    files: Mapping[str, BackgroundFile], ending: bytes, records: Sequence[bytes], fate: RowPrefixes
) -> None:
    _write_lines(files["results"], map(add, fate.before, records), ending)
    if fate.status in _STATUS:
        _write_lines(files[_STATUS[fate.status]], map(add, fate.apart, records), ending)
    for status in _STATUS.keys() & fate.statuses:
        lines = compress(map(add, fate.apart, records), [one == status for one in fate.statuses])
        _write_lines(files[_STATUS[status]], lines, ending)


def _write_lines(file: BackgroundFile, lines: Iterable[bytes], ending: bytes) -> None:
    file.write(ending.join(lines) + ending)
