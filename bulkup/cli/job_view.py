"""One job: its argument, its requests and its table."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from bulkup.auth.connection import Connection
from bulkup.cli import options
from bulkup.errors import Interrupted, Refused
from bulkup.model import Job, JobState
from bulkup.salesforce.ingest import IngestJobs

CLOSED = {
    JobState.UPLOAD_COMPLETE,
    JobState.IN_PROGRESS,
    JobState.JOB_COMPLETE,
    JobState.FAILED,
}

JobId = Annotated[
    str,
    typer.Argument(
        metavar="JOB", parser=options.job_id, help="The job's id, as `create` prints it."
    ),
]
JobIds = Annotated[
    list[str],
    typer.Argument(metavar="JOB...", parser=options.job_id, help="The jobs' ids."),
]


def ingest(connection: Connection) -> IngestJobs:
    """The org's jobs."""
    return IngestJobs(connection.client)


def lines(job: Job) -> list[tuple[str, str]]:
    """The rows of its table; what the org does not tell is left out."""
    text = [
        ("id", job.id),
        ("state", str(job.state)),
        ("object", job.object),
        ("operation", job.operation + (f" by {job.external_id}" if job.external_id else "")),
        ("rows processed", "" if job.processed is None else f"{job.processed:,}"),
        ("rows failed", "" if job.failed is None else f"{job.failed:,}"),
        ("created", job.created),
        ("message", job.error_message),
    ]
    return [(name, value) for name, value in text if value]


@contextmanager
def on_interrupt(message: str, hint: str) -> Iterator[None]:
    """What ^C means while this goes on.

    Raises:
        Interrupted: ^C was pressed.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        raise Interrupted(message, hint) from error


def change_state(connection: Connection, job: str, state: JobState) -> Job:
    """Close or abort; a refusal is believed only after a look, since an answer may have been lost.

    Raises:
        Refused: the job is in a state that does not allow it.
    """
    jobs = ingest(connection)
    step = jobs.abort if state is JobState.ABORTED else jobs.close
    try:
        return connection.retry(lambda: step(job))
    except Refused:
        result = connection.retry(lambda: jobs.get(job))
        lost_answer = connection.retry.has_retried and (
            result.state in CLOSED if state is JobState.UPLOAD_COMPLETE else result.state is state
        )
        if not lost_answer:
            raise
        return result
