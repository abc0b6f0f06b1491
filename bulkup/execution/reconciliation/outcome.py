"""What a run came to: its state, exit code, and the error that ended it."""

from collections.abc import Sequence

from bulkup.errors import (
    BulkupError,
    Interrupted,
    JobAborted,
    JobFailed,
    SalesforceError,
    WaitTimeout,
)
from bulkup.execution.control import RunControl
from bulkup.model import Chunk, JobState, Status
from bulkup.results.totals import Totals
from bulkup.runs.events import Aborting, Discarded, Event, Finished, Saved
from bulkup.runs.journal import last_events, over
from bulkup.runs.run_dir import Run
from bulkup.runs.state import SUCCESS_STATUSES, State


def unfinished_outcome(
    run: Run, chunks: Sequence[Chunk], events: Sequence[Event], stop: RunControl, *, done: bool
) -> tuple[State, int, BulkupError | None] | None:
    """Where a run is left that is not over: state, exit code, why. None when it is over.

    `done`: no further round is to come when all chunks are at their ends.
    """
    ended = over(events)
    begun = {n for n, e in last_events(events).items() if not isinstance(e, Discarded)}
    if stop.error is not None:
        return State.STOPPED, stop.error.exit_code, stop.error
    if done and all(chunk.number in ended for chunk in chunks):
        return None
    if stop.leaving:
        code = 143 if stop.terminated else 130
        return State.INTERRUPTED, code, _interrupted(run, stop, len(begun - ended))
    if stop.timed_out:
        return State.TIMEOUT, WaitTimeout.exit_code, _timed_out(run, len(begun - ended))
    # Chunks are left for good only where there is a reason, as `--max-failed` or a person's abort.
    if begun - ended and stop.reason and any(c.number not in begun for c in chunks):
        error = SalesforceError(stop.reason, f"See what is left: bulkup resume {run.name}")
        return State.WAITING, error.exit_code, error
    return (State.WAITING, 0, None) if begun - ended or not stop.reason else None


def final_outcome(
    run: Run, events: Sequence[Event], totals: Totals
) -> tuple[State, int, BulkupError | None]:
    """What a run that is over came to: state, exit code, and what failed it."""
    if culprit := _failed_job(run, events, totals):
        kind = JobAborted if culprit.state is JobState.ABORTED else JobFailed
        error = kind(
            _culprit_words(culprit),
            f"Send what is left again when the reason is gone: bulkup retry {run.name}",
        )
        return State.FAILED, error.exit_code, error
    whole = not totals.differences and all(
        status in SUCCESS_STATUSES or not count for status, count in totals.counts.items()
    )
    return (State.COMPLETE, 0, None) if whole else (State.PARTIAL, 1, None)


def _failed_job(run: Run, events: Sequence[Event], totals: Totals) -> Finished | None:
    """A job that Failed, or that a person aborted, and because of which rows are left.

    Those that it has the last word on; after a person's abort also those never sent.
    """
    ours = {e.job for e in events if isinstance(e, Aborting)}
    unlucky = {s.chunk for s in events if isinstance(s, Saved) and s.unprocessed + s.unknown}
    ended = over(events)
    left = totals.counts.get(Status.UNPROCESSED, 0) + totals.counts.get(Status.UNKNOWN, 0)
    unsent = any(chunk.number not in ended for chunk in run.plan.chunks)
    for event in events:
        if not isinstance(event, Finished):
            continue
        aborted = event.state is JobState.ABORTED and event.job not in ours
        failed = event.state is JobState.FAILED
        if (aborted and unsent) or ((aborted or failed) and left and event.chunk in unlucky):
            return event
    return None


def _culprit_words(culprit: Finished) -> str:
    if culprit.state is JobState.ABORTED:
        return f"Somebody aborted job {culprit.job} at Salesforce"
    return f"Salesforce failed job {culprit.job}: {culprit.message or 'it gave no reason'}"


def _interrupted(run: Run, stop: RunControl, jobs: int) -> Interrupted:
    return Interrupted(
        "Terminated" if stop.terminated else "Interrupted",
        _go_on(run, jobs),
        terminated=stop.terminated,
    )


def _timed_out(run: Run, jobs: int) -> WaitTimeout:
    return WaitTimeout("Timed out", _go_on(run, jobs))


def _go_on(run: Run, jobs: int) -> str:
    """What goes on at Salesforce meanwhile, and how to finish or stop it."""
    if not jobs:
        return f"No job is open at Salesforce. Go on with: bulkup resume {run.name}"
    subject = "1 job goes" if jobs == 1 else f"{jobs} jobs go"
    return (
        f"{subject} on at Salesforce. Finish with: bulkup resume {run.name}\n"
        f"Or stop now: bulkup stop {run.name}"
    )
