"""`bulkup results`: Salesforce's three answers about a job, as they come."""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from bulkup import state_dir
from bulkup.auth.connection import Connection
from bulkup.cli import job_view, options, output
from bulkup.cli.connection import connect
from bulkup.cli.job_view import JobId
from bulkup.cli.output import Output
from bulkup.errors import InputError, RunError, SalesforceError
from bulkup.model import Job, JobState, ResultKind
from bulkup.report.document import results_document

EXAMPLES = """\
Examples:

  bulkup results 750000000000001AAA

  bulkup results 750000000000001AAA --failed --dir - > failed.csv

  bulkup results 750000000000001AAA --exit-code
"""
BLOCK = 1 << 20
STDOUT = "-"


def results(
    job: JobId,
    successful: Annotated[
        bool, typer.Option("--successful", help="Only the rows that went in.")
    ] = False,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only the rows that were refused.")
    ] = False,
    unprocessed: Annotated[
        bool, typer.Option("--unprocessed", help="Only the rows that were not looked at.")
    ] = False,
    directory: Annotated[
        str | None,
        typer.Option(
            "--dir",
            metavar="DIR",
            show_default=False,
            help="Where the files go; '-' with one of the three flags is stdout. "
            "Not given: bulkup-results/JOB/ here.",
        ),
    ] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 1 when some rows did not succeed.")
    ] = False,
    org: options.Org = None,
    api_version: options.ApiVersion = "60.0",
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """Download the results of a job; all three if none is named."""
    screen = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    asked = [
        kind
        for kind, wanted in zip(ResultKind, (successful, failed, unprocessed), strict=True)
        if wanted
    ]
    if directory == STDOUT and (len(asked) != 1 or json):
        raise InputError(
            "--dir - prints one result",
            "Add one of --successful, --failed, --unprocessed, and leave --json out.",
            name="InvalidOption",
        )
    with connect(org, api_version, screen, state_dir.find_state_dir()) as connection:
        current = _over(connection, job)
        if directory == STDOUT:
            _print(connection, job, asked[0])
            return _failures(connection, current) if exit_code else 0
        folder = Path(directory) if directory else Path("bulkup-results") / job
        paths = _save(connection, job, asked or list(ResultKind), folder.absolute())
        code = _failures(connection, current) if exit_code else 0
    if json:
        files = {str(kind): str(path) for kind, path in paths.items()}
        output.document(results_document(job, files))
    else:
        for path in paths.values():
            output.result(str(path))
    return code


def _over(connection: Connection, job: str) -> Job:
    """The job at its end: before that its results are refused, or worse, not whole.

    Raises:
        SalesforceError: it is not over.
    """
    current = connection.retry(lambda: job_view.ingest(connection).get(job))
    if current.state.ended:
        return current
    open_ = current.state is JobState.OPEN
    raise SalesforceError(
        f"Job {job} is {current.state}: there are no results before it is over",
        f"Type: bulkup {'close' if open_ else 'status'} {job} --wait",
    )


def _save(
    connection: Connection, job: str, kinds: list[ResultKind], folder: Path
) -> dict[ResultKind, Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder} can't be made: {error.strerror}",
            "Name another with --dir.",
            name="NotWritable",
        ) from error
    paths = {kind: folder / f"{kind}.csv" for kind in kinds}
    for kind, path in paths.items():
        _fetch(connection, job, kind, path)
    return paths


def _fetch(connection: Connection, job: str, kind: ResultKind, to: Path) -> None:
    try:
        connection.retry(lambda: job_view.ingest(connection).fetch(job, kind, to))
    except RunError as error:  # it speaks of a run, and there is none
        raise InputError(error.message, "Make room, or name another with --dir.") from error


def _print(connection: Connection, job: str, kind: ResultKind) -> None:
    """Whole, or not at all: a download that breaks must not leave half a file in a pipe."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.csv"
        _fetch(connection, job, kind, path)
        if sys.stdout.isatty():
            with path.open(encoding="utf-8", errors="backslashreplace", newline="") as lines:
                for line in lines:
                    output.result(line.removesuffix("\n").removesuffix("\r"))
            return
        with path.open("rb") as file, output.report_broken_stdout():
            while block := file.read(BLOCK):
                sys.stdout.buffer.write(block)
            sys.stdout.buffer.flush()


def _failures(connection: Connection, job: Job) -> int:
    """1 when rows of the job did not succeed, or when it was not done to its end."""
    if job.state is not JobState.JOB_COMPLETE:
        return 1
    # The job's own counts may lag behind its results.
    with tempfile.TemporaryDirectory() as folder:
        for kind in (ResultKind.FAILED, ResultKind.UNPROCESSED):
            path = Path(folder) / f"{kind}.csv"
            _fetch(connection, job.id, kind, path)
            with path.open("rb") as file:
                if file.readline() and file.readline():
                    return 1
    return 0
