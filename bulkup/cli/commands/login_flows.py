"""The ways to log in, each from what the user asked for to tokens."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bulkup.auth import authorization_code, loopback, sf_cli
from bulkup.auth.credentials import ready
from bulkup.auth.environment import CLIENT_SECRET
from bulkup.auth.logins import Login, LoginFlow, SecretLocation
from bulkup.auth.secret_store import Secrets
from bulkup.auth.token_source import get_tokens
from bulkup.cli import output, prompts
from bulkup.cli.output import Output
from bulkup.errors import BulkupError, InputError
from bulkup.salesforce import oauth
from bulkup.salesforce.urls import PRODUCTION, SANDBOX, instance

APP_HINT = (
    "Make an external client app in Setup (docs/login.md says how) and give its consumer key. "
    "'PlatformCLI' is the app that Salesforce's own tool uses."
)
PORT = 1717
"""The one that Salesforce's own tool uses, so that most apps list it."""
SECRETLESS = {LoginFlow.JWT, LoginFlow.SF}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginOptions:
    """What was asked for, as the options say it."""

    alias: str
    sandbox: bool
    login_url: str | None
    client_id: str | None
    client_credentials: bool
    key_file: Path | None
    username: str | None
    token: bool
    instance_url: str | None
    from_sf: str | None
    browser: bool
    port: int
    timeout: float
    insecure_storage: bool

    @property
    def asked(self) -> list[tuple[LoginFlow, str]]:
        """The ways that are named, with the option that names each."""
        named = {
            (LoginFlow.CLIENT_CREDENTIALS, "--client-credentials"): self.client_credentials,
            (LoginFlow.JWT, "--jwt-key-file"): self.key_file is not None,
            (LoginFlow.TOKEN, "--token"): self.token,
            (LoginFlow.SF, "--from-sf"): self.from_sf is not None,
        }
        return [name for name, given in named.items() if given]

    @property
    def way(self) -> LoginFlow:
        """The way that is named; the web if none is."""
        return next((way for way, _ in self.asked), LoginFlow.WEB)

    def check(self) -> None:
        """Look whether the options go together.

        Raises:
            InputError: they do not.
        """
        if len(self.asked) > 1:
            names = " and ".join(option for _, option in self.asked)
            raise InputError(f"{names} are two ways to log in", "Name one.", name="Usage")
        needs = [
            ("--username", self.username, LoginFlow.JWT, "--jwt-key-file"),
            ("--instance-url", self.instance_url, LoginFlow.TOKEN, "--token"),
        ]
        for option, given, way, other in needs:
            if (given is not None) != (self.way is way):
                missing, there = (other, option) if given is not None else (option, other)
                raise InputError(f"{there} needs {missing}", f"Add: {missing}", name="Usage")
        if self.way not in {LoginFlow.TOKEN, LoginFlow.SF} and not self.client_id:
            raise InputError("No app is named: --client-id", APP_HINT, name="NoClientId")

    def login(self) -> Login:
        """The login to be made, as far as it is known before.

        Raises:
            InputError: a URL is malformed.
        """
        kept = SecretLocation.FILE if self.insecure_storage else SecretLocation.KEYRING
        key_file = self.key_file.expanduser().absolute() if self.key_file else ""
        with_app = self.way not in {LoginFlow.TOKEN, LoginFlow.SF}
        url = instance(self.instance_url, "--instance-url") if self.instance_url else ""
        return Login(
            alias=self.alias,
            way=self.way,
            instance_url=url,
            kept=SecretLocation.NOWHERE if self.way in SECRETLESS else kept,
            login_url=self._login_url() if with_app else "",
            client_id=(self.client_id or "") if with_app else "",
            user=self.username or "",
            key_file=str(key_file),
            sf=self.from_sf or "",
        )

    def _login_url(self) -> str:
        if self.sandbox:
            return SANDBOX
        return instance(self.login_url, "--login-url") if self.login_url else PRODUCTION


