"""The one place where errors become a line, a hint and an exit code."""

import os
import re
import sys
import traceback
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from bulkup.cli import output
from bulkup.errors import (
    BulkupError,
    CheckFailed,
    InputError,
    Interrupted,
    OutputNotWritable,
    RunError,
)
from bulkup.redaction import redact
from bulkup.report.document import check_document, error_document
from bulkup.state_dir import find_state_dir
from bulkup.text import safe_text

UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""What typer raises for an option that it does not know: its own click is private."""

ENVIRONMENT = re.compile(r" \(env var: '\w+'\)")
SECRET = re.compile(r"00D\w{12,15}![\w.]+|(?i:bearer)\s+\S+|(?<==)[\w.~+/-]{40,}")


class Command(TyperCommand):
    """A command that shows no type beside a flag in its help: nothing is written behind one."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its parameters, as they are shown."""
        return _bare(super().get_params(ctx))


class Group(TyperGroup):
    """The same of a group."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its own parameters, as they are shown."""
        return _bare(super().get_params(ctx))


def _bare(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
    return parameters


class Boundary(Group):
    """A group whose commands return their exit code or raise; it holds under CliRunner too."""

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **extra: Any) -> Any:
        """Read the group's own options; a wrong one is told like that of any command."""
        as_json = "--json" in args
        try:
            return super().make_context(info_name, args, *more, **extra)
        except BulkupError as error:
            raise typer.Exit(_report(error, as_json=as_json)) from error
        except UsageError as error:
            behind = self._command_of(getattr(error, "option_name", ""), args)
            raise typer.Exit(_report_usage(error, as_json=as_json, behind=behind)) from error

    def find_command(self, name: str) -> Any:
        """The whole command of that name, or None."""
        return self.commands.get(name)

    def _command_of(self, option: str, arguments: list[str]) -> str:
        """The command that was named and has that option; the last, as 'local' is a value too."""
        for name in reversed(arguments):
            command = self.find_command(name)
            if command and any(option in param.opts for param in command.params):
                return name
        return ""

    def invoke(self, ctx: Any) -> Any:
        """Run the command and turn whatever comes out of it into an exit."""
        arguments = [*ctx._protected_args, *ctx.args]  # noqa: SLF001 -- typer shows them nowhere else
        as_json = "--json" in arguments
        try:
            code = super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except BulkupError as error:
            raise typer.Exit(_report(error, as_json=as_json)) from error
        except UsageError as error:
            raise typer.Exit(_report_usage(error, as_json=as_json)) from error
        except KeyboardInterrupt as error:
            interrupted = Interrupted("Interrupted", "Nothing is under way.")
            raise typer.Exit(_report(interrupted, as_json=as_json)) from error
        except OSError as error:
            raise typer.Exit(_report_os_error(error, as_json=as_json)) from error
        except Exception as error:
            raise typer.Exit(_report(_bug(error), as_json=as_json)) from error
        raise typer.Exit(code if isinstance(code, int) else 0)


def exit_code(error: BulkupError) -> int:
    """The code that an error ends the process with."""
    return 143 if isinstance(error, Interrupted) and error.terminated else error.exit_code


def _report(error: BulkupError, *, as_json: bool) -> int:
    if isinstance(error, OutputNotWritable):
        sys.stdout = None  # Python would flush into it at its end, fail again and exit with 120
        output.error(error)
    elif as_json:
        try:
            output.document(
                check_document(error.findings, error.rows)
                if isinstance(error, CheckFailed)
                else error_document(error, exit_code(error))
            )
        except OutputNotWritable as unwritable:
            return _report(unwritable, as_json=as_json)
    else:
        output.error(error)
    return exit_code(error)


def _report_os_error(error: OSError, *, as_json: bool) -> int:
    """Report an error of the system that no command expected, and return the exit code."""
    if _is_of_home(error):
        return _report(
            RunError(
                f"{error.filename} can't be used: {error.strerror}",
                "Set the rights there, or name another folder with BULKUP_HOME.",
                name="HomeNotUsable",
            ),
            as_json=as_json,
        )
    return _report(_bug(error), as_json=as_json)


def _is_of_home(error: OSError) -> bool:
    """Whether the error is about a file in one of the two folders that bulkup keeps things in."""
    if not error.filename or isinstance(error.filename, int):
        return False
    path = Path(os.fsdecode(error.filename)).absolute()
    try:
        home = find_state_dir()
    except BulkupError:
        return False
    return any(path.is_relative_to(folder) for folder in (home.state, home.config))


def _report_usage(error: Exception, *, as_json: bool, behind: str = "") -> int:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "bulkup"
    message = str(getattr(error, "format_message", lambda: str(error))()).rstrip(".")
    if not message:  # no command was named, and the help has been shown
        return InputError.exit_code
    # typer puts its validator's own words in front of the reason.
    plain = message.replace("Value error, ", "")
    if not _from_environment(error, context):
        plain = ENVIRONMENT.sub("", plain)
    hint = f"Type: {path} --help"
    if behind:
        option = getattr(error, "option_name", "")
        hint = f"Options stand behind the command: {path} {behind} … {option}"
    return _report(InputError(plain, hint, name="Usage"), as_json=as_json)


def _from_environment(error: Exception, context: Any) -> bool:
    """Whether what is wrong stands in a variable, and not in the command."""
    name = getattr(getattr(error, "param", None), "name", None)
    source = context.get_parameter_source(name) if context is not None and name else None
    return getattr(source, "name", "") == "ENVIRONMENT"


def _bug(error: Exception) -> BulkupError:
    """Keep the traceback, without values and without anything that looks like a token."""
    text = SECRET.sub("[hidden]", redact("".join(traceback.format_exception(error))))
    try:
        log = find_state_dir().log
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with log.open("a", encoding="utf-8") as file:
            file.write(text + "\n")
        where = f"in {log}"
    except (OSError, BulkupError):
        sys.stderr.write(safe_text(text))
        where = "above"
    return BulkupError(
        f"bulkup has a bug: {type(error).__name__}",
        f"Please report it with the traceback {where}. An unfinished run is safe: bulkup runs",
        name="Bug",
    )
