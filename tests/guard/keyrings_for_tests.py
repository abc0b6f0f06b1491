"""Keyrings as keyring's own backends: one in a file, one that raises, one that hangs, one locked.

Chosen by PYTHON_KEYRING_BACKEND, as a user would; the file is `$HOME/keyring.json`.
"""

import json
import os
import time
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class FileKeyring(KeyringBackend):
    priority = 1
    name = "a file for tests"

    def _read(self) -> dict[str, str]:
        try:
            return dict(json.loads(_file().read_text(encoding="utf-8")))
        except FileNotFoundError:
            return {}

    def get_password(self, service: str, username: str) -> str | None:
        return self._read().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        _file().write_text(json.dumps({**self._read(), f"{service}/{username}": password}))

    def delete_password(self, service: str, username: str) -> None:
        kept = self._read()
        if kept.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError("not there")
        _file().write_text(json.dumps(kept))


class RaisingKeyring(FileKeyring):
    name = "broken"

    def get_password(self, service: str, username: str) -> str | None:
        raise OSError("the bus is gone")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise OSError(f"the bus would not take {password}")

    def delete_password(self, service: str, username: str) -> None:
        raise OSError("the bus is gone")


class LockedKeyring(FileKeyring):
    name = "locked"

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("locked")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked(f"locked: {password}")


class ForgetfulKeyring(FileKeyring):
    name = "takes everything and keeps nothing"

    def get_password(self, service: str, username: str) -> str | None:
        return None


class HangingKeyring(FileKeyring):
    name = "hangs"

    def get_password(self, service: str, username: str) -> str | None:
        time.sleep(3600)
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        time.sleep(3600)


def _file() -> Path:
    return Path(os.environ["HOME"]) / "keyring.json"
