"""The command `bulkup`: its commands, put together."""

from functools import partial
from typing import Annotated

import typer

from bulkup import __version__
from bulkup.cli.commands import (
    check,
    doctor,
    local,
    login,
    look,
    orgs,
    results,
    resume,
    retry,
    run,
    runs,
    steps,
    stop,
    upload,
)
from bulkup.cli.errors import Boundary, Command
from bulkup.cli.output import result

app = typer.Typer(
    name="bulkup",
    cls=Boundary,
    help="Load CSV files into Salesforce with Bulk API 2.0, with every row accounted for.",
    epilog="Try it with no Salesforce at all: add '--org local' to any command.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        result(f"bulkup {__version__}")
        raise typer.Exit


@app.callback()
def main(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Load CSV files into Salesforce with Bulk API 2.0, with every row accounted for."""


command = partial(app.command, cls=Command)
command("run", epilog=run.EXAMPLES)(run.run)
command("check", epilog=check.EXAMPLES)(check.check)
command("create", epilog=steps.CREATE_EXAMPLES)(steps.create)
command("upload", epilog=upload.EXAMPLES)(upload.upload)
command("close", epilog=steps.CLOSE_EXAMPLES)(steps.close)
command("abort", epilog=steps.ABORT_EXAMPLES)(steps.abort)
command("status", epilog=steps.STATUS_EXAMPLES)(steps.status)
command("results", epilog=results.EXAMPLES)(results.results)
command("jobs", epilog=look.JOBS_EXAMPLES)(look.jobs)
command("runs", epilog=runs.EXAMPLES)(runs.show)
command("resume", epilog=resume.EXAMPLES)(resume.resume)
command("stop", epilog=stop.EXAMPLES)(stop.stop)
command("retry", epilog=retry.EXAMPLES)(retry.retry)
command("fields", epilog=look.FIELDS_EXAMPLES)(look.fields)
command("limits", epilog=look.LIMITS_EXAMPLES)(look.limits)
command("login", epilog=login.LOGIN_EXAMPLES)(login.login)
command("logout", epilog=login.LOGOUT_EXAMPLES)(login.logout)
app.add_typer(orgs.app, name="orgs")
command("doctor", epilog=doctor.EXAMPLES)(doctor.doctor)
app.add_typer(local.app, name="local")
