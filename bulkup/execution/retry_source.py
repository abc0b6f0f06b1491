"""The source of a run that is over, read once more for its retry, and the rows of it to send."""

from dataclasses import replace

from bulkup.check.columns import Columns
from bulkup.csvfile.source_file import SourceFile
from bulkup.errors import RunError
from bulkup.execution.source_guard import open_planned_file, require_same_content
from bulkup.planning.read_input import (
    STDIN,
    InputTable,
    SelectedRows,
    read_input,
    select_columns_and_rows,
)
from bulkup.planning.request import request_of_plan
from bulkup.results.row_files import part_again
from bulkup.runs.plan import Plan
from bulkup.runs.run_dir import Run, RunDir


def part_rows(old: Run, run_dir: RunDir, *, include_unknown: bool) -> tuple[int, int]:
    """Part the rows: how many are sent again, how many stay unknown."""
    run_dir.prepared.mkdir(mode=0o700)
    return part_again(
        old.files.outcome,
        run_dir.work,
        include_unknown=include_unknown,
        rows=run_dir.rows_to_send,
        settled=run_dir.unsent,
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
        RunError: its content has changed, or it is not read as it was then.
    """
    plan = old.plan
    require_same_content(old, plan.source)
    table = read_input(file, request_of_plan(plan), run_dir.prepared)
    if table.sheet.source.sha256 != plan.original.sha256:
        raise RunError(
            f"{plan.source.path} is not read as run {old.name} read it, so its rows can't be told",
            _load_result_file(plan),
            name="SourceReadOtherwise",
        )
    table = replace(table, file=replace(table.file, name=plan.source.name))
    columns = _columns_of_plan(plan, table)
    selected = select_columns_and_rows(
        table,
        columns,
        run_dir,
        rows=run_dir.rows_to_send,
        settled=run_dir.unsent,
        blank_null=plan.options.blank_null,
    )
    return table, selected, columns


def _load_result_file(plan: Plan) -> str:
    return f"Load the result file instead: bulkup run {plan.options.directory}/results.csv …"


def _columns_of_plan(plan: Plan, table: InputTable) -> Columns:
    """The columns as the old run sent them."""
    sources = {column.source for column in plan.columns}
    return Columns(
        as_sent=plan.columns,
        left_out=tuple(name for name in table.sheet.source.header if name not in sources),
        key=next((column for column in plan.columns if column.name == plan.key), None),
        external_id=plan.target.external_id,
        findings=(),
    )
