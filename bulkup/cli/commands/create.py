"""`bulkup create`: an empty ingest job."""

from bulkup import state_dir
from bulkup.cli import job_view, options, output
from bulkup.cli.connection import connect
from bulkup.cli.output import Output
from bulkup.cli.prompts import confirm
from bulkup.errors import SalesforceError, Transient
from bulkup.model import Target
from bulkup.planning.request import require_key
from bulkup.report.document import job_document

LOOK_FOR_IT = "Look for it with: bulkup jobs --state Open"

EXAMPLES = """\
Examples:

  bulkup create --object Contact --op upsert --external-id Email__c

  JOB=$(bulkup create --object Lead --op insert)
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
            with job_view.on_interrupt("Interrupted; a job may have been made", LOOK_FOR_IT):
                job = job_view.ingest(connection).create(
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
        output.document(job_document(job))
    else:
        output.result(job.id)
    return 0
