"""`bulkup doctor`: is everything sound, from the configuration to the org, step by step."""

import os
from collections.abc import Iterator
from typing import Annotated

import typer

from bulkup import state_dir
from bulkup.cli import options, output
from bulkup.cli.commands import doctor_checks
from bulkup.cli.commands.doctor_checks import Step
from bulkup.cli.connection import connect
from bulkup.cli.output import Output
from bulkup.errors import BulkupError, LoginRefused
from bulkup.report.document import doctor_document

EXAMPLES = """\
Examples:

  bulkup doctor

  bulkup doctor --org prod --object Contact --json
"""
NO_PATIENCE = 0.0


def doctor(
    object_: Annotated[
        str | None,
        typer.Option(
            "--object", metavar="O", show_default=False, help="Look at this object as well."
        ),
    ] = None,
    org: options.Org = None,
    api_version: options.ApiVersion = "60.0",
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """Check the configuration, the login and the org, step by step."""
    screen = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    steps = list(_steps(org, api_version, screen, object_))
    if json:
        entries = [step.entry() for step in steps]
        output.document(doctor_document(entries))
    else:
        for step in steps:
            output.prose(f"{step.state:8}{step.name}: {step.message}", hang=10)
            if step.hint:
                output.prose(f"{'':10}{step.hint}")
    return next((step.code for step in steps if step.code), 0)


def _steps(
    org: str | None, api_version: str, screen: Output, object_: str | None
) -> Iterator[Step]:
    home = state_dir.find_state_dir()
    yield from doctor_checks.here(org, os.environ, home.config)
    try:
        # Whatever is wrong is to be seen, not to be waited for.
        with connect(org, api_version, screen, home, retry_for=NO_PATIENCE) as connection:
            yield from doctor_checks.there(connection, object_, api_version)
    except BulkupError as error:
        yield doctor_checks.failed("credentials", error)
        if isinstance(error, LoginRefused):
            yield from doctor_checks.clock_of(org, os.environ, home.config)
