"""`bulkup run`: from a file to records in an org."""

from pathlib import Path
from typing import Annotated

import typer

from bulkup import state_dir
from bulkup.auth.connection import Connection
from bulkup.cli import options
from bulkup.cli.connection import connect
from bulkup.cli.options import BLANK, Blank
from bulkup.cli.output import Output, finding_line
from bulkup.cli.prompts import confirm
from bulkup.cli.session import Pace, execute_and_present
from bulkup.clock import RealClock
from bulkup.csvfile.source_file import SourceFile
from bulkup.planning import plan_load, precheck, read_input
from bulkup.planning.precheck import CheckResult
from bulkup.planning.read_input import InputTable, Reading
from bulkup.planning.request import Wish, target_of, validate_key
from bulkup.retry import RETRY_FOR
from bulkup.runs.plan import Options
from bulkup.runs.run_dir import RunDir
from bulkup.state_dir import StateDir
from bulkup.text import amount

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
    map_: options.Map = None,
    drop: options.Drop = None,
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
    row_retries: options.RowRetries = 3,
    retry_for: options.RetryFor = RETRY_FOR,
    parallel: options.Parallel = 4,
    chunk_bytes: Annotated[
        int,
        typer.Option(
            "--chunk-bytes",
            metavar="N",
            parser=options.chunk_bytes,
            help="Bytes of body in one job.",
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
    timeout: options.Timeout = None,
    no_wait: options.NoWait = False,
    yes: options.Yes = False,
    api_version: options.ApiVersion = "60.0",
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """Load a CSV file: check it, split it, send it, wait, and say what became of each row."""
    screen = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    home = state_dir.find_state_dir()
    wish = Wish(
        object=object_,
        operation=op,
        external_id=external_id,
        assignment_rule=assignment_rule,
        api_version=api_version,
        renames=options.renames(map_),
        drops=drop or (),
        check=not no_check,
        allow=allow or (),
        strict=strict,
        skip_invalid=skip_invalid,
        blank_null=blank is Blank.NULL,
    )
    reading = Reading(
        file=file,
        encoding=encoding,
        delimiter=delimiter,
        line_ending=line_ending,
        cells=not no_check,
        allow_empty=allow_empty,
    )
    validate_key(op, external_id)
    options.validate_rule(assignment_rule, object_)
    confirm(op, f"the {object_} records that {file} names", yes=yes)
    with (
        connect(org, api_version, screen, home, retry_for=retry_for) as connection,
        plan_load.new_run_folder(home, file, op) as folder,
    ):
        pace = Options(
            directory=(directory or Path("bulkup-results") / folder.name).absolute(),
            parallel=parallel,
            chunk_bytes=chunk_bytes,
            chunk_rows=chunk_rows,
            retry_for=retry_for,
            row_retries=row_retries,
            canary=canary,
            max_failed=max_failed,
            blank_null=wish.blank_null,
        )
        story = Story(wish, reading, pace, connection, home, screen)
        return story.tell(
            folder, Pace(timeout=timeout, wait=not no_wait), include_unknown=include_unknown
        )


class Story:
    """One new run, from FILE to its report."""

    def __init__(
        self,
        wish: Wish,
        reading: Reading,
        options: Options,
        connection: Connection,
        home: StateDir,
        screen: Output,
    ) -> None:
        self._wish = wish
        self._reading = reading
        self._options = options
        self._connection = connection
        self._home = home
        self._screen = screen

    def tell(self, folder: Path, pace: Pace, *, include_unknown: bool) -> int:
        """Read, check, plan, load, report; the exit code."""
        with read_input.open_input(self._reading, RunDir(folder).prepared) as held:
            taken = read_input.read_open_file(held, self._reading, RunDir(folder).prepared)
            for line in read_input.describe_input(taken.file, taken.changes):
                self._screen.note(line)
            return self._load(held, taken, folder, pace, include_unknown=include_unknown)

    def _load(
        self,
        held: SourceFile,
        taken: InputTable,
        folder: Path,
        pace: Pace,
        *,
        include_unknown: bool,
    ) -> int:
        info = plan_load.describe(self._connection, self._wish.object, self._home)
        columns = plan_load.map_columns(self._wish, taken, info)
        verdict = precheck.check_load(self._wish, taken, columns, info, self._connection, folder)
        precheck.raise_if_stopping(self._wish, verdict, taken)
        self._warn(verdict)
        sent = plan_load.select_for_sending(
            self._wish,
            taken,
            columns,
            verdict,
            folder,
            include_unknown=include_unknown,
        )
        with read_input.open_selected(sent.sheet, held) as file:
            target = target_of(self._wish, info)
            planned = plan_load.plan_run(
                plan_load.target_in_org(target, columns, self._connection),
                taken,
                sent,
                columns,
                self._options,
                folder,
            )
            jobs = amount(len(planned.plan.chunks), "job")
            self._screen.note(
                f"run {planned.name}: {jobs} of {amount(sent.sheet.source.rows, 'row')}"
            )
            with planned.holding(RealClock()) as journal:
                return execute_and_present(
                    planned, journal, file, self._connection, self._screen, pace
                )

    def _warn(self, verdict: CheckResult) -> None:
        for finding in verdict.findings:
            self._screen.note(finding_line(finding))
        if verdict.invalid:
            self._screen.note(f"{amount(verdict.invalid, 'row')} with errors left out")
