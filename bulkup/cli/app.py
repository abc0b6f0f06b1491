"""The command `bulkup`: its commands, put together."""

from typing import Annotated

import typer

from bulkup import __version__
from bulkup.cli import resume, run, runs
from bulkup.cli.boundary import Boundary
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


app.command("run", epilog=run.EXAMPLES)(run.run)
app.command("resume", epilog=resume.EXAMPLES)(resume.resume)
app.command("runs", epilog=runs.EXAMPLES)(runs.show)
