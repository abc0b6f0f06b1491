"""What an answer, or the lack of one, means: the one table from status codes to errors."""

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from bulkup.errors import CredentialsError, Gone, LimitReached, Refused, SalesforceError, Transient
from bulkup.salesforce.error_codes import explain

PASSING_STATUSES = frozenset({408, 425, 429})
SERVER_ERRORS_FROM = 500
GONE_CODES = frozenset({"NOT_FOUND"})
LIMIT_CODES = frozenset(
    {"REQUEST_LIMIT_EXCEEDED", "EXCEEDEDQUOTA", "LIMIT_EXCEEDED", "rate_limit_exceeded"}
)
CONCURRENT = r"\bConcurrent"
"""`ConcurrentRequests (…) Limit exceeded.`: too many at this moment, not in 24 hours."""
TEMPORARY = LIMIT_CODES | {"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE"}
UNAUTHORIZED = 401
BAD_TOKEN = "Bad_OAuth_Token"  # noqa: S105 -- what userinfo answers, with 403
NOT_FOUND = 404
PROXY_LOGIN_REQUIRED = 407
LONGEST_WORDS = 300


def error_of_response(response: httpx.Response) -> SalesforceError | CredentialsError:
    """The error that an answer of 400 and above stands for."""
    status = response.status_code
    code, words = (_hidden(text, response) for text in message_of(response))
    told = f"Salesforce says: {words}" if words else f"Salesforce answered with status {status}"
    told = f"{told} ({code})" if code else told
    hint = _hint(code, words, response.request.url.path)
    with_token = "authorization" in response.request.headers
    if with_token and (status == UNAUTHORIZED or words == BAD_TOKEN):
        return CredentialsError(
            f"{told}. The token is over or was never valid",
            "Log in again (bulkup login), or set BULKUP_ACCESS_TOKEN to a fresh token.",
            name="TokenRefused",
        )
    if code in LIMIT_CODES and not re.search(CONCURRENT, words):
        return LimitReached(told, hint or LIMIT_HINT, status=status, code=code)
    if status >= SERVER_ERRORS_FROM or status in PASSING_STATUSES or code in TEMPORARY:
        after = retry_after(response)
        return Transient(told, PASSING_HINT, status=status, code=code, retry_after=after)
    # A 404 that is not in Salesforce's words is some proxy's: it says nothing about a job.
    kind = Gone if status == NOT_FOUND and code in GONE_CODES else Refused
    return kind(told, hint, status=status, code=code)


LIMIT_HINT = "The org's allocation is used up; it comes back over the next 24 hours."
PASSING_HINT = "Such faults pass by themselves; try again in a while."


def _hint(code: str, words: str, path: str) -> str:
    """What to do; of a job, with its id, so that it can be typed as it stands."""
    hint = next((hint for pattern, hint in JOB_HINTS if re.search(pattern, words)), explain(code))
    job = re.search(r"/jobs/ingest/(750\w+)", path)
    return re.sub(r"\bJOB\b", job[1], hint) if job else hint


JOB_HINTS = (
    (
        r"multip\w* contents",
        "A job takes one upload. Give it up, and make another: bulkup abort JOB",
    ),
    (r"^No content was uploaded", "Put the file into it first: bulkup upload JOB FILE"),
)


def message_of(response: httpx.Response) -> tuple[str, str]:
    """Salesforce's code and message; a body that is HTML, empty or anything else never crashes."""
    try:
        data: Any = json.loads(response.content)
    except (ValueError, RecursionError, httpx.StreamError):
        return "", _text(response)
    if isinstance(data, list) and data:
        data = data[0]
    if not isinstance(data, dict):
        return "", ""
    code = data.get("errorCode") or data.get("exceptionCode") or data.get("error") or ""
    message = (
        data.get("message") or data.get("exceptionMessage") or data.get("error_description") or ""
    )
    return str(code), str(message)[:LONGEST_WORDS]


def _hidden(text: str, response: httpx.Response) -> str:
    """A proxy's page may quote the request: without the token then."""
    secret = response.request.headers.get("authorization", "").rpartition(" ")[2]
    return text.replace(secret, "[hidden]") if secret else text


def _text(response: httpx.Response) -> str:
    """The title of an HTML page, or the first words of a text."""
    try:
        text = response.text
    except (httpx.StreamError, UnicodeDecodeError):
        return ""
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    plain = re.sub(r"<[^>]*>", " ", title[1] if title else text)
    return " ".join(plain.split())[:LONGEST_WORDS]


def retry_after(response: httpx.Response) -> float | None:
    """The seconds that the server asks for: a number or a date, if it is there."""
    wish = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+", wish):
        return float(wish)
    try:
        moment = parsedate_to_datetime(wish)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def error_of_failure(error: httpx.HTTPError, host: str) -> SalesforceError:
    """The error that a connection which failed, or was cut, stands for."""
    if isinstance(error, httpx.ProxyError) and (status := re.match(r"[45]\d\d\b", str(error))):
        return _proxy_error(int(status[0]), host)
    cause = _cause(error)
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return Transient(
            f"{host} can't be reached: {cause}",
            "Check the URL of the org, your network, and HTTPS_PROXY if you are behind a proxy.",
        )
    return Transient(f"The connection to {host} broke: {cause}", PASSING_HINT)


def _proxy_error(status: int, host: str) -> SalesforceError:
    """What a proxy says to the wish to be connected with the org."""
    if status == PROXY_LOGIN_REQUIRED:
        return SalesforceError(
            f"The proxy on the way to {host} wants a user name and a password (status {status})",
            "Put them into the variable that names it: HTTPS_PROXY=http://USER:PASSWORD@PROXY:PORT",
            status=status,
        )
    if status < SERVER_ERRORS_FROM and status not in PASSING_STATUSES:
        return SalesforceError(
            f"The proxy does not let bulkup reach {host} (status {status})",
            f"Ask whoever runs the proxy to allow {host}, or unset HTTPS_PROXY to do without it.",
            status=status,
        )
    return Transient(
        f"The proxy can't reach {host} now (status {status})", PASSING_HINT, status=status
    )


CAUSES = (
    (r"name or service not known|nodename nor servname|getaddrinfo|name resolution|only loopback",
     "there is no such host"),
    (r"refused", "nothing listens there (connection refused)"),
    (r"certificate", "its certificate is not trusted"),
    (r"wrong version number|ssl|tls", "no secure connection could be made (TLS)"),
    (r"unreachable", "there is no way to it (network unreachable)"),
    (r"timed? ?out", "it did not answer in time"),
    (r"reset|disconnected|closed|incomplete", "it was closed before the answer was complete"),
)  # fmt: skip


def _cause(error: httpx.HTTPError) -> str:
    """The cause in plain words. Never the error's own: it could quote a header."""
    if isinstance(error, httpx.TimeoutException):
        return "it did not answer in time"
    text = f"{error} {error.__cause__ or ''}".lower()
    found = next((words for pattern, words in CAUSES if re.search(pattern, text)), "")
    return found or type(error).__name__
