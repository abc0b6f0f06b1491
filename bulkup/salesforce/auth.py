"""A bearer token on each request, renewed once where a 401 says that it is over."""

import threading
from collections.abc import Callable, Generator

import httpx

UNAUTHORIZED = 401
FORBIDDEN = 403
USERINFO = "/services/oauth2/userinfo"


class TokenAuth(httpx.Auth):
    """Adds the token. `renew` gives a new one, or raises; several threads renew once."""

    def __init__(self, token: str, renew: Callable[[], str] | None = None) -> None:
        self._token = token
        self._renew = renew
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "TokenAuth()"

    @property
    def token(self) -> str:
        """The present token. For the Authorization header, and for nothing else."""
        return self._token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send; on a 401 renew and send once more, the body included."""
        used = self._token
        request.headers["Authorization"] = f"Bearer {used}"
        response = yield request
        if not _is_over(response) or self._renew is None:
            return
        request.headers["Authorization"] = f"Bearer {self._renewed(used, self._renew)}"
        yield request

    def _renewed(self, used: str, renew: Callable[[], str]) -> str:
        with self._lock:
            if self._token == used:
                self._token = renew()
            return self._token


def _is_over(response: httpx.Response) -> bool:
    """A 401; for userinfo it is a 403 (`Bad_OAuth_Token`)."""
    at_userinfo = response.request.url.path == USERINFO
    return response.status_code == (FORBIDDEN if at_userinfo else UNAUTHORIZED)
