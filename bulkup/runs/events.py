"""What can happen to a chunk and to a run.

Durable events are in the journal before anything else happens; the others are only shown.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from bulkup.model import Chunk, Job, JobState, Part, Status
from bulkup.runs.place import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened or is about to happen. `at` is the moment, ISO 8601 in UTC."""

    durable: ClassVar[bool] = True

    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkEvent(Event):
    """Something about one chunk and its current job."""

    chunk: int
    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Created(ChunkEvent):
    """A job exists for the chunk. Nothing is known to have been uploaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded(ChunkEvent):
    """The org has accepted the whole body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing(ChunkEvent):
    """An intent: from here on the rows may be processed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(ChunkEvent):
    """The job is UploadComplete or in a later state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aborting(ChunkEvent):
    """An intent: we abort the job. `closed`: it had been closed, so rows may be in the org."""

    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded(ChunkEvent):
    """The job is gone or aborted and was never closed: the chunk begins again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(ChunkEvent):
    """The job has ended. `closed`: it had been closed, so rows may have been processed."""

    state: JobState
    closed: bool = True
    processed: int | None = None
    failed: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved(ChunkEvent):
    """The job's results are on the disk; the number of rows in each.

    `passing` counts the rows of `failed` whose error is temporary, `unknown` the rows of the chunk
    that no result names, and `rest` is the status of those.
    """

    succeeded: int = 0
    created: int = 0
    failed: int = 0
    passing: int = 0
    unprocessed: int = 0
    unknown: int = 0
    rest: Status = Status.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost(ChunkEvent):
    """What became of the chunk's rows can't be found out any more: they are unknown."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPolled(ChunkEvent):
    """A look at a job that has been closed. `settling`: it has ended, its counts have not.

    `late_rows_for`: for so many seconds batches of a job that did not complete may still land.
    """

    durable: ClassVar[bool] = False

    seen: Job
    settling: bool = False
    late_rows_for: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadProgress(ChunkEvent):
    """The number of bytes of the body that have been sent."""

    durable: ClassVar[bool] = False

    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryWait(Event):
    """A temporary error is retried after so many seconds."""

    durable: ClassVar[bool] = False

    reason: str
    seconds: float
    chunk: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned(Event):
    """The plan is about to be written: the first event of each journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """A process has started or resumed the run, whose directory is in that place."""

    process: int
    version: str
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRound(Event):
    """Rows of a level are sent again, as chunks of a new source of this size (bytes) and sha256."""

    round: int
    size: int
    sha256: str
    chunks: tuple[Chunk, ...]
    level: int = 1

    @property
    def part(self) -> Part:
        """The level and the round of its chunks."""
        return self.level, self.round


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPaused(Event):
    """A process has ended its work on the run in `state`, after `seconds` and `api_calls`."""

    state: str
    seconds: float = 0.0
    api_calls: int = 0
    error: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded(Event):
    """`retry` has taken the rows over into the run named `by`."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping(Event):
    """The user ends the run: its jobs are aborted and nothing more is begun, ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandoned(Event):
    """The user has abandoned the run."""


def stamped(event: Event, at: str) -> Event:
    """Return the event with its moment."""
    return replace(event, at=at)
