"""`bulkup fields`: an object as the org describes it."""

from collections.abc import Iterator
from typing import Annotated

import typer

from bulkup import state_dir
from bulkup.cli import options, output
from bulkup.cli.connection import connect
from bulkup.cli.output import Output
from bulkup.model import Field
from bulkup.report.document import fields_document
from bulkup.salesforce.describe import describe_raw, object_of

EXAMPLES = """\
Examples:

  bulkup fields Contact

  bulkup fields Contact --json --raw > Contact.json
"""


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
    screen = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    with connect(org, api_version, screen, state_dir.find_state_dir()) as connection:
        data = connection.retry(lambda: describe_raw(connection.client, object_))
    if raw:
        output.document(data)
        return 0
    info = object_of(data)
    if json:
        output.document(fields_document(info.name, info.fields.values()))
    else:
        head = ("name", "label", "type", "what to know")
        screen.table(head, map(_field_row, info.fields.values()), whole=(0,), apart=(0,))
    return 0


def _field_row(field: Field) -> tuple[str, ...]:
    length = field.length or field.precision or field.digits
    kind = f"{field.type} {length}" if length else field.type
    if field.reference_to:
        kind = f"{field.type} → {', '.join(field.reference_to)}"
    return field.name, field.label, kind, ", ".join(_marks(field))


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
