"""Writes the result files of a run: each row of the user's file with its status before it."""

import codecs
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from itertools import compress
from operator import add
from pathlib import Path

from bulkup.csvfile.decoding import open_decompressed
from bulkup.csvfile.records import ColumnProjection, blocks, is_own
from bulkup.errors import InputError
from bulkup.files import open_private, write_private
from bulkup.model import Source, Status
from bulkup.results.files.background_io import BackgroundFile, write_in_background
from bulkup.results.files.prefixes import PrefixReader, RowPrefixes
from bulkup.results.files.result_columns import FILE_OF_STATUS, RESULT_COLUMNS

GITIGNORE = "*\n"
"""Keeps a folder of people's data out of a repository."""


def write(
    source: Source, prefixes: PrefixReader, to: Path, *, byte_order_mark: bool
) -> tuple[dict[Status, int], dict[str, Path]]:
    """Write the four files into `to`, and return the number of rows by status and the paths.

    The files have mode 0600 and are written whole or not at all. With `byte_order_mark` they
    begin with one, by which a spreadsheet knows that they are UTF-8. The folder gets a
    `.gitignore` unless it has one.

    Raises:
        RunError: they can't be written, or the file has more records than there are prefixes.
    """
    paths = {name: to / f"{name}.csv" for name in RESULT_COLUMNS}
    counts: Counter[str] = Counter()
    kept = [index for index, name in enumerate(source.header) if not is_own(name)]
    names = [source.header[index] for index in kept]
    projection = ColumnProjection(source, kept)
    with ExitStack() as stack:
        opened = {name: stack.enter_context(open_private(path)) for name, path in paths.items()}
        in_background = stack.enter_context(write_in_background())
        files = {name: in_background(file) for name, file in opened.items()}
        for name, file in files.items():
            if byte_order_mark:
                file.write(codecs.BOM_UTF8)
            before = [column.name for column in RESULT_COLUMNS[name]]
            file.write(projection.header([*before, *names]))
        for block in blocks(source):
            records = projection.records(block.raw, even=True)
            while records:
                rows = prefixes.take(len(records))
                count = len(rows.before)
                _count(counts, rows)
                _write(files, projection.ending, records[:count], rows)
                records = records[count:]
    if not (gitignore := to / ".gitignore").exists():
        write_private(gitignore, GITIGNORE)
    return {Status(name): count for name, count in counts.items()}, paths


def needs_byte_order_mark(user_file: Source, original: Source) -> bool:
    """Whether result files need a byte order mark to open in the program the file came from.

    They do if the user's file had one or was not UTF-8. `original` is the file's text in UTF-8,
    which may be a copy. Of a file that can't be read any more only its encoding is known.
    """
    if codecs.lookup(user_file.encoding).name not in {"utf-8", "ascii"}:
        return True
    for path in dict.fromkeys((original.path, user_file.path)):
        try:
            with open_decompressed(path) as file:
                if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8:
                    return True
        except (InputError, OSError):
            continue
    return False


def _count(counts: Counter[str], rows: RowPrefixes) -> None:
    if rows.status:
        counts[rows.status] += len(rows.before)
    else:
        counts.update(rows.statuses)


def _write(
    files: Mapping[str, BackgroundFile], ending: bytes, records: Sequence[bytes], rows: RowPrefixes
) -> None:
    _write_lines(files["results"], map(add, rows.before, records), ending)
    if name := FILE_OF_STATUS.get(rows.status):
        _write_lines(files[name], map(add, rows.apart, records), ending)
    for status in FILE_OF_STATUS.keys() & rows.statuses:
        chosen = [row_status == status for row_status in rows.statuses]
        lines = compress(map(add, rows.apart, records), chosen)
        _write_lines(files[FILE_OF_STATUS[status]], lines, ending)


def _write_lines(file: BackgroundFile, lines: Iterable[bytes], ending: bytes) -> None:
    file.write(ending.join(lines) + ending)
