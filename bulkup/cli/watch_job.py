"""Watching one job to its end, with the bar or the lines that `run` has."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

import typer

from bulkup.auth.connection import Connection
from bulkup.cli import job_view
from bulkup.cli.display.progress import Lines, Listener
from bulkup.cli.display.progress_bars import JobBar
from bulkup.cli.output import Output
from bulkup.clock import RealClock
from bulkup.errors import SalesforceError, WaitTimeout
from bulkup.execution.control import LeaveChunk, RunControl
from bulkup.model import Chunk, Job, JobState
from bulkup.retry import poll_wait
from bulkup.runs.events import JobPolled
from bulkup.salesforce.deadline import Remaining, no_limit

Wait = Annotated[bool, typer.Option("--wait", help="Watch the job to its end.")]


def time_limit(timeout: float | None) -> Remaining:
    """The seconds that are left of `timeout`, from now on; no limit for None."""
    if timeout is None:
        return no_limit
    clock = RealClock()
    end = clock.now() + timeout
    return lambda: end - clock.now()


def watch_job(connection: Connection, job: str, screen: Output, remaining: Remaining) -> Job:
    """The job at its end.

    Raises:
        WaitTimeout: no time remains. SalesforceError: the job can't be looked at.
    """
    jobs, clock = job_view.ingest(connection), RealClock()
    left = remaining()
    stop = RunControl(clock, timeout=None if left is None else max(0.0, left))
    since = clock.now()
    again = f"Watch it again with: bulkup status {job} --wait"
    with (
        job_view.on_interrupt(f"Interrupted; job {job} goes on", again),
        _shown(screen) as listener,
    ):
        while True:
            result = connection.retry(lambda: jobs.get(job))
            listener(JobPolled(chunk=1, job=job, seen=result))
            if result.state.ended:
                return result
            if result.state is JobState.OPEN:
                raise SalesforceError(
                    f"Job {job} is Open: nothing happens before it is closed",
                    f"Type: bulkup close {job} --wait",
                )
            if not stop.keep_polling:
                raise WaitTimeout(
                    f"Job {job} is still {result.state}; it goes on at Salesforce",
                    again,
                )
            with suppress(LeaveChunk):  # one more look, then the time is over
                stop.sleep(poll_wait(clock.now() - since))


def exit_code_of(job: Job) -> int:
    """Single steps speak of the job, not of its rows: 0 for JobComplete, 5 for the rest."""
    return 0 if job.state is JobState.JOB_COMPLETE else SalesforceError.exit_code


@contextmanager
def _shown(screen: Output) -> Iterator[Listener]:
    if screen.quiet:
        yield lambda _event: None
    elif screen.live:
        with JobBar(screen.errors()) as bar:
            yield bar
    else:
        chunk = Chunk(number=1, start=0, end=0, rows=0, first_row=1)
        yield Lines(say=screen.note, chunks={1: chunk})
