"""`bulkup close`: no more data; Salesforce processes the job."""

from bulkup import state_dir
from bulkup.cli import job_view, options, output
from bulkup.cli.connection import connect
from bulkup.cli.job_view import JobId
from bulkup.cli.output import Output
from bulkup.cli.watch_job import Wait, exit_code_of, time_limit, watch_job
from bulkup.model import JobState
from bulkup.report.document import job_document

EXAMPLES = """\
Examples:

  bulkup close 750000000000001AAA

  bulkup close 750000000000001AAA --wait --timeout 30m
"""


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
    remaining = time_limit(timeout if wait else None)
    home = state_dir.find_state_dir()
    with connect(org, api_version, screen, home, remaining=remaining) as connection:
        current = job_view.change_state(connection, job, JobState.UPLOAD_COMPLETE)
        if wait:
            current = watch_job(connection, job, screen, remaining)
    if json:
        output.document(job_document(current))
    else:
        output.result(str(current.state))
    return exit_code_of(current) if wait else 0
