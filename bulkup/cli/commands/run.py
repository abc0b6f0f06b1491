"""`bulkup run`: from a file to records in an org."""

from typing import Annotated

import typer

from bulkup import state_dir
from bulkup.cli import options
from bulkup.cli.connection import connect
from bulkup.cli.options import BLANK, Blank
from bulkup.cli.output import Output
from bulkup.cli.prompts import require_confirmable
from bulkup.cli.session import finish, terminal_session
from bulkup.load import load
from bulkup.planning.request import (
    API_VERSION,
    CHUNK_BYTES,
    PARALLEL,
    ROW_RETRIES,
    LoadRequest,
)
from bulkup.retry import RETRY_FOR

EXAMPLES = """\
Examples:

  bulkup run contacts.csv --object Contact --op upsert --external-id Email__c

  bulkup run contacts.csv --object Contact --op upsert --external-id Email__c --org local

  bulkup run leads.csv.gz --object Lead --op insert --map 'E-mail=Email' --drop Notes

  bulkup run campaigns.csv --object Campaign --op update --json --quiet --max-failed 2%
"""


def run(
    file: options.File,
    object_: options.Object,
    op: options.Op,
    external_id: options.ExternalId = None,
    org: options.Org = None,
    encoding: options.EncodingOption = None,
    delimiter: options.DelimiterOption = None,
    line_ending: options.LineEndingOption = None,
    skip_lines: options.SkipLines = 0,
    map_: options.Map = None,
    drop: options.Drop = None,
    drop_unknown: options.DropUnknown = False,
    blank: options.BlankOption = BLANK,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Do not look into the cells before sending.")
    ] = False,
    allow: options.Allow = None,
    strict: options.Strict = False,
    skip_invalid: Annotated[
        bool,
        typer.Option(
            "--skip-invalid", help="Leave rows with errors out and send the rest; exit 1."
        ),
    ] = False,
    allow_empty: options.AllowEmpty = False,
    include_unknown: options.IncludeUnknown = False,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Load the file once more, though a run of it is unfinished or inserted rows.",
        ),
    ] = False,
    assignment_rule: options.AssignmentRule = None,
    canary: Annotated[
        int,
        typer.Option(
            "--canary",
            metavar="N",
            min=0,
            help="The first N records go alone; too many failures among them end the load.",
        ),
    ] = 0,
    max_failed: options.MaxFailedOption = None,
    row_retries: options.RowRetries = ROW_RETRIES,
    retry_for: options.RetryFor = RETRY_FOR,
    parallel: options.Parallel = PARALLEL,
    chunk_bytes: Annotated[
        int,
        typer.Option(
            "--chunk-bytes",
            metavar="N",
            parser=options.chunk_bytes,
            help="Bytes of body in one job.",
        ),
    ] = CHUNK_BYTES,
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
    timeout: options.Timeout = None,
    no_wait: options.NoWait = False,
    yes: options.Yes = False,
    api_version: options.ApiVersion = API_VERSION,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """Load a CSV file: check it, split it, send it, wait, and say what became of each row."""
    output = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    home = state_dir.find_state_dir()
    request = LoadRequest(
        file=file,
        object=object_,
        operation=op,
        external_id=external_id,
        assignment_rule=assignment_rule,
        api_version=api_version,
        encoding=encoding,
        delimiter=delimiter,
        line_ending=line_ending,
        skip_lines=skip_lines,
        renames=options.renames(map_),
        drops=drop or (),
        drop_unknown=drop_unknown,
        blank_null=blank is Blank.NULL,
        check=not no_check,
        allow=allow or (),
        strict=strict,
        skip_invalid=skip_invalid,
        allow_empty=allow_empty,
        include_unknown=include_unknown,
        again=again,
        directory=directory,
        parallel=parallel,
        chunk_bytes=chunk_bytes,
        chunk_rows=chunk_rows,
        retry_for=retry_for,
        row_retries=row_retries,
        canary=canary,
        max_failed=max_failed,
        timeout=timeout,
        wait=not no_wait,
    )
    options.validate_rule(assignment_rule, object_)
    require_confirmable(op, yes=yes)
    with connect(org, api_version, output, home, retry_for=retry_for) as connection:
        report = load(request, connection, terminal_session(home, output, confirmed=yes))
    return finish(report, output)
