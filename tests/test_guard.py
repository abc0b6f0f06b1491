import socket
import subprocess
import sys

import pytest


def test_a_test_cannot_connect_beyond_loopback() -> None:
    with (
        socket.socket() as connection,
        pytest.raises(RuntimeError, match="only loopback is allowed"),
    ):
        connection.connect(("192.0.2.1", 80))


def test_a_test_cannot_look_up_a_name() -> None:
    with pytest.raises(OSError, match="only loopback"):
        socket.getaddrinfo("login.salesforce.com", 443)


def test_a_process_that_a_test_starts_is_guarded_too() -> None:
    code = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=5)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "only loopback" in done.stderr
