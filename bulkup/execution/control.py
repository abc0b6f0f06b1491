"""When to stop early, and how much: one object that every life of a run looks at."""

import threading

from bulkup.clock import Clock
from bulkup.errors import BulkupError
from bulkup.model import JobState
from bulkup.runs.events import Aborting, Event, Finished, JobPolled, Saved

PASSING_JOB_ERRORS = ("TooManyLockFailure", "Timeout")
REFUSED_JOB_ERRORS = ("InvalidBatch", "ClientInputError")
GRACE_SECONDS = 4.0


class LeaveChunk(Exception):
    """Raised inside a life that is to be left where it stands, to be resumed later."""


class RunControl:
    """What the run may still do. Each call takes something away; nothing gives it back.

    `timeout` is in seconds; 0 sends everything and waits for nothing.

    `may_start_jobs`: new jobs may be made. `keep_polling`: jobs are polled to their end.
    `abort_jobs`: our jobs are to be aborted. `leaving`: leave at the next safe point.
    Safe to use from several threads and from a signal handler.
    """

    def __init__(self, clock: Clock, *, timeout: float | None = None, wait: bool = True) -> None:
        self.abort_jobs = False
        self.leaving = False
        self.terminated = False
        self.timed_out = timeout == 0
        self.reason = ""
        self.error: BulkupError | None = None
        self._clock = clock
        self._may_start_jobs = True
        self._keep_polling = wait and timeout != 0
        self._asked_to_leave: float | None = None
        self._deadline = clock.now() + timeout if timeout else None
        self._changed = threading.Event()
        self._ended = threading.Event()

    @property
    def may_start_jobs(self) -> bool:
        """Whether new jobs may still be made."""
        self._look_at_the_time()
        return self._may_start_jobs

    @property
    def keep_polling(self) -> bool:
        """Whether jobs are still watched."""
        self._look_at_the_time()
        return self._keep_polling

    def _look_at_the_time(self) -> None:
        if self._deadline is not None and self._clock.now() >= self._deadline:
            self._may_start_jobs, self._keep_polling, self.timed_out = False, False, True

    def begin_nothing(self, reason: str) -> None:
        """Jobs under way are watched to their end, no new one is made."""
        self.reason = self.reason or reason
        self._may_start_jobs = False

    def call_all_off(self, reason: str) -> None:
        """Too many rows failed: no new jobs, and ours are aborted."""
        self.begin_nothing(reason)
        self.abort_jobs = True
        self._changed.set()

    def leave_now(self, *, terminated: bool = False) -> None:
        """^C or a request to terminate."""
        if self._asked_to_leave is None:
            self._asked_to_leave = self._clock.now()
        self.terminated = self.terminated or terminated
        self._leave()

    def _leave(self) -> None:
        self._may_start_jobs, self.leaving = False, True
        self._changed.set()
        self._ended.set()

    @property
    def overdue(self) -> bool:
        """Whether somebody has asked to leave so long ago that a call which hangs is not awaited.

        What the call does is then as unknown as after a kill, and is found out by `resume`.
        """
        asked = self._asked_to_leave
        return asked is not None and self._clock.now() - asked >= GRACE_SECONDS

    def fail(self, error: BulkupError) -> None:
        """Something ended the run that is not about rows; the first such error is kept."""
        self.error = self.error or error
        self._leave()

    def checkpoint(self) -> None:
        """Raise `Leaving` when it is time to leave; called between blocks of a body."""
        if self.leaving:
            raise LeaveChunk

    def sleep(self, seconds: float) -> None:
        """Wait so long, less when the time is over or the wind changes.

        Raises:
            Leaving: it is time to leave.
        """
        if self._deadline is not None:
            seconds = min(seconds, max(0.0, self._deadline - self._clock.now()))
        self._clock.sleep(seconds, self._ended if self.abort_jobs else self._changed)
        self.checkpoint()
        self._look_at_the_time()
        if self._deadline is not None and self.timed_out:
            raise LeaveChunk


class FailureGuard:
    """Sees every event of a run, old ones first, and says when enough is enough.

    `limit` is the largest number of rows that may fail for a reason that does not pass, counted
    over all jobs at their ends; None bears any number.
    """

    def __init__(self, stop: RunControl, limit: float | None = None) -> None:
        self._stop = stop
        self._limit = limit
        self._lock = threading.Lock()
        self._aborting: set[str] = set()
        self._failed: dict[int, int] = {}

    def observe(self, event: Event) -> None:
        """Take one event into account."""
        match event:
            case Aborting():
                self._aborting.add(event.job)
            case Saved():
                with self._lock:
                    self._failed[event.chunk] = event.failed - event.passing
                    failed = sum(self._failed.values())
                self._weigh(failed)
            case JobPolled() if event.seen.failed and not event.seen.state.ended:
                self._weigh(event.seen.failed)
            case Finished() if event.state is JobState.ABORTED:
                if event.job not in self._aborting:
                    self._stop.begin_nothing(f"somebody aborted job {event.job} at Salesforce")
            case Finished() if refused_whole(event):
                self._stop.begin_nothing(
                    f"Salesforce refused job {event.job} as a whole: {event.message}"
                )

    def _weigh(self, failed: int) -> None:
        if self._limit is not None and failed > self._limit:
            self._stop.call_all_off(
                f"{failed:,} rows failed, more than --max-failed allows ({self._limit:,.0f})"
            )


def refused_whole(finished: Finished) -> bool:
    """Whether the org refused the header or the file, so that the next chunk would fare alike.

    Only in its own words for that, and with counts that are there and zero: a job that Failed for
    another reason may have written rows that its counts do not tell of yet.
    """
    return (
        finished.state is JobState.FAILED
        and (finished.processed, finished.failed) == (0, 0)
        and finished.message.startswith(REFUSED_JOB_ERRORS)
    )


def passes(message: str) -> bool:
    """Whether a Failed job's message names a reason that passes by itself."""
    return any(reason in message for reason in PASSING_JOB_ERRORS)
