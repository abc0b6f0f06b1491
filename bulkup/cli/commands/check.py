"""`bulkup check`: everything that can be known before sending; sends nothing."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from bulkup import state_dir
from bulkup.cli import options
from bulkup.cli.connection import connect
from bulkup.cli.display.tables import Cell
from bulkup.cli.output import Output
from bulkup.cli.output import document as print_document
from bulkup.cli.session import terminal_session
from bulkup.errors import CheckFailed, InputError
from bulkup.load import check_load
from bulkup.model import Finding, Severity
from bulkup.planning.levels import describe_levels
from bulkup.planning.precheck import CheckResult
from bulkup.planning.read_input import STDIN
from bulkup.planning.request import API_VERSION, LoadRequest
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
    skip_lines: options.SkipLines = 0,
    map_: options.Map = None,
    drop: options.Drop = None,
    drop_unknown: options.DropUnknown = False,
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
    api_version: options.ApiVersion = API_VERSION,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """Check a file against the org without sending anything; exit 3 when it would fail."""
    output = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    home = state_dir.find_state_dir()
    request = LoadRequest(
        file=file,
        object=object_,
        operation=op,
        external_id=external_id,
        api_version=api_version,
        encoding=encoding,
        delimiter=delimiter,
        line_ending=line_ending,
        skip_lines=skip_lines,
        renames=options.renames(map_),
        drops=drop or (),
        drop_unknown=drop_unknown,
        allow=allow or (),
        strict=strict,
        allow_empty=allow_empty,
    )
    _refuse_place(findings, file)
    with connect(org, api_version, output, home) as connection:
        result = check_load(
            request,
            connection,
            terminal_session(home, output),
            findings and findings.absolute(),
        )
    return _print_result(result, output)


def _refuse_place(findings: Path | None, file: str) -> None:
    """Refuse a place that findings can't be written to, before the file is read.

    Raises:
        InputError: it is standard output, a directory, or the very file that is checked.
    """
    if findings and str(findings) == STDIN:
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


def _print_result(result: CheckResult, output: Output) -> int:
    if output.json:
        print_document(check_document(result.findings, result.rows))
    elif result.findings:
        head = ("", "column", "what", "rows", "code")
        output.table(head, map(_row, result.findings), whole=(4,), apart=(2,))
    if len(result.levels) > 1:
        output.note(describe_levels(result.levels))
    warnings = len(result.findings) - len(result.errors)
    output.note(
        f"{amount(result.rows, 'row')} checked: {amount(len(result.errors), 'error')}, "
        f"{amount(warnings, 'warning')}; nothing was sent"
    )
    return CheckFailed.exit_code if result.errors else 0


def _row(finding: Finding) -> tuple[Cell, ...]:
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
