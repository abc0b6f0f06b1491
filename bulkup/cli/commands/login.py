"""`bulkup login`: log in to an org and keep the login."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from bulkup import state_dir
from bulkup.auth import login_store
from bulkup.auth.logins import Login, SecretLocation, check_alias
from bulkup.auth.secret_store import SecretStore
from bulkup.cli import options, output
from bulkup.cli.commands.login_flows import LOGIN_FLOWS, LoginOptions
from bulkup.cli.output import Output

EXAMPLES = """\
Examples:

  bulkup login --alias prod --client-id ID

  bulkup login --alias sbx --sandbox --client-id ID --no-browser

  bulkup login --alias ci --client-credentials --login-url example.my.salesforce.com --client-id ID

  bulkup login --alias ci --jwt-key-file key.pem --username u@example.com --client-id ID

  bulkup login --alias x --token --instance-url example.my.salesforce.com

  bulkup login --alias prod --from-sf prod

In CI no login is needed. Set one of these:

  BULKUP_INSTANCE_URL, BULKUP_ACCESS_TOKEN

  BULKUP_LOGIN_URL, BULKUP_CLIENT_ID, BULKUP_CLIENT_SECRET

  BULKUP_LOGIN_URL, BULKUP_CLIENT_ID, BULKUP_USERNAME, BULKUP_JWT_KEY_FILE
"""
MINUTES = 300.0


def login(
    alias: Annotated[
        str, typer.Option("--alias", metavar="A", help="What you call the org from now on.")
    ] = "default",
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Log in at test.salesforce.com.")
    ] = False,
    login_url: Annotated[
        str | None,
        typer.Option(
            "--login-url",
            metavar="URL",
            envvar="BULKUP_LOGIN_URL",
            show_default=False,
            help="Where to log in, as your My Domain. Not given: login.salesforce.com.",
        ),
    ] = None,
    client_id: Annotated[
        str | None,
        typer.Option(
            "--client-id",
            metavar="ID",
            envvar="BULKUP_CLIENT_ID",
            show_default=False,
            help="The app's consumer key.",
        ),
    ] = None,
    client_credentials: Annotated[
        bool,
        typer.Option(
            "--client-credentials",
            help="For servers: the app's secret from BULKUP_CLIENT_SECRET, a prompt or stdin.",
        ),
    ] = False,
    jwt_key_file: Annotated[
        Path | None,
        typer.Option(
            "--jwt-key-file",
            metavar="PATH",
            show_default=False,
            help="For servers: the private key; only its path is kept.",
        ),
    ] = None,
    username: Annotated[
        str | None,
        typer.Option("--username", metavar="U", show_default=False, help="With --jwt-key-file."),
    ] = None,
    token: Annotated[
        bool, typer.Option("--token", help="A ready token from a prompt or stdin.")
    ] = False,
    instance_url: Annotated[
        str | None,
        typer.Option("--instance-url", metavar="URL", show_default=False, help="With --token."),
    ] = None,
    from_sf: Annotated[
        str | None,
        typer.Option(
            "--from-sf",
            metavar="ALIAS",
            show_default=False,
            help="Use a login of Salesforce's own tool sf.",
        ),
    ] = None,
    no_browser: Annotated[
        bool,
        typer.Option("--no-browser", help="Show the address; paste the one it ends on."),
    ] = False,
    port: Annotated[
        int,
        typer.Option(
            "--port",
            metavar="N",
            min=0,
            max=65535,
            help="Where the browser comes back to on this machine; the app must list it.",
        ),
    ] = 1717,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            metavar="D",
            parser=options.duration,
            show_default=False,
            help="How long the browser may take. Not given: 5m.",
        ),
    ] = MINUTES,
    insecure_storage: Annotated[
        bool,
        typer.Option(
            "--insecure-storage",
            help="Keep the secret in a file of mode 0600, where there is no keyring.",
        ),
    ] = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Log in to an org and keep the login; in the browser if no other way is named."""
    login_options = LoginOptions(
        alias=check_alias(alias),
        sandbox=sandbox,
        login_url=login_url,
        client_id=client_id,
        client_credentials=client_credentials,
        key_file=jwt_key_file,
        username=username,
        token=token,
        instance_url=instance_url,
        from_sf=from_sf,
        browser=not no_browser,
        port=port,
        timeout=timeout,
        insecure_storage=insecure_storage,
    )
    screen = Output(quiet=quiet, verbose=verbose)
    login_ = _log_in(login_options, screen)
    screen.note(f"logged in as {login_.user or 'an unknown user'} at {login_.instance_url}")
    output.result(login_.alias)
    return 0


def _log_in(login_options: LoginOptions, screen: Output) -> Login:
    """Get tokens in the way that was asked for, and keep the login."""
    config = state_dir.find_state_dir().config
    login_options.check()
    login = login_options.login()
    if login.kept is SecretLocation.KEYRING:
        SecretStore(config).backend()  # before anybody types a password in vain
    login, secrets = LOGIN_FLOWS[login.way](login_options, login, screen)
    who = login_store.who(login.instance_url, secrets.access, screen.log)
    login = replace(login, user=login.user or who.user, org_id=who.org_id)
    login = login_store.keep(login, secrets, config)
    if login.kept is not SecretLocation.NOWHERE:
        screen.note(f"the secret is kept in {SecretStore(config).place(login)}")
    return login
