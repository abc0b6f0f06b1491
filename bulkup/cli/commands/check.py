"""`bulkup check`: everything that can be known before sending; sends nothing."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from bulkup import state_dir
from bulkup.cli import options, output
from bulkup.cli.connection import connect
from bulkup.cli.output import Output
from bulkup.cli.tables import Cell
from bulkup.errors import CheckFailed, InputError
from bulkup.model import Finding, Severity
from bulkup.planning import plan_load, precheck, read_input
from bulkup.planning.precheck import CheckResult
from bulkup.planning.read_input import InputTable, Reading
from bulkup.planning.request import Wish, validate_key
from bulkup.report.document import check_document
from bulkup.text import amount

EXAMPLES = """\
Examples:

  bulkup check contacts.csv --object Contact --op upsert --external-id Email__c

  bulkup check contacts.csv --object Contact --op insert --findings findings.csv
"""


def check(
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
    allow: options.Allow = None,
    strict: options.Strict = False,
    allow_empty: options.AllowEmpty = False,
    findings: Annotated[
        Path | None,
        typer.Option(
            "--findings",
            metavar="FILE.csv",
            show_default=False,
            help="Also write each finding as row, line, column, value, code; never to stdout.",
        ),
    ] = None,
    api_version: options.ApiVersion = "60.0",
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """Check a file against the org without sending anything; exit 3 when it would fail."""
    screen = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    home = state_dir.find_state_dir()
    wish = Wish(
        object=object_,
        operation=op,
        external_id=external_id,
        api_version=api_version,
        renames=options.renames(map_),
        drops=drop or (),
        allow=allow or (),
        strict=strict,
    )
    validate_key(op, external_id)
    _refuse_place(findings, file)
    reading = Reading(
        file=file,
        encoding=encoding,
        delimiter=delimiter,
        line_ending=line_ending,
        allow_empty=allow_empty,
    )
    home.make()
    with (
        connect(org, api_version, screen, home) as connection,
        TemporaryDirectory(prefix="check-", dir=home.state) as room,
    ):
        taken = read_input.read_input(reading, Path(room))
        for line in read_input.describe_input(taken.file, taken.changes):
            screen.note(line)
        info = plan_load.describe(connection, object_, home)
        columns = plan_load.map_columns(wish, taken, info)
        verdict = precheck.check_load(
            wish, taken, columns, info, connection, Path(room), findings and findings.absolute()
        )
    return _told(verdict, taken, screen)


def _refuse_place(findings: Path | None, file: str) -> None:
    """Refuse a place that findings can't be written to, before the file is read.

    Raises:
        InputError: it is standard output, a directory, or the very file that is checked.
    """
    if findings and str(findings) == read_input.STDIN:
        raise InputError(
            "--findings takes a file, and the findings stand on standard output already",
            "Name a file, as in --findings findings.csv; for a script there is --json.",
            name="InvalidOption",
        )
    if findings is None or not findings.exists():
        return
    own = Path(file).exists() and findings.samefile(file)
    if own or findings.is_dir():
        what = "the file that is checked" if own else "a directory"
        raise InputError(
            f"--findings {findings} is {what}", "Name another file.", name="InvalidOption"
        )


def _told(verdict: CheckResult, taken: InputTable, screen: Output) -> int:
    rows = taken.sheet.source.rows
    if screen.json:
        output.document(check_document(verdict.findings, rows))
    elif verdict.findings:
        head = ("", "column", "what", "rows", "code")
        screen.table(head, map(_row, verdict.findings), whole=(4,), apart=(2,))
    warnings = len(verdict.findings) - len(verdict.errors)
    screen.note(
        f"{amount(rows, 'row')} checked: {amount(len(verdict.errors), 'error')}, "
        f"{amount(warnings, 'warning')}; nothing was sent"
    )
    return CheckFailed.exit_code if verdict.errors else 0


def _row(finding: Finding) -> tuple[Cell, ...]:
    from rich.text import Text

    colour = "red" if finding.severity is Severity.ERROR else "yellow"
    shown = ", ".join(map(str, finding.rows[:5]))
    more = ", …" if finding.count > len(finding.rows[:5]) else ""
    rows = f"{finding.count:,}: {shown}{more}" if shown else f"{finding.count:,}"
    return (
        Text(finding.severity, colour),
        finding.column,
        finding.message,
        rows if finding.count else "",
        finding.code,
    )
