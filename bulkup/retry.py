"""Which faults pass, how long to wait for them, and when to give up: one policy for all calls."""

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
    """Seconds until the next look at a job that has been watched for `waited` seconds.

    A tenth of the time already waited: some 130 looks in an hour, never more than about 10 % late.
    """
    return min(LONGEST_POLL, max(SHORTEST_POLL, waited / 10))


class RetryPolicy:
    """How long a fault has lasted, counted from the first failure since the last good answer.

    `retry_for` is in seconds; 0 bears nothing. With `first_contact`, an org that has not
    answered anything and can't be reached at all is given up after three tries. `sleep` may
    raise to leave; `tell` hears of each wait. `bore_a_fault`: a step was tried more than once,
    so its work may have been done by a try whose answer was lost.
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
        self.bore_a_fault = False
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Transient),
            wait=self._seconds,
            stop=self._over,
            before_sleep=self._before_sleep,
            sleep=sleep,
            reraise=True,
        )

    def __call__(self, step: Callable[[], T]) -> T:
        """Do `step`, again after each fault that passes, until it works or patience ends.

        Raises:
            Transient: the fault did not pass in time. Every other error comes through at once.
        """
        result = self._retrying(step)
        self.answered()
        return result

    def answered(self) -> None:
        """The org has given a good answer: whatever comes next has all of the patience."""
        self._since = None
        self._tries = 0
        self._first_contact = False

    def _over(self, state: tenacity.RetryCallState) -> bool:
        fault = _fault(state)
        now = self._clock.now()
        self._since = now if self._since is None else self._since
        self._tries += 1
        self.bore_a_fault = True
        if self._first_contact and fault.status is None and self._retry_for > 0:
            return self._tries >= UNREACHABLE_TRIES
        return now - self._since + self._wish(fault) >= self._retry_for

    def _seconds(self, state: tenacity.RetryCallState) -> float:
        fault = _fault(state)
        if self._first_contact and fault.status is None:
            return UNREACHABLE_SECONDS / UNREACHABLE_TRIES
        backoff = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(self._tries - 1, 20))
        return max(self._wish(fault), backoff * self._chance.uniform(0.5, 1.0))

    def _before_sleep(self, state: tenacity.RetryCallState) -> None:
        action = state.next_action
        self._tell(_fault(state).message, action.sleep if action else 0.0)

    @staticmethod
    def _wish(fault: SalesforceError) -> float:
        return (fault.retry_after or 0.0) if isinstance(fault, Transient) else 0.0


def _fault(state: tenacity.RetryCallState) -> SalesforceError:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, SalesforceError):  # pragma: no cover -- only Transient is retried
        raise TypeError(error)
    return error
