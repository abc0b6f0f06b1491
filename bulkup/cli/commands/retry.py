"""`bulkup retry`: send again, as a new run, the rows of a run that did not succeed."""

from typing import Annotated

import typer

from bulkup import load, state_dir
from bulkup.cli import options
from bulkup.cli.commands.resume import SourceOption, TakeOver
from bulkup.cli.output import Output
from bulkup.cli.output import document as print_document
from bulkup.cli.session import connector, finish, terminal_session
from bulkup.load import Changes, NothingToRetry
from bulkup.report.document import empty_retry_document
from bulkup.runs import registry
from bulkup.runs.run_dir import Run
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
        help="Not given: the newest run that is over, not superseded and has rows to send.",
    ),
]


def retry(
    run: RunName = None,
    include_unknown: options.IncludeUnknown = False,
    source: SourceOption = None,
    take_over: TakeOver = False,
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
    output = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    home = state_dir.find_state_dir()
    old = (
        registry.find_run(home, run)
        if run
        else registry.find_run_to_retry(home, include_unknown=include_unknown)
    )
    changes = Changes(
        source=source,
        directory=directory,
        parallel=parallel,
        chunk_rows=chunk_rows,
        retry_for=retry_for,
        row_retries=row_retries,
        max_failed=max_failed,
        timeout=timeout,
        wait=not no_wait,
    )
    report = load.retry(
        old,
        changes,
        connector(org, output, home),
        terminal_session(home, output),
        include_unknown=include_unknown,
        take_over=take_over,
    )
    if isinstance(report, NothingToRetry):
        return _nothing(old, report.unknown, output)
    return finish(report, output)


def _nothing(old: Run, unknown: int, output: Output) -> int:
    """Nothing is sent, nothing is superseded."""
    kept = f"; {amount(unknown, 'row')} of it stay unknown" if unknown else ""
    if output.json:
        print_document(empty_retry_document(old.name, unknown))
    output.note(f"run {old.name}: nothing to send again{kept}")
    return 1 if unknown else 0
