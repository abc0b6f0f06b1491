"""The story of a load, a check, a resume, a stop and a retry. No terminal in it.

`load`: read the file, map its columns, check it, select the rows to send, write the plan, execute.
`check_load` is its first half. `resume` executes what is left of a plan, `stop` aborts it and keeps
what was done. `retry` reads the file of a run that is over once more and executes what did not
succeed as a new run.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bulkup.auth.connection import Connection
from bulkup.clock import Clock, RealClock
from bulkup.csvfile.source_file import SourceFile
from bulkup.execution.completion import late_rows_seconds
from bulkup.execution.control import FailureGuard, RunControl
from bulkup.execution.execute import execute_run, header_of, rewrite_summary
from bulkup.execution.jobs import ChunkBodies, RunJobs, jobs_in
from bulkup.execution.observer import Observer
from bulkup.execution.reconciliation.reconcile_run import (
    reconcile_hooks,
    reconcile_run,
    unchanged_sources,
)
from bulkup.execution.reconciliation.refresh_results import (
    incomplete_jobs,
    refresh_results,
    results_kept,
)
from bulkup.execution.runner import Runner
from bulkup.execution.source_guard import (
    open_planned_source,
    open_source_again,
    open_source_or_none,
    part_rows,
    read_again,
)
from bulkup.model import Target
from bulkup.planning.column_mapping import map_columns
from bulkup.planning.levels import describe_levels
from bulkup.planning.plan_load import (
    limits_that_never_stop,
    make_plan,
    new_run_dir,
    record_plan,
    select_for_sending,
    target_in_org,
)
from bulkup.planning.precheck import CheckResult, raise_if_stopping, run_check
from bulkup.planning.read_input import (
    open_input,
    open_selected,
    read_input,
)
from bulkup.planning.request import LoadRequest
from bulkup.report.report import Report
from bulkup.runs.events import Stopping
from bulkup.runs.journal import Journal
from bulkup.runs.plan import MaxFailed, Plan
from bulkup.runs.preconditions import (
    require_resumable,
    require_retriable,
    require_same_org,
    require_same_place,
)
from bulkup.runs.registry import run_status
from bulkup.runs.run_dir import Run, RunDir, chunks_of, with_options, with_source
from bulkup.runs.same_load import content_hashes, require_new_load
from bulkup.runs.takeover import require_takeover, supersede
from bulkup.salesforce.error_codes import PASSING
from bulkup.salesforce.ingest import IngestJobs
from bulkup.state_dir import StateDir, require_result_folder
from bulkup.text import amount

Connect = Callable[[Target, float], AbstractContextManager[Connection]]
"""Connects to the org of a plan's target; the number is how many seconds to retry for."""

