"""The single steps of a load: create, close, abort, status; `upload` has a module of its own."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from bulkup import state_dir
from bulkup.auth.connection import Connection
from bulkup.cli import job_view as one
from bulkup.cli import options, output
from bulkup.cli.connection import connect
from bulkup.cli.job_view import JobId, JobIds
from bulkup.cli.output import Output
from bulkup.cli.prompts import confirm
from bulkup.cli.watch_job import exit_code_of, watch_job
from bulkup.errors import BulkupError, Refused, SalesforceError, Transient
from bulkup.model import Job, JobState, Target
from bulkup.planning.request import require_key
from bulkup.report.document import error_json

LOOK_FOR_IT = "Look for it with: bulkup jobs --state Open"
CLOSED = {
    JobState.UPLOAD_COMPLETE,
    JobState.IN_PROGRESS,
    JobState.JOB_COMPLETE,
    JobState.FAILED,
}
Wait = Annotated[bool, typer.Option("--wait", help="Watch the job to its end.")]

CREATE_EXAMPLES = """\
Examples:

  bulkup create --object Contact --op upsert --external-id Email__c

  JOB=$(bulkup create --object Lead --op insert)
"""
CLOSE_EXAMPLES = """\
Examples:

  bulkup close 750000000000001AAA

  bulkup close 750000000000001AAA --wait --timeout 30m
"""
ABORT_EXAMPLES = """\
Examples:

  bulkup abort 750000000000001AAA 750000000000002AAA
"""
STATUS_EXAMPLES = """\
Examples:

  bulkup status 750000000000001AAA

  bulkup status 750000000000001AAA --wait --json
"""


def create(
    object_: options.Object,
    op: options.Op,
    external_id: options.ExternalId = None,
    delimiter: options.JobDelimiter = options.COMMA,
    line_ending: options.JobLineEnding = options.LF,
    assignment_rule: options.AssignmentRule = None,
    yes: options.Yes = False,
    org: options.Org = None,
    api_version: options.ApiVersion = "60.0",
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """Create a job and print its id, alone on a line."""
    screen = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    require_key(op, external_id)
    options.validate_rule(assignment_rule, object_)
    confirm(op, f"the {object_} records that the job's file will name", yes=yes)
    target = Target(
        object=object_, operation=op, external_id=external_id, assignment_rule=assignment_rule
    )
    with connect(org, api_version, screen, state_dir.find_state_dir()) as connection:
        # Not tried twice: a lost answer would leave a second job behind.
        try:
            with one.on_interrupt("Interrupted; a job may have been made", LOOK_FOR_IT):
                job = one.ingest(connection).create(
                    target, delimiter=delimiter, line_ending=line_ending
                )
        except Transient as fault:
            raise SalesforceError(
                f"{fault.message}. A job may have been made all the same",
                f"An open job without a file does no harm; make another one. {LOOK_FOR_IT}",
                status=fault.status,
                code=fault.code,
            ) from fault
    if json:
        output.document(one.document(job))
    else:
        output.result(job.id)
    return 0


def close(
    job: JobId,
    wait: Wait = False,
    timeout: options.Timeout = None,
    org: options.Org = None,
    api_version: options.ApiVersion = "60.0",
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """Close a job: from here on Salesforce processes its rows."""
    screen = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    with connect(org, api_version, screen, state_dir.find_state_dir()) as connection:
        found = _become(connection, job, JobState.UPLOAD_COMPLETE)
        if wait:
            found = watch_job(connection, job, screen, timeout)
    if json:
        output.document(one.document(found))
    else:
        output.result(str(found.state))
    return exit_code_of(found) if wait else 0


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
    told: list[dict[str, Any]] = []
    code = 0
    with connect(org, api_version, screen, state_dir.find_state_dir()) as connection:
        for job, came in _aborts(connection, jobs):
            if isinstance(came, BulkupError):
                if len(jobs) == 1:
                    raise came
                code = came.exit_code
            told.append(_entry(job, came))
            if not json:
                _say(job, came, alone=len(jobs) == 1)
    if json:
        output.document({"schema": "bulkup.jobs/1", "jobs": told} if len(jobs) > 1 else told[0])
    return code


def _aborts(connection: Connection, jobs: list[str]) -> Iterator[tuple[str, Job | BulkupError]]:
    """What became of each. A refusal says nothing about the next job; any other error does."""
    error: BulkupError | None = None
    for job in jobs:
        if error is None or isinstance(error, Refused):
            try:
                yield job, _become(connection, job, JobState.ABORTED)
                continue
            except BulkupError as caught:
                error = caught
        yield job, error


def _entry(job: str, came: Job | BulkupError) -> dict[str, Any]:
    if isinstance(came, Job):
        return one.document(came)
    return {"id": job, **error_json(came, came.exit_code)}


def _say(job: str, came: Job | BulkupError, *, alone: bool) -> None:
    if isinstance(came, Job):
        output.result(str(came.state) if alone else f"{job} {came.state}")
    else:
        output.line(f"error: job {job}: {came.message}")
        output.line(f"  {came.hint}")


def status(
    job: JobId,
    wait: Wait = False,
    timeout: options.Timeout = None,
    org: options.Org = None,
    api_version: options.ApiVersion = "60.0",
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """Look at a job once, or watch it to its end."""
    screen = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    with connect(org, api_version, screen, state_dir.find_state_dir()) as connection:
        if wait:
            found = watch_job(connection, job, screen, timeout)
        else:
            found = connection.patience(lambda: one.ingest(connection).get(job))
    if json:
        output.document(one.document(found))
    else:
        screen.table(("job", ""), one.lines(found))
    return exit_code_of(found) if wait else 0


def _become(connection: Connection, job: str, state: JobState) -> Job:
    """Close or abort; a refusal is believed only after a look, since an answer may have been lost.

    Raises:
        SalesforceError: the job is in a state that does not allow it.
    """
    jobs = one.ingest(connection)
    step = jobs.abort if state is JobState.ABORTED else jobs.close
    try:
        return connection.patience(lambda: step(job))
    except Refused:
        found = connection.patience(lambda: jobs.get(job))
        lost_answer = connection.patience.bore_a_fault and (
            found.state in CLOSED if state is JobState.UPLOAD_COMPLETE else found.state is state
        )
        if not lost_answer:
            raise
        return found
