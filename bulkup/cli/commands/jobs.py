"""`bulkup jobs`: the org's ingest jobs."""

from typing import Annotated

import typer

from bulkup import state_dir
from bulkup.cli import job_view, options, output
from bulkup.cli.connection import connect
from bulkup.cli.output import Output
from bulkup.model import Job, JobState
from bulkup.report.document import jobs_document

EXAMPLES = """\
Examples:

  bulkup jobs

  bulkup jobs --state Open --object Contact --json
"""


def jobs(
    state: Annotated[
        JobState | None,
        typer.Option(
            "--state",
            metavar="S",
            parser=options.job_state,
            show_default=False,
            help=f"Only these: {', '.join(JobState)}.",
        ),
    ] = None,
    object_: Annotated[
        str | None,
        typer.Option("--object", metavar="O", show_default=False, help="Only this object's jobs."),
    ] = None,
    org: options.Org = None,
    api_version: options.ApiVersion = "60.0",
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """List the org's ingest jobs, newest first."""
    screen = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    with connect(org, api_version, screen, state_dir.find_state_dir()) as connection:
        everything = connection.retry(lambda: list(job_view.ingest(connection).jobs()))
    result = [
        job
        for job in everything
        if state in {None, job.state} and (object_ or job.object).lower() == job.object.lower()
    ]
    if json:
        output.document(jobs_document((job.id, job) for job in result))
    elif result:
        head = ("job", "state", "object", "operation", "created")
        screen.table(head, map(_job_row, result), whole=(0,), apart=(0,))
    else:
        screen.note("no such jobs" if everything else "no jobs")
    return 0


def _job_row(job: Job) -> tuple[str, ...]:
    return job.id, str(job.state), job.object, job.operation, job.created[:16].replace("T", " ")
