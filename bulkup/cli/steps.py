"""The single steps of a load: create, upload, close, abort, status."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bulkup import places
from bulkup.body import Body, SourceFile
from bulkup.cli import options, output, planning
from bulkup.cli.connect import Connection, connected
from bulkup.cli.output import Screen, amount, size
from bulkup.cli.watch import ended_code, watched
from bulkup.errors import BulkupError, InputError, Refused, SalesforceError, Transient
from bulkup.model import Chunk, Job, JobState, Source, Target
from bulkup.source import open_source

if TYPE_CHECKING:
    from bulkup.salesforce.ingest import IngestJobs

MOST_BYTES = 100_000_000
JobId = Annotated[str, typer.Argument(metavar="JOB", help="The job's id, as `create` prints it.")]
Wait = Annotated[bool, typer.Option("--wait", help="Watch the job to its end.")]

CREATE_EXAMPLES = """\
Examples:

  bulkup create --object Contact --op upsert --external-id Email__c

  JOB=$(bulkup create --object Lead --op insert)
"""
UPLOAD_EXAMPLES = """\
Examples:

  bulkup upload 750000000000001AAA contacts.csv
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
    screen = Screen(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    planning.validate_key(op, external_id)
    planning.confirm(op, f"the {object_} records that the job's file will name", yes=yes)
    target = Target(
        object=object_, operation=op, external_id=external_id, assignment_rule=assignment_rule
    )
    with connected(org, api_version, screen, places.find()) as connection:
        # Not tried twice: a lost answer would leave a second job behind.
        job = _jobs(connection).create(target, delimiter=delimiter, line_ending=line_ending)
    if json:
        output.document(job_document(job))
    else:
        output.result(job.id)
    return 0


def upload(
    job: JobId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The CSV file.")],
    org: options.Org = None,
    api_version: options.ApiVersion = "60.0",
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """Put a file into an open job, once: a job takes one upload."""
    screen = Screen(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    with (
        SourceFile(file) as held,
        connected(org, api_version, screen, places.find()) as connection,
    ):
        source = open_source(file, name=str(file))
        jobs = _jobs(connection)
        found = connection.patience(lambda: jobs.look(job))
        header = _header(held, source)
        _refuse_mismatch(found, source, len(header) + source.size - source.start)
        chunk = Chunk(number=1, start=source.start, end=source.size, rows=source.rows, first_row=1)
        body = Body(held, header, chunk, lambda _sent: None)
        try:
            jobs.upload(found, body)
        except Transient as fault:
            raise SalesforceError(
                f"{fault.message}. Nobody can tell whether the file arrived in job {job}, which "
                "takes no second upload",
                f"Nothing was processed. Give the job up and make a new one: bulkup abort {job}",
                status=fault.status,
                code=fault.code,
            ) from fault
    screen.note(f"job {job}: uploaded {amount(source.rows, 'row')}, {size(len(body))}")
    if json:
        output.document({**job_document(found), "rows": source.rows, "bytes": len(body)})
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
    screen = Screen(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    with connected(org, api_version, screen, places.find()) as connection:
        found = _become(connection, job, JobState.UPLOAD_COMPLETE)
        if wait:
            found = watched(connection, job, screen, timeout)
    if json:
        output.document(job_document(found))
    else:
        output.result(str(found.state))
    return ended_code(found) if wait else 0


def abort(
    jobs: Annotated[list[str], typer.Argument(metavar="JOB...", help="The jobs' ids.")],
    org: options.Org = None,
    api_version: options.ApiVersion = "60.0",
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """Abort jobs: every record that is not yet processed stays as it was."""
    screen = Screen(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    told: list[dict[str, Any]] = []
    code = 0
    with connected(org, api_version, screen, places.find()) as connection:
        for job in jobs:
            try:
                found = _become(connection, job, JobState.ABORTED)
            except SalesforceError as error:
                code = error.exit_code
                told.append({"id": job, **_told(error)})
                if not json:
                    output.line(f"error: job {job}: {error.message}")
            else:
                told.append(job_document(found))
                if not json:
                    output.result(str(found.state) if len(jobs) == 1 else f"{job} {found.state}")
    if json:
        output.document({"schema": "bulkup.jobs/1", "jobs": told} if len(jobs) > 1 else told[0])
    return code


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
    screen = Screen(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    with connected(org, api_version, screen, places.find()) as connection:
        if wait:
            found = watched(connection, job, screen, timeout)
        else:
            found = connection.patience(lambda: _jobs(connection).look(job))
    if json:
        output.document(job_document(found))
    else:
        screen.table(("job", ""), _job_lines(found))
    return ended_code(found) if wait else 0


def job_document(job: Job) -> dict[str, Any]:
    """The document `bulkup.job/1`."""
    return {
        "schema": "bulkup.job/1",
        "id": job.id,
        "state": str(job.state),
        "object": job.object,
        "operation": job.operation,
        "external_id": job.external_id,
        "rows_processed": job.processed,
        "rows_failed": job.failed,
        "error_message": job.error_message,
        "delimiter": job.delimiter or None,
        "line_ending": job.line_ending or None,
        "created": job.created,
        "api_version": job.api_version,
        "milliseconds": job.total_ms,
    }


def _job_lines(job: Job) -> list[tuple[str, str]]:
    lines = [
        ("id", job.id),
        ("state", str(job.state)),
        ("object", job.object),
        ("operation", job.operation + (f" by {job.external_id}" if job.external_id else "")),
        ("rows processed", "" if job.processed is None else f"{job.processed:,}"),
        ("rows failed", "" if job.failed is None else f"{job.failed:,}"),
        ("created", job.created),
        ("message", job.error_message),
    ]
    return [(name, value) for name, value in lines if value]


def _jobs(connection: Connection) -> "IngestJobs":
    from bulkup.salesforce.ingest import IngestJobs

    return IngestJobs(connection.client)


def _become(connection: Connection, job: str, state: JobState) -> Job:
    """Close or abort; a refusal is believed only after a look, since an answer may have been lost.

    Raises:
        SalesforceError: the job is in a state that does not allow it.
    """
    jobs = _jobs(connection)
    step = jobs.abort if state is JobState.ABORTED else jobs.close
    try:
        return connection.patience(lambda: step(job))
    except Refused:
        found = connection.patience(lambda: jobs.look(job))
        further = {JobState.UPLOAD_COMPLETE, JobState.IN_PROGRESS, JobState.JOB_COMPLETE}
        lost_answer = connection.patience.bore_a_fault and (
            found.state in further if state is JobState.UPLOAD_COMPLETE else found.state is state
        )
        if not lost_answer:
            raise
        return found


def _header(held: SourceFile, source: Source) -> bytes:
    """The header record as the file has it, without a byte order mark."""
    return held.read(0, source.start).removeprefix(b"\xef\xbb\xbf")


def _refuse_mismatch(job: Job, source: Source, length: int) -> None:
    """Refuse an upload that can only spoil the job; all reasons at once.

    Raises:
        InputError: the job is not Open, the file too big, or of another dialect than the job.
    """
    wrong = []
    if job.state is not JobState.OPEN:
        wrong.append(f"job {job.id} is {job.state}, and only an Open job takes an upload")
    if length > MOST_BYTES:
        wrong.append(
            f"{source.name} is {size(length)}, and a job takes {size(MOST_BYTES)}: "
            "`bulkup run` splits such a file"
        )
    if job.delimiter and job.delimiter != source.delimiter:
        wrong.append(f"{source.name} is split by {source.delimiter}, the job by {job.delimiter}")
    if job.line_ending and job.line_ending != source.line_ending:
        wrong.append(
            f"{source.name} has line endings {source.line_ending}, the job {job.line_ending}"
        )
    if wrong:
        raise InputError(
            "; ".join(wrong) + "; nothing was sent",
            f"Make a job that fits: bulkup create --object {job.object or 'O'} "
            f"--op {job.operation or 'OP'} --delimiter {source.delimiter} "
            f"--line-ending {source.line_ending}",
            name="UploadRefused",
        )


def _told(error: BulkupError) -> dict[str, Any]:
    return {"error": error.name, "message": error.message, "exit_code": error.exit_code}
