"""`bulkup run`: from a file to records in an org."""

from typing import Annotated

import typer

from bulkup import places
from bulkup.cli import options, planning
from bulkup.cli.connect import connected
from bulkup.cli.loading import Pace, carry_out
from bulkup.cli.output import Screen, amount, size
from bulkup.cli.planning import Wish
from bulkup.clock import RealClock
from bulkup.model import Source
from bulkup.patience import RETRY_FOR

EXAMPLES = """\
Examples:

  bulkup run contacts.csv --object Contact --op upsert --external-id Email__c

  bulkup run contacts.csv --object Contact --op upsert --external-id Email__c --org local

  bulkup run campaigns.csv --object Campaign --op update --json --quiet
"""


def run(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The CSV file.")],
    object_: options.Object,
    op: options.Op,
    external_id: options.ExternalId = None,
    org: options.Org = None,
    api_version: options.ApiVersion = "60.0",
    parallel: options.Parallel = 4,
    chunk_bytes: Annotated[
        int,
        typer.Option(
            "--chunk-bytes", metavar="N", parser=options.positive, help="Bytes of body in one job."
        ),
    ] = 100_000_000,
    chunk_rows: Annotated[
        int | None,
        typer.Option(
            "--chunk-rows",
            metavar="N",
            parser=options.positive,
            show_default=False,
            help="Rows in one job; no limit if not given.",
        ),
    ] = None,
    directory: options.Directory = None,
    delimiter: options.DelimiterOption = None,
    line_ending: options.LineEndingOption = None,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Do not look into the cells before sending.")
    ] = False,
    timeout: options.Timeout = None,
    no_wait: options.NoWait = False,
    retry_for: options.RetryFor = RETRY_FOR,
    yes: options.Yes = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """Load a CSV file: check it, split it, send it, wait, and say what became of each row."""
    screen = Screen(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    home = places.find()
    wish = Wish(
        file=file,
        object=object_,
        operation=op,
        external_id=external_id,
        api_version=api_version,
        directory=directory,
        delimiter=delimiter,
        line_ending=line_ending,
        check=not no_check,
        parallel=parallel,
        chunk_bytes=chunk_bytes,
        chunk_rows=chunk_rows,
        retry_for=retry_for,
    )
    planning.validate_key(op, external_id)
    planning.confirm(op, f"the {object_} records that {file} names", yes=yes)
    with (
        planning.source_of(wish) as (source, held),
        connected(org, api_version, screen, home, retry_for=retry_for) as connection,
    ):
        _say(source, screen)
        info = planning.describe(connection, object_, home)
        columns = planning.checked(wish, source, info)
        planned = planning.write_down(wish, source, columns, info, connection, home)
        chunks = planned.plan.chunks
        screen.note(
            f"run {planned.name}: {amount(len(chunks), 'job')} of {amount(source.rows, 'row')}"
        )
        pace = Pace(timeout=timeout, wait=not no_wait)
        with planned.holding(RealClock()) as journal:
            return carry_out(planned, journal, held, connection, screen, pace)


def _say(source: Source, screen: Screen) -> None:
    screen.note(
        f"{source.name}: {amount(source.rows, 'row')}, {amount(len(source.header), 'column')}, "
        f"{size(source.size)}, {source.encoding}, {source.delimiter}, {source.line_ending}"
    )
