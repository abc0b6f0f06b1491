"""The one place where requests are sent: what goes out, and what each answer is taken for."""

import ssl
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
import respx

from bulkup.errors import (
    BulkupError,
    CredentialsError,
    Gone,
    InputError,
    LimitReached,
    Refused,
    SalesforceError,
    Transient,
)
from bulkup.salesforce.bearer import TokenAuth
from bulkup.salesforce.client import Client, trust
from bulkup.salesforce.urls import is_loopback
from tests.salesforce.wire import DATA, SECRET, TOKEN, URL, Bytes, everything_of, raw_server

LIMITS = f"{DATA}/limits"


def error_of(client: Client, path: str = LIMITS) -> BulkupError:
    with pytest.raises(BulkupError) as caught:
        client.get(path)
    return caught.value


def refusal(code: str, message: str = "words") -> list[dict[str, str]]:
    return [{"errorCode": code, "message": message}]


def test_a_request_carries_the_token_and_says_who_asks(
    client: Client, net: respx.MockRouter
) -> None:
    route = net.get(LIMITS).respond(json={"a": 1})
    assert client.get(client.data("limits")) == {"a": 1}
    headers = route.calls.last.request.headers
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["user-agent"].startswith("bulkup/")
    assert "gzip" in headers["accept-encoding"]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "INVALIDJOB", Refused),
        (401, "INVALID_SESSION_ID", CredentialsError),
        (403, "REQUEST_LIMIT_EXCEEDED", LimitReached),
        (400, "ExceededQuota".upper(), LimitReached),
        (403, "API_DISABLED_FOR_ORG", Refused),
        (404, "NOT_FOUND", Gone),
        (408, "", Transient),
        (429, "", Transient),
        (500, "UNKNOWN_EXCEPTION", Transient),
        (502, "", Transient),
        (503, "SERVER_UNAVAILABLE", Transient),
        (504, "", Transient),
        (520, "", Transient),
        (400, "UNABLE_TO_LOCK_ROW", Transient),
    ],
)
def test_each_status_and_code_is_one_kind_of_error(
    client: Client, net: respx.MockRouter, status: int, code: str, kind: type[BulkupError]
) -> None:
    net.get(LIMITS).respond(status, json=refusal(code))
    error = error_of(client)
    assert type(error) is kind
    assert "words" in error.message
    assert code in error.message
    if isinstance(error, SalesforceError):
        assert (error.status, error.code) == (status, code)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("TotalRequests Limit exceeded.", LimitReached),
        ("ConcurrentRequests (Concurrent API Requests) Limit exceeded.", Transient),
        ("ConcurrentPerOrgLongTxn Limit exceeded.", Transient),
    ],
)
def test_too_many_calls_at_this_moment_pass_and_those_of_the_day_do_not(
    client: Client, net: respx.MockRouter, words: str, kind: type[BulkupError]
) -> None:
    net.get(LIMITS).respond(403, json=refusal("REQUEST_LIMIT_EXCEEDED", words))
    assert type(error_of(client)) is kind


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", "status 400"),
        (b"<html><head><title>Down for\n Maintenance</title></head>x</html>", "Down for Maintena"),
        (b"<p>no <b>title</b></p>", "no title"),
        (b'{"message": "an object", "errorCode": "X"}', "an object"),
        (b'{"error": "invalid_grant", "error_description": "gone"}', "gone (invalid_grant)"),
        (b"[]", "status 400"),
        (b'["odd"]', "status 400"),
        (b"null", "status 400"),
        (b"\xff\xfe\x00broken", "broken"),
        (b"17", "status 400"),
    ],
)
def test_odd_bodies_of_errors_are_told_and_never_crash(
    client: Client, net: respx.MockRouter, body: bytes, shown: str
) -> None:
    net.get(LIMITS).respond(400, content=body)
    assert shown in error_of(client).message


