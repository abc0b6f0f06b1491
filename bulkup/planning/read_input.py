"""From FILE to a CSV that Salesforce takes byte for byte: looked at, put right, read, narrowed."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bulkup.check.columns import Columns
from bulkup.check.rules import finding
from bulkup.csvfile.source import open_source
from bulkup.csvfile.source_file import SourceFile, sha256, unreadable
from bulkup.errors import InputError, NoRecords
from bulkup.model import Delimiter, Finding, LineEnding, Source
from bulkup.runs.plan import Dialect
from bulkup.text import amount, size

if TYPE_CHECKING:
    from bulkup.csvfile.detection import FileFormat
    from bulkup.csvfile.numbered import NumberedCsv

STDIN = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How FILE is to be read. What is None is detected.

    `allow_empty` takes a header without records; it is None where the command has no such option.
    """

    file: str
    encoding: str | None = None
    delimiter: Delimiter | None = None
    line_ending: LineEnding | None = None
    cells: bool = True
    allow_empty: bool | None = None

    @property
    def dialect(self) -> Dialect:
        """What the user said of the file."""
        return Dialect(
            encoding=self.encoding, delimiter=self.delimiter, line_ending=self.line_ending
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InputTable:
    """A file that was taken in.

    `file` is the user's own, by fingerprint; `sheet` has all of its rows and columns in a form
    that Salesforce takes: the same file, or a copy in the run directory. `changes` say what the
    copy has otherwise, `findings` are about the file as a whole, and `dialect` is what the user
    said of it, and what encoding was guessed.
    """

    file: Source
    sheet: "NumberedCsv"
    dialect: Dialect
    changes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


@contextmanager
def open_input(reading: Reading, folder: Path) -> Iterator[SourceFile]:
    """FILE held open, from before its first byte is read; standard input is copied to `folder`.

    Raises:
        InputError: there is no such file, or it can't be read.
        RunError: standard input can't be kept.
    """
    from bulkup.csvfile.normalize import keep_input

    if reading.file == STDIN:
        folder.mkdir(mode=0o700, exist_ok=True)
        path = keep_input(sys.stdin.buffer, folder)
    else:
        path = Path(reading.file)
    with SourceFile(path) as held:
        yield held


@contextmanager
def open_selected(sent: "NumberedCsv", held: SourceFile) -> Iterator[SourceFile]:
    """What is sent, held open: the user's file, as it was since it is `held`, or a copy of ours.

    Raises:
        RunError: the user's file was changed since then.
    """
    held.must_be_unchanged()
    if sent.source.path == held.path.absolute():
        yield held
        return
    with SourceFile(sent.source.path) as copy:
        yield copy


def read_input(reading: Reading, folder: Path) -> InputTable:
    """Look at the file, put right what Salesforce would not take, and read it.

    Raises:
        InputError: all that is wrong with it. RunError: a copy can't be written into `folder`,
            or the file changes meanwhile.
    """
    with open_input(reading, folder) as held:
        return read_open_file(held, reading, folder)


def read_open_file(held: SourceFile, reading: Reading, folder: Path) -> InputTable:
    """The same for a file that is held: whoever goes on holding it knows whether it still is so.

    Raises:
        InputError: all that is wrong with it. RunError: a copy can't be written into `folder`,
            the file changes meanwhile, or its disk fails.
    """
    try:
        taken = _taken(held.path, reading, folder)
    except OSError as error:
        raise unreadable(held.path, error) from error
    except InputError as error:
        held.must_be_unchanged()  # what is said of a file half written would lead astray
        if isinstance(error, NoRecords) and reading.allow_empty is not None:
            raise error.with_hint("If that is as it should be, add --allow-empty.") from error
        raise
    held.must_be_unchanged()
    return taken


def _taken(path: Path, reading: Reading, folder: Path) -> InputTable:
    from bulkup.csvfile.normalize import detect, prepare
    from bulkup.csvfile.numbered import NumberedCsv

    if as_it_is := _as_it_is(path, reading):
        return InputTable(
            file=as_it_is, sheet=NumberedCsv(source=as_it_is), dialect=reading.dialect
        )
    found = detect(
        path,
        name=reading.file,
        encoding=reading.encoding,
        delimiter=reading.delimiter,
        line_ending=reading.line_ending,
    )
    prepared = prepare(found, folder)
    source = open_source(
        prepared.path,
        name=reading.file,
        delimiter=prepared.delimiter,
        line_ending=prepared.line_ending,
        check_cells=reading.cells,
        allow_empty=bool(reading.allow_empty),
    )
    own = source if prepared.path == path else _of_user(path, source, found.encoding.name)
    return InputTable(
        file=replace(own, path=path.absolute()),
        sheet=NumberedCsv(
            source=replace(source, path=source.path.absolute()), numbers=prepared.numbers
        ),
        dialect=replace(reading.dialect, encoding=reading.encoding or _guess(found)),
        changes=prepared.changes,
        findings=tuple(_doubts(found)),
    )


def _guess(found: "FileFormat") -> str | None:
    """What was guessed once, is not guessed anew: the next bulkup may guess otherwise."""
    return found.encoding.name if found.encoding.guessed else None


def _doubts(found: "FileFormat") -> Iterator[Finding]:
    """What of the file had to be guessed, for a person to judge."""
    from bulkup.check.cells.suggestions import quote_value

    if found.encoding.guessed:
        yield finding(
            "ENCODING_GUESSED",
            f"The encoding was guessed to be {found.encoding.shown}, by which a value is "
            f"{quote_value(found.example)}; to be sure, add: --encoding {found.encoding.name}",
        )


def _as_it_is(path: Path, reading: Reading) -> Source | None:
    """The file read in one pass, where nothing of it has to be written anew."""
    from bulkup.csvfile.detection import needs_no_rewrite

    delimiter = needs_no_rewrite(path, reading.delimiter)
    if delimiter is None or reading.encoding:
        return None
    try:
        return open_source(
            path.absolute(),
            name=reading.file,
            delimiter=delimiter,
            line_ending=reading.line_ending,
            check_cells=reading.cells,
            allow_empty=bool(reading.allow_empty),
        )
    except InputError:
        return None  # what can be mended is found by a closer look, the rest is told by it


def _of_user(path: Path, source: Source, encoding: str) -> Source:
    """The user's own file, where a copy of it is sent."""
    return replace(
        source,
        path=path,
        size=path.stat().st_size,
        sha256=sha256(path),
        encoding=encoding,
        marks=(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedRows:
    """What is sent of a file that was taken in. `settled` tells of the rows that are not."""

    sheet: "NumberedCsv"
    settled: Path | None = None
    changes: tuple[str, ...] = ()


def select_columns_and_rows(
    taken: InputTable,
    columns: Columns,
    folder: Path,
    *,
    rows: Path | None,
    settled: Path | None,
    blank_null: bool,
) -> SelectedRows:
    """Leave out columns and rows that are not sent; nothing is copied where none are.

    `rows` is a file of the numbers of the rows to send, None for all.

    Raises:
        RunError: a copy can't be written.
    """
    from bulkup.csvfile.normalize import leave_out
    from bulkup.csvfile.numbered import NumberedCsv
    from bulkup.planning.subset import read_rows, select

    sheet, changes = taken.sheet, list[str]()
    drop = () if rows else columns.left_out
    if drop or blank_null:
        made = leave_out(sheet.source, folder / "sent.csv", drop=drop, blank_null=blank_null)
        changes += made.changes
        sheet = NumberedCsv(source=_read(made.path, sheet.source), numbers=sheet.numbers)
    if rows:
        sheet = select(
            sheet,
            read_rows(rows),
            columns={column.source: column.name for column in columns.as_sent},
            to=folder / "chosen.csv",
            numbers=folder / "chosen.numbers.csv",
        )
    return SelectedRows(sheet=sheet, settled=settled, changes=tuple(changes))


def _read(path: Path, like: Source) -> Source:
    return open_source(
        path,
        name=like.name,
        delimiter=like.delimiter,
        line_ending=like.line_ending,
        check_cells=False,
        allow_empty=True,
    )


def describe_input(source: Source, changes: Sequence[str]) -> list[str]:
    """The file in words, and what was changed."""
    shape = (
        f"{source.name}: {amount(source.rows, 'row')}, {amount(len(source.header), 'column')}, "
        f"{size(source.size)}, {source.encoding}, {source.delimiter}, {source.line_ending}"
    )
    return [shape, *(f"  {change}" for change in changes)]
