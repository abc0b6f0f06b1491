"""What a run may still do: each call takes something away, nothing gives it back."""

import pytest

from bulkup.errors import RunError
from bulkup.execution.control import FailureGuard, LeaveChunk, RunControl
from bulkup.model import Job, JobState
from bulkup.runs.events import Aborting, Finished, JobPolled, Saved
from bulkup.runs.plan import MaxFailed
from tests.fakes import FakeClock

JOB = "750000000000001AAA"


def test_at_first_everything_is_allowed() -> None:
    stop = RunControl(FakeClock())
    assert (stop.may_start_jobs, stop.keep_polling, stop.leaving, stop.abort_jobs) == (
        True,
        True,
        False,
        False,
    )
    stop.sleep(3)
    stop.checkpoint()


def test_when_the_time_is_over_nothing_is_begun_or_waited_for() -> None:
    clock = FakeClock()
    stop = RunControl(clock, timeout=10)
    with pytest.raises(LeaveChunk):
        stop.sleep(60)
    assert clock.slept == [10]
    assert (stop.may_start_jobs, stop.keep_polling, stop.timed_out) == (False, False, True)
    with pytest.raises(LeaveChunk):
        stop.sleep(60)


def test_no_time_at_all_still_lets_everything_be_sent_and_faults_be_borne() -> None:
    stop = RunControl(FakeClock(), timeout=0)
    assert (stop.may_start_jobs, stop.keep_polling, stop.timed_out) == (True, False, True)
    stop.sleep(5)


def test_whoever_is_asked_to_leave_leaves_at_the_next_safe_point() -> None:
    clock = FakeClock()
    stop = RunControl(clock)
    stop.leave_now(terminated=True)
    assert stop.terminated
    with pytest.raises(LeaveChunk):
        stop.checkpoint()
    assert not stop.overdue
    clock.time += 60
    assert stop.overdue


def test_the_first_error_is_the_one_that_is_told() -> None:
    stop = RunControl(FakeClock())
    first = RunError("first")
    stop.fail(first)
    stop.fail(RunError("second"))
    assert stop.error is first
    assert not stop.overdue


@pytest.mark.parametrize(
    ("limit", "total", "borne"), [(MaxFailed(rows=3), 10, 3), (MaxFailed(percent=2.5), 200, 5)]
)
def test_a_limit_is_rows_or_a_share(limit: MaxFailed, total: int, borne: float) -> None:
    assert limit.limit(total) == borne


def saved(chunk: int, failed: int, passing: int = 0) -> Saved:
    return Saved(chunk=chunk, job=JOB, failed=failed, passing=passing)


def test_rows_that_failed_for_good_are_added_up_and_past_the_limit_all_is_called_off() -> None:
    stop = RunControl(FakeClock())
    watcher = FailureGuard(stop, 3)
    watcher.observe(saved(1, 2))
    watcher.observe(saved(2, 9, passing=8))
    watcher.observe(saved(2, 9, passing=8))
    assert stop.may_start_jobs
    watcher.observe(saved(3, 1))
    assert (stop.may_start_jobs, stop.abort_jobs) == (False, True)
    assert "4" in stop.reason


def test_a_job_at_work_that_fails_past_the_limit_calls_off_too() -> None:
    stop = RunControl(FakeClock())
    seen = Job(id=JOB, state=JobState.IN_PROGRESS, processed=10, failed=4)
    FailureGuard(stop, 3).observe(JobPolled(chunk=1, job=JOB, seen=seen))
    assert stop.abort_jobs


def test_a_persons_abort_begins_nothing_more_and_ours_does() -> None:
    ours, theirs = RunControl(FakeClock()), RunControl(FakeClock())
    aborted = Finished(chunk=1, job=JOB, state=JobState.ABORTED)
    watcher = FailureGuard(ours)
    watcher.observe(Aborting(chunk=1, job=JOB, closed=True))
    watcher.observe(aborted)
    FailureGuard(theirs).observe(aborted)
    assert ours.may_start_jobs
    assert not theirs.may_start_jobs
    assert not theirs.abort_jobs
    assert JOB in theirs.reason


def test_a_header_that_is_refused_begins_nothing_more_and_a_lock_does() -> None:
    refused, locked = RunControl(FakeClock()), RunControl(FakeClock())
    message = "InvalidBatch : Field name not found : Foo__c"
    failed = Finished(chunk=1, job=JOB, state=JobState.FAILED, processed=0, failed=0)
    FailureGuard(refused).observe(
        Finished(chunk=1, job=JOB, state=JobState.FAILED, processed=0, failed=0, message=message)
    )
    FailureGuard(locked).observe(
        Finished(
            chunk=1,
            job=JOB,
            state=failed.state,
            processed=0,
            failed=0,
            message="TooManyLockFailure",
        )
    )
    assert not refused.may_start_jobs
    assert message in refused.reason
    assert locked.may_start_jobs
