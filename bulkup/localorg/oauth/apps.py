"""The apps that may log in to the org, and the org's own rules about it."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = "apps.toml"
CALLBACK = "http://localhost:1717/OauthRedirect"
AUDIENCE = "https://login.salesforce.com"


class AppsError(ValueError):
    """`apps.toml` can't be used; the message names it."""


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


READY_MADE = LoginRules(
    apps=(
        App(client_id="PlatformCLI", callbacks=(CALLBACK,)),
        App(
            client_id="local-server",
            secret="local-secret",  # noqa: S106 -- of an org that only this machine can reach
            run_as="admin@localorg.example",
        ),
    )
)
"""What there is when nobody says otherwise: one app for people, one for servers."""


def load(directory: Path | None) -> LoginRules:
    """The rules in the directory's `apps.toml`, else those that are ready-made.

    Raises:
        AppsError: the file can't be used.
    """
    path = directory / FILE if directory else None
    if path is None or not path.exists():
        return READY_MADE
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return _rules(data, path.parent)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise AppsError(f"{path} can't be read: {error}") from error


def _rules(data: dict[str, Any], folder: Path) -> LoginRules:
    apps = tuple(_app(one, folder) for one in data.pop("app", []))
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
