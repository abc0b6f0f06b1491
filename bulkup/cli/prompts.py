"""The one way in for secrets: the environment, a prompt without echo, or standard input."""

import getpass
import os
import sys

import typer

from bulkup.errors import InputError
from bulkup.model import Operation, Target
from bulkup.salesforce.urls import describe_org, org_kind
from bulkup.text import amount, safe_text

DELETING = {Operation.DELETE, Operation.HARD_DELETE}


def ask_secret(what: str, variable: str = "") -> str:
    """A secret; from the variable if it is set, else asked for.

    Raises:
        InputError: nothing came.
    """
    result = os.environ.get(variable, "") if variable else ""
    if not result:
        result = _typed(what)
    result = result.strip()
    if not result:
        also = f", or set {variable}" if variable else ""
        raise InputError(
            f"No {what} was given",
            f"Type it at the prompt, send it on standard input{also}.",
            name="NoSecret",
        )
    return result


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


def confirm_delete(target: Target, rows: int) -> None:
    """Ask before records are deleted; in production the answer is the number of rows.

    Raises:
        InputError: the user says no.
    """
    if target.operation not in DELETING:
        return
    org = describe_org(target.alias, target.instance_url, target.username)
    forever = " for ever" if target.operation is Operation.HARD_DELETE else ""
    question = safe_text(f"Delete {amount(rows, target.object)}{forever} in {org}?")
    if org_kind(target.instance_url) == "production":
        answer = typer.prompt(f"{question} Type the number of rows", default="", err=True)
        sure = answer.strip().replace(",", "") == str(rows)
    else:
        sure = typer.confirm(question, err=True)
    if not sure:
        raise InputError("Not confirmed; nothing was sent", name="NotConfirmed")


def require_confirmable(operation: Operation, *, yes: bool) -> None:
    """Refuse to delete where nobody can be asked and nobody said yes.

    Raises:
        InputError: with what to type.
    """
    if yes or operation not in DELETING or (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    raise InputError(
        f"{operation} needs a confirmation, and there is no terminal to ask on",
        "Add --yes when you are sure.",
        name="NotConfirmed",
    )


def confirm(operation: Operation, what: str, *, yes: bool) -> None:
    """Ask before a job is made that deletes records.

    Raises:
        InputError: the user says no, or nobody is there to ask.
    """
    require_confirmable(operation, yes=yes)
    if yes or operation not in DELETING:
        return
    forever = ", for ever" if operation is Operation.HARD_DELETE else ""
    if not typer.confirm(safe_text(f"Delete {what}{forever}?"), err=True):
        raise InputError("Not confirmed; nothing was sent", name="NotConfirmed")
