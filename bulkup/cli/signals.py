"""^C and a request to terminate, while a run is under way."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from bulkup.cli import output
from bulkup.stop import Stop


@contextmanager
def heeded(stop: Stop) -> Iterator[None]:
    """The first signal leaves in order, within seconds; the second ends the process at once."""

    def leave(number: int, _frame: FrameType | None) -> None:
        terminated = number != signal.SIGINT
        if stop.now:
            os._exit(143 if terminated else 130)
        output.line("leaving at the next safe point; again to leave at once")
        stop.leave_now(terminated=terminated)

    kinds = [signal.SIGINT, signal.SIGTERM]
    before = {kind: signal.signal(kind, leave) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
