"""`bulkup limits`: what is left of the org's allocations."""

from bulkup import state_dir
from bulkup.cli import options, output
from bulkup.cli.connection import connect
from bulkup.cli.output import Output
from bulkup.report.document import limits_document
from bulkup.salesforce import describe

EXAMPLES = """\
Examples:

  bulkup limits --json
"""


def limits(
    org: options.Org = None,
    api_version: options.ApiVersion = "60.0",
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """Show what is left of the org's allocations of the last 24 hours."""
    screen = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    with connect(org, api_version, screen, state_dir.find_state_dir()) as connection:
        data = connection.retry(lambda: describe.limits(connection.client))
    entries = [
        {"name": name, "max": limit.get("Max"), "remaining": limit.get("Remaining")}
        for name, limit in sorted(data.items())
        if limit
    ]
    if json:
        output.document(limits_document(entries))
    else:
        screen.table(
            ("limit", "remaining", "of"),
            [(str(e["name"]), _number(e["remaining"]), _number(e["max"])) for e in entries],
            whole=(0,),
            apart=(0,),
        )
    return 0


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else ""
