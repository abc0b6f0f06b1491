"""Paths as literals of SQL: DuckDB takes some names for patterns, and some not at all."""

import glob
import os
import re
import tempfile
from functools import cache
from itertools import count
from pathlib import Path

from bulkup.errors import NotWritable

_UNSAFE = re.compile(r"[*?\[\]\\=\ud800-\udfff]")
"""What DuckDB does not take literally.

`*`, `?` and `[` make a pattern, in which a backslash is a separator, too. `row=7` in the name of a
folder becomes a column `row` (Hive partitions). Surrogates stand for bytes that are not UTF-8.
"""

_SHARED_FOLDERS = ("/tmp", "/var/tmp")  # noqa: S108 -- only for a folder of our own, mode 0700
_numbers = count()


def quoted(text: str | Path) -> str:
    """The text as a literal of SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def located(path: Path) -> str:
    """The path of one file or folder, read or written, as a literal of SQL.

    DuckDB gets to a path that it would not take literally by a symbolic link.

    Raises:
        NotWritable: the link can't be made.
    """
    absolute = path.absolute()
    if os.name != "posix":  # names have no `*` and `?` there; a backslash separates, as it should
        return quoted(glob.escape(absolute.as_posix()))
    if not _UNSAFE.search(str(absolute)):
        return quoted(absolute)
    if _UNSAFE.search(absolute.name):
        return quoted(_link(absolute))
    return quoted(_link(absolute.parent) / absolute.name)


@cache
def _link(target: Path) -> Path:
    """A symbolic link with a plain name; it is gone when the process ends."""
    folder = Path(_links_folder().name)
    try:
        link = folder / str(next(_numbers))
        link.symlink_to(target)
    except OSError as error:
        raise NotWritable(folder, error) from error
    return link


@cache
def _links_folder() -> "tempfile.TemporaryDirectory[str]":
    places = [tempfile.gettempdir(), *_SHARED_FOLDERS]
    place = next(place for place in places if not _UNSAFE.search(place))
    try:
        return tempfile.TemporaryDirectory(prefix="bulkup-", dir=place, ignore_cleanup_errors=True)
    except OSError as error:
        raise NotWritable(Path(place), error, "Set TMPDIR to a folder with room.") from error
