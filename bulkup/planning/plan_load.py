"""From a mapped table to a plan that is written down: select, cut, write."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bulkup import __version__
from bulkup.auth.connection import Connection
from bulkup.check.columns import Columns
from bulkup.clock import Clock
from bulkup.csvfile.source import header_bytes
from bulkup.model import Chunk, Operation, Target
from bulkup.planning.chunking import cut
from bulkup.planning.column_mapping import MappedTable
from bulkup.planning.precheck import CheckResult
from bulkup.planning.read_input import STDIN, InputTable, SelectedRows, select_columns_and_rows
from bulkup.planning.request import LoadRequest
from bulkup.planning.selection import select_rows
from bulkup.runs.plan import Level, Options, Plan
from bulkup.runs.run_dir import Run, RunDir, reserve, write_plan
from bulkup.state_dir import StateDir, require_result_folder
from bulkup.text import amount


@contextmanager
def new_run_dir(home: StateDir, file: str, operation: Operation) -> Iterator[RunDir]:
    """Make a run directory for a new load of `file`; remove it when no plan comes of it.

    Raises:
        RunError: it can't be made.
    """
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    stem = "stdin" if file == STDIN else Path(file).name.partition(".")[0]
    run_dir = RunDir(reserve(home, f"{moment}-{stem[:40]}-{operation}"))
    try:
        yield run_dir
    finally:
        if not run_dir.plan.exists():
            shutil.rmtree(run_dir.path, ignore_errors=True)


def select_for_sending(
    request: LoadRequest, mapped: MappedTable, result: CheckResult, run_dir: RunDir
) -> SelectedRows:
    """Leave out the rows that the check, or the file's own status, says are not to be sent."""
    rows, unsent = select_rows(
        mapped.table.csv_file, result.left_out, run_dir, include_unknown=request.include_unknown
    )
    return select_columns_and_rows(
        mapped.table,
        mapped.columns,
        request.target(mapped.info),
        run_dir,
        rows=rows,
        unsent=unsent,
        blank_null=request.blank_null,
    )


def make_plan(
    target: Target,
    table: InputTable,
    selected: SelectedRows,
    columns: Columns,
    options: Options,
) -> Plan:
    """Cut what is sent into chunks. Which run it is, when and where, is not in it yet.

    Raises:
        InputError: a record is bigger than a job may be.
    """
    source = selected.csv_file.source
    header = header_bytes(columns.names, source.delimiter, source.line_ending)
    chunks = list[Chunk]()
    for level, csv_file in enumerate((selected.csv_file, *selected.later_levels), start=1):
        chunks += cut(
            csv_file.source,
            header=header,
            chunk_bytes=options.chunk_bytes,
            chunk_rows=options.chunk_rows,
            canary=options.canary if level == 1 else 0,
            first_number=len(chunks) + 1,
            part=(level, 1),
        )
    return Plan(
        run="",
        created="",
        version=__version__,
        source=table.file,
        original=table.csv_file.source,
        original_numbers=table.csv_file.numbers,
        csv_file=source,
        numbers=selected.csv_file.numbers,
        unsent=selected.unsent,
        target=target,
        columns=columns.as_sent,
        key=columns.key.name if columns.key else None,
        levels=tuple(
            Level(source=level.source, numbers=level.numbers)
            for level in selected.later_levels
            if level.numbers
        ),
        chunks=tuple(chunks),
        options=options,
        dialect=table.dialect,
        changes=(*table.changes, *selected.changes),
    )


def record_plan(plan: Plan, run_dir: RunDir, clock: Clock) -> Run:
    """Write the plan into the run directory: from here on there is a run.

    Raises:
        InputError: the result files find no place.
        RunError: the disk does not take it.
    """
    require_result_folder(plan.options.directory, plan.source.path)
    plan = replace(plan, run=run_dir.name, created=clock.stamp())
    return write_plan(run_dir.path, plan)


def target_in_org(target: Target, columns: Columns, org: Connection) -> Target:
    """The target with the org that it is in, and the key as the org spells it."""
    return replace(
        target,
        external_id=columns.external_id,
        alias=org.alias,
        instance_url=org.instance_url,
        org_id=org.org_id(),
        username=org.username(),
    )


def limits_that_never_stop(plan: Plan) -> Iterator[str]:
    """Say which limits on failed rows can't stop this load, however many rows fail."""
    options, limit = plan.options, plan.options.max_failed
    if limit is None:
        return
    if limit.limit(plan.source.rows) >= plan.source.rows:
        yield f"--max-failed never stops this load: it has {amount(plan.source.rows, 'row')}"
        return
    rows = plan.chunks[0].rows if options.canary and plan.chunks else 0
    if rows and limit.limit(rows) >= rows:
        yield f"--max-failed never stops the canary: it has {amount(rows, 'row')}"
