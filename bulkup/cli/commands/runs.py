"""`bulkup runs`: this machine's runs, and one run's story."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from bulkup import state_dir
from bulkup.auth.connection import Connection
from bulkup.cli import options, output
from bulkup.cli.connection import connect
from bulkup.cli.display.progress import Lines
from bulkup.cli.output import Output
from bulkup.clock import RealClock
from bulkup.errors import BulkupError, InputError, RunError
from bulkup.execution.execute import header_of
from bulkup.report.document import run_story_document, runs_document
from bulkup.runs import registry
from bulkup.runs.events import (
    Abandoned,
    ChunkEvent,
    Event,
    Finished,
    Planned,
    RunPaused,
    RunStarted,
    Stopping,
    Superseded,
)
from bulkup.runs.journal import Journal, begin_anew, last_events
from bulkup.runs.preconditions import require_same_org
from bulkup.runs.registry import RunStatus, UnreadableRun
from bulkup.runs.run_dir import Run
from bulkup.runs.words import event_document
from bulkup.salesforce.urls import describe_org
from bulkup.state_dir import StateDir
from bulkup.text import amount, duration

EXAMPLES = """\
Examples:

  bulkup runs

  bulkup runs 20261124T101500-contacts-upsert

  bulkup runs --prune 30d
"""


def show(
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", show_default=False, help="Tell this run's story."),
    ] = None,
    prune: Annotated[
        float | None,
        typer.Option(
            "--prune",
            metavar="D",
            parser=options.duration,
            show_default=False,
            help="Remove the directories of runs that are over and older than this, as 30d.",
        ),
    ] = None,
    abandon: Annotated[
        bool, typer.Option("--abandon", help="Give RUN up: its open jobs are aborted.")
    ] = False,
    org: options.Org = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """List the runs of this machine, or tell one run's story, event by event."""
    screen = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    home = state_dir.find_state_dir()
    if abandon and not run:
        raise InputError("Which run is to be given up?", "Type: bulkup runs RUN --abandon")
    if prune is not None:
        gone = registry.prune(home, timedelta(seconds=prune), datetime.now(UTC))
        screen.note(f"removed {amount(len(gone), 'run')}")
    if run and abandon:
        _abandon(registry.find_run(home, run), org, screen, home)
        return 0
    if run:
        _print_story(registry.find_run(home, run), screen)
    else:
        _list(registry.list_runs(home), screen)
    return 0


def _list(all_: Sequence[RunStatus | UnreadableRun], screen: Output) -> None:
    if screen.json:
        output.document(runs_document(all_))
        return
    if not all_:
        screen.note("no runs on this machine")
        return
    screen.table(
        ("#", "run", "object", "operation", "rows", "state", "made", "how to go on"),
        [(str(number), *_cells(run)) for number, run in enumerate(all_, start=1)],
        whole=(1, 7),
        apart=(1, 7),
    )
    for run in all_:
        if run.damage:
            screen.note(f"{run.name}: {run.damage}")


def _cells(run: RunStatus | UnreadableRun) -> tuple[str, ...]:
    """The row of a run in the list."""
    made = run.made.isoformat()[:16].replace("T", " ")
    if isinstance(run, UnreadableRun):
        return run.name, "", "", "", run.state, made, ""
    plan = run.run.plan
    return (
        run.name,
        plan.target.object,
        str(plan.target.operation),
        f"{plan.source.rows:,}",
        run.state,
        made,
        run.way_on,
    )


def _print_story(run: Run, screen: Output) -> None:
    events, status = run.events(), registry.run_status(run)
    if screen.json:
        output.document(run_story_document(status, list(map(event_document, events))))
        return
    plan = run.plan
    output.prose(
        f"{run.name}: {plan.target.operation} {plan.target.object} from {plan.source.path}, "
        f"{amount(plan.source.rows, 'row')}, {status.state}"
    )
    target = plan.target
    output.prose(f"org {describe_org(target.alias, target.instance_url, target.username)}")
    lines = Lines(
        say=lambda _text: None,
        chunks={chunk.number: chunk for chunk in plan.chunks},
        header=len(header_of(run)),
    )
    for event in events:
        output.prose(f"{event.at}  {_describe_event(event, lines)}", hang=len(event.at) + 2)
    if status.way_on:
        output.prose(f"go on with: {status.way_on}" if status.resumable else status.way_on)


PLAIN_WORDS: Mapping[type[Event], str] = {
    Planned: "planned",
    Stopping: "to be stopped",
    Abandoned: "given up",
}
"""Events that have nothing more to tell."""


def _describe_event(event: Event, lines: Lines) -> str:
    if isinstance(event, ChunkEvent):
        return lines.words(event) or f"job {event.job}: {_step(event)}"
    match event:
        case RunStarted():
            return f"process {event.process} takes the run up (bulkup {event.version})"
        case RunPaused():
            why = f": {event.message}" if event.message else ""
            return f"left as {event.state} after {duration(event.seconds)}{why}"
        case Superseded():
            return f"superseded by {event.by}"
    return PLAIN_WORDS.get(type(event)) or lines.words(event)


def _step(event: ChunkEvent) -> str:
    """The two steps that `run` does not show: an intent, and an end without a message."""
    return str(event.state) if isinstance(event, Finished) else "about to close"


def _abandon(run: Run, org: str | None, screen: Output, home: StateDir) -> None:
    """Give the run up under its lock; jobs that can still be aborted are."""
    with run.locked():
        try:
            events = run.events()
        except RunError as error:
            _abandon_damaged(run, error, screen)
        else:
            _abandon_whole(run, events, org, screen, home)
    screen.note(f"run {run.name} is given up")


def _abandon_damaged(run: Run, error: RunError, screen: Output) -> None:
    """Which jobs a damaged journal would have named can't be known."""
    aside = begin_anew(run.files.journal, Abandoned(), RealClock())
    screen.note(f"{error.message}; kept as {aside.name}")


def _abandon_whole(
    run: Run, events: list[Event], org: str | None, screen: Output, home: StateDir
) -> None:
    """Once given up, a run is not resumed: so first it must be seen that its jobs can be reached.

    Raises:
        RunError: there is nothing to give up, or the connection leads to another org.
    """
    status = registry.run_status(run, events)
    given_up = status.state == registry.ABANDONED
    open_ = {chunk.number for chunk in registry.open_chunks(run, events)}
    jobs = [event.job for chunk, event in last_events(events).items() if chunk in open_]
    if status.retriable or status.state == registry.SUPERSEDED or (given_up and not jobs):
        raise RunError(f"Run {run.name} is {status.state}: there is nothing to give up")
    with ExitStack() as stack:
        connection = stack.enter_context(_connection(run, org, screen, home)) if jobs else None
        if not given_up:
            stack.enter_context(Journal(run.files.journal, RealClock())).append(Abandoned())
        if connection:
            _abort(jobs, connection, screen)


@contextmanager
def _connection(run: Run, org: str | None, screen: Output, home: StateDir) -> Iterator[Connection]:
    target = run.plan.target
    with connect(org or target.alias or None, target.api_version, screen, home) as connection:
        require_same_org(run, connection.org_id(), connection.instance_url)
        yield connection


def _abort(jobs: list[str], connection: Connection, screen: Output) -> None:
    from bulkup.salesforce.ingest import IngestJobs

    ingest = IngestJobs(connection.client)
    for job in jobs:
        try:
            state = ingest.abort(job).state
        except BulkupError as error:
            screen.note(f"job {job} could not be aborted: {error.message}")
        else:
            screen.note(f"job {job}: {state}")
