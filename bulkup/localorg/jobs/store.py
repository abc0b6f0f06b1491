"""The org's ingest jobs as it keeps them, and the bytes uploaded into them."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from io import BufferedReader, RawIOBase
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from bulkup.localorg.data import ids
from bulkup.localorg.faults.plan import LATE_AFTER

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

OPEN = "Open"
UPLOAD_COMPLETE = "UploadComplete"
IN_PROGRESS = "InProgress"
JOB_COMPLETE = "JobComplete"
FAILED = "Failed"
ABORTED = "Aborted"
ENDED = frozenset({JOB_COMPLETE, FAILED, ABORTED})

SUCCESSFUL = "successfulResults"
FAILED_RESULTS = "failedResults"
UNPROCESSED = "unprocessedrecords"

_BLOCK = 1 << 20


@dataclass(slots=True, kw_only=True)
class Job:
    """One ingest job. Times are seconds since the epoch, `offset` is in bytes of the upload.

    `done` and `failed` count rows; `bound` is where an aborted job ends (rows at work then still
    land); `faults` are the troubles ordered for it.
    """

    seq: int = 0
    id: str = ""
    state: str = OPEN
    object: str
    operation: str
    key: str | None
    delimiter: str
    ending: str
    version: str
    rule: str | None = None
    created: float
    modified: float
    started: float | None = None
    uploads: int = 0
    trouble: str = ""
    offset: int = 0
    slices: int = 0
    done: int = 0
    failed: int = 0
    bound: int | None = None
    header: list[str] = field(default_factory=list)
    error: str = ""
    faults: dict[str, Any] = field(default_factory=dict)

    @property
    def at_work(self) -> bool:
        """Whether there is background work to do for it now."""
        return self.state in {UPLOAD_COMPLETE, IN_PROGRESS} or (self.is_landing and not self.late)

    @property
    def is_landing(self) -> bool:
        """Whether rows of it are still to land after its end."""
        return self.bound is not None and self.done < self.bound

    @property
    def late(self) -> float | None:
        """When rows are to land that were ordered to land late."""
        time: float | None = self.faults.get("late_at")
        return time

    def order_late_rows(self, now: float) -> None:
        """Let rows land late after the job's end, if its faults say so."""
        if rows := self.faults.pop("late_rows", 0):
            self.bound = self.done + rows
            self.faults["late_at"] = now + self.faults.pop("late_after", LATE_AFTER)


_NAMES = [item.name for item in fields(Job)]


class Jobs:
    """The table of jobs. Whoever calls says when to commit."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._turn = 0

    def add(self, job: Job) -> None:
        """Keep a new job; gives it its Id."""
        cursor = self._database.execute("INSERT INTO job (id, state, data) VALUES ('', '', '')")
        job.seq = int(cursor.lastrowid or 0)
        job.id = ids.make("750", job.seq)
        self.save(job)

    def save(self, job: Job) -> None:
        """Keep what has changed in a job."""
        data = json.dumps(asdict(job), ensure_ascii=False)
        self._database.execute(
            "UPDATE job SET id = ?, state = ?, at_work = ?, data = ? WHERE seq = ?",
            (job.id, job.state, job.at_work, data, job.seq),
        )

    def get(self, id_: str) -> Job | None:
        """The job with this Id of 15 or 18 characters, or None."""
        return self._one("WHERE id = ?", ids.whole(id_) or "")

    def newest(self, *, before: int | None, limit: int) -> list[Job]:
        """Jobs from the newest on, those made before the job numbered `before`."""
        where = "WHERE seq < ? ORDER BY seq DESC LIMIT ?"
        return list(self._select(where, (1 << 62) if before is None else before, limit))

    def all(self) -> Iterator[Job]:
        """All jobs, oldest first."""
        return self._select("ORDER BY seq")

    def next_at_work(self) -> Job | None:
        """The job whose turn it is to be worked on: each in turn."""
        where = "WHERE at_work AND seq > ? ORDER BY seq LIMIT 1"
        job = self._one(where, self._turn) or self._one(where, 0)
        self._turn = job.seq if job else 0
        return job

    def landing_late(self, now: float) -> Iterator[Job]:
        """The jobs of which rows are to land late, and now."""
        ended = "WHERE state IN (?, ?) AND instr(data, '\"late_at\"') ORDER BY seq"
        for job in list(self._select(ended, FAILED, ABORTED)):
            if job.is_landing and job.late is not None and job.late <= now:
                yield job

    def delete(self, job: Job) -> None:
        """Forget a job and all that belongs to it."""
        self._database.execute("DELETE FROM job WHERE seq = ?", (job.seq,))
        self._database.execute("DELETE FROM result WHERE job = ?", (job.seq,))
        self.drop_uploads(job)

    def _one(self, where: str, *values: object) -> Job | None:
        return next(self._select(where, *values), None)

    def _select(self, where: str, *values: object) -> Iterator[Job]:
        query = f"SELECT data FROM job {where}"  # noqa: S608  # `where` is a text of this module
        for (data,) in self._database.execute(query, values).fetchall():
            kept = json.loads(data)
            yield Job(**{name: kept[name] for name in _NAMES if name in kept})

    def add_upload(self, job: Job, body: bytes) -> None:
        """Keep an uploaded body."""
        self._database.execute("INSERT INTO upload (job, body) VALUES (?, ?)", (job.seq, body))
        job.uploads += 1

    def drop_uploads(self, job: Job) -> None:
        """Forget the uploaded bytes, once they have become results."""
        self._database.execute("DELETE FROM upload WHERE job = ?", (job.seq,))

    def open_upload(self, job: Job) -> BinaryIO:
        """The uploaded bytes, read from the database block by block."""
        query = "SELECT number, length(body) FROM upload WHERE job = ? ORDER BY number LIMIT 1"
        number, size = self._database.execute(query, (job.seq,)).fetchone()
        return BufferedReader(_Blob(self._database, number, size), _BLOCK)

    def add_result(self, job: Job, kind: str, body: bytes) -> None:
        """Keep a slice of a result."""
        self._database.execute(
            "INSERT INTO result VALUES (?, ?, ?, ?)", (job.seq, kind, job.slices, body)
        )

    def results(self, job: Job, kind: str) -> list[bytes]:
        """All slices of a result, as they came about."""
        query = "SELECT body FROM result WHERE job = ? AND kind = ? ORDER BY slice"
        return [body for (body,) in self._database.execute(query, (job.seq, kind))]


class _Blob(RawIOBase):
    """A column's bytes as a file.

    The database's own handle is opened for each block only: an open one would keep SQLite from
    emptying its write-ahead log.
    """

    def __init__(self, database: sqlite3.Connection, number: int, size: int) -> None:
        self._database = database
        self._number = number
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, self._at, self._size)[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        room = cast("memoryview", buffer)
        want = min(len(room), max(self._size - self._at, 0))
        if want:
            with self._database.blobopen("upload", "body", self._number, readonly=True) as blob:
                blob.seek(self._at)
                room[:want] = blob.read(want)
            self._at += want
        return want
