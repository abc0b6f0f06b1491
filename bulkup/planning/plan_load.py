"""From what the user typed to a plan that is written down: describe, check, narrow, cut."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bulkup import __version__
from bulkup.auth.connection import Connection
from bulkup.check.columns import Columns, resolve
from bulkup.clock import RealClock
from bulkup.csvfile.source import header_bytes
from bulkup.model import ObjectInfo, Operation, Target
from bulkup.planning.chunking import cut
from bulkup.planning.precheck import CheckResult
from bulkup.planning.read_input import STDIN, InputTable, SelectedRows, select_columns_and_rows
from bulkup.planning.request import Wish, target_of
from bulkup.planning.selection import select_rows
from bulkup.runs.plan import Options, Plan
from bulkup.runs.run_dir import Run, RunDir, reserve, write_plan
from bulkup.state_dir import StateDir, require_result_folder


@contextmanager
def new_run_folder(home: StateDir, file: str, operation: Operation) -> Iterator[Path]:
    """A run directory for a new load of `file`, taken away again when no plan comes of it.

    Raises:
        RunError: it can't be made.
    """
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    stem = "stdin" if file == STDIN else Path(file).name.partition(".")[0]
    folder = reserve(home, f"{moment}-{stem[:40]}-{operation}")
    try:
        yield folder
    finally:
        if not RunDir(folder).plan.exists():
            shutil.rmtree(folder, ignore_errors=True)


def describe(connection: Connection, name: str, home: StateDir) -> ObjectInfo:
    """What the org says of the object; always asked for before anything is sent.

    Raises:
        InputError: the org does not know the object.
    """
    from bulkup.salesforce import describe as org

    return connection.patience(lambda: org.describe(connection.client, name, cache=home.describes))


def map_columns(wish: Wish, taken: InputTable, info: ObjectInfo) -> Columns:
    """What each column is sent as; the findings about the file itself are among the columns'."""
    header, target = taken.sheet.source.header, target_of(wish, info)
    columns = resolve(header, info, target, wish.renames, wish.drops)
    return replace(columns, findings=(*taken.findings, *columns.findings))


def select_for_sending(
    wish: Wish,
    taken: InputTable,
    columns: Columns,
    verdict: CheckResult,
    folder: Path,
    *,
    include_unknown: bool,
) -> SelectedRows:
    """What is sent: without the rows that the check, or the file's own status, leaves out."""
    prepared = RunDir(folder).prepared
    rows, settled = select_rows(
        taken.sheet, verdict.left_out, folder, include_unknown=include_unknown
    )
    return select_columns_and_rows(
        taken, columns, prepared, rows=rows, settled=settled, blank_null=wish.blank_null
    )


def plan_run(
    target: Target,
    taken: InputTable,
    sent: SelectedRows,
    columns: Columns,
    options: Options,
    folder: Path,
    *,
    retry_of: str = "",
    retry_of_events: int = 0,
) -> Run:
    """Cut what is sent, and write the plan into the run directory.

    Raises:
        InputError: a record is bigger than a job may be, or the result files find no place.
        RunError: the disk does not take it.
    """
    source = sent.sheet.source
    plan = Plan(
        run=folder.name,
        created=RealClock().stamp(),
        version=__version__,
        source=taken.file,
        original=taken.sheet.source,
        original_numbers=taken.sheet.numbers,
        sheet=source,
        numbers=sent.sheet.numbers,
        settled=sent.settled,
        target=target,
        columns=columns.as_sent,
        key=columns.key.name if columns.key else None,
        chunks=cut(
            source,
            header=header_bytes(columns.names, source.delimiter, source.line_ending),
            chunk_bytes=options.chunk_bytes,
            chunk_rows=options.chunk_rows,
            canary=options.canary,
        ),
        options=options,
        dialect=taken.dialect,
        changes=(*taken.changes, *sent.changes),
        retry_of=retry_of,
        retry_of_events=retry_of_events,
    )
    require_result_folder(options.directory, taken.file.path)
    return write_plan(folder, plan)


def target_in_org(target: Target, columns: Columns, connection: Connection) -> Target:
    """The target with the org that it is in, and the key as the org spells it."""
    return replace(
        target,
        external_id=columns.external_id,
        alias=connection.alias,
        instance_url=connection.instance_url,
        org_id=connection.org_id(),
    )
