"""Crashes deep inside libraries, with secrets in hand: nothing of them is written or printed."""

import json
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpcore
import keyring
import pytest

from tests.stories import logins
from tests.stories.conftest import Bulkup, ServedOrg
from tests.stories.test_login import keyring_in_a_file  # noqa: F401 -- a fixture

SECRET = "PLANTED/secret+of=the app"
JOBS = ("jobs", "--verbose")


def in_httpx(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_self: object, request: httpcore.Request) -> None:
        body = b"".join(request.stream)  # type: ignore[arg-type]  # ours are iterable
        raise RuntimeError(f"{request.headers} {body!r}")

    monkeypatch.setattr(httpcore.ConnectionPool, "handle_request", crash)


def in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    loads = json.loads

    def crash(text: Any, *args: Any, **more: Any) -> Any:
        if SECRET in str(text) or "access_token" in str(text):
            raise RuntimeError(f"can't read {text!r}")
        return loads(text, *args, **more)

    monkeypatch.setattr("json.loads", crash)


def in_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = keyring.get_password

    def crash(service: str, username: str) -> str:
        raise SystemExit(f"{service} {username} {kept(service, username)}")

    monkeypatch.setattr("keyring.get_password", crash)


CRASHES = [in_httpx, in_json, in_keyring]


@pytest.mark.usefixtures("keyring_in_a_file")
@pytest.mark.parametrize("crash", CRASHES)
def test_a_crash_inside_a_library_shows_no_secret_of_a_stored_login(
    bulkup: Bulkup,
    served: ServedOrg,
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
    crash: Callable[[pytest.MonkeyPatch], None],
) -> None:
    org = served()
    monkeypatch.delenv("BULKUP_INSTANCE_URL")
    monkeypatch.delenv("BULKUP_ACCESS_TOKEN")
    made = bulkup("login", "--token", "--instance-url", org.url, stdin=org.token)
    assert made.code == 0, made.err
    with monkeypatch.context() as broken:
        crash(broken)
        done = bulkup(*JOBS)
    text = done.out + done.err + logins.everything_in(home / "bulkup")
    assert org.token not in text
    assert org.token.partition("!")[2] not in text


@pytest.mark.parametrize("crash", [in_httpx, in_json])
def test_a_crash_inside_a_library_shows_no_client_secret(
    bulkup: Bulkup,
    served: ServedOrg,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    crash: Callable[[pytest.MonkeyPatch], None],
) -> None:
    org = served()
    monkeypatch.delenv("BULKUP_INSTANCE_URL")
    monkeypatch.delenv("BULKUP_ACCESS_TOKEN")
    crash(monkeypatch)
    environment = {
        "BULKUP_LOGIN_URL": org.url,
        "BULKUP_CLIENT_ID": "local-server",
        "BULKUP_CLIENT_SECRET": SECRET,
    }
    done = bulkup(*JOBS, env=environment)
    assert done.code != 0
    text = done.out + done.err + logins.everything_in(home / "bulkup")
    assert "PLANTED" not in text


def test_the_crashes_would_show_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    in_json(monkeypatch)
    with pytest.raises(RuntimeError) as caught:
        json.loads(SECRET)
    assert SECRET in "".join(traceback.format_exception(caught.value))
