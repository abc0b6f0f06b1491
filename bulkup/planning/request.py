"""A load as the user asks for it: one object that goes from the command to the plan."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bulkup.errors import InputError
from bulkup.model import Delimiter, LineEnding, ObjectInfo, Operation, Target
from bulkup.retry import RETRY_FOR
from bulkup.runs.plan import Dialect, MaxFailed, Options, Plan

API_VERSION = "60.0"
CHUNK_BYTES = 100_000_000
PARALLEL = 4
ROW_RETRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """A file and how it is read.

    `file` is a path, or `-` for standard input; `encoding`, `delimiter` and `line_ending` are
    detected where they are None. `skip_lines` lines stand above the header. `allow` are codes of
    findings that the check lets pass. `check`: cells are looked at. `allow_empty` takes a file
    without records; it is None where that is not to be offered.
    """

    file: str
    encoding: str | None = None
    delimiter: Delimiter | None = None
    line_ending: LineEnding | None = None
    skip_lines: int = 0
    allow: Collection[str] = ()
    check: bool = True
    allow_empty: bool | None = None

    @property
    def dialect(self) -> Dialect:
        """What the user said of the file."""
        return Dialect(
            encoding=self.encoding,
            delimiter=self.delimiter,
            line_ending=self.line_ending,
            skip_lines=self.skip_lines,
            unclear_quotes="QUOTES_UNCLEAR" in self.allow,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRequest(FileOptions):
    """What is loaded, how its file is read, what the check may let pass, and how it is sent.

    `renames` has, for columns of the file, the fields they are sent as, `drops` names columns
    that are not sent; `drop_unknown` leaves out all that can't be written. `again` allows a load
    that another run does or did. `directory` is where the result files go; None for the default
    place. `chunk_bytes` is bytes of a job's body; `retry_for` and `timeout` are seconds. Without
    `wait` the jobs are sent and not watched.
    """

    object: str
    operation: Operation
    external_id: str | None = None
    assignment_rule: str | None = None
    api_version: str = API_VERSION
    renames: Mapping[str, Sequence[str]] = field(default_factory=dict)
    drops: Collection[str] = ()
    drop_unknown: bool = False
    blank_null: bool = False
    strict: bool = False
    skip_invalid: bool = False
    include_unknown: bool = False
    again: bool = False
    directory: Path | None = None
    parallel: int = PARALLEL
    chunk_bytes: int = CHUNK_BYTES
    chunk_rows: int | None = None
    retry_for: float = RETRY_FOR
    row_retries: int = ROW_RETRIES
    canary: int = 0
    max_failed: MaxFailed | None = None
    timeout: float | None = None
    wait: bool = True

    def __post_init__(self) -> None:
        """Refuse a key that is missing or makes no sense.

        Raises:
            InputError: with what to type.
        """
        require_key(self.operation, self.external_id)

    def target(self, info: ObjectInfo) -> Target:
        """Where the rows go; in which org is not known yet."""
        return Target(
            object=info.name,
            operation=self.operation,
            external_id=self.external_id,
            assignment_rule=self.assignment_rule,
            api_version=self.api_version,
        )

    def options(self, run: str) -> Options:
        """What the plan keeps of how the load is done; `run` names the default directory."""
        return Options(
            directory=(self.directory or Path("bulkup-results") / run).absolute(),
            parallel=self.parallel,
            chunk_bytes=self.chunk_bytes,
            chunk_rows=self.chunk_rows,
            retry_for=self.retry_for,
            row_retries=self.row_retries,
            canary=self.canary,
            max_failed=self.max_failed,
            blank_null=self.blank_null,
        )


def request_of_plan(plan: Plan) -> LoadRequest:
    """The request that reads the plan's file and sends it as that plan did, without a check."""
    options, target = plan.options, plan.target
    return LoadRequest(
        file=str(plan.source.path),
        object=target.object,
        operation=target.operation,
        external_id=target.external_id,
        assignment_rule=target.assignment_rule,
        api_version=target.api_version,
        encoding=plan.dialect.encoding,
        delimiter=plan.dialect.delimiter,
        line_ending=plan.dialect.line_ending,
        skip_lines=plan.dialect.skip_lines,
        allow=("QUOTES_UNCLEAR",) if plan.dialect.unclear_quotes else (),
        blank_null=options.blank_null,
        check=False,
        directory=options.directory,
        parallel=options.parallel,
        chunk_bytes=options.chunk_bytes,
        chunk_rows=options.chunk_rows,
        retry_for=options.retry_for,
        row_retries=options.row_retries,
        max_failed=options.max_failed,
    )


def require_key(operation: Operation, external_id: str | None) -> None:
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
        what = "makes new records" if operation is Operation.INSERT else "goes by Id"
        raise InputError(
            f"--external-id is for upsert; {operation} {what}",
            "Leave it out, or say --op upsert.",
            name="InvalidOption",
        )
