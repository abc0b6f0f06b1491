"""`bulkup logout`: revoke a login and forget it."""

from typing import Annotated

import typer

from bulkup import state_dir
from bulkup.auth import login_store
from bulkup.auth.logins import Orgs
from bulkup.cli import options, output
from bulkup.cli.output import Output
from bulkup.errors import InputError

EXAMPLES = """\
Examples:

  bulkup logout prod

  bulkup logout --all
"""


def logout(
    alias: Annotated[
        str | None, typer.Argument(metavar="ALIAS", show_default=False, help="Which login.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every login kept here.")] = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Revoke a login and forget it."""
    if (alias is None) == (not everything):
        raise InputError(
            "Name one login, or say --all", "See which there are with: bulkup orgs", name="Usage"
        )
    screen = Output(quiet=quiet, verbose=verbose)
    config = state_dir.find_state_dir().config
    orgs = Orgs(config)
    logins = orgs.all() if alias is None else (orgs.get(alias),)
    before = orgs.default()
    for login in logins:
        for trouble in login_store.forget(login, config, screen.log):
            output.line(f"warning: {trouble}")
        screen.note(f"{login.alias} is forgotten")
    if before in logins and (after := orgs.default()):
        screen.note(f"the default is {after.alias} now; another: bulkup orgs default ALIAS")
    return 0