def by_web(login_options: LoginOptions, login: Login, screen: Output) -> tuple[Login, Secrets]:
    """In a browser, here or elsewhere."""
    secret = os.environ.get(CLIENT_SECRET, "").strip()
    app = oauth.App(
        login_url=login.login_url, client_id=login.client_id, client_secret=secret, log=screen.log
    )
    tokens = _here(login_options, app) if login_options.browser else _elsewhere(login_options, app)
    kept = Secrets(access=tokens.access, refresh=tokens.refresh, client_secret=secret)
    return replace(login, instance_url=tokens.instance_url), kept


def _elsewhere(login_options: LoginOptions, app: oauth.App) -> oauth.Tokens:
    attempt = authorization_code.WebLogin(
        app=app, callback=authorization_code.callback(login_options.port or PORT)
    )
    output.line("Open this address in a browser:\n")
    output.line(f"  {attempt.url}\n")
    output.line("It ends on a page that can't be shown. Paste the address of that page here.")
    return attempt.finish(authorization_code.pasted(prompts.ask_line("Address: ")))


def _here(login_options: LoginOptions, app: oauth.App) -> oauth.Tokens:
    with loopback.listen(login_options.port) as waiting:
        attempt = authorization_code.WebLogin(
            app=app,
            callback=authorization_code.callback(waiting.port),
            state=waiting.state,
        )
        output.line("Log in with the browser that opens. If none does, open this address:\n")
        output.line(f"  {attempt.url}\n")
        threading.Thread(target=browse, args=(attempt.url,), daemon=True).start()
        answer = waiting.answer(login_options.timeout)
        try:
            tokens = attempt.finish(answer)
        except BulkupError as error:
            waiting.show("Not logged in", f"{error.message}. {error.hint}")
            raise
        waiting.show("Logged in", f"bulkup has a login for {tokens.instance_url}. Close this page.")
        return tokens


def browse(url: str) -> None:
    """Open a browser: the one in `BROWSER`, else the machine's own.

    In a process of its own: some print on stdout, where the alias alone is to stand, and some do
    not come back before they are closed.
    """
    subprocess.run(
        [sys.executable, "-m", "webbrowser", url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def by_secret(_login_options: LoginOptions, login: Login, screen: Output) -> tuple[Login, Secrets]:
    """With the app's own secret."""
    secret = prompts.ask_secret("client secret", CLIENT_SECRET)
    return _granted(login, Secrets(client_secret=secret), screen)


def by_key(_login_options: LoginOptions, login: Login, screen: Output) -> tuple[Login, Secrets]:
    """With a private key."""
    return _granted(login, Secrets(), screen)


def _granted(login: Login, kept: Secrets, screen: Output) -> tuple[Login, Secrets]:
    # No alias yet: a refusal must not say to log in again.
    tokens = get_tokens(replace(login, alias=""), kept, screen.log)
    return replace(login, instance_url=tokens.instance_url), replace(kept, access=tokens.access)


def by_token(_login_options: LoginOptions, login: Login, _screen: Output) -> tuple[Login, Secrets]:
    """With a token that the user has."""
    token = prompts.ask_secret("access token")
    sound = ready(alias=login.alias, instance_url=login.instance_url, token=token)
    return login, Secrets(access=sound.auth.token)


def by_sf(_login_options: LoginOptions, login: Login, _screen: Output) -> tuple[Login, Secrets]:
    """With the login of `sf`."""
    result = sf_cli.login_of(login.sf)
    text = replace(login, instance_url=result.instance_url, user=result.user, org_id=result.org_id)
    return text, Secrets(access=result.access)


LOGIN_FLOWS: Mapping[LoginFlow, Callable[[LoginOptions, Login, Output], tuple[Login, Secrets]]] = {
    LoginFlow.WEB: by_web,
    LoginFlow.CLIENT_CREDENTIALS: by_secret,
    LoginFlow.JWT: by_key,
    LoginFlow.TOKEN: by_token,
    LoginFlow.SF: by_sf,
}
