"""Looking into the org: its jobs, an object's fields, its limits."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from bulkup import state_dir
from bulkup.cli import job_view as one
from bulkup.cli import options, output
from bulkup.cli.connection import connect
from bulkup.cli.output import Output
from bulkup.model import Field, JobState

if TYPE_CHECKING:
    from bulkup.model import Job

JOBS_EXAMPLES = """\
Examples:

  bulkup jobs

  bulkup jobs --state Open --object Contact --json
"""
FIELDS_EXAMPLES = """\
Examples:

  bulkup fields Contact

  bulkup fields Contact --json --raw > Contact.json
"""
LIMITS_EXAMPLES = """\
Examples:

  bulkup limits --json
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
        everything = connection.patience(lambda: list(one.ingest(connection).jobs()))
    found = [
        job
        for job in everything
        if state in {None, job.state} and (object_ or job.object).lower() == job.object.lower()
    ]
    if json:
        output.document({"schema": "bulkup.jobs/1", "jobs": [one.document(job) for job in found]})
    elif found:
        head = ("job", "state", "object", "operation", "created")
        screen.table(head, map(_job_row, found), whole=(0,), apart=(0,))
    else:
        screen.note("no such jobs" if everything else "no jobs")
    return 0


def _job_row(job: "Job") -> tuple[str, ...]:
    return job.id, str(job.state), job.object, job.operation, job.created[:16].replace("T", " ")


def fields(
    object_: Annotated[str, typer.Argument(metavar="OBJECT", help="API name of the object.")],
    raw: Annotated[bool, typer.Option("--raw", help="Salesforce's own JSON.")] = False,
    org: options.Org = None,
    api_version: options.ApiVersion = "60.0",
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """Describe an object: name, type, length, required, external id, updateable."""
    from bulkup.salesforce.describe import describe_raw, object_of

    screen = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    with connect(org, api_version, screen, state_dir.find_state_dir()) as connection:
        data = connection.patience(lambda: describe_raw(connection.client, object_))
    if raw:
        output.document(data)
        return 0
    info = object_of(data)
    if json:
        entries = [_field_entry(field) for field in info.fields.values()]
        output.document({"schema": "bulkup.fields/1", "object": info.name, "fields": entries})
    else:
        head = ("name", "label", "type", "what to know")
        screen.table(head, map(_field_row, info.fields.values()), whole=(0,), apart=(0,))
    return 0


def _field_entry(field: Field) -> dict[str, object]:
    return {
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "length": field.length,
        "required": field.required,
        "external_id": field.external_id,
        "id_lookup": field.id_lookup,
        "unique": field.unique,
        "createable": field.createable,
        "updateable": field.updateable,
        "reference_to": list(field.reference_to),
        "relationship_name": field.relationship_name or None,
        "picklist_values": list(field.picklist_values),
    }


def _field_row(field: Field) -> tuple[str, ...]:
    from rich.markup import escape

    length = field.length or field.precision or field.digits
    kind = f"{field.type} {length}" if length else field.type
    if field.reference_to:
        kind = f"{field.type} → {', '.join(field.reference_to)}"
    return field.name, escape(field.label), kind, ", ".join(_marks(field))


def _marks(field: Field) -> Iterator[str]:
    if field.required:
        yield "required"
    if field.external_id:
        yield "external id"
    elif field.id_lookup:
        yield "finds records"
    if not field.createable and not field.updateable:
        yield "read only"
    elif not field.createable:
        yield "not at insert"
    elif not field.updateable:
        yield "only at insert"


def limits(
    org: options.Org = None,
    api_version: options.ApiVersion = "60.0",
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """Show what is left of the org's allocations of the last 24 hours."""
    from bulkup.salesforce import describe

    screen = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    with connect(org, api_version, screen, state_dir.find_state_dir()) as connection:
        data = connection.patience(lambda: describe.limits(connection.client))
    entries = [
        {"name": name, "max": one.get("Max"), "remaining": one.get("Remaining")}
        for name, one in sorted(data.items())
        if one
    ]
    if json:
        output.document({"schema": "bulkup.limits/1", "limits": entries})
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
