"""`bulkup retry`: send again, as a new run, what of a run that is over did not go in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from bulkup import state_dir
from bulkup.check.columns import Columns
from bulkup.cli import options, output
from bulkup.cli.commands.resume import SourceOption, require_same_org
from bulkup.cli.connection import connect
from bulkup.cli.output import Output
from bulkup.cli.session import Pace, execute_and_present
from bulkup.clock import RealClock
from bulkup.csvfile.source_file import SourceFile
from bulkup.errors import RunError
from bulkup.execution.source_guard import open_planned_file, require_same_content
from bulkup.planning import plan_load, read_input
from bulkup.planning.read_input import InputTable, Reading, SelectedRows
from bulkup.runs import registry
from bulkup.runs.journal import Journal
from bulkup.runs.plan import Plan
from bulkup.runs.registry import SUPERSEDED, RunStatus
from bulkup.runs.run_dir import Run, RunDir, with_options, with_source
from bulkup.runs.takeover import supersede
from bulkup.text import amount

EXAMPLES = """\
Examples:

  bulkup retry

  bulkup retry 20261124T101500-contacts-upsert --chunk-rows 2000 --parallel 1
"""

RunName = Annotated[
    str | None,
    typer.Argument(
        metavar="[RUN]",
        show_default=False,
        help="Not given: the newest run that is over and not superseded.",
    ),
]


def retry(
    run: RunName = None,
    include_unknown: options.IncludeUnknown = False,
    source: SourceOption = None,
    org: options.Org = None,
    directory: options.Directory = None,
    parallel: options.OptionalParallel = None,
    chunk_rows: Annotated[
        int | None,
        typer.Option(
            "--chunk-rows",
            metavar="N",
            parser=options.positive,
            show_default=False,
            help="Rows in one job; as the run had it if not given.",
        ),
    ] = None,
    timeout: options.Timeout = None,
    no_wait: options.NoWait = False,
    retry_for: options.OptionalRetryFor = None,
    row_retries: options.OptionalRowRetries = None,
    max_failed: options.MaxFailedOption = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """Send again, as a new run, the rows that are failed, unprocessed or not sent."""
    screen = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    home = state_dir.find_state_dir()
    old = registry.find_run(home, run) if run else registry.find_run_to_retry(home)
    old = with_source(old, source) if source else old
    target = old.plan.target
    with (
        lock_old_run(old) as journal,
        plan_load.new_run_folder(home, old.plan.source.name, target.operation) as folder,
    ):
        sent, unknown = _part(old, folder, include_unknown=include_unknown)
        if not sent:
            return _nothing(old, unknown, screen)
        old = with_options(
            old,
            directory=directory or Path("bulkup-results") / folder.name,
            parallel=parallel,
            chunk_rows=chunk_rows,
            retry_for=retry_for,
            row_retries=row_retries,
            max_failed=max_failed,
        )
        with (
            connect(
                org or target.alias or None,
                target.api_version,
                screen,
                home,
                retry_for=old.plan.options.retry_for,
            ) as connection,
            _opened(old) as users,
        ):
            require_same_org(old, connection)
            taken, outgoing, columns = _again(old, folder, users)
            with read_input.open_selected(outgoing.sheet, users) as file:
                new = plan_load.plan_run(
                    target,
                    taken,
                    outgoing,
                    columns,
                    replace(old.plan.options, canary=0),
                    folder,
                    retry_of=old.name,
                    retry_of_events=len(journal.events),
                )
                with new.holding(RealClock()) as own:
                    supersede(old, journal, new)
                    screen.note(f"run {new.name}: {amount(sent, 'row')} of {old.name} again")
                    pace = Pace(timeout=timeout, wait=not no_wait)
                    return execute_and_present(new, own, file, connection, screen, pace)


@contextmanager
def lock_old_run(run: Run) -> Iterator[Journal]:
    """The run under its lock, so that nobody else takes its rows over meanwhile.

    Raises:
        RunError: it is superseded, or not over.
    """
    with run.holding(RealClock()) as journal:
        _refuse(registry.run_status(run, journal.events))
        yield journal


def _refuse(one: RunStatus) -> None:
    name = one.run.name
    if one.state == SUPERSEDED:
        raise RunError(
            f"Run {name} is superseded: {one.superseded_by} has taken its rows over",
            f"See how that one stands: bulkup runs {one.superseded_by}",
            name="RunSuperseded",
        )
    if not one.retriable:
        raise RunError(
            f"Run {name} is not over ({one.state})",
            f"Go on with it first: {one.way_on}" if one.resumable else "Load with a new run.",
            name="RunNotOver",
        )


def _part(old: Run, folder: Path, *, include_unknown: bool) -> tuple[int, int]:
    """Part the rows: how many are sent again, how many stay unknown."""
    from bulkup.results.row_files import part_again

    RunDir(folder).prepared.mkdir(mode=0o700)
    return part_again(
        old.files.outcome,
        RunDir(folder).work,
        include_unknown=include_unknown,
        rows=RunDir(folder).rows_to_send,
        settled=RunDir(folder).unsent,
    )


def _nothing(old: Run, unknown: int, screen: Output) -> int:
    """Nothing is sent, nothing is superseded."""
    kept = f"; {amount(unknown, 'row')} of it stay unknown" if unknown else ""
    if screen.json:
        output.document(
            {"schema": "bulkup.retry/1", "run": None, "retry_of": old.name, "unknown": unknown}
        )
    screen.note(f"run {old.name}: nothing to send again{kept}")
    return 1 if unknown else 0


def _again(old: Run, folder: Path, users: SourceFile) -> tuple[InputTable, SelectedRows, Columns]:
    """The source read again as it was read before, and what of it is sent.

    Raises:
        RunError: its content has changed, or it is not read as it was then.
    """
    plan = old.plan
    require_same_content(old, plan.source)
    said = plan.dialect
    reading = Reading(
        file=str(plan.source.path),
        encoding=said.encoding,
        delimiter=said.delimiter,
        line_ending=said.line_ending,
        cells=False,
    )
    taken = read_input.read_open_file(users, reading, RunDir(folder).prepared)
    if taken.sheet.source.sha256 != plan.original.sha256:
        raise RunError(
            f"{plan.source.path} is not read as run {old.name} read it, so its rows can't be told",
            _by_results(plan),
            name="SourceReadOtherwise",
        )
    taken = replace(taken, file=replace(taken.file, name=plan.source.name))
    columns = _columns(plan, taken)
    outgoing = read_input.select_columns_and_rows(
        taken,
        columns,
        RunDir(folder).prepared,
        rows=RunDir(folder).rows_to_send,
        settled=RunDir(folder).unsent,
        blank_null=plan.options.blank_null,
    )
    return taken, outgoing, columns


def _opened(old: Run) -> SourceFile:
    """The source, held from before it is read.

    Raises:
        RunError: it is not there any more.
    """
    if old.plan.source.name == read_input.STDIN:
        raise RunError(
            "The source was standard input, which can't be read again",
            _by_results(old.plan),
            name="SourceMissing",
        )
    return open_planned_file(old, old.plan.source.path)


def _by_results(plan: Plan) -> str:
    return f"Load the result file instead: bulkup run {plan.options.directory}/results.csv …"


def _columns(plan: Plan, taken: InputTable) -> Columns:
    """The columns as the old run sent them."""
    sources = {column.source for column in plan.columns}
    return Columns(
        as_sent=plan.columns,
        left_out=tuple(name for name in taken.sheet.source.header if name not in sources),
        key=next((column for column in plan.columns if column.name == plan.key), None),
        external_id=plan.target.external_id,
        findings=(),
    )
