"""The source of a run that goes on or is retried: where it lies, and whether it is as planned."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from bulkup.check.columns import Columns
from bulkup.csvfile.source_file import SourceFile, sha256, unreadable
from bulkup.errors import InputError, RunError
from bulkup.model import Source
from bulkup.planning.read_input import (
    STDIN,
    InputTable,
    SelectedRows,
    read_input,
    select_columns_and_rows,
)
from bulkup.planning.request import request_of_plan
from bulkup.planning.selection import leave_out_unclear_quotes
from bulkup.results.row_files import part_again
from bulkup.runs.plan import Plan
from bulkup.runs.run_dir import Run, RunDir


@contextmanager
def open_planned_source(run: Run) -> Iterator[SourceFile]:
    """What the run sends, held open, after its content was compared with the plan's.

    Raises:
        RunError: it is not there any more, or its content has changed.
    """
    plan = run.plan
    with open_planned_file(run, plan.csv_file.path) as file:
        require_same_content(run, plan.csv_file)
        if plan.original.path != plan.csv_file.path:
            with open_planned_file(run, plan.original.path):
                require_same_content(run, plan.original)
        yield file


@contextmanager
def open_source_or_none(run: Run) -> Iterator[SourceFile | None]:
    """Hold what the run sends open as `open_planned_source` does; None where that can't be done."""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_planned_source(run))
        except RunError:
            file = None
        yield file


def open_planned_file(run: Run, path: Path) -> SourceFile:
    """A file of the run.

    Raises:
        RunError: it can't be read.
    """
    try:
        return SourceFile(path)
    except InputError as error:
        raise RunError(
            f"The source of run {run.name} can't be read: {error.message}",
            "Say where it lies now, with: --source FILE",
            name="SourceMissing",
        ) from error


def require_same_content(run: Run, source: Source) -> None:
    """Whether the file is still the one that was planned, by length and sha256.

    Raises:
        RunError: it is not, or its disk fails.
    """
    try:
        size = source.path.stat().st_size
        same = size == source.size and sha256(source.path) == source.sha256
    except OSError as error:
        raise unreadable(source.path, error) from error
    if not same:
        raise RunError(
            f"{source.path} has changed since run {run.name} began",
            "Put it back as it was, or load the new file with a new run.",
            name="SourceChanged",
        )


def part_rows(old: Run, run_dir: RunDir, *, include_unknown: bool) -> tuple[int, int]:
    """Part the rows: how many are sent again, how many stay unknown."""
    run_dir.prepared.mkdir(mode=0o700)
    return part_again(
        old.files.outcome,
        run_dir.work,
        include_unknown=include_unknown,
        rows=run_dir.rows_to_send,
        unsent=run_dir.unsent,
    )


def open_source_again(old: Run) -> SourceFile:
    """Hold the source of a run that is over, from before it is read.

    Raises:
        RunError: it is not there any more.
    """
    if old.plan.source.name == STDIN:
        raise RunError(
            "The source was standard input, which can't be read again",
            _load_result_file(old.plan),
            name="SourceMissing",
        )
    return open_planned_file(old, old.plan.source.path)


def read_again(
    old: Run, run_dir: RunDir, file: SourceFile
) -> tuple[InputTable, SelectedRows, Columns]:
    """Read the source as it was read before, and select what is sent again.

    Raises:
        RunError: its content has changed, it is not read as it was then, or no row can be sent.
    """
    plan = old.plan
    require_same_content(old, plan.source)
    table = read_input(file, request_of_plan(plan), run_dir.prepared)
    if table.csv_file.source.sha256 != plan.original.sha256:
        raise RunError(
            f"{plan.source.path} is not read as run {old.name} read it, so its rows can't be told",
            _load_result_file(plan),
            name="SourceReadOtherwise",
        )
    if table.quotes.unclear and not plan.dialect.unclear_quotes:
        _leave_out_unclear_quotes(plan, table, run_dir)
    table = replace(table, file=replace(table.file, name=plan.source.name))
    columns = _columns_of_plan(plan, table)
    selected = select_columns_and_rows(
        table,
        columns,
        plan.target,
        run_dir,
        rows=run_dir.rows_to_send,
        unsent=run_dir.unsent,
        blank_null=plan.options.blank_null,
    )
    return table, selected, columns


def _leave_out_unclear_quotes(plan: Plan, table: InputTable, run_dir: RunDir) -> None:
    """Rows that the run left out for their quotes are not sent again as they are.

    Raises:
        RunError: there are no others.
    """
    if not leave_out_unclear_quotes(table.quotes, run_dir):
        raise RunError(
            "The quotes of all rows that would be sent again may mean several things",
            f"Correct these rows in the result file. {_load_result_file(plan)}",
            name="QuotesUnclear",
        )


def _load_result_file(plan: Plan) -> str:
    return f"Load the result file instead: bulkup run {plan.options.directory}/results.csv …"


def _columns_of_plan(plan: Plan, table: InputTable) -> Columns:
    """The columns as the old run sent them."""
    sources = {column.source for column in plan.columns}
    return Columns(
        as_sent=plan.columns,
        left_out=tuple(name for name in table.csv_file.source.header if name not in sources),
        key=next((column for column in plan.columns if column.name == plan.key), None),
        external_id=plan.target.external_id,
        findings=(),
    )