def test_a_404_that_is_not_in_salesforces_words_says_nothing_about_a_job(
    client: Client, net: respx.MockRouter
) -> None:
    net.get(LIMITS).respond(404, html="<title>URL No Longer Exists</title>")
    assert type(error_of(client)) is Refused


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"null", b'"text"', b"\xff"])
def test_an_answer_of_200_that_is_not_what_was_asked_for_passes(
    client: Client, net: respx.MockRouter, body: bytes
) -> None:
    net.get(LIMITS).respond(200, content=body)
    error = error_of(client)
    assert isinstance(error, Transient)
    assert error.status == 200


def test_retry_after_is_read_as_seconds_and_as_a_date(
    client: Client, net: respx.MockRouter
) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    past = format_datetime(datetime.now(UTC) - timedelta(seconds=60), usegmt=True)
    for wish, least, most in (("7", 7, 7), (soon, 50, 61), (past, 0, 0)):
        net.get(LIMITS).respond(503, headers={"Retry-After": wish})
        error = error_of(client)
        assert isinstance(error, Transient)
        assert error.retry_after is not None
        assert least <= error.retry_after <= most


@pytest.mark.parametrize("wish", ["", "soon", "-1", "٣", "99 bottles", "Tue, 99 Foo 9999 99:99:99"])
def test_a_retry_after_that_means_nothing_is_none(
    client: Client, net: respx.MockRouter, wish: str
) -> None:
    net.get(LIMITS).respond(503, headers=[(b"Retry-After", wish.encode())])
    error = error_of(client)
    assert isinstance(error, Transient)
    assert error.retry_after is None


@pytest.mark.parametrize(
    ("cause", "shown"),
    [
        (httpx.ConnectError("[Errno -2] Name or service not known"), "there is no such host"),
        (httpx.ConnectError("[Errno 111] Connection refused"), "nothing listens there"),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] x"), "certificate is not trusted"),
        (httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER]"), "TLS"),
        (httpx.ConnectError("[Errno 101] Network is unreachable"), "no way to it"),
        (httpx.ConnectTimeout("timed out"), "did not answer in time"),
        (httpx.ReadTimeout("The read operation timed out"), "did not answer in time"),
        (httpx.ReadError("[Errno 104] Connection reset by peer"), "closed before the answer"),
        (httpx.RemoteProtocolError("Server disconnected"), "closed before the answer"),
        (httpx.ProxyError("no SOCKS"), "ProxyError"),
    ],
)
def test_a_failed_connection_passes_and_names_host_and_cause(
    client: Client, net: respx.MockRouter, cause: httpx.HTTPError, shown: str
) -> None:
    net.get(LIMITS).mock(side_effect=cause)
    error = error_of(client)
    assert isinstance(error, Transient)
    assert error.status is None
    assert "example.my.salesforce.com" in error.message
    assert shown in error.message


@pytest.mark.parametrize(
    ("words", "kind", "shown"),
    [
        ("407 Proxy Authentication Required", SalesforceError, "USER:PASSWORD"),
        ("407 Connection Refused", SalesforceError, "USER:PASSWORD"),
        ("403 Forbidden", SalesforceError, "whoever runs the proxy"),
        ("429 Too Many", Transient, "pass by themselves"),
        ("503 Service Unavailable", Transient, "pass by themselves"),
    ],
)
def test_what_a_proxy_wants_is_said_and_does_not_pass_by_itself(
    client: Client, net: respx.MockRouter, words: str, kind: type[BulkupError], shown: str
) -> None:
    net.get(LIMITS).mock(side_effect=httpx.ProxyError(words))
    error = error_of(client)
    assert type(error) is kind
    assert "proxy" in error.message
    assert shown in error.hint


def test_a_real_refused_connection_is_told_in_plain_words() -> None:
    with raw_server(b"") as url:
        pass
    with Client(instance_url=url, auth=TokenAuth(TOKEN)) as client:
        assert "nothing listens there" in error_of(client).message


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"not HTTP at all",
    ],
)
def test_an_answer_cut_short_or_garbled_passes(answer: bytes) -> None:
    with raw_server(answer) as url, Client(instance_url=url, auth=TokenAuth(TOKEN)) as client:
        assert isinstance(error_of(client), Transient)


