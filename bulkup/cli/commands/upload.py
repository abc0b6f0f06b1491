"""`bulkup upload`: one file into an open job, once."""

import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bulkup import state_dir
from bulkup.auth.connection import Connection
from bulkup.check.hints import plain_text
from bulkup.check.rules import RULES
from bulkup.cli import job_view, options, output
from bulkup.cli.connection import connect
from bulkup.cli.job_view import JobId
from bulkup.cli.options import MOST_BYTES
from bulkup.cli.output import Output
from bulkup.csvfile.source_file import SourceFile, open_file
from bulkup.errors import CredentialsError, InputError, Refused, SalesforceError, Transient
from bulkup.execution.body import Body
from bulkup.files import write_private
from bulkup.model import Chunk, Job, JobState, Source
from bulkup.planning.read_input import STDIN, InputTable, open_input, read_input
from bulkup.planning.request import FileOptions
from bulkup.report.document import upload_document
from bulkup.text import amount, size

OPEN_SECONDS = 7 * 86400
"""No job stays open this long: Salesforce deletes one after about a day."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

EXAMPLES = """\
Examples:

  bulkup upload 750000000000001AAA contacts.csv
"""


def upload(
    job: JobId,
    file: options.File,
    org: options.Org = None,
    api_version: options.ApiVersion = "60.0",
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """Put a file into an open job, once: a job takes one upload."""
    screen = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    home = state_dir.find_state_dir()
    if file != STDIN:
        open_file(Path(file)).close()  # before anybody is asked
    home.make()
    with (
        connect(org, api_version, screen, home) as connection,
        TemporaryDirectory(prefix="upload-", dir=home.state) as room,
    ):
        current = connection.retry(lambda: job_view.ingest(connection).get(job))
        _refuse_closed(current)
        record = home.uploads / f"{current.id}.json"
        _refuse_second(current, record)
        with open_input(FileOptions(file=file), Path(room)) as opened:
            table = read_input(opened, FileOptions(file=file), Path(room))
        source = table.csv_file.source
        _refuse_unclear_quotes(table)
        for change in table.changes:
            screen.note(f"{source.name}: {change}")
        with SourceFile(source.path) as held:
            body = _body(held, source)
            _refuse_misfit(current, source, len(body))
            _remember(current, source, record)
            try:
                _put(connection, current, body)
            except (CredentialsError, Refused):
                record.unlink(missing_ok=True)
                raise
    screen.note(f"job {job}: uploaded {amount(source.rows, 'row')}, {size(len(body))}")
    if json:
        output.document(upload_document(current, source.rows, len(body)))
    return 0


def _refuse_unclear_quotes(table: InputTable) -> None:
    """Refuse rows whose quotes may mean several things.

    Raises:
        InputError: with the first of their lines.
    """
    for finding in table.findings:
        if finding.code == "QUOTES_UNCLEAR":
            raise InputError(
                f"{table.file.name}, {finding.message}",
                f"{plain_text(RULES[finding.code].advice)}.",
                name="InvalidCsv",
            )


def _body(held: SourceFile, source: Source) -> Body:
    """The whole file: the header as the file has it, then all records."""
    header = held.read(0, source.start).removeprefix(BYTE_ORDER_MARK)
    whole = Chunk(number=1, start=source.start, end=source.size, rows=source.rows, first_row=1)
    return Body(held, header, whole, lambda _sent: None)


def _put(connection: Connection, job: Job, body: Body) -> None:
    """Send it once, whatever comes back.

    Raises:
        SalesforceError: it was refused, or nobody can tell whether it arrived.
    """
    try:
        with job_view.on_interrupt(*_in_doubt("Interrupted", job.id)):
            job_view.ingest(connection).upload(job, body)
    except Transient as fault:
        message, hint = _in_doubt(fault.message, job.id)
        raise SalesforceError(message, hint, status=fault.status, code=fault.code) from fault


def _in_doubt(reason: str, job: str) -> tuple[str, str]:
    message = (
        f"{reason}. Nobody can tell whether the file arrived in job {job}, which takes no second "
        "upload; nothing was processed"
    )
    return message, f"Give the job up, then make a new one: bulkup abort {job}"


def _remember(job: Job, source: Source, record: Path) -> None:
    """Write down that the job gets a file, before it is sent: a lost answer is an upload too.

    Raises:
        NotWritable: the disk does not take it.
    """
    if record.parent.exists():
        _forget_old(record.parent)
    write_private(record, json.dumps({"created": job.created, "file": source.name}) + "\n")


def _forget_old(folder: Path) -> None:
    """Remove the records of jobs that are not there any more."""
    for old in folder.iterdir():
        if time.time() - old.stat().st_mtime > OPEN_SECONDS:
            old.unlink(missing_ok=True)


def _refuse_second(job: Job, record: Path) -> None:
    """Refuse a second upload, which the job would take and be spoilt by.

    Raises:
        InputError: a file was sent to the job from this machine.
    """
    try:
        known = json.loads(record.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return
    # After `bulkup local reset` another job may have the id.
    if known.get("created") != job.created:
        return
    raise InputError(
        f"Job {job.id} has got its file, {known.get('file')}, and takes no second one; "
        "nothing was sent",
        f"Go on with: bulkup close {job.id} --wait\n"
        f"For another file give it up, and make a new one: bulkup abort {job.id}",
        name="AlreadyUploaded",
    )


def _refuse_closed(job: Job) -> None:
    """Refuse before the file is read.

    Raises:
        InputError: the job is not Open.
    """
    if job.state is not JobState.OPEN:
        raise InputError(
            f"Job {job.id} is {job.state}, and only an Open job takes an upload; nothing was sent",
            f"Make a new one: bulkup create {_target(job)}",
            name="UploadRefused",
        )


def _refuse_misfit(job: Job, source: Source, length: int) -> None:
    """Refuse an upload that can only spoil the job; all reasons at once.

    Raises:
        InputError: the file is too big, or of another dialect than the job.
    """
    wrong = []
    if length > MOST_BYTES:
        wrong.append(f"{source.name} is {size(length)}, and a job takes {size(MOST_BYTES)}")
    # A file of one column is split by nothing, and fits any job.
    if job.delimiter not in {"", source.delimiter} and len(source.header) > 1:
        wrong.append(f"{source.name} is split by {source.delimiter}, the job by {job.delimiter}")
    if job.line_ending not in {"", source.line_ending}:
        wrong.append(
            f"{source.name} has line endings {source.line_ending}, the job {job.line_ending}"
        )
    if wrong:
        raise InputError(
            f"{'; '.join(wrong)}; nothing was sent",
            f"Split and load it in one go: bulkup run {source.name} {_target(job)}"
            if length > MOST_BYTES
            else f"Make a job that fits: bulkup create {_target(job)} "
            f"--delimiter {source.delimiter} --line-ending {source.line_ending}",
            name="UploadRefused",
        )


def _target(job: Job) -> str:
    """The options of `create` and `run` that make such a job."""
    key = f" --external-id {job.external_id}" if job.external_id else ""
    return f"--object {job.object} --op {job.operation}{key}"
