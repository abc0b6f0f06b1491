"""What goes in and out of the org: requests and responses as plain data, no sockets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ConnectionFault(StrEnum):
    """What befalls a request or its answer on the way."""

    RESET = "reset"
    """The connection is reset before the request is read: no work is done."""

    RESET_UPLOAD = "reset-upload"
    """The connection is reset when half of the request's body was read: no work is done."""

    LOST = "lost"
    """The work is done, then the connection is reset instead of an answer."""

    CUT = "cut"
    """The work is done, the answer ends in mid-body, short of its Content-Length."""

    SLOW = "slow"
    """The answer comes late, by some seconds."""

    HANG = "hang"
    """No work is done and no answer comes, until some seconds later the connection is reset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A trouble ordered for one request. `seconds` is how long SLOW and HANG take."""

    trouble: ConnectionFault
    seconds: float = 0.0

    @property
    def does_work(self) -> bool:
        """Whether the org does the work of the request all the same."""
        return self.trouble in {ConnectionFault.LOST, ConnectionFault.CUT, ConnectionFault.SLOW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. `path` is without the query; the names of `headers` are in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def token(self) -> str:
        """The bearer token that it carries, or nothing."""
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer, and what is to befall it on its way (`fault`).

    Whoever carries it (the server, or a simulated transport) acts the fault out. `body` is always
    whole; `headers` hold no Content-Length, the carrier adds that of the whole body.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    fault: Fault | None = None


class Refusal(Exception):
    """The org says no: becomes an answer in the JSON shape of Salesforce's errors."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def answer(self) -> Response:
        """The refusal as Salesforce writes it: a list of one error."""
        return answer_json([{"errorCode": self.code, "message": self.message}], self.status)


def answer_json(
    data: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer of JSON."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(
        status=status,
        headers={"content-type": "application/json;charset=UTF-8", **(headers or {})},
        body=body,
    )


def read_json(body: bytes) -> dict[str, object]:
    """The object in a request's body; a Refusal in Salesforce's words where there is none."""
    try:
        data = json.loads(body.decode("utf-8"))
    except ValueError as error:
        raise Refusal(400, "JSON_PARSER_ERROR", f"The JSON can't be read: {error}") from error
    if not isinstance(data, dict):
        raise Refusal(400, "JSON_PARSER_ERROR", "The HTTP entity body is no JSON object")
    return data
