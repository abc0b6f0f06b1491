"""^C and a request to terminate, while a run is under way."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from bulkup.cli import output
from bulkup.execution.control import RunControl

SHOW_CURSOR = b"\x1b[?25h"


@contextmanager
def handle_signals(stop: RunControl, run: str) -> Iterator[None]:
    """The first signal leaves in order, within seconds; the second ends the process at once."""
    asked = False

    def leave(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        terminated = number != signal.SIGINT
        if asked:
            _say(
                f"left at once; jobs already sent continue in Salesforce. "
                f"Finish with: bulkup resume {run}  or stop with: bulkup stop {run}"
            )
            _leave_the_bars()
            os._exit(143 if terminated else 130)
        asked = True
        _say("leaving at the next safe point; again to leave at once")
        stop.leave_now(terminated=terminated)

    kinds = [signal.SIGINT, signal.SIGTERM]
    before = {kind: signal.signal(kind, leave) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def _say(text: str) -> None:
    with suppress(RuntimeError):  # the signal came while this thread was writing to stderr
        output.line(text)


def _leave_the_bars() -> None:
    """Nobody stops them any more: begin a line for the shell, and show the cursor they hid."""
    with suppress(OSError, AttributeError, ValueError):
        if sys.__stderr__.isatty():  # type: ignore[union-attr]  # None has no terminal either
            os.write(2, SHOW_CURSOR + b"\n")


def end_around_threads(code: int) -> NoReturn:
    """End the process though threads of it hang in the network: Python would wait for them."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
