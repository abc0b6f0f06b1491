"""The logins that are kept on this machine, in `orgs.toml`. No secret stands there."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import tomlkit
from filelock import FileLock, Timeout
from tomlkit.exceptions import TOMLKitError

from bulkup import files
from bulkup.errors import CredentialsError, InputError, NotWritable, RunError

FILE = "orgs.toml"
BUILT_IN = "local"
ALIAS = re.compile(r"[A-Za-z0-9][\w.@+-]{0,79}", re.ASCII)
LOCK_SECONDS = 30.0
HEAD = """\
# The logins of bulkup. `bulkup login`, `bulkup logout` and `bulkup orgs default` write this file.
# No secret stands here: it is in the keyring, or in the folder `secrets` where you said so.
"""


class LoginFlow(StrEnum):
    """How a login gets its tokens."""

    WEB = "web"
    CLIENT_CREDENTIALS = "client-credentials"
    JWT = "jwt"
    TOKEN = "token"  # noqa: S105 -- the name of a way
    SF = "sf"


class SecretLocation(StrEnum):
    """Where the secret of a login is kept."""

    KEYRING = "keyring"
    FILE = "file"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One login. `entry` is the name of its secret in the keyring, or of its file.

    `key_file` is the path of the private key of a JWT login; `sf` the name that `sf` knows it by.
    """

    alias: str
    instance_url: str
    way: LoginFlow
    kept: SecretLocation = SecretLocation.NOWHERE
    entry: str = ""
    login_url: str = ""
    client_id: str = ""
    user: str = ""
    org_id: str = ""
    key_file: str = ""
    sf: str = ""


def check_alias(alias: str) -> str:
    """An alias that may be given to a login.

    Raises:
        InputError: it is the built-in org's, or has characters that no alias has.
    """
    if alias == BUILT_IN:
        raise InputError(
            f"{BUILT_IN!r} is the built-in org and needs no login",
            "Choose another name: bulkup login --alias NAME",
            name="BadAlias",
        )
    if not ALIAS.fullmatch(alias):
        raise InputError(
            f"{alias!r} can't be an alias",
            "Use letters, digits and . _ - @ +, beginning with a letter or a digit.",
            name="BadAlias",
        )
    return alias


class Orgs:
    """The logins of one configuration folder, in the order in which they were made."""

    def __init__(self, config: Path) -> None:
        self.file = config / FILE

    def all(self) -> tuple[Login, ...]:
        """Every login.

        Raises:
            CredentialsError: `orgs.toml` is damaged.
        """
        return tuple(_login(alias, data, self.file) for alias, data in _orgs(self._read()).items())

    def get(self, alias: str) -> Login:
        """One login.

        Raises:
            CredentialsError: there is none of that name.
        """
        logins = {login.alias: login for login in self.all()}
        if alias in logins:
            return logins[alias]
        known = f"The logins here are: {', '.join(logins)}. " if logins else ""
        raise CredentialsError(
            f"There is no login named {alias!r}",
            f"{known}Log in with: bulkup login --alias {alias}",
            name="UnknownOrg",
        )

    def default(self) -> Login | None:
        """The login that is used where none is named: the first, until another is chosen."""
        logins = self.all()
        chosen = self._read().get("default")
        return next((login for login in logins if login.alias == chosen), next(iter(logins), None))

    def keep(self, login: Login) -> None:
        """Write a login down, in the place of an older one of that name."""
        with self._changing() as document:
            table = tomlkit.table()
            for name, value in asdict(login).items():
                if name != "alias" and value:
                    table[name] = str(value)
            document.setdefault("orgs", tomlkit.table(is_super_table=True))[login.alias] = table

    def forget(self, alias: str) -> None:
        """Remove a login."""
        with self._changing() as document:
            _orgs(document).pop(alias, None)
            if document.get("default") == alias:
                del document["default"]

    def choose(self, alias: str) -> None:
        """Make a login the default.

        Raises:
            CredentialsError: there is none of that name.
        """
        self.get(alias)
        with self._changing() as document:
            document["default"] = alias

    def _read(self) -> Any:
        try:
            text = self.file.read_text(encoding="utf-8")
            document = tomlkit.parse(text)
        except FileNotFoundError:
            return tomlkit.parse(HEAD)
        except (OSError, ValueError, TOMLKitError) as error:
            # A syntax error's words are safe: the file holds no secret.
            raise _damaged(self.file, str(error)) from None
        orgs = _orgs(document)
        if not isinstance(orgs, dict) or not all(
            isinstance(entry, dict) for entry in orgs.values()
        ):
            raise _damaged(self.file, "[orgs.ALIAS] is no table")
        return document

    @contextmanager
    def _changing(self) -> Iterator[Any]:
        """The document, to be changed by one process at a time."""
        with locked(self.file.with_suffix(".lock")):
            document = self._read()
            yield document
            files.write_private(self.file, tomlkit.dumps(document))


@contextmanager
def locked(lock: Path) -> Iterator[None]:
    """One process, or thread, at a time.

    Raises:
        RunError: another one holds on to it for too long, or the folder can't be written.
    """
    try:
        lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = FileLock(lock, timeout=LOCK_SECONDS, mode=0o600, thread_local=False)
        held.acquire()
    except Timeout:
        raise RunError(
            f"Another bulkup holds {lock}", "Wait for it, and try again.", name="Locked"
        ) from None
    except OSError as error:
        raise NotWritable(lock.parent, error) from None
    try:
        yield
    finally:
        held.release()


def _orgs(document: Any) -> Any:
    return document.get("orgs", {})


NAMES = frozenset(field.name for field in fields(Login))


def _login(alias: str, data: Any, file: Path) -> Login:
    given = {name: str(value) for name, value in data.items() if name in NAMES}
    try:
        way, kept = (
            LoginFlow(given.pop("way")),
            SecretLocation(given.pop("kept", SecretLocation.NOWHERE)),
        )
        return Login(**{**given, "alias": str(alias)}, way=way, kept=kept)
    except (KeyError, TypeError, ValueError):
        raise _damaged(file, f"[orgs.{alias}] is not complete") from None


def _damaged(file: Path, why: str) -> CredentialsError:
    return CredentialsError(
        f"{file} can't be read: {why}",
        "Mend it, or take it away and log in again with: bulkup login",
        name="DamagedOrgs",
    )
