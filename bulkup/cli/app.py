"""The command `bulkup`: a table of its commands, each imported when it is named."""

from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from bulkup import __version__
from bulkup.cli.errors import Boundary, Command
from bulkup.cli.output import result


@dataclass(frozen=True, slots=True)
class Entry:
    """A command as `bulkup --help` lists it. `function` is its function, if not named like it."""

    help: str
    function: str = ""


COMMANDS = {
    "run": Entry(
        "Load a CSV file: check it, split it, send it, wait, and say what became of each row."
    ),
    "check": Entry(
        "Check a file against the org without sending anything; exit 3 when it would fail."
    ),
    "create": Entry("Create a job and print its id, alone on a line."),
    "upload": Entry("Put a file into an open job, once: a job takes one upload."),
    "close": Entry("Close a job: from here on Salesforce processes its rows."),
    "abort": Entry("Abort jobs: every record that is not yet processed stays as it was."),
    "status": Entry("Look at a job once, or watch it to its end."),
    "results": Entry("Download the results of a job; all three if none is named."),
    "jobs": Entry("List the org's ingest jobs, newest first."),
    "runs": Entry(
        "List the runs of this machine, or tell one run's story, event by event.", function="show"
    ),
    "resume": Entry("Go on with an unfinished run: what is finished is never asked for again."),
    "stop": Entry(
        "End an unfinished run: abort its jobs, fetch what was done, write the result files."
    ),
    "retry": Entry("Send again, as a new run, the rows that are failed, unprocessed or not sent."),
    "fields": Entry("Describe an object: name, type, length, required, external id, updateable."),
    "limits": Entry("Show what is left of the org's allocations of the last 24 hours."),
    "login": Entry("Log in to an org and keep the login; in the browser if no other way is named."),
    "logout": Entry("Revoke a login and forget it."),
    "doctor": Entry("Check the configuration, the login and the org, step by step."),
    "orgs": Entry("List the logins kept here.", function="app"),
    "local": Entry(
        "The built-in stand-in org: the same HTTP requests, no Salesforce.", function="app"
    ),
}
"""In the order of `--help`. Each stands in the module of its name in `bulkup.cli.commands`."""


class Commands(Boundary):
    """The group `bulkup`. Help and completion list the table; a named command is imported."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 -- typer's signature
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 -- typer's signature
        """The command as it is listed: its name and its help line."""
        entry = COMMANDS.get(cmd_name)
        return TyperCommand(cmd_name, help=entry.help) if entry else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that was named, imported now, and its arguments."""
        name, listed, rest = super().resolve_command(ctx, args)
        return name, self.find_command(name) if listed else listed, rest

    def find_command(self, name: str | None) -> Any:
        """The whole command, or None if there is none of that name."""
        return import_command(name) if name in COMMANDS else None


def import_command(name: str) -> Any:
    """Import a command's module and make the command of its function."""
    module = import_module(f"bulkup.cli.commands.{name}")
    function = getattr(module, COMMANDS[name].function or name)
    if isinstance(function, typer.Typer):
        group = function
    else:
        group = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        group.command(name, cls=Command, epilog=module.EXAMPLES)(function)
    command = typer.main.get_command(group)
    command.name = name
    return command


app = typer.Typer(
    name="bulkup",
    cls=Commands,
    help="Load CSV files into Salesforce with Bulk API 2.0, with every row accounted for.",
    epilog="Try it with no Salesforce at all: add '--org local' to any command.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        result(f"bulkup {__version__}")
        raise typer.Exit


@app.callback()
def main(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Load CSV files into Salesforce with Bulk API 2.0, with every row accounted for."""
