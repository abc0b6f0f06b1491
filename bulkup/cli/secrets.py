"""The one way in for secrets: the environment, a prompt without echo, or standard input."""

import getpass
import os
import sys

from bulkup.errors import InputError


def asked(what: str, variable: str = "") -> str:
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


def line(prompt: str) -> str:
    """A line that is no secret, from a person or from standard input."""
    if sys.stdin.isatty():
        sys.stderr.write(prompt)
        sys.stderr.flush()
    return sys.stdin.readline().strip()


def _typed(what: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline()
    try:
        return getpass.getpass(f"{what.capitalize()} (not shown): ", stream=sys.stderr)
    except EOFError:
        return ""