STOPPED = "the run was stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Where runs are kept, who watches, and what time it is, for one call."""

    home: StateDir
    observer: Observer = field(default_factory=Observer)
    clock: Clock = field(default_factory=RealClock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What the user wants otherwise than the plan has it; None leaves it. See `LoadRequest`."""

    source: Path | None = None
    directory: Path | None = None
    parallel: int | None = None
    chunk_rows: int | None = None
    retry_for: float | None = None
    row_retries: int | None = None
    max_failed: MaxFailed | None = None
    timeout: float | None = None
    wait: bool = True

    def apply(self, run: Run) -> Run:
        """The run with these options for this process; the plan on the disk stays as it is."""
        run = with_source(run, self.source) if self.source else run
        return with_options(
            run,
            directory=self.directory,
            parallel=self.parallel,
            chunk_rows=self.chunk_rows,
            retry_for=self.retry_for,
            row_retries=self.row_retries,
            max_failed=self.max_failed,
        )


def load(request: LoadRequest, org: Connection, session: Session) -> Report:
    """Load a file: from its first byte to what became of every row.

    Raises:
        InputError: the file or the target is wrong. CheckFailed: the check stops the load.
        CredentialsError, SalesforceError: the org. RunError: the disk. Nothing was sent then;
        whatever ends the load afterwards stands in the report.
    """
    with (
        new_run_dir(session.home, request.file, request.operation) as run_dir,
        open_input(request, run_dir.prepared) as file,
    ):
        session.observer.connected(org)
        table = read_input(file, request, run_dir.prepared)
        session.observer.input_read(table)
        mapped = map_columns(request, table, org, session.home)
        result = run_check(request, mapped, org, run_dir)
        raise_if_stopping(request, result, table.file.name)
        session.observer.checked(result)
        selected = select_for_sending(request, mapped, result, run_dir)
        for sentence in selected.changes:
            session.observer.note(sentence)
        with open_selected(selected.csv_file, file) as sent:
            target = target_in_org(request.target(mapped.info), mapped.columns, org)
            rows = selected.rows_of_levels
            session.observer.confirm(target, sum(rows))
            options = request.options(run_dir.name)
            plan = make_plan(target, table, selected, mapped.columns, options)
            run = _record_new_plan(request, plan, run_dir, session)
            session.observer.note(
                f"run {run.name}: {amount(len(plan.chunks), 'job')} of {amount(sum(rows), 'row')}"
            )
            if selected.later_levels:
                session.observer.note(describe_levels(rows))
            for sentence in limits_that_never_stop(plan):
                session.observer.note(sentence)
            control = RunControl(session.clock, timeout=request.timeout, wait=request.wait)
            with run.holding(session.clock) as journal:
                return execute(run, journal, sent, org=org, control=control, session=session)


def _record_new_plan(request: LoadRequest, plan: Plan, run_dir: RunDir, session: Session) -> Run:
    """Write the plan, unless the same load is under way or would insert its rows twice.

    Raises:
        RunError: it is, or the disk does not take the plan. InputError: as `record_plan`.
    """
    with session.home.planning_lock():
        if not request.again:
            require_new_load(
                session.home,
                file=plan.source.name,
                hashes=content_hashes(plan),
                target=plan.target,
                now=datetime.now(UTC),
            )
        return record_plan(plan, run_dir, session.clock)


def check_load(
    request: LoadRequest,
    org: Connection,
    session: Session,
    findings_csv: Path | None = None,
) -> CheckResult:
    """Check a file against the org as `load` does; nothing is sent and nothing is kept.

    Raises:
        InputError, CredentialsError, SalesforceError, RunError: as `load`.
    """
    session.home.make()
    with TemporaryDirectory(prefix="check-", dir=session.home.state) as name:
        run_dir = RunDir(Path(name))
        with open_input(request, run_dir.prepared) as file:
            table = read_input(file, request, run_dir.prepared)
        session.observer.input_read(table)
        mapped = map_columns(request, table, org, session.home)
        return run_check(request, mapped, org, run_dir, findings_csv)


def resume(
    run: Run, changes: Changes, connect: Connect, session: Session, *, take_over: bool = False
) -> Report:
    """Execute what is left of an unfinished run, from its journal alone.

    Raises:
        RunError: it is over, held by another process, of another machine or org, or its source is
            not what it was. CredentialsError, SalesforceError: the org.
    """
    run = changes.apply(run)
    with _hold_unfinished(run, session, take_over=take_over) as journal:
        if changes.directory or changes.source:
            require_result_folder(run.plan.options.directory, run.plan.source.path)
        with open_planned_source(run) as file, _connect_to(run, connect, session) as org:
            require_takeover(run, journal, session.clock)
            session.observer.note(f"run {run.name}: going on")
            control = RunControl(session.clock, timeout=changes.timeout, wait=changes.wait)
            return execute(run, journal, file, org=org, control=control, session=session)


def stop(
    run: Run, changes: Changes, connect: Connect, session: Session, *, take_over: bool = False
) -> Report:
    """End a run now: abort its jobs, fetch what was done, and write the result files.

    The run is over then, and `retry` sends the rest. Where the source is gone or was changed, the
    result files hold what Salesforce answered, and no `results.csv` is written.

    Raises:
        RunError: it is over, held by another process, a copy, or of another org.
        CredentialsError, SalesforceError: the org.
    """
    run = changes.apply(run)
    with _hold_unfinished(run, session, take_over=take_over) as journal:
        require_result_folder(run.plan.options.directory, run.plan.source.path)
        with open_source_or_none(run) as file, _connect_to(run, connect, session) as org:
            require_takeover(run, journal, session.clock)
            journal.append(Stopping())
            control = RunControl(session.clock, timeout=changes.timeout)
            return execute(run, journal, file, org=org, control=control, session=session)


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingToRetry:
    """No row of the run is to be sent again; `unknown` rows stay so."""

    unknown: int


def retry(
    old: Run,
    changes: Changes,
    connect: Connect,
    session: Session,
    *,
    include_unknown: bool = False,
    take_over: bool = False,
) -> Report | NothingToRetry:
    """Send the rows of a run that is over and did not succeed once more, as a new run.

    Raises:
        RunError: the run is not over, superseded, held, or a copy that `take_over` does not allow,
            its source is not what it was, or the org is another.
        CredentialsError, SalesforceError: the org.
    """
    old = with_source(old, changes.source) if changes.source else old
    target = old.plan.target
    with (
        _hold_finished(old, session, take_over=take_over) as old_journal,
        new_run_dir(session.home, old.plan.source.name, target.operation) as run_dir,
    ):
        _take_over_late_rows(old, old_journal, connect, session)
        _match_stopped_rows(old, old_journal)
        again, unknown = part_rows(old, run_dir, include_unknown=include_unknown)
        if not again:
            return NothingToRetry(unknown=unknown)
        directory = changes.directory or Path("bulkup-results") / run_dir.name
        old = replace(changes, directory=directory, source=None).apply(old)
        options = replace(old.plan.options, canary=0)
        with _connect_to(old, connect, session) as org, open_source_again(old) as file:
            table, selected, columns = read_again(old, run_dir, file)
            with open_selected(selected.csv_file, file) as sent:
                plan = replace(
                    make_plan(target, table, selected, columns, options),
                    retry_of=old.name,
                    retry_of_events=len(old_journal.events),
                )
                new = record_plan(plan, run_dir, session.clock)
                control = RunControl(session.clock, timeout=changes.timeout, wait=changes.wait)
                with new.holding(session.clock) as journal:
                    supersede(old, old_journal, new)
                    session.observer.note(
                        f"run {new.name}: {amount(again, 'row')} of {old.name} again"
                    )
                    return execute(new, journal, sent, org=org, control=control, session=session)


def _take_over_late_rows(old: Run, journal: Journal, connect: Connect, session: Session) -> None:
    """Ask jobs that did not complete for their results again, and match the rows anew.

    Raises:
        RunError: batches may still land, or the source is not what it was.
    """
    kept = old.plan.csv_file.path.exists() and old.plan.original.path.exists()
    if not kept or not any(incomplete_jobs(journal.events)):
        return
    with _connect_to(old, connect, session) as org:
        jobs = RunJobs(IngestJobs(org.client), old)
        changed = org.retry(
            lambda: refresh_results(old, journal, jobs, old.answers(PASSING), session.clock)
        )
    if changed:
        _match_again(old, journal, why_not_sent="")


def _match_stopped_rows(old: Run, journal: Journal) -> None:
    """Match the rows of a run that was stopped without its source, now that it is there again.

    Raises:
        RunError: the source is not there, or not what it was.
    """
    if old.files.outcome.exists() or not results_kept(journal.events, old.answers(PASSING)):
        return
    _match_again(old, journal, why_not_sent=STOPPED)
    if not any(incomplete_jobs(journal.events)):
        old.files.forget_rows()


def _match_again(old: Run, journal: Journal, *, why_not_sent: str) -> None:
    """Match the rows of a run that is over with its results once more.

    Raises:
        RunError: the source is not there, or not what it was. InputError: the result files find
            no place.
    """
    with open_planned_source(old) as file, unchanged_sources(old, file):
        require_result_folder(old.plan.options.directory, old.plan.source.path)
        totals = reconcile_run(old, journal.events, why_not_sent)
        rewrite_summary(old, journal.events, totals)


def execute(
    run: Run,
    journal: Journal,
    file: SourceFile | None,
    *,
    org: Connection,
    control: RunControl,
    session: Session,
) -> Report:
    """Send what is left of the plan, wait, match results with rows, and report.

    `file` is what the plan sends, held open since it was fingerprinted; None for a run that is
    stopped without its source.
    """
    options = run.plan.options
    if any(isinstance(event, Stopping) for event in journal.events):
        control.call_all_off(STOPPED)
    org.client.remaining = control.remaining
    limit = options.max_failed.limit(run.plan.source.rows) if options.max_failed else None
    with ExitStack() as stack:
        executor = ThreadPoolExecutor(options.parallel)
        # Threads are not waited for: by the end they are idle, or they hang and are left behind.
        stack.callback(executor.shutdown, wait=False)
        runner = Runner(
            journal=journal,
            ingest=RunJobs(IngestJobs(org.client), run, known=jobs_in(journal.events)),
            body_of=ChunkBodies(run, header_of(run), file, stack),
            answers=run.answers(PASSING),
            clock=session.clock,
            executor=executor,
            stop=control,
            watcher=FailureGuard(control, limit),
            listener=stack.enter_context(
                session.observer.watch(run, chunks_of(run, journal.events), control)
            ),
            retry_for=options.retry_for,
            late_rows_for=late_rows_seconds(run.plan),
        )
        report = execute_run(run, journal, runner, reconcile_hooks(org, control, file))
        return replace(report, hanging=bool(runner.left_behind))


@contextmanager
def _hold_unfinished(run: Run, session: Session, *, take_over: bool) -> Iterator[Journal]:
    """Hold the run under its lock, once it is seen that this process may go on with it.

    Raises:
        RunError: it is over, held by another process, or a copy that `take_over` does not allow.
    """
    with run.holding(session.clock) as journal:
        require_resumable(run_status(run, journal.events))
        require_same_place(run, journal.events, session.home, take_over=take_over)
        yield journal


@contextmanager
def _connect_to(run: Run, connect: Connect, session: Session) -> Iterator[Connection]:
    """Connect to the org in which the run's jobs are.

    Raises:
        RunError: the connection leads to another one. CredentialsError, SalesforceError: the org.
    """
    with connect(run.plan.target, run.plan.options.retry_for) as org:
        require_same_org(run, org.org_id(), org.instance_url)
        session.observer.connected(org)
        yield org


@contextmanager
def _hold_finished(run: Run, session: Session, *, take_over: bool) -> Iterator[Journal]:
    """Hold the run under its lock, so that nobody else takes its rows over.

    Raises:
        RunError: it is superseded, not over, or a copy that `take_over` does not allow.
    """
    with run.holding(session.clock) as journal:
        require_retriable(run_status(run, journal.events))
        require_same_place(run, journal.events, session.home, take_over=take_over)
        yield journal
