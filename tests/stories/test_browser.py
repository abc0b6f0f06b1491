"""The web way with a real page in a real browser: once, where there is a Chromium."""

import json
import os
import socket
import sys
import time
from pathlib import Path

import pytest

from bulkup.localorg import server
from tests.stories import chromium, logins
from tests.stories.conftest import Bulkup

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        os.name != "posix" or chromium.program() is None,
        reason="no Chromium on this machine (Debian: apt-get install chromium)",
    ),
]


def test_a_person_allows_in_chromium_and_reads_there_that_it_worked(
    process: Bulkup, tmp_path: Path
) -> None:
    browser = tmp_path / "browser"
    browser.write_text(
        f'#!/bin/sh\nexec {sys.executable} "{chromium.__file__}" "$1"\n', encoding="utf-8"
    )
    browser.chmod(0o700)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    page = tmp_path / "page.json"
    environment = {
        "BROWSER": str(browser),
        "BULKUP_TEST_PAGE": str(page),
        "PYTHON_KEYRING_BACKEND": "keyrings_for_tests.FileKeyring",
    }
    with server.serve(tmp_path / "org", login_rules=logins.rules(port)) as org:
        where = ("--login-url", org.url, "--client-id", logins.WEB, "--port", port)
        done = process("login", "--alias", "prod", *where, env=environment)
        end = time.monotonic() + chromium.PATIENCE_SECONDS
        while not page.exists() and time.monotonic() < end:
            time.sleep(0.05)
    assert (done.code, done.out) == (0, "prod\n"), done.err
    told = json.loads(page.read_text(encoding="utf-8"))
    assert "Allow access?" in told["asked"]
    assert "Logged in" in told["read"]