def test_redirects_are_not_followed(client: Client, net: respx.MockRouter) -> None:
    net.get(LIMITS).respond(302, headers={"Location": "https://evil.example/take"})
    error = error_of(client)
    assert isinstance(error, Refused)
    assert error.status == 302


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/x",
        "http://example.my.salesforce.com/x",
        "https://example.my.salesforce.com:444/x",
        "https://example.my.salesforce.com@evil.example/x",
        "https://example.my.salesforce.com:nonsense/x",
        "//evil.example/x",
    ],
)
def test_an_address_of_another_host_is_never_asked(client: Client, address: str) -> None:
    with pytest.raises(Refused, match="another host"):
        client.request("GET", address)
    assert client.calls == 0


def test_the_orgs_own_address_written_in_full_is_asked(
    client: Client, net: respx.MockRouter
) -> None:
    route = net.get("/x").respond(json={})
    client.get(f"{URL}/x")
    client.get("https://EXAMPLE.my.salesforce.com:443/x")
    assert route.call_count == 2


def test_an_address_that_cannot_be_read_is_refused(client: Client) -> None:
    with pytest.raises(Refused, match="can't be read"):
        client.request("GET", "/x" + chr(1) + "y")


def test_a_401_renews_the_token_once_and_sends_the_body_again(net: respx.MockRouter) -> None:
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append((request.headers["authorization"], request.read()))
        good = request.headers["authorization"] == "Bearer new"
        return httpx.Response(200, json={}) if good else httpx.Response(401)

    net.patch("/job").mock(side_effect=answer)
    with Client(instance_url=URL, auth=TokenAuth(TOKEN, renew=lambda: "new")) as client:
        client.json("PATCH", "/job", json={"a": 1})
        assert client.calls == 2
    assert sent == [(f"Bearer {TOKEN}", b'{"a":1}'), ("Bearer new", b'{"a":1}')]


def test_a_401_to_an_upload_renews_the_token_and_sends_no_rows_again(
    net: respx.MockRouter, lines: list[str]
) -> None:
    route = net.put("/up").respond(401)
    net.get(LIMITS).respond(json={})
    auth = TokenAuth(TOKEN, renew=lambda: "new")
    body = Bytes(b"a,b\n", b"1,2\n")
    with Client(instance_url=URL, auth=auth, log=lines.append) as client:
        with pytest.raises(Transient, match="expired during an upload"):
            client.upload("/up", body)
        client.get(LIMITS)
    assert (route.call_count, body.begun) == (1, 1)
    assert net.calls.last.request.headers["authorization"] == "Bearer new"
    assert lines[0].startswith("PUT /up 401 ")


def test_a_401_to_an_upload_with_a_token_that_cannot_be_renewed_ends_with_what_to_type(
    client: Client, net: respx.MockRouter
) -> None:
    net.put("/up").respond(401)
    with pytest.raises(CredentialsError, match="token"):
        client.upload("/up", Bytes(b"a"))


@pytest.mark.parametrize("status", [200, 202, 204])
def test_only_201_is_the_answer_to_an_upload(
    client: Client, net: respx.MockRouter, status: int
) -> None:
    net.put("/up").respond(status, html="<title>Welcome</title>")
    with pytest.raises(Transient, match=f"status {status} where Salesforce answers 201"):
        client.upload("/up", Bytes(b"a"))


def test_a_new_token_that_is_refused_too_ends_with_what_to_type(net: respx.MockRouter) -> None:
    route = net.get(LIMITS).respond(401, json=refusal("INVALID_SESSION_ID"))
    with Client(instance_url=URL, auth=TokenAuth(TOKEN, renew=lambda: "new")) as client:
        error = error_of(client)
    assert isinstance(error, CredentialsError)
    assert "bulkup login" in error.hint
    assert route.call_count == 2


