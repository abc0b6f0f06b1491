"""What things are: the plain, frozen data that every other module speaks of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Operation(StrEnum):
    """What a load does with the rows."""

    INSERT = "insert"
    UPDATE = "update"
    UPSERT = "upsert"
    DELETE = "delete"
    HARD_DELETE = "hard-delete"


class Delimiter(StrEnum):
    """What stands between two cells, by Salesforce's name for it."""

    COMMA = "COMMA"
    SEMICOLON = "SEMICOLON"
    TAB = "TAB"
    PIPE = "PIPE"
    CARET = "CARET"
    BACKQUOTE = "BACKQUOTE"

    @property
    def char(self) -> str:
        """The one ASCII character itself."""
        return DELIMITER_CHARS[self]


DELIMITER_CHARS: Mapping[Delimiter, str] = {
    Delimiter.COMMA: ",",
    Delimiter.SEMICOLON: ";",
    Delimiter.TAB: "\t",
    Delimiter.PIPE: "|",
    Delimiter.CARET: "^",
    Delimiter.BACKQUOTE: "`",
}


class LineEnding(StrEnum):
    """What ends a record, by Salesforce's name for it."""

    LF = "LF"
    CRLF = "CRLF"

    @property
    def chars(self) -> str:
        """The characters themselves."""
        return "\n" if self is LineEnding.LF else "\r\n"


class JobState(StrEnum):
    """Where a job stands, in Salesforce's words."""

    OPEN = "Open"
    UPLOAD_COMPLETE = "UploadComplete"
    IN_PROGRESS = "InProgress"
    JOB_COMPLETE = "JobComplete"
    FAILED = "Failed"
    ABORTED = "Aborted"

    @property
    def ended(self) -> bool:
        """Whether Salesforce begins nothing more for the job."""
        return self in {JobState.JOB_COMPLETE, JobState.FAILED, JobState.ABORTED}


class ResultKind(StrEnum):
    """Salesforce's three results of a job."""

    SUCCESSFUL = "successful"
    FAILED = "failed"
    UNPROCESSED = "unprocessed"


class Status(StrEnum):
    """What became of one row of the source."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNPROCESSED = "unprocessed"
    NOT_SENT = "not_sent"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"
    PENDING = "pending"


class Severity(StrEnum):
    """How much a finding weighs: an error stops the load, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing the check has to say. `rows` are the first row numbers (1 = first record)."""

    severity: Severity
    code: str
    message: str
    column: str = ""
    count: int = 0
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A CSV file as it lies on the disk, in a form that Salesforce takes byte for byte.

    `size` and the offsets are in bytes. The records lie in `[start, size)`; the bytes before
    `start` are an optional byte order mark and the header record. Blank lines at the very end are
    no records. `marks` are (offset, records before it) of some record boundaries, about one in a
    MiB, the first at `start`, the last at the end of the last record: an index for `plan.cut`.
    """

    path: Path
    name: str
    size: int
    sha256: str
    encoding: str
    delimiter: Delimiter
    line_ending: LineEnding
    header: tuple[str, ...]
    start: int
    rows: int
    header_lines: int = 1
    marks: tuple[tuple[int, int], ...] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a load goes: which org, which object, by which operation and key."""

    object: str
    operation: Operation
    external_id: str | None = None
    assignment_rule: str | None = None
    alias: str = ""
    instance_url: str = ""
    org_id: str = ""
    username: str = ""
    api_version: str = "60.0"


Part = tuple[int, int]
"""Level and round of a source that is cut into chunks; (1, 1) is the first."""

FIRST_PART: Part = (1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A byte range `[start, end)` of a source: whole records, `rows` of them.

    `number` is unique in a run (1, 2, …); `first_row` is the position of its first record in its
    own source (1 = first record). `level` is 1 but for rows whose parents stand in the same file:
    they are sent when the levels before are over. `round` is 1 for the first attempt.
    """

    number: int
    start: int
    end: int
    rows: int
    first_row: int
    round: int = 1
    level: int = 1

    @property
    def part(self) -> Part:
        """The level and the round: chunks of one part are ranges of one source."""
        return self.level, self.round


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Salesforce's job, as far as a look at it tells. Counts are None while it is Open."""

    id: str
    state: JobState
    object: str = ""
    operation: str = ""
    external_id: str | None = None
    content_url: str = ""
    delimiter: str = ""
    line_ending: str = ""
    processed: int | None = None
    failed: int | None = None
    error_message: str = ""
    created: str = ""
    api_version: str = ""
    total_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of an object, as the org describes it. Lengths are in characters."""

    name: str
    label: str = ""
    type: str = "string"
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = True
    defaulted_on_create: bool = False
    createable: bool = True
    updateable: bool = True
    external_id: bool = False
    id_lookup: bool = False
    unique: bool = False
    case_sensitive: bool = False
    calculated: bool = False
    auto_number: bool = False
    restricted_picklist: bool = False
    picklist_values: tuple[str, ...] = ()
    reference_to: tuple[str, ...] = ()
    relationship_name: str = ""
    polymorphic: bool = False

    @property
    def required(self) -> bool:
        """Whether an insert without a value is refused."""
        return (
            self.createable
            and not self.nillable
            and not self.defaulted_on_create
            and self.type != "boolean"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordType:
    """A record type of an object; `available`: the user may give it to records."""

    id: str
    name: str
    developer_name: str
    available: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """An object as the org describes it, its fields by their API name.

    `picklist_labels` has, for each field with labels other than its values, the value of each.
    """

    name: str
    label: str = ""
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    key_prefix: str = ""
    fields: Mapping[str, Field] = field(default_factory=dict)
    picklist_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    record_types: tuple[RecordType, ...] = ()
