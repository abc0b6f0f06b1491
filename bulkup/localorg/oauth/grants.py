"""What the org has granted: codes that wait to be exchanged, tokens that can be renewed."""

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from bulkup.localorg.oauth.apps import App
from bulkup.localorg.oauth.tokens import Tokens

CODE_SECONDS = 15 * 60.0


class Denied(Exception):
    """The token endpoint says no: OAuth's error and Salesforce's words for it."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A grant on its way through the browser. `challenge` is PKCE's, by S256."""

    client_id: str
    callback: str
    challenge: str
    ends: float


@dataclass(slots=True)
class Session:
    """A refresh token's access tokens: they end with it."""

    client_id: str
    access: list[str] = field(default_factory=list)


class Grants:
    """Makes and ends codes and tokens. In memory: a restart of the org ends all logins."""

    def __init__(
        self, org_id: str, tokens: Tokens, clock: Callable[[], float], seconds: float | None
    ) -> None:
        self._org_id = org_id
        self._tokens = tokens
        self._clock = clock
        self._seconds = seconds
        self._codes: dict[str, Code] = {}
        self._sessions: dict[str, Session] = {}

    def __repr__(self) -> str:
        return f"<Grants: {len(self._sessions)}>"

    def code(self, client_id: str, callback: str, challenge: str) -> str:
        """A new code; as Salesforce's it ends in characters that an address must escape."""
        code = f"aPrx{secrets.token_urlsafe(32)}=="
        self._codes[code] = Code(
            client_id=client_id,
            callback=callback,
            challenge=challenge,
            ends=self._clock() + CODE_SECONDS,
        )
        return code

    def redeem(self, code: str, app: App, callback: str, verifier: str) -> None:
        """Exchange a code, which can be done once. Raises Denied."""
        granted_code = self._codes.pop(code, None)
        if granted_code is None or granted_code.client_id != app.client_id:
            raise Denied("invalid_grant", "invalid authorization code")
        if granted_code.ends <= self._clock():
            raise Denied("invalid_grant", "expired authorization code")
        if granted_code.callback != callback:
            raise Denied("redirect_uri_mismatch", "redirect_uri must match configuration")
        if not secrets.compare_digest(challenge_of(verifier), granted_code.challenge):
            raise Denied("invalid_grant", "invalid code verifier")

    def access(self) -> str:
        """A new access token."""
        token = f"{self._org_id[:15]}!{secrets.token_urlsafe(64)}"
        self._tokens.add(token, seconds=self._seconds)
        return token

    def session(self, app: App) -> tuple[str, str]:
        """A new access token and the refresh token that renews it."""
        refresh = f"5Aep861{secrets.token_urlsafe(56)}"
        session = self._sessions[refresh] = Session(app.client_id)
        return self._access_of(session), refresh

    def renew(self, refresh: str, app: App) -> tuple[str, str]:
        """A new access token; with rotation the refresh token is new as well. Raises Denied."""
        session = self._sessions.get(refresh)
        if session is None or session.client_id != app.client_id:
            raise Denied("invalid_grant", "expired access/refresh token")
        if app.rotation:
            del self._sessions[refresh]
            refresh = f"5Aep861{secrets.token_urlsafe(56)}"
            self._sessions[refresh] = session
        return self._access_of(session), refresh

    def revoke(self, token: str) -> bool:
        """End a token; with a refresh token all that it has given. False if there is none."""
        session = self._sessions.pop(token, None)
        known = session is not None or self._tokens.valid(token)
        for access in [token, *(session.access if session else ())]:
            self._tokens.expire(access)
        return known

    def end_all(self) -> None:
        """End every refresh token, as an administrator can."""
        self._sessions.clear()

    def _access_of(self, session: Session) -> str:
        token = self.access()
        session.access.append(token)
        return token


def challenge_of(verifier: str) -> str:
    """PKCE's S256 of a verifier (RFC 7636)."""
    digest = hashlib.sha256(verifier.encode("ascii", "replace")).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")