def test_userinfo_says_403_for_an_old_token_and_it_is_renewed_all_the_same(
    net: respx.MockRouter,
) -> None:
    route = net.get("/services/oauth2/userinfo")
    route.side_effect = [
        httpx.Response(403, text="Bad_OAuth_Token"),
        httpx.Response(200, json={"user_id": "005"}),
        httpx.Response(403, text="Bad_OAuth_Token"),
        httpx.Response(403, text="Bad_OAuth_Token"),
    ]
    with Client(instance_url=URL, auth=TokenAuth(TOKEN, renew=lambda: "new")) as client:
        assert client.get("/services/oauth2/userinfo") == {"user_id": "005"}
        assert isinstance(error_of(client, "/services/oauth2/userinfo"), CredentialsError)


def test_several_threads_renew_once(net: respx.MockRouter) -> None:
    renewed = []
    together = threading.Barrier(8)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] == "Bearer new":
            return httpx.Response(200, json={})
        together.wait(10)
        return httpx.Response(401)

    def renew() -> str:
        renewed.append(1)
        return "new"

    net.get(LIMITS).mock(side_effect=answer)
    with Client(instance_url=URL, auth=TokenAuth(TOKEN, renew=renew)) as client:
        threads = [threading.Thread(target=client.get, args=(LIMITS,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert renewed == [1]
        assert client.calls == 16


def test_the_log_tells_method_path_status_and_time_and_nothing_else(
    client: Client, net: respx.MockRouter, lines: list[str]
) -> None:
    net.get("/a").respond(json={})
    net.get("/b").mock(side_effect=httpx.ReadTimeout("x"))
    client.get("/a?token=PLANTED-SECRET")
    with pytest.raises(Transient):
        client.get("/b")
    first, second = (line.split() for line in lines)
    assert (first[:3], first[4]) == (["GET", "/a", "200"], "ms")
    assert second[:3] == ["GET", "/b", "-"]
    assert client.calls == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 302, 200])
def test_no_error_shows_the_token_even_where_the_answer_quotes_it(
    client: Client, net: respx.MockRouter, lines: list[str], status: int
) -> None:
    net.get(LIMITS).respond(status, text=f"<p>you sent Authorization: Bearer {TOKEN}</p>")
    error = error_of(client)
    shown = everything_of(error)
    assert SECRET not in shown + str(lines) + repr(client) + repr(vars(TokenAuth)) + str(client)


def test_no_failed_connection_shows_the_token(client: Client, net: respx.MockRouter) -> None:
    net.get(LIMITS).mock(side_effect=httpx.ConnectError(f"Bearer {TOKEN}"))
    error = error_of(client)
    assert SECRET not in error.message + error.hint + repr(error)


def test_auth_and_client_do_not_show_the_token() -> None:
    auth = TokenAuth(TOKEN)
    assert SECRET not in repr(auth) + str(auth) + f"{auth}"
    with Client(instance_url=URL, auth=auth) as client:
        assert SECRET not in repr(client) + str(client)
        assert client.token == TOKEN


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("localhost.example", False),
        (None, False),
    ],
)
def test_loopback_is_this_machine_and_nothing_else(host: str | None, ours: bool) -> None:
    assert is_loopback(host) is ours


def test_loopback_takes_no_proxy_and_http_no_trust_store() -> None:
    assert trust("http://127.0.0.1:8080") == {"trust_env": False, "verify": False}
    remote = trust(URL)
    assert remote["trust_env"]
    assert isinstance(remote["verify"], ssl.SSLContext)


def test_a_proxy_that_cannot_be_used_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"gopher://me:{SECRET}@proxy:1")
    with pytest.raises(InputError, match="proxy") as caught:
        Client(instance_url=URL, auth=TokenAuth(TOKEN))
    assert "HTTPS_PROXY" in caught.value.hint
    assert SECRET not in caught.value.message + caught.value.hint + repr(caught.value)
