"""The apps that may log in to the org, and the org's own rules about it."""

import json
import secrets
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bulkup.localorg.data.private_files import write_private

FILE = "apps.toml"
SERVER_APP = "local-server"
SERVER_APP_FILE = "server-app.json"
CALLBACK = "http://localhost:1717/OauthRedirect"
AUDIENCE = "https://login.salesforce.com"


class AppsError(ValueError):
    """`apps.toml` or the kept secret can't be used; the message names the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app as its owner has set it up.

    `callbacks` are the only addresses that a browser is sent back to. `certificate` is the PEM
    text of a certificate or public key that JWT assertions are signed for. `preauthorised` are
    the users who need not approve it; `run_as` is the user of client credentials. With
    `rotation` each renewal gives a new refresh token and ends the old one.
    """

    client_id: str
    secret: str = field(default="", repr=False)
    callbacks: tuple[str, ...] = ()
    certificate: str = field(default="", repr=False)
    preauthorised: frozenset[str] = frozenset()
    run_as: str = ""
    rotation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRules:
    """How the org lets apps in.

    `token_seconds` is how long an access token lives (None: for ever). `my_domain` says whether
    the org's address is its own: elsewhere client credentials are not taken, as at
    login.salesforce.com.
    """

    apps: tuple[App, ...]
    token_seconds: float | None = None
    my_domain: bool = True
    audience: str = AUDIENCE

    def app(self, client_id: str) -> App | None:
        """The app of that client id."""
        return next((app for app in self.apps if app.client_id == client_id), None)


def load(directory: Path | None) -> LoginRules:
    """The rules in the directory's `apps.toml`, else two ready-made apps: for people and servers.

    Raises:
        AppsError: a file can't be used.
    """
    if directory is None:
        return _ready_made(_make_secret())
    if not has_own_rules(directory):
        return _ready_made(_kept_secret(directory / SERVER_APP_FILE))
    path = directory / FILE
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return _rules(data, directory)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise AppsError(f"{path} can't be read: {error}") from error


def has_own_rules(directory: Path | None) -> bool:
    """Whether an `apps.toml` replaces the ready-made apps."""
    return directory is not None and (directory / FILE).exists()


def _ready_made(secret: str) -> LoginRules:
    return LoginRules(
        apps=(
            App(client_id="PlatformCLI", callbacks=(CALLBACK,)),
            App(client_id=SERVER_APP, secret=secret, run_as="admin@localorg.example"),
        )
    )


def _make_secret() -> str:
    return secrets.token_urlsafe(32)


def _kept_secret(path: Path) -> str:
    """The secret in this file; made and written there the first time."""
    try:
        secret = json.loads(path.read_text(encoding="utf-8"))["client_secret"]
    except FileNotFoundError:
        secret = _make_secret()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, {"client_id": SERVER_APP, "client_secret": secret})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise AppsError(f"{path} can't be read: {error}") from error
    if not isinstance(secret, str) or not secret:
        raise AppsError(f"{path} can't be read: it holds no client_secret")
    return secret


def _rules(data: dict[str, Any], folder: Path) -> LoginRules:
    apps = tuple(_app(app, folder) for app in data.pop("app", []))
    return LoginRules(apps=apps, **data)


def _app(data: dict[str, Any], folder: Path) -> App:
    certificate = data.pop("certificate", "")
    return App(
        client_id=data.pop("client_id"),
        callbacks=tuple(data.pop("callbacks", ())),
        preauthorised=frozenset(data.pop("preauthorised", ())),
        certificate=(folder / certificate).read_text(encoding="ascii") if certificate else "",
        **data,
    )
