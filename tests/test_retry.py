from collections.abc import Callable

import pytest

from bulkup.errors import Refused, Transient
from bulkup.retry import RetryPolicy, poll_wait
from tests.fakes import FakeClock


def failing(times: int, fault: Exception) -> Callable[[], str]:
    left = [times]

    def step() -> str:
        if left[0]:
            left[0] -= 1
            raise fault
        return "done"

    return step


def test_a_fault_that_passes_is_waited_out() -> None:
    clock = FakeClock()
    assert RetryPolicy(clock, clock.nap)(failing(5, Transient("503"))) == "done"
    assert len(clock.slept) == 5
    assert all(later > 0 for later in clock.slept)


def test_waits_grow_and_are_bounded() -> None:
    clock = FakeClock()
    RetryPolicy(clock, clock.nap, retry_for=10_000)(failing(20, Transient("503")))
    assert clock.slept[0] <= 0.5
    assert max(clock.slept) <= 60
    assert clock.slept[-1] >= 30


def test_an_outage_of_fifteen_minutes_is_survived_and_a_longer_one_is_not() -> None:
    clock = FakeClock()

    def outage(seconds: float) -> Callable[[], str]:
        since = clock.now()

        def step() -> str:
            if clock.now() - since < seconds:
                raise Transient("down")
            return "done"

        return step

    assert RetryPolicy(clock, clock.nap)(outage(14 * 60)) == "done"
    with pytest.raises(Transient):
        RetryPolicy(clock, clock.nap)(outage(17 * 60))


def test_the_wait_that_the_server_asks_for_is_obeyed() -> None:
    clock = FakeClock()
    RetryPolicy(clock, clock.nap)(failing(1, Transient("429", retry_after=120)))
    assert clock.slept == [120]


def test_a_wait_longer_than_the_time_is_not_waited() -> None:
    clock = FakeClock()
    with pytest.raises(Transient):
        RetryPolicy(clock, clock.nap, retry_for=60)(failing(1, Transient("429", retry_after=120)))
    assert clock.slept == []


def test_zero_retries_nothing() -> None:
    clock = FakeClock()
    with pytest.raises(Transient):
        RetryPolicy(clock, clock.nap, retry_for=0)(failing(1, Transient("503")))
    assert clock.slept == []


def test_a_refusal_is_not_tried_again() -> None:
    clock = FakeClock()
    with pytest.raises(Refused):
        RetryPolicy(clock, clock.nap)(failing(1, Refused("no")))
    assert clock.slept == []


def test_the_time_counts_from_the_first_failure_since_the_last_good_answer() -> None:
    clock = FakeClock()
    policy = RetryPolicy(clock, clock.nap, retry_for=60)
    calls = []

    def step() -> str:
        calls.append(clock.now())
        if len(calls) == 1:
            clock.time += 7200
            policy.answered()
        if len(calls) < 4:
            raise Transient("503")
        return "done"

    assert policy(step) == "done"


def test_a_host_never_reached_is_given_up_after_three_tries_in_about_five_seconds() -> None:
    clock = FakeClock()
    tries = []

    def step() -> None:
        tries.append(clock.now())
        raise Transient("name not known")

    with pytest.raises(Transient):
        RetryPolicy(clock, clock.nap, first_contact=True)(step)
    assert len(tries) == 3
    assert sum(clock.slept) <= 5


def test_an_org_that_answers_with_an_error_has_been_reached() -> None:
    clock = FakeClock()
    policy = RetryPolicy(clock, clock.nap, first_contact=True)
    assert policy(failing(8, Transient("503", status=503))) == "done"


def test_each_wait_is_told_with_its_reason() -> None:
    clock = FakeClock()
    told: list[tuple[str, float]] = []
    RetryPolicy(clock, clock.nap, tell=lambda *wait: told.append(wait))(
        failing(2, Transient("busy"))
    )
    assert [reason for reason, _ in told] == ["busy", "busy"]
    assert [seconds for _, seconds in told] == clock.slept


def test_polls_come_after_a_tenth_of_the_time_waited() -> None:
    assert poll_wait(0) == 0.1
    assert poll_wait(30) == 3
    assert poll_wait(36_000) == 60
    waited, polls = 0.0, 0
    while waited < 3600:
        waited += poll_wait(waited)
        polls += 1
    assert 100 <= polls <= 150
