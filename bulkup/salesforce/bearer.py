"""A bearer token on each request, renewed once where a 401 says that it has expired."""

import threading
from collections.abc import Callable, Generator

import httpx

from bulkup.errors import CredentialsError
from bulkup.redaction import register_secret

UNAUTHORIZED = 401
FORBIDDEN = 403
USERINFO = "/services/oauth2/userinfo"
NO_REPEAT = "bulkup_no_repeat"
"""Set on a request that must not be sent a second time: its token is renewed for the next one."""
TOKEN_RENEWED = "bulkup_token_renewed"  # noqa: S105 -- the name of a mark
"""Set on such a request when its token was renewed."""


class TokenAuth(httpx.Auth):
    """Adds the token. `renew` gives a new one, or raises; several threads renew once.

    Without a `token` the first one is asked for when it is needed.
    """

    def __init__(self, token: str = "", renew: Callable[[], str] | None = None) -> None:
        register_secret(token)
        self._token = token
        self._renew = renew
        self._lock = threading.Lock()
        self._refused: CredentialsError | None = None

    def __repr__(self) -> str:
        return "TokenAuth()"

    @property
    def token(self) -> str:
        """The present token, for what can be read from it; never to be shown.

        Raises:
            CredentialsError, SalesforceError: there was none yet, and `renew` gave none.
        """
        if not self._token and self._renew:
            return self._renewed("", self._renew)
        return self._token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send; on a 401 renew the token and send once more, unless `NO_REPEAT` stands on it."""
        used = self.token
        request.headers["Authorization"] = f"Bearer {used}"
        response = yield request
        if not _says_expired(response) or self._renew is None:
            return
        token = self._renewed(used, self._renew)
        if NO_REPEAT in request.extensions:
            request.extensions[TOKEN_RENEWED] = True
            return
        request.headers["Authorization"] = f"Bearer {token}"
        yield request

    def _renewed(self, used: str, renew: Callable[[], str]) -> str:
        with self._lock:
            if self._refused is not None:
                raise self._refused
            if self._token == used:
                try:
                    self._token = renew()
                    register_secret(self._token)
                except CredentialsError as error:
                    self._refused = error
                    raise
            return self._token


def _says_expired(response: httpx.Response) -> bool:
    """A 401; for userinfo it is a 403 (`Bad_OAuth_Token`)."""
    at_userinfo = response.request.url.path == USERINFO
    return response.status_code == (FORBIDDEN if at_userinfo else UNAUTHORIZED)


def is_sound(token: str) -> bool:
    """Whether a token can stand in a header: printable ASCII without blanks."""
    return token.isascii() and token.isprintable() and " " not in token
