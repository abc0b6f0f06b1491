"""Where secrets are kept: in the keyring, or in a private file where the user says so."""

import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

from bulkup import files
from bulkup.auth.logins import Login, SecretLocation, locked
from bulkup.errors import CredentialsError
from bulkup.redaction import register_secret

SERVICE = "bulkup"
FOLDER = "secrets"
ANSWER_SECONDS = 60.0
"""Long enough for a person to type the password that unlocks a keyring."""
LONGEST = 1_200
"""Characters: the keyring of Windows takes 2,560 bytes, two for each."""
NO_KEYRING_HINT = (
    "Log in with --insecure-storage to keep the secret in a file of mode 0600, "
    "or set BULKUP_INSTANCE_URL and BULKUP_ACCESS_TOKEN: they need no keyring."
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What a login has to keep. Never to be shown."""

    access: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)
    client_secret: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        register_secret(self.access, self.refresh, self.client_secret)

    def to_text(self) -> str:
        """As it is kept. An access token that makes it too long is left out: it can be renewed."""
        kept = {name: value for name, value in asdict(self).items() if value}
        text = json.dumps(kept)
        if len(text) > LONGEST and len(kept) > 1:
            kept.pop("access", None)
            text = json.dumps(kept)
        return text

    @classmethod
    def from_text(cls, text: str) -> "Secrets":
        """What was kept; empty where nothing was, or where it is no longer what we wrote."""
        try:
            data = json.loads(text)
            return cls(**{name: str(data.get(name, "")) for name in cls.__slots__})
        except (ValueError, AttributeError):
            return cls()


class SecretStore:
    """The secrets of the logins of one configuration folder.

    `answer_seconds` is how many seconds a keyring may take to answer; None: a minute.
    """

    def __init__(self, config: Path, *, answer_seconds: float | None = None) -> None:
        self._folder = config / FOLDER
        self._answer_seconds = ANSWER_SECONDS if answer_seconds is None else answer_seconds

    def backend(self) -> str:
        """The name of this machine's keyring.

        Raises:
            CredentialsError: there is none, or it is broken.
        """
        return self._ask(_backend)

    def place(self, login: Login) -> str:
        """Where a login's secret is, in words."""
        if login.kept is SecretLocation.FILE:
            return f"the file {self._file(login)}"
        return f"the {login.kept}" if login.kept is SecretLocation.KEYRING else "nowhere"

    def keep(self, login: Login, secrets: Secrets) -> None:
        """Keep a login's secrets.

        Raises:
            CredentialsError: the keyring does not take them. RunError: the file can't be written.
        """
        text = secrets.to_text()
        if login.kept is SecretLocation.FILE:
            files.write_private(self._file(login), text)
        elif login.kept is SecretLocation.KEYRING:
            self._ask(lambda: _set(login.entry, text))

    def find(self, login: Login) -> Secrets:
        """A login's secrets.

        Raises:
            CredentialsError: they are not there, can't be had, or others may read them.
        """
        if login.kept is SecretLocation.NOWHERE:
            return Secrets()
        if login.kept is SecretLocation.FILE:
            text = files.read_secret(self._file(login))
        else:
            text = self._ask(lambda: _get(login.entry))
        secrets = Secrets.from_text(text)
        if secrets == Secrets():
            raise CredentialsError(
                f"The secret of {login.alias!r} is not in {self.place(login)}",
                f"Log in again with: bulkup login --alias {login.alias}",
                name="SecretMissing",
            )
        return secrets

    def forget(self, login: Login) -> None:
        """Remove a login's secrets; that there are none is no error.

        Raises:
            CredentialsError: the keyring can't be had.
        """
        if login.kept is SecretLocation.FILE:
            self._file(login).unlink(missing_ok=True)
        elif login.kept is SecretLocation.KEYRING:
            self._ask(lambda: _delete(login.entry))
        with suppress(OSError):
            self._lock(login).unlink(missing_ok=True)

    @contextmanager
    def holding(self, login: Login) -> Iterator[None]:
        """Alone with a login's secrets: of several processes one renews."""
        with locked(self._lock(login)):
            yield

    def _lock(self, login: Login) -> Path:
        return self._folder / f"{login.entry}.lock"

    def _file(self, login: Login) -> Path:
        return self._folder / f"{login.entry}.json"

    def _ask(self, step: Callable[[], T]) -> T:
        """Ask the keyring in a thread of its own: one that hangs must not hang us.

        Raises:
            CredentialsError: in words that quote nothing of the keyring's own.
        """
        answers: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put((step(), None))
            except BaseException as error:  # noqa: BLE001 -- a backend raises what it likes
                answers.put((None, error))

        threading.Thread(target=ask, name="keyring", daemon=True).start()
        try:
            answer, error = answers.get(timeout=self._answer_seconds)
        except queue.Empty:
            raise _keyring_error(f"did not answer in {self._answer_seconds:.0f} s") from None
        if isinstance(error, CredentialsError):
            raise error
        if error is not None:
            locked_ = type(error).__name__ == "KeyringLocked"
            raise _keyring_error("is locked" if locked_ else f"is broken ({type(error).__name__})")
        return answer  # type: ignore[return-value]  # an answer without an error is step's


def _keyring_error(what: str) -> CredentialsError:
    return CredentialsError(
        f"This machine's keyring {what}", NO_KEYRING_HINT, name="KeyringTrouble"
    )


def _backend() -> str:
    """Import keyring only now: it looks for backends, which takes its time."""
    import keyring  # noqa: PLC0415  slow to import, and seldom needed
    from keyring.backends import fail, null  # noqa: PLC0415  slow to import, and seldom needed

    found = keyring.get_keyring()
    if isinstance(found, fail.Keyring | null.Keyring):
        raise CredentialsError(
            "There is no keyring on this machine", NO_KEYRING_HINT, name="KeyringTrouble"
        )
    return str(getattr(found, "name", type(found).__name__))


def _set(entry: str, text: str) -> None:
    import keyring  # noqa: PLC0415  slow to import, and seldom needed

    _backend()
    keyring.set_password(SERVICE, entry, text)
    if keyring.get_password(SERVICE, entry) != text:
        raise _keyring_error("did not keep what it was given")


def _get(entry: str) -> str:
    import keyring  # noqa: PLC0415  slow to import, and seldom needed

    _backend()
    return keyring.get_password(SERVICE, entry) or ""


def _delete(entry: str) -> None:
    import keyring  # noqa: PLC0415  slow to import, and seldom needed
    from keyring.errors import PasswordDeleteError  # noqa: PLC0415  slow to import, and seldom needed

    _backend()
    try:
        keyring.delete_password(SERVICE, entry)
    except PasswordDeleteError:
        return  # it was not there
