"""Which errors are retried, how long to wait, and when to give up: one policy for all calls."""

import random
from collections.abc import Callable
from typing import TypeVar

import tenacity

from bulkup.clock import Clock
from bulkup.errors import SalesforceError, Transient

T = TypeVar("T")

RETRY_FOR = 15 * 60.0
FIRST_WAIT = 0.5
LONGEST_WAIT = 60.0
SHORTEST_POLL = 0.1
LONGEST_POLL = 60.0
UNREACHABLE_TRIES = 3
UNREACHABLE_SECONDS = 5.0


def poll_wait(waited: float) -> float:
    """Seconds until a job that has been watched for `waited` seconds is polled again.

    A tenth of the time already waited: some 130 polls in an hour, never more than about 10 % late.
    """
    return min(LONGEST_POLL, max(SHORTEST_POLL, waited / 10))


class RetryPolicy:
    """Retries temporary errors for a time that begins with the first one since a good answer.

    `retry_for` is in seconds; 0 means no retries. With `first_contact`, an org that has not
    answered anything and can't be reached at all is given up after three tries. `sleep` may
    raise to leave; `tell` is called with the reason and the seconds of each wait. `has_retried`:
    a step was tried more than once, so a try whose answer was lost may have done its work.
    """

    def __init__(
        self,
        clock: Clock,
        sleep: Callable[[float], None],
        *,
        retry_for: float = RETRY_FOR,
        first_contact: bool = False,
        tell: Callable[[str, float], None] = lambda _reason, _seconds: None,
        chance: random.Random | None = None,
    ) -> None:
        self._clock = clock
        self._retry_for = retry_for
        self._first_contact = first_contact
        self._tell = tell
        self._chance = chance or random.Random()  # noqa: S311 -- jitter, not a secret
        self._since: float | None = None
        self._tries = 0
        self.has_retried = False
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Transient),
            wait=self._wait_seconds,
            stop=self._should_stop,
            before_sleep=self._before_sleep,
            sleep=sleep,
            reraise=True,
        )

    def __call__(self, step: Callable[[], T]) -> T:
        """Do `step`, and again after each temporary error, until it works or the time is over.

        Raises:
            Transient: the error lasted longer. Every other error is raised at once.
        """
        result = self._retrying(step)
        self.answered()
        return result

    def answered(self) -> None:
        """The org has given a good answer: the next error has the whole time again."""
        self._since = None
        self._tries = 0
        self._first_contact = False

    def _should_stop(self, state: tenacity.RetryCallState) -> bool:
        error = _error_of(state)
        now = self._clock.now()
        self._since = now if self._since is None else self._since
        self._tries += 1
        self.has_retried = True
        if self._first_contact and error.status is None and self._retry_for > 0:
            return self._tries >= UNREACHABLE_TRIES
        return now - self._since + self._requested_wait(error) >= self._retry_for

    def _wait_seconds(self, state: tenacity.RetryCallState) -> float:
        error = _error_of(state)
        if self._first_contact and error.status is None:
            return UNREACHABLE_SECONDS / UNREACHABLE_TRIES
        backoff = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(self._tries - 1, 20))
        return max(self._requested_wait(error), backoff * self._chance.uniform(0.5, 1.0))

    def _before_sleep(self, state: tenacity.RetryCallState) -> None:
        action = state.next_action
        self._tell(_error_of(state).message, action.sleep if action else 0.0)

    @staticmethod
    def _requested_wait(error: SalesforceError) -> float:
        return (error.retry_after or 0.0) if isinstance(error, Transient) else 0.0


def _error_of(state: tenacity.RetryCallState) -> SalesforceError:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, SalesforceError):  # pragma: no cover -- only Transient is retried
        raise TypeError(error)
    return error
