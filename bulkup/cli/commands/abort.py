"""`bulkup abort`: jobs that are not to be processed any further."""

from collections.abc import Iterator
from typing import Any

from bulkup import state_dir
from bulkup.auth.connection import Connection
from bulkup.cli import job_view, options, output
from bulkup.cli.connection import connect
from bulkup.cli.job_view import JobIds
from bulkup.cli.output import Output
from bulkup.errors import BulkupError, Refused
from bulkup.model import Job, JobState
from bulkup.report.document import job_document, jobs_document

EXAMPLES = """\
Examples:

  bulkup abort 750000000000001AAA 750000000000002AAA
"""


def abort(
    jobs: JobIds,
    org: options.Org = None,
    api_version: options.ApiVersion = "60.0",
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """Abort jobs: every record that is not yet processed stays as it was."""
    screen = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    outcomes: list[tuple[str, Job | BulkupError]] = []
    code = 0
    with connect(org, api_version, screen, state_dir.find_state_dir()) as connection:
        for job, came in _aborts(connection, jobs):
            if isinstance(came, BulkupError):
                if len(jobs) == 1:
                    raise came
                code = came.exit_code
            outcomes.append((job, came))
            if not json:
                _say(job, came, alone=len(jobs) == 1)
    if json:
        output.document(_document(outcomes))
    return code


def _aborts(connection: Connection, jobs: list[str]) -> Iterator[tuple[str, Job | BulkupError]]:
    """What became of each. A refusal says nothing about the next job; any other error does."""
    error: BulkupError | None = None
    for job in jobs:
        if error is None or isinstance(error, Refused):
            try:
                yield job, job_view.change_state(connection, job, JobState.ABORTED)
                continue
            except BulkupError as caught:
                error = caught
        yield job, error


def _document(outcomes: list[tuple[str, Job | BulkupError]]) -> dict[str, Any]:
    first = outcomes[0][1]
    if len(outcomes) == 1 and isinstance(first, Job):
        return job_document(first)
    return jobs_document(outcomes)


def _say(job: str, came: Job | BulkupError, *, alone: bool) -> None:
    if isinstance(came, Job):
        output.result(str(came.state) if alone else f"{job} {came.state}")
    else:
        output.line(f"error: job {job}: {came.message}")
        output.line(f"  {came.hint}")
