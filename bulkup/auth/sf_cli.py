"""The login of `sf`, Salesforce's own tool: asked from it each time, and not kept.

Since May 2026 `sf org display` hides the token and `sf org auth show-access-token` gives it; older
versions lack the second command. Source: github.com/salesforcecli/plugin-org #1667, #1673.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bulkup.errors import CredentialsError, InputError
from bulkup.salesforce.bearer import is_sound
from bulkup.salesforce.urls import instance

ANSWER_SECONDS = 120.0
HIDDEN = re.compile(r"redacted", re.IGNORECASE)
TOKEN_NAMES = ("accessToken", "access_token", "token")
# Where a shell stands between us and `sf`, as on Windows, these would mean something to it.
NOT_IN_NAMES = frozenset("\"'&|<>^%`$;")


@dataclass(frozen=True, slots=True, kw_only=True)
class SfLogin:
    """What `sf` knows of an org."""

    access: str = field(repr=False)
    instance_url: str
    user: str
    org_id: str = ""


def login_of(name: str, *, seconds: float | None = None) -> SfLogin:
    """The login that `sf` has under an alias or a username; `seconds` for each of its answers.

    Raises:
        InputError: it can't be a name.
        CredentialsError: there is no `sf`, it does not know the org, or it does not answer.
    """
    if not name.isprintable() or name.startswith("-") or not name or set(name) & NOT_IN_NAMES:
        raise InputError(
            f"{name!r} is no alias or username of sf", "Type: sf org list", name="BadAlias"
        )
    limit = ANSWER_SECONDS if seconds is None else seconds
    shown = _result(("org", "display"), name, limit)
    access = _token(shown) or _token(
        _result(("org", "auth", "show-access-token"), name, limit, "--no-prompt")
    )
    if not access:
        raise _sf_error(f"sf gives no token for {name!r}", name)
    url = instance(str(shown.get("instanceUrl") or ""), "The instance URL that sf gives")
    user, org_id = (str(shown.get(name) or "") for name in ("username", "id"))
    return SfLogin(access=access, instance_url=url, user=user, org_id=org_id)


def _token(result: Mapping[str, Any]) -> str:
    found = (str(result.get(name) or "") for name in TOKEN_NAMES)
    token = next(filter(None, found), "")
    return token if is_sound(token) and not HIDDEN.search(token) else ""


def _result(words: tuple[str, ...], name: str, seconds: float, *more: str) -> dict[str, Any]:
    """What a command of `sf` answers in JSON."""
    data = _read(_run([*words, "--target-org", name, "--json", *more], name, seconds))
    result = data.get("result")
    if data.get("status", 0) != 0 or result is None:
        # Its words name the org, never a token: a command that fails has none to show.
        said = " ".join(str(data.get("message") or "").split())[:200]
        raise _sf_error(f"sf knows no usable login named {name!r}" + f": {said}" * bool(said), name)
    return result if isinstance(result, dict) else {"token": str(result)}


def _run(words: list[str], name: str, seconds: float) -> str:
    program = shutil.which("sf")
    if program is None:
        raise CredentialsError(
            "There is no program named sf on the PATH",
            "Install Salesforce's CLI, or log in another way: bulkup login --help",
            name="NoSf",
        )
    plain = {"NO_COLOR": "1", "FORCE_COLOR": "0", "SF_AUTOUPDATE_DISABLE": "true"}
    try:
        done = subprocess.run(
            [program, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
            env={**os.environ, **plain},
        )
    except subprocess.TimeoutExpired:
        raise _sf_error(f"sf did not answer in {seconds:.0f} s", name) from None
    except OSError as error:
        raise _sf_error(f"sf can't be started: {error.strerror}", name) from None
    return done.stdout.decode("utf-8", "replace")


def _read(text: str) -> dict[str, Any]:
    """The JSON in what was printed; warnings may stand around it."""
    start = text.find("{")
    try:
        data, _ = json.JSONDecoder().raw_decode(text[start:]) if start >= 0 else (None, 0)
    except ValueError:
        data = None
    return data if isinstance(data, dict) else {}


def _sf_error(what: str, name: str) -> CredentialsError:
    return CredentialsError(
        what,
        f"Try: sf org display --target-org {name}. To log in there again: sf org login web "
        f"--alias {name}",
        name="SfTrouble",
    )
