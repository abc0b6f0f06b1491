"""A person at a real Chromium without a screen: opens the address, presses the button, reads.

It is spoken to over a pipe (`--remote-debugging-pipe`), so that nothing but Chromium is needed.
Started as a program it is a browser for `BROWSER`: the address is its argument, and what the
person read in the end goes into the file that BULKUP_TEST_PAGE names.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless",
    "--no-sandbox",  # where tests run as root there is none
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
)
PATIENCE_SECONDS = 60


def program() -> str | None:
    """The Chromium of this machine."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Tab:
    """A page, spoken to in the DevTools protocol."""

    def __init__(self, to: int, back: int) -> None:
        self._to = to
        self._back = os.fdopen(back, "rb", buffering=0)
        self._number = 0
        self._read = b""
        self._session = ""

    def open(self, url: str) -> None:
        target = self._ask("Target.createTarget", url=url)["targetId"]
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]

    def text(self, script: str) -> str:
        answer = self._ask("Runtime.evaluate", expression=script)
        return str(answer.get("result", {}).get("value") or "")

    def wait_for(self, script: str) -> str:
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if found := self.text(script):
                return found
            time.sleep(0.05)
        raise TimeoutError(f"{script}: {self.text('document.body.innerText')}")

    def _ask(self, method: str, **given: Any) -> dict[str, Any]:
        self._number += 1
        asked: dict[str, Any] = {"id": self._number, "method": method, "params": given}
        if self._session:
            asked["sessionId"] = self._session
        os.write(self._to, json.dumps(asked).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == self._number:
                result: dict[str, Any] = answer.get("result", {})
                return result

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._read:
            block = self._back.read(65536)
            if not block:
                raise EOFError("Chromium has ended")
            self._read += block
        message, _, self._read = self._read.partition(b"\0")
        data: dict[str, Any] = json.loads(message)
        return data

    def close(self) -> None:
        os.close(self._to)
        self._back.close()


@contextmanager
def chromium() -> Iterator[Tab]:
    """A Chromium with a profile of its own, for as long as the block lasts."""
    # Chromium reads from 3 and writes to 4: ours must stand elsewhere before they are moved there.
    (read, to), (back, write) = os.pipe(), os.pipe()
    read, write = (fcntl.fcntl(end, fcntl.F_DUPFD, 30) for end in (read, write))

    def move() -> None:
        os.dup2(read, 3)
        os.dup2(write, 4)

    with tempfile.TemporaryDirectory() as profile:
        process = subprocess.Popen(
            [str(program()), *OPTIONS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(3, 4),
            preexec_fn=move,  # noqa: PLW1509 -- no threads here
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read)
        os.close(write)
        tab = Tab(to, back)
        try:
            yield tab
        finally:
            tab.close()
            process.terminate()
            process.wait()


def main(url: str) -> None:
    """Allow access, and write down what is read then."""
    with chromium() as tab:
        tab.open(url)
        asked = tab.wait_for("document.getElementById('allow') && document.body.innerText")
        tab.text("document.getElementById('allow').click()")
        tab.wait_for("document.title.startsWith('bulkup') && document.title")
        read = tab.text("document.body.innerText")
    page = {"asked": asked, "read": read}
    told = Path(os.environ["BULKUP_TEST_PAGE"])
    told.with_suffix(".tmp").write_text(json.dumps(page), encoding="utf-8")
    told.with_suffix(".tmp").replace(told)


if __name__ == "__main__":
    main(sys.argv[1])
