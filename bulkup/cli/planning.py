"""From what the user typed to a plan that is written down: read, describe, check, cut."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer

from bulkup import __version__
from bulkup.body import SourceFile
from bulkup.cli.connect import Connection
from bulkup.cli.output import amount
from bulkup.clock import RealClock
from bulkup.columns import Columns, resolve
from bulkup.errors import CheckFailed, InputError
from bulkup.model import Delimiter, LineEnding, ObjectInfo, Operation, Severity, Source, Target
from bulkup.places import Places
from bulkup.plan import cut
from bulkup.run import Options, Plan, Run, reserve, write_plan
from bulkup.source import header_bytes, open_source


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A load as the user asks for it."""

    file: str
    object: str
    operation: Operation
    external_id: str | None
    api_version: str
    directory: Path | None
    delimiter: Delimiter | None
    line_ending: LineEnding | None
    check: bool
    parallel: int
    chunk_bytes: int
    chunk_rows: int | None
    retry_for: float


def validate_key(operation: Operation, external_id: str | None) -> None:
    """Refuse a key that is missing or makes no sense.

    Raises:
        InputError: with what to type.
    """
    if operation is Operation.UPSERT and not external_id:
        raise InputError(
            "An upsert needs the field that says which record a row is",
            "Add --external-id and its API name, as in: --external-id Email__c",
            name="MissingExternalId",
        )
    if operation is not Operation.UPSERT and external_id:
        found = "makes new records" if operation is Operation.INSERT else "goes by Id"
        raise InputError(
            f"--external-id is for upsert; {operation} {found}",
            "Leave it out, or say --op upsert.",
            name="InvalidOption",
        )


@contextmanager
def source_of(wish: Wish) -> Iterator[tuple[Source, SourceFile]]:
    """The file, looked through and held open.

    Raises:
        InputError: all that is wrong with it.
    """
    path = Path(wish.file)
    with SourceFile(path) as file:
        source = open_source(
            path,
            name=wish.file,
            delimiter=wish.delimiter,
            line_ending=wish.line_ending,
            check_cells=wish.check,
        )
        yield source, file


def describe(connection: Connection, name: str, places: Places) -> ObjectInfo:
    """What the org says of the object; always asked for before anything is sent.

    Raises:
        InputError: the org does not know the object.
    """
    from bulkup.salesforce import describe as room

    return connection.patience(
        lambda: room.describe(connection.client, name, cache=places.describes)
    )


def checked(wish: Wish, source: Source, info: ObjectInfo) -> Columns:
    """The columns that are sent.

    Raises:
        CheckFailed: with all findings, when one of them is an error.
    """
    target = Target(object=info.name, operation=wish.operation, external_id=wish.external_id)
    columns = resolve(source.header, info, target)
    errors = [one for one in columns.findings if one.severity is Severity.ERROR]
    if errors:
        raise CheckFailed(
            f"{source.name}: the check found {amount(len(errors), 'error')}; nothing was sent",
            "Mend the file; all that is known to be wrong stands above.",
            findings=columns.findings,
            rows=source.rows,
        )
    return columns


def confirm(operation: Operation, what: str, *, yes: bool) -> None:
    """Ask before records are deleted.

    Raises:
        InputError: the user says no, or nobody is there to ask.
    """
    if yes or operation not in {Operation.DELETE, Operation.HARD_DELETE}:
        return
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise InputError(
            f"{operation} needs a confirmation, and there is no terminal to ask on",
            "Add --yes when you are sure.",
            name="NotConfirmed",
        )
    forever = ", for ever" if operation is Operation.HARD_DELETE else ""
    if not typer.confirm(f"Delete {what}{forever}?", err=True):
        raise InputError("Not confirmed; nothing was sent", name="NotConfirmed")


def write_down(
    wish: Wish,
    source: Source,
    columns: Columns,
    info: ObjectInfo,
    connection: Connection,
    places: Places,
) -> Run:
    """Cut the file, and write the plan into a new run directory.

    Raises:
        InputError: a record is bigger than a job may be.
        RunError: the disk does not take it.
    """
    header = header_bytes(columns.names, source.delimiter, source.line_ending)
    chunks = cut(source, header=header, chunk_bytes=wish.chunk_bytes, chunk_rows=wish.chunk_rows)
    clock = RealClock()
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    folder = reserve(places, f"{moment}-{Path(wish.file).stem[:40]}-{wish.operation}")
    plan = Plan(
        run=folder.name,
        created=clock.stamp(),
        version=__version__,
        machine=places.machine(),
        source=source,
        sheet=source,
        target=Target(
            object=info.name,
            operation=wish.operation,
            external_id=columns.external_id,
            alias=connection.alias,
            instance_url=connection.instance_url,
            org_id=connection.org_id(),
            api_version=wish.api_version,
        ),
        columns=columns.as_sent,
        key=columns.key.name if columns.key else None,
        chunks=chunks,
        options=Options(
            directory=(wish.directory or Path("bulkup-results") / folder.name).absolute(),
            parallel=wish.parallel,
            chunk_bytes=wish.chunk_bytes,
            chunk_rows=wish.chunk_rows,
            retry_for=wish.retry_for,
        ),
    )
    return write_plan(folder, plan)
