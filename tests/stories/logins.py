"""What the login stories share: an org with apps, a browser in Python, keys, and a fake `sf`."""

import json
import os
import re
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bulkup.localorg.oauth.apps import App, LoginRules

SECRET = "PLANTED-client-secret-0123456789"
USER = "admin@localorg.example"
WEB, SERVER, SIGNER = "the-web-app", "the-server-app", "the-signing-app"


@cache
def key_pair() -> tuple[bytes, str]:
    """A private key and its public half, both in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, public.decode("ascii")


def rules(
    port: int = 1717,
    *,
    rotation: bool = False,
    token_seconds: float | None = None,
    my_domain: bool = True,
    preauthorised: bool = True,
) -> LoginRules:
    """An org with one app for each way."""
    callback = f"http://localhost:{port}/OauthRedirect"
    users = frozenset({USER} if preauthorised else ())
    return LoginRules(
        apps=(
            App(client_id=WEB, callbacks=(callback,), rotation=rotation),
            App(client_id=SERVER, secret=SECRET, run_as=USER),
            App(client_id=SIGNER, certificate=key_pair()[1], preauthorised=users),
        ),
        token_seconds=token_seconds,
        my_domain=my_domain,
    )


@dataclass
class Browser:
    """Presses a button on the org's page and goes where it is sent, as a person's browser does."""

    decision: str = "allow"
    pages: list[str] = field(default_factory=list)
    ended_on: str = ""

    def open(self, url: str, *, follow: bool = True) -> bool:
        with urllib.request.urlopen(url, timeout=20) as page:
            fields = re.findall(r'name="(\w+)" value="([^"]*)">', page.read().decode())
        form = {name: unescape(value) for name, value in fields} | {"decision": self.decision}
        address = url.partition("?")[0]
        request = urllib.request.Request(address, urlencode(form).encode(), method="POST")
        try:
            _NoRedirect().open(request, timeout=20)
        except urllib.error.HTTPError as sent:
            self.ended_on = str(sent.headers["location"])
            sent.close()
        if follow:
            self.visit(self.ended_on)
        return True

    def visit(self, address: str) -> None:
        with urllib.request.urlopen(address, timeout=20) as page:
            self.pages.append(page.read().decode())


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def _NoRedirect() -> urllib.request.OpenerDirector:  # noqa: N802 -- used like a class
    return urllib.request.build_opener(_Stay())


def with_state(address: str, state: str) -> str:
    """The address with another `state`."""
    parts = urlsplit(address)
    answer = dict(parse_qsl(parts.query)) | {"state": state}
    return parts._replace(query=urlencode(answer)).geturl()


def fake_sf(folder: Path, *, url: str, token_file: Path, modern: bool) -> Path:
    """A program `sf` that answers as either generation does. Gives the log of what it was asked."""
    folder.mkdir(exist_ok=True)
    log = folder / "asked.log"
    code = f"""#!{sys.executable}
import json, sys
words = sys.argv[1:]
open({str(log)!r}, "a").write(" ".join(words) + "\\n")
token = open({str(token_file)!r}).read()
def say(result, status=0):
    print("Warning: a new version is there")
    print(json.dumps({{"status": status, "result": result, "warnings": ["secret"]}}))
    sys.exit(status)
alias = words[words.index("--target-org") + 1]
if alias != "devhub":
    print(json.dumps({{"status": 1, "name": "NoOrgFound", "message": "No org"}})); sys.exit(1)
if words[:2] == ["org", "display"]:
    hidden = "[REDACTED] Use 'sf org auth show-access-token'" if {modern!r} else token
    say({{"accessToken": hidden, "instanceUrl": {url!r}, "username": "sf@example.com",
         "id": "00D000000000001AAA"}})
if words[:3] == ["org", "auth", "show-access-token"] and {modern!r}:
    say({{"accessToken": token}})
print("Error: command org:auth:show-access-token not found", file=sys.stderr); sys.exit(127)
"""
    program = folder / "sf"
    program.write_text(code, encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return log


def everything_in(*folders: Path) -> str:
    """All text of all files."""
    return "\n".join(
        path.read_text(encoding="utf-8", errors="replace")
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    )


def start(*arguments: object, env: dict[str, str] | None = None) -> "subprocess.Popen[str]":
    """The command line in a process of its own, still running."""
    return subprocess.Popen(
        [sys.executable, "-m", "bulkup", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, **(env or {})},
    )


def loaded(text: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(text)
    return found
