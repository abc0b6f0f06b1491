"""`bulkup orgs`: the logins kept here, and which of them is the default."""

from typing import Annotated

import typer

from bulkup import state_dir
from bulkup.auth.logins import Login, Orgs, SecretLocation
from bulkup.auth.secret_store import SecretStore
from bulkup.cli import options, output
from bulkup.cli.errors import Command, Group
from bulkup.cli.output import Output
from bulkup.report.document import orgs_document

EXAMPLES = """\
Examples:

  bulkup orgs

  bulkup orgs default prod
"""
app = typer.Typer(
    cls=Group,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="List the logins kept here.",
    epilog=EXAMPLES,
)


@app.callback()
def show(
    context: typer.Context,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> int:
    """List the logins kept here."""
    if context.invoked_subcommand is not None:
        return 0
    screen = Output(json=json, quiet=quiet, no_color=no_color)
    config = state_dir.find_state_dir().config
    orgs = Orgs(config)
    logins, default = orgs.all(), orgs.default()
    if json:
        entries = [_entry(login, is_default=login == default) for login in logins]
        output.document(orgs_document(entries))
    elif logins:
        head = ("alias", "user", "instance", "way", "secret", "default")
        rows = [_row(login, is_default=login == default) for login in logins]
        screen.table(head, rows, whole=(0, 2), apart=(2,))
    for login in logins:
        if login.kept is SecretLocation.FILE:
            place = SecretStore(config).place(login)
            screen.note(f"warning: the secret of {login.alias} lies in {place}, not in a keyring")
    if not logins:
        screen.note("no login is kept here; make one with: bulkup login")
    return 0


@app.command("default", cls=Command)
def default(
    alias: Annotated[str, typer.Argument(metavar="ALIAS", help="The login to use from now on.")],
) -> int:
    """Choose the login that counts when --org is not given."""
    Orgs(state_dir.find_state_dir().config).choose(alias)
    output.result(alias)
    return 0


def _entry(login: Login, *, is_default: bool) -> dict[str, object]:
    return {
        "alias": login.alias,
        "user": login.user or None,
        "instance_url": login.instance_url,
        "org_id": login.org_id or None,
        "way": str(login.way),
        "secret": str(login.kept),
        "default": is_default,
    }


def _row(login: Login, *, is_default: bool) -> tuple[str, ...]:
    mark = "default" if is_default else ""
    return login.alias, login.user, login.instance_url, str(login.way), str(login.kept), mark
