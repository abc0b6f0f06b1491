"""The way through the browser: the address to open, and the answer that comes back (RFC 7636)."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from bulkup.errors import CredentialsError, InputError
from bulkup.salesforce.oauth import App, Tokens
from bulkup.salesforce.refusal_hints import advice

SCOPE = "api refresh_token"
PATH = "/OauthRedirect"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebLogin:
    """One try to log in with a browser. `callback` is where the org sends the browser back to."""

    app: App
    callback: str
    state: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(64), repr=False)

    @property
    def url(self) -> str:
        """The address to open. It holds nothing that is secret."""
        digest = hashlib.sha256(self.verifier.encode("ascii")).digest()
        asked = {
            "response_type": "code",
            "client_id": self.app.client_id,
            "redirect_uri": self.callback,
            "scope": SCOPE,
            "state": self.state,
            "code_challenge": base64.urlsafe_b64encode(digest).decode("ascii").rstrip("="),
            "code_challenge_method": "S256",
            # Else a browser that is logged in to another org lets that one in, unasked.
            "prompt": "login",
        }
        return f"{self.app.login_url}/services/oauth2/authorize?{urlencode(asked)}"

    def finish(self, answer: Mapping[str, str]) -> Tokens:
        """From the answer that the browser brought to tokens.

        Raises:
            CredentialsError: declined, refused, or it is the answer to something else.
        """
        if not secrets.compare_digest(answer.get("state", "").encode(), self.state.encode()):
            raise CredentialsError(
                "The browser's answer does not belong to this login (state does not match)",
                "Log in again, and use the page that this command opens.",
                name="StateMismatch",
            )
        if error := answer.get("error"):
            message = f"{error}: {answer.get('error_description', '')}".rstrip(": ")[:300]
            raise CredentialsError(f"Not logged in: {message}", advice(message), name="Declined")
        if not answer.get("code"):
            raise CredentialsError(
                "The browser's answer has no code", "Log in again.", name="NoCode"
            )
        return self.app.by_code(answer["code"], self.verifier, self.callback)


def callback(port: int) -> str:
    """The address that the app must list, port included."""
    return f"http://localhost:{port}{PATH}"


def pasted(text: str) -> dict[str, str]:
    """The answer in an address that a person has copied from the browser.

    Raises:
        InputError: it is not such an address.
    """
    address = text.strip().strip("\"'<>")
    try:
        answer = dict(parse_qsl(urlsplit(address).query))
    except ValueError:
        answer = {}
    if "state" in answer and ("code" in answer or "error" in answer):
        return answer
    raise InputError(
        "This is not the address that the browser ended on",
        f"Copy it whole from the address line; it has {PATH}?code=… in it.",
        name="BadPaste",
    )
