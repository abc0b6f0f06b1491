"""`bulkup status`: one job, now or watched to its end."""

from bulkup import state_dir
from bulkup.cli import job_view, options, output
from bulkup.cli.connection import connect
from bulkup.cli.job_view import JobId
from bulkup.cli.output import Output
from bulkup.cli.watch_job import Wait, exit_code_of, time_limit, watch_job
from bulkup.report.document import job_document

EXAMPLES = """\
Examples:

  bulkup status 750000000000001AAA

  bulkup status 750000000000001AAA --wait --json
"""


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
    remaining = time_limit(timeout if wait else None)
    home = state_dir.find_state_dir()
    with connect(org, api_version, screen, home, remaining=remaining) as connection:
        if wait:
            result = watch_job(connection, job, screen, remaining)
        else:
            result = connection.retry(lambda: job_view.ingest(connection).get(job))
    if json:
        output.document(job_document(result))
    else:
        screen.table(("job", ""), job_view.lines(result))
    return exit_code_of(result) if wait else 0
