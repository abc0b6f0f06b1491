import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest

from bulkup.auth import loopback
from bulkup.auth.loopback import listen
from bulkup.errors import CredentialsError, InputError


def visit(port: int, query: str, host: str = "127.0.0.1") -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{host}:{port}{query}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def later(step: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=step)
    thread.start()
    return thread


def test_the_browser_brings_the_answer_and_sees_how_it_ended() -> None:
    pages: list[tuple[int, str]] = []
    with listen(0) as waiting:
        path = f"/OauthRedirect?code=aPrx%3D%3D&state={waiting.state}"
        browser = later(lambda: pages.append(visit(waiting.port, path)))
        assert waiting.answer(10) == {"code": "aPrx==", "state": waiting.state}
        assert pages == []
        waiting.show("Logged in", "as <ann@example.com> & friends")
    browser.join()
    ((status, page),) = pages
    assert status == 200
    assert "Logged in" in page
    assert "as &lt;ann@example.com&gt; &amp; friends" in page


def test_a_browser_may_take_localhost_for_either_address() -> None:
    with listen(0) as waiting:
        if not socket.has_ipv6:
            pytest.skip("no IPv6 here")
        browser = later(
            lambda: visit(waiting.port, f"/OauthRedirect?error=x&state={waiting.state}", "[::1]")
        )
        assert waiting.answer(10)["error"] == "x"
        waiting.show("Declined", "")
        browser.join()


def test_nothing_but_the_answer_counts_and_only_the_first_one() -> None:
    with listen(0) as waiting:
        assert visit(waiting.port, "/favicon.ico")[0] == 404
        assert visit(waiting.port, "/OauthRedirect")[0] == 400
        browser = later(lambda: visit(waiting.port, f"/OauthRedirect?code=1&state={waiting.state}"))
        assert waiting.answer(10)["code"] == "1"
        assert visit(waiting.port, f"/OauthRedirect?code=2&state={waiting.state}")[0] == 409
        waiting.show("Done", "")
        browser.join()


@pytest.mark.parametrize(
    "query", ["error=access_denied", "error=x&state=s", "code=1", "code=1&state=s", "state="]
)
def test_a_page_that_does_not_know_the_state_ends_no_login(query: str) -> None:
    with listen(0) as waiting:
        status, page = visit(waiting.port, f"/OauthRedirect?{query}")
        assert (status, "not the answer" in page) == (400, True)
        path = f"/OauthRedirect?code=good&state={waiting.state}"
        browser = later(lambda: visit(waiting.port, path))
        assert waiting.answer(10)["code"] == "good"
        waiting.show("Done", "")
        browser.join()


def test_each_login_waits_for_a_state_of_its_own() -> None:
    with listen(0) as first, listen(0) as second:
        assert first.state != second.state
        assert len(first.state) >= 32


def test_a_connection_that_a_browser_opens_and_never_uses_is_no_obstacle() -> None:
    with listen(0) as waiting, socket.create_connection(("127.0.0.1", waiting.port)):
        browser = later(lambda: visit(waiting.port, f"/OauthRedirect?code=1&state={waiting.state}"))
        assert waiting.answer(10)["code"] == "1"
        waiting.show("Done", "")
        browser.join()


def test_afterwards_nobody_listens_there() -> None:
    with listen(0) as waiting:
        port = waiting.port
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        pass
    with listen(port):
        pass


def test_only_this_machine_can_get_in() -> None:
    servers = loopback._opened(0, loopback._LoginMailbox())
    hosts = [server.server_address[0] for server in servers]
    for server in servers:
        server.server_close()
    assert set(hosts) <= {"127.0.0.1", "::1"}


def test_a_port_in_use_is_told_with_two_ways_on() -> None:
    with listen(0) as waiting, pytest.raises(InputError) as caught, listen(waiting.port):
        pass
    assert caught.value.name == "PortInUse"
    assert "--port" in caught.value.hint
    assert "--no-browser" in caught.value.hint


def test_a_port_that_another_program_has_on_ipv6_alone_is_in_use() -> None:
    with socket.socket(socket.AF_INET6) as other:
        try:
            other.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 here")
        other.listen()
        with pytest.raises(InputError), listen(other.getsockname()[1]):
            pass


def test_a_browser_that_never_comes_is_not_waited_for_for_ever() -> None:
    began = time.monotonic()
    with listen(0) as waiting, pytest.raises(CredentialsError) as caught:
        waiting.answer(0.05)
    assert time.monotonic() - began < 2
    assert caught.value.name == "LoginTimeout"


def test_a_browser_whose_login_is_interrupted_is_told_so() -> None:
    pages: list[tuple[int, str]] = []
    with listen(0) as waiting:
        path = f"/OauthRedirect?code=1&state={waiting.state}"
        browser = later(lambda: pages.append(visit(waiting.port, path)))
        waiting.answer(10)
    browser.join()
    assert "stopped waiting" in pages[0][1]


def test_a_page_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback, "PAGE_SECONDS", 0.05)
    with listen(0) as waiting:
        status, page = visit(waiting.port, f"/OauthRedirect?code=1&state={waiting.state}")
    assert (status, "stopped waiting" in page) == (200, True)


def test_the_answer_is_printed_nowhere_and_kept_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    with listen(0) as waiting:
        url = f"http://127.0.0.1:{waiting.port}/OauthRedirect?code=PLANTED&state={waiting.state}"
        headers: list[str] = []

        def browse() -> None:
            with urllib.request.urlopen(url, timeout=10) as answer:
                headers.append(str(answer.headers))

        browser = later(browse)
        waiting.answer(10)
        waiting.show("Done", "")
        browser.join()
    assert "Cache-Control: no-store" in headers[0]
    assert "Referrer-Policy: no-referrer" in headers[0]
    assert "".join(capfd.readouterr()) == ""


def test_a_browser_that_hangs_up_is_nothing_to_print(capfd: pytest.CaptureFixture[str]) -> None:
    with listen(0) as waiting:
        with socket.create_connection(("127.0.0.1", waiting.port)) as browser:
            browser.sendall(
                f"GET /OauthRedirect?code=1&state={waiting.state} HTTP/1.1\r\n\r\n".encode()
            )
            waiting.answer(10)
            browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        waiting.show("Done", "x" * 10_000_000)
    assert "".join(capfd.readouterr()) == ""
