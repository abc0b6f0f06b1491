"""The one way in for secrets: the environment, a prompt without echo, or standard input."""

import getpass
import os
import sys

import typer

from bulkup.errors import InputError
from bulkup.model import Operation
from bulkup.text import safe_text


def ask_secret(what: str, variable: str = "") -> str:
    """A secret; from the variable if it is set, else asked for.

    Raises:
        InputError: nothing came.
    """
    found = os.environ.get(variable, "") if variable else ""
    if not found:
        found = _typed(what)
    found = found.strip()
    if not found:
        also = f", or set {variable}" if variable else ""
        raise InputError(
            f"No {what} was given",
            f"Type it at the prompt, send it on standard input{also}.",
            name="NoSecret",
        )
    return found


def ask_line(prompt: str) -> str:
    """A line that is no secret, from a person or from standard input."""
    if sys.stdin.isatty():
        sys.stderr.write(safe_text(prompt))
        sys.stderr.flush()
    return sys.stdin.readline().strip()


def _typed(what: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline()
    try:
        return getpass.getpass(f"{what.capitalize()} (not shown): ", stream=sys.stderr)
    except EOFError:
        return ""


def confirm(operation: Operation, what: str, *, yes: bool) -> None:
    """Ask before records are deleted.

    Raises:
        InputError: the user says no, or nobody is there to ask.
    """
    if yes or operation not in {Operation.DELETE, Operation.HARD_DELETE}:
        return
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise InputError(
            f"{operation} needs a confirmation, and there is no terminal to ask on",
            "Add --yes when you are sure.",
            name="NotConfirmed",
        )
    forever = ", for ever" if operation is Operation.HARD_DELETE else ""
    if not typer.confirm(safe_text(f"Delete {what}{forever}?"), err=True):
        raise InputError("Not confirmed; nothing was sent", name="NotConfirmed")
