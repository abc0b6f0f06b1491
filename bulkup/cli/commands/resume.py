"""`bulkup resume`: go on with an unfinished run, from its journal alone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bulkup import state_dir
from bulkup.auth.connection import Connection
from bulkup.cli import options
from bulkup.cli.connection import connect
from bulkup.cli.output import Output
from bulkup.cli.session import Pace, execute_and_present
from bulkup.clock import RealClock
from bulkup.errors import RunError
from bulkup.execution.source_guard import open_planned_source
from bulkup.runs import registry
from bulkup.runs.registry import ABANDONED, SUPERSEDED, RunStatus
from bulkup.runs.run_dir import Run, with_options, with_source
from bulkup.runs.takeover import require_same_place, require_takeover

EXAMPLES = """\
Examples:

  bulkup resume

  bulkup resume 20261124T101500-contacts-upsert

  bulkup resume 20261124T101500-contacts-upsert --max-failed 5%
"""

RunName = Annotated[
    str | None,
    typer.Argument(
        metavar="[RUN]",
        show_default=False,
        help="Not given: the only unfinished run of the last 7 days.",
    ),
]
SourceOption = Annotated[
    Path | None,
    typer.Option(
        "--source",
        metavar="FILE",
        show_default=False,
        help="Where the source lies now; its content must be the same.",
    ),
]


def resume(
    run: RunName = None,
    source: SourceOption = None,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over",
            help="Go on with a run of another machine, or a copy; the original must not go on too.",
        ),
    ] = False,
    org: options.Org = None,
    parallel: options.OptionalParallel = None,
    directory: options.Directory = None,
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
    """Go on with an unfinished run: what is finished is never asked for again."""
    screen = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    home = state_dir.find_state_dir()
    found = (
        registry.find_run(home, run)
        if run
        else registry.find_run_to_resume(home, datetime.now(UTC))
    )
    found = with_options(
        found,
        directory=directory,
        parallel=parallel,
        retry_for=retry_for,
        row_retries=row_retries,
        max_failed=max_failed,
    )
    found = with_source(found, source) if source else found
    with found.holding(RealClock()) as journal:
        require_resumable(registry.run_status(found, journal.events))
        require_same_place(found, journal.events, home, take_over=take_over)
        plan = found.plan
        if directory or source:
            state_dir.require_result_folder(plan.options.directory, plan.source.path)
        with (
            open_planned_source(found) as file,
            connect(
                org or plan.target.alias or None,
                plan.target.api_version,
                screen,
                home,
                retry_for=plan.options.retry_for,
            ) as connection,
        ):
            require_same_org(found, connection)
            require_takeover(found, journal, RealClock())
            screen.note(f"run {found.name}: going on")
            return execute_and_present(
                found, journal, file, connection, screen, Pace(timeout=timeout, wait=not no_wait)
            )


def require_resumable(one: RunStatus) -> None:
    """Refuse a run that there is nothing to go on with.

    Raises:
        RunError: it is over, superseded or abandoned.
    """
    name = one.run.name
    if one.state == SUPERSEDED:
        raise RunError(
            f"Run {name} is superseded: {one.superseded_by} has taken its rows over",
            f"See how that one stands: bulkup runs {one.superseded_by}",
            name="RunSuperseded",
        )
    if one.state == ABANDONED:
        raise RunError(
            f"Run {name} is abandoned", "Load the file with a new run.", name="RunAbandoned"
        )
    if not one.resumable:
        raise RunError(
            f"Run {name} is over ({one.state})",
            f"Send what did not go in again with: bulkup retry {name}",
            name="RunOver",
        )


def require_same_org(run: Run, connection: Connection) -> None:
    """Jobs live in one org.

    Raises:
        RunError: the connection leads to another one.
    """
    if (org := connection.org_id()) != run.plan.target.org_id:
        raise RunError(
            f"Run {run.name} belongs to org {run.plan.target.org_id} "
            f"({run.plan.target.instance_url}), and this is {org} ({connection.instance_url})",
            "Name the right one with --org, or set its credentials.",
            name="OtherOrg",
        )
