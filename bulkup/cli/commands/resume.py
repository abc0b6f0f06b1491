"""`bulkup resume`: go on with an unfinished run, from its journal alone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bulkup import load, state_dir
from bulkup.cli import options
from bulkup.cli.output import Output
from bulkup.cli.session import connector, finish, terminal_session
from bulkup.load import Changes
from bulkup.runs import registry

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
TakeOver = Annotated[
    bool,
    typer.Option(
        "--take-over", help="Go on with a run of another machine, which must not go on too."
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
    take_over: TakeOver = False,
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
    output = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    home = state_dir.find_state_dir()
    chosen = (
        registry.find_run(home, run)
        if run
        else registry.find_run_to_resume(home, datetime.now(UTC))
    )
    changes = Changes(
        source=source,
        directory=directory,
        parallel=parallel,
        retry_for=retry_for,
        row_retries=row_retries,
        max_failed=max_failed,
        timeout=timeout,
        wait=not no_wait,
    )
    report = load.resume(
        chosen,
        changes,
        connector(org, output, home),
        terminal_session(home, output),
        take_over=take_over,
    )
    return finish(report, output)
