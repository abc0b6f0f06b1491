"""From a login to a token, and to the next one when it expires."""

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bulkup.auth import sf_cli
from bulkup.auth.jwt_assertion import assertion
from bulkup.auth.logins import Login, LoginFlow, SecretLocation
from bulkup.auth.secret_store import Secrets, SecretStore
from bulkup.errors import BulkupError, CredentialsError
from bulkup.salesforce import oauth
from bulkup.salesforce.oauth import App, Log, Tokens


def get_tokens(login: Login, secrets: Secrets, log: Log | None = None) -> Tokens:
    """Ask for a new token, in the login's own way.

    Raises:
        CredentialsError: refused, with what to type. Transient: it may work in a while.
    """
    try:
        tokens = _asked(login, secrets, log)
    except CredentialsError as error:
        refusal = error.with_hint(_what_to_do(login, error))
    else:
        if login.instance_url in {"", tokens.instance_url}:
            return tokens
        refusal = CredentialsError(
            f"The token that came is for {tokens.instance_url} and not for {login.instance_url}; "
            "it was not used",
            _again(login),
            name="OtherInstance",
        )
    # Raised out here: what a library or a keyring had to say stays behind.
    raise refusal


def _asked(login: Login, secrets: Secrets, log: Log | None) -> Tokens:
    app = App(
        login_url=login.login_url,
        client_id=login.client_id,
        client_secret=secrets.client_secret,
        log=log,
    )
    match login.way:
        case LoginFlow.WEB:
            return app.by_refresh(secrets.refresh)
        case LoginFlow.CLIENT_CREDENTIALS:
            return app.by_secret()
        case LoginFlow.JWT:
            return app.by_assertion(_signed(login))
        case LoginFlow.SF:
            sf_login = sf_cli.login_of(login.sf)
            return Tokens(access=sf_login.access, instance_url=sf_login.instance_url)
        case LoginFlow.TOKEN:
            raise CredentialsError(
                "The access token has expired, and there is nothing to renew it with",
                name="TokenRefused",
            )


def _signed(login: Login) -> str:
    return assertion(
        client_id=login.client_id,
        username=login.user,
        login_url=login.login_url,
        key_file=Path(login.key_file),
    )


def _what_to_do(login: Login, error: CredentialsError) -> str:
    """What the refusal itself asks for, and the command that makes the login anew."""
    if not login.alias or login.way is LoginFlow.SF:
        return error.hint
    return f"{error.hint} {_again(login)}".strip()


def _again(login: Login) -> str:
    return f"To log in again, type: {login_command(login)}" if login.alias else ""


def login_command(login: Login) -> str:
    """The command that makes a login anew."""
    app = ["--login-url", login.login_url, "--client-id", login.client_id]
    options = {
        LoginFlow.WEB: app,
        LoginFlow.CLIENT_CREDENTIALS: ["--client-credentials", *app],
        LoginFlow.JWT: ["--jwt-key-file", login.key_file, "--username", login.user, *app],
        LoginFlow.TOKEN: ["--token", "--instance-url", login.instance_url],
        LoginFlow.SF: ["--from-sf", login.sf],
    }[login.way]
    stored = ["--insecure-storage"] if login.kept is SecretLocation.FILE else []
    return shlex.join(["bulkup", "login", "--alias", login.alias, *options, *stored])


class Renewal:
    """Gives the next token. Of several processes with one login, one asks for it.

    A keyring that breaks in the middle of a run does not end it: what is new is then known to this
    process only, and `tell` hears of it.
    """

    def __init__(
        self,
        login: Login,
        secrets: Secrets,
        keychain: SecretStore,
        *,
        log: Log | None = None,
        tell: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self._login = login
        self._secrets = secrets
        self._keychain = keychain
        self.log = log
        self._tell = tell

    def __repr__(self) -> str:
        return f"Renewal({self._login.alias!r}, {self._login.way})"

    def __call__(self) -> str:
        """The next access token.

        Raises:
            CredentialsError: refused. Transient: it may work in a while.
        """
        if self._login.kept is SecretLocation.NOWHERE:
            return get_tokens(self._login, self._secrets, self.log).access
        with self._keychain.holding(self._login):
            kept = self._kept()
            if kept.access != self._secrets.access and self._is_good(kept.access):
                self._secrets = kept  # another process was quicker
                return kept.access
            tokens = get_tokens(self._login, kept, self.log)
            # Without rotation no refresh token comes: the old one stays.
            refresh = tokens.refresh or kept.refresh
            self._secrets = replace(kept, access=tokens.access, refresh=refresh)
            self._keep(rotated=refresh != kept.refresh)
            return tokens.access

    def _kept(self) -> Secrets:
        try:
            return self._keychain.find(self._login)
        except CredentialsError:
            return self._secrets

    def _is_good(self, token: str) -> bool:
        return bool(token) and oauth.is_valid(self._login.instance_url, token)

    def _keep(self, *, rotated: bool) -> None:
        try:
            self._keychain.keep(self._login, self._secrets)
        except BulkupError as error:
            if rotated:
                self._tell(
                    f"the renewed login could not be kept ({error.message}); when this command is "
                    f"over, type: {login_command(self._login)}"
                )
