"""What the org answers under `/services/oauth2/`."""

from collections.abc import Callable
from dataclasses import dataclass

from bulkup.localorg.identity import Identity
from bulkup.localorg.tokens import Tokens
from bulkup.localorg.wire import Refusal, Request, Response, answer_json

PREFIX = "/services/oauth2/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What logging in needs of the org."""

    identity: Identity
    tokens: Tokens
    clock: Callable[[], float]


def answer(request: Request, login: Login) -> Response:
    """Answer a call whose path begins with PREFIX. Raises Refusal."""
    if request.path == PREFIX + "userinfo":
        return _userinfo(request, login)
    raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")


def _userinfo(request: Request, login: Login) -> Response:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not login.tokens.valid(token):
        return Response(status=403, headers={"content-type": "text/html"}, body=b"Bad_OAuth_Token")
    who, url = login.identity, f"http://{request.headers.get('host', 'localhost')}"
    return answer_json(
        {
            "sub": f"{url}/id/{who.org_id}/{who.user_id}",
            "user_id": who.user_id,
            "organization_id": who.org_id,
            "preferred_username": who.username,
            "nickname": "admin",
            "name": "Admin",
            "email": who.username,
            "email_verified": True,
            "active": True,
            "user_type": "STANDARD",
            "urls": {"rest": f"{url}/services/data/v{{version}}/"},
        }
    )
