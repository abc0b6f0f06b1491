"""When to stop early, and how much: one object that every life of a run looks at."""

import threading
from dataclasses import dataclass

from bulkup.clock import Clock
from bulkup.errors import BulkupError


class Leaving(Exception):
    """Raised inside a life that is to be left where it stands, to be resumed later."""


class Stop:
    """What the run may still do. Each call takes something away; nothing gives it back.

    `begin`: new jobs may be made. `wait`: jobs are watched to their end. `call_off`: jobs of
    ours are aborted. `now`: leave at the next safe point. Safe to use from several threads and
    from a signal handler.
    """

    def __init__(self, clock: Clock, *, timeout: float | None = None, wait: bool = True) -> None:
        self.begin = True
        self.call_off = False
        self.now = False
        self.terminated = False
        self.timed_out = False
        self.reason = ""
        self.error: BulkupError | None = None
        self._clock = clock
        self._wait = wait
        self._changed = threading.Event()
        self._ended = threading.Event()
        self._deadline = None if timeout is None else clock.now() + timeout

    @property
    def wait(self) -> bool:
        """Whether jobs are still watched; the time that the user gave ends it."""
        if self._deadline is not None and self._clock.now() >= self._deadline:
            self.begin, self.timed_out, self._wait = False, True, False
        return self._wait

    def begin_nothing(self, reason: str) -> None:
        """Jobs under way are watched to their end, no new one is made."""
        self.reason = self.reason or reason
        self.begin = False

    def call_all_off(self, reason: str) -> None:
        """Too many rows failed: no new jobs, and ours are aborted."""
        self.reason = self.reason or reason
        self.begin, self.call_off = False, True
        self._changed.set()

    def leave_now(self, *, terminated: bool = False) -> None:
        """^C or a request to terminate."""
        self.begin, self.now, self.terminated = False, True, self.terminated or terminated
        self._changed.set()
        self._ended.set()

    def fail(self, error: BulkupError) -> None:
        """Something ended the run that is not about rows; the first such error is kept."""
        self.error = self.error or error
        self.leave_now()

    def checkpoint(self) -> None:
        """Raise `Leaving` when it is time to leave; called between blocks of a body."""
        if self.now:
            raise Leaving

    def sleep(self, seconds: float) -> None:
        """Wait so long, less when the time is over or the wind changes.

        Raises:
            Leaving: it is time to leave.
        """
        if self._deadline is not None and self._wait:
            seconds = min(seconds, max(0.0, self._deadline - self._clock.now()))
        self._clock.sleep(seconds, self._ended if self.call_off else self._changed)
        self.checkpoint()


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxFailed:
    """How many rows may fail for a reason that does not pass: a number, or a share in percent."""

    rows: int | None = None
    percent: float | None = None

    def limit(self, total: int) -> float:
        """The largest number of failed rows that is still borne, of so many rows in all."""
        return self.rows if self.rows is not None else total * (self.percent or 0.0) / 100
