"""From FILE to a CSV that Salesforce takes byte for byte: detected, normalized, read, selected."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bulkup.check.cells.suggestions import quote_value
from bulkup.check.columns import Columns
from bulkup.check.rules import FIRST_ROWS, finding
from bulkup.csvfile.detection import FileFormat, detect, needs_no_rewrite
from bulkup.csvfile.normalize import keep_input, prepare, write_columns
from bulkup.csvfile.numbered import NumberedCsv
from bulkup.csvfile.quoting.notes import QuoteNotes
from bulkup.csvfile.source import open_source
from bulkup.csvfile.source_file import SourceFile, sha256, unreadable
from bulkup.errors import InputError, NoRecords
from bulkup.model import Finding, Source, Target
from bulkup.planning.levels import parent_links, split_levels
from bulkup.planning.request import FileOptions
from bulkup.planning.subset import read_rows, select
from bulkup.runs.plan import Dialect
from bulkup.runs.run_dir import RunDir
from bulkup.text import amount, size

STDIN = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputTable:
    """A file that was read.

    `file` is the user's own, by fingerprint; `csv_file` has all of its rows and columns in a form
    that Salesforce takes: the same file, or a copy in the run directory. `changes` say what the
    copy has otherwise, `findings` are about the file as a whole, and `dialect` is what the user
    said of it, and what encoding was guessed. `quotes` has the rows of the findings about
    quotes.
    """

    file: Source
    csv_file: NumberedCsv
    dialect: Dialect
    changes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    quotes: QuoteNotes = field(default_factory=QuoteNotes)


@contextmanager
def open_input(options: FileOptions, folder: Path) -> Iterator[SourceFile]:
    """Hold FILE open from before its first byte is read; standard input is copied to `folder`.

    Raises:
        InputError: there is no such file, or it can't be read.
        RunError: standard input can't be kept.
    """
    if options.file == STDIN:
        folder.mkdir(mode=0o700, exist_ok=True)
        path = keep_input(sys.stdin.buffer, folder)
    else:
        path = Path(options.file)
    with SourceFile(path) as held:
        yield held


@contextmanager
def open_selected(selected: NumberedCsv, held: SourceFile) -> Iterator[SourceFile]:
    """Open what is sent: the user's file, unchanged since it is `held`, or a copy of ours.

    Raises:
        RunError: the user's file was changed since then.
    """
    held.must_be_unchanged()
    if selected.source.path == held.path.absolute():
        yield held
        return
    with SourceFile(selected.source.path) as copy:
        yield copy


def read_input(held: SourceFile, options: FileOptions, folder: Path) -> InputTable:
    """Detect what the open file is, normalize what Salesforce would not take, and read it.

    Raises:
        InputError: all that is wrong with it. RunError: a copy can't be written into `folder`,
            the file changes meanwhile, or its disk fails.
    """
    try:
        table = _read_table(held.path, options, folder)
    except OSError as error:
        raise unreadable(held.path, error) from error
    except InputError as error:
        held.must_be_unchanged()  # what is said of a file half written would lead astray
        if isinstance(error, NoRecords) and options.allow_empty is not None:
            raise error.with_hint("If that is as it should be, add --allow-empty.") from error
        raise
    held.must_be_unchanged()
    return table


def _read_table(path: Path, options: FileOptions, folder: Path) -> InputTable:
    if as_it_is := _as_it_is(path, options):
        return InputTable(
            file=as_it_is, csv_file=NumberedCsv(source=as_it_is), dialect=options.dialect
        )
    file_format = detect(
        path,
        name=options.file,
        encoding=options.encoding,
        delimiter=options.delimiter,
        line_ending=options.line_ending,
        skip_lines=options.skip_lines,
    )
    prepared = prepare(file_format, folder)
    source = open_source(
        prepared.path,
        name=options.file,
        delimiter=prepared.delimiter,
        line_ending=prepared.line_ending,
        check_cells=options.check,
        allow_empty=bool(options.allow_empty),
        strict_quotes=True,
    )
    own = source if prepared.path == path else _of_user(path, source, file_format.encoding.name)
    return InputTable(
        file=replace(own, path=path.absolute()),
        csv_file=NumberedCsv(
            source=replace(source, path=source.path.absolute()), numbers=prepared.numbers
        ),
        dialect=replace(
            options.dialect, encoding=options.encoding or _guessed_encoding(file_format)
        ),
        changes=prepared.changes,
        findings=(*_encoding_findings(file_format), *_quote_findings(prepared.quotes)),
        quotes=prepared.quotes,
    )


def _guessed_encoding(file_format: FileFormat) -> str | None:
    """What was guessed once, is not guessed anew: the next bulkup may guess otherwise."""
    return file_format.encoding.name if file_format.encoding.guessed else None


def _encoding_findings(file_format: FileFormat) -> Iterator[Finding]:
    """What of the file had to be guessed, for a person to judge."""
    encoding = file_format.encoding
    if encoding.guessed:
        yield finding(
            "ENCODING_GUESSED",
            f"The encoding was guessed to be {encoding.shown}, by which a value is "
            f"{quote_value(file_format.example)}; to be sure, add: --encoding {encoding.name}",
        )


def _quote_findings(quotes: QuoteNotes) -> Iterator[Finding]:
    """What was made of quotes that are not where CSV has them."""
    if quotes.lines:
        yield finding(
            "QUOTES_CORRECTED",
            "; ".join(quotes.sentences),
            count=quotes.corrected,
            rows=quotes.rows,
        )
    if quotes.unclear:
        first, *_ = quotes.unclear_lines
        yield finding(
            "QUOTES_UNCLEAR",
            f"line {first}: text beside a quoted part, which may mean several things; allowed, "
            f"it is read as {quote_value(quotes.first_unclear)}",
            count=len(quotes.unclear),
            rows=quotes.unclear[:FIRST_ROWS],
        )


def _as_it_is(path: Path, options: FileOptions) -> Source | None:
    """The file read in one pass, where nothing of it has to be written anew."""
    delimiter = needs_no_rewrite(path, options.delimiter)
    if delimiter is None or options.encoding or options.skip_lines:
        return None
    try:
        return open_source(
            path.absolute(),
            name=options.file,
            delimiter=delimiter,
            line_ending=options.line_ending,
            check_cells=options.check,
            allow_empty=bool(options.allow_empty),
            strict_quotes=True,
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
    """What is sent of an input table: `csv_file`, and then the later levels, one after another.

    `unsent` is the file of the rows that are not sent.
    """

    csv_file: NumberedCsv
    later_levels: tuple[NumberedCsv, ...] = ()
    unsent: Path | None = None
    changes: tuple[str, ...] = ()

    @property
    def rows_of_levels(self) -> list[int]:
        """How many rows are sent in each level."""
        return [level.source.rows for level in (self.csv_file, *self.later_levels)]


def select_columns_and_rows(
    table: InputTable,
    columns: Columns,
    target: Target,
    run_dir: RunDir,
    *,
    rows: Path | None,
    unsent: Path | None,
    blank_null: bool,
) -> SelectedRows:
    """Leave out columns and rows that are not sent; nothing is copied where none are.

    `rows` is a file of the numbers of the rows to send, None for all. Rows with parents in the
    same file are parted into levels.

    Raises:
        InputError: there are too many levels. RunError: a copy can't be written.
    """
    csv_file, changes = table.csv_file, list[str]()
    links = parent_links(csv_file.source.header, columns.as_sent, target)
    levels = split_levels(csv_file, links, run_dir, rows=rows)
    rows = levels[0] if levels else rows
    sent = {column.name: column.source for column in columns.as_sent}
    if blank_null or (not rows and tuple(sent.values()) != csv_file.source.header):
        made = write_columns(csv_file.source, run_dir.sent, sent, blank_null=blank_null)
        changes += made.changes
        csv_file = NumberedCsv(source=_read(made.path, csv_file.source), numbers=csv_file.numbers)
        sent = {name: name for name in sent}
    later_levels = tuple(
        select(
            csv_file,
            read_rows(path),
            columns=sent,
            to=run_dir.level(number),
            numbers=run_dir.level_numbers(number),
        )
        for number, path in enumerate(levels[1:], start=2)
    )
    if rows:
        csv_file = select(
            csv_file,
            read_rows(rows),
            columns=sent,
            to=run_dir.chosen,
            numbers=run_dir.chosen_numbers,
        )
    return SelectedRows(
        csv_file=csv_file, later_levels=later_levels, unsent=unsent, changes=tuple(changes)
    )


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
