"""From what the user typed to a plan that is written down: describe, check, narrow, cut."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import typer

from bulkup import __version__
from bulkup.cli.checking import Verdict
from bulkup.cli.connect import Connection
from bulkup.cli.intake import STDIN, Outgoing, Taken, narrow
from bulkup.cli.narrowing import chosen
from bulkup.cli.wish import Wish, target_of
from bulkup.clock import RealClock
from bulkup.columns import Columns, resolve
from bulkup.errors import InputError
from bulkup.model import ObjectInfo, Operation, Target
from bulkup.places import Places, must_take_results
from bulkup.plan import cut
from bulkup.run import Options, Plan, Run, reserve, write_plan
from bulkup.source import header_bytes


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


@contextmanager
def room(home: Places, file: str, operation: Operation) -> Iterator[Path]:
    """A run directory for a new load of `file`, taken away again when no plan comes of it.

    Raises:
        RunError: it can't be made.
    """
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    stem = "stdin" if file == STDIN else Path(file).name.partition(".")[0]
    folder = reserve(home, f"{moment}-{stem[:40]}-{operation}")
    try:
        yield folder
    finally:
        if not (folder / "plan.json").exists():
            shutil.rmtree(folder, ignore_errors=True)


def describe(connection: Connection, name: str, home: Places) -> ObjectInfo:
    """What the org says of the object; always asked for before anything is sent.

    Raises:
        InputError: the org does not know the object.
    """
    from bulkup.salesforce import describe as org

    return connection.patience(lambda: org.describe(connection.client, name, cache=home.describes))


def resolved(wish: Wish, taken: Taken, info: ObjectInfo) -> Columns:
    """What each column is sent as; the findings about the file itself are among the columns'."""
    header, target = taken.sheet.source.header, target_of(wish, info)
    columns = resolve(header, info, target, wish.renames, wish.drops)
    return replace(columns, findings=(*taken.findings, *columns.findings))


def outgoing(
    wish: Wish,
    taken: Taken,
    columns: Columns,
    verdict: Verdict,
    folder: Path,
    *,
    include_unknown: bool,
) -> Outgoing:
    """What is sent: without the rows that the check, or the file's own status, leaves out."""
    prepared = folder / "prepared"
    rows, settled = chosen(taken.sheet, verdict.left_out, folder, include_unknown=include_unknown)
    return narrow(taken, columns, prepared, rows=rows, settled=settled, blank_null=wish.blank_null)


def write_down(
    target: Target,
    taken: Taken,
    sent: Outgoing,
    columns: Columns,
    options: Options,
    home: Places,
    folder: Path,
    *,
    retry_of: str = "",
    retry_of_events: int = 0,
) -> Run:
    """Cut what is sent, and write the plan into the run directory.

    Raises:
        InputError: a record is bigger than a job may be, or the result files find no place.
        RunError: the disk does not take it.
    """
    source = sent.sheet.source
    plan = Plan(
        run=folder.name,
        created=RealClock().stamp(),
        version=__version__,
        machine=home.machine(),
        source=taken.file,
        original=taken.sheet.source,
        original_numbers=taken.sheet.numbers,
        sheet=source,
        numbers=sent.sheet.numbers,
        settled=sent.settled,
        target=target,
        columns=columns.as_sent,
        key=columns.key.name if columns.key else None,
        chunks=cut(
            source,
            header=header_bytes(columns.names, source.delimiter, source.line_ending),
            chunk_bytes=options.chunk_bytes,
            chunk_rows=options.chunk_rows,
            canary=options.canary,
        ),
        options=options,
        dialect=taken.dialect,
        changes=(*taken.changes, *sent.changes),
        retry_of=retry_of,
        retry_of_events=retry_of_events,
    )
    must_take_results(options.directory, taken.file.path)
    return write_plan(folder, plan)


def in_org(target: Target, columns: Columns, connection: Connection) -> Target:
    """The target with the org that it is in, and the key as the org spells it."""
    return replace(
        target,
        external_id=columns.external_id,
        alias=connection.alias,
        instance_url=connection.instance_url,
        org_id=connection.org_id(),
    )
