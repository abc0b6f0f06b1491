"""The background work: one slice of one job after another."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from random import Random

from bulkup.localorg.data.objects import OrgObject
from bulkup.localorg.data.records import Records
from bulkup.localorg.jobs import store as states
from bulkup.localorg.jobs.batch import Slice
from bulkup.localorg.jobs.errors import JobError, RowError
from bulkup.localorg.jobs.layout import Layout, lay_out
from bulkup.localorg.jobs.result_writer import Writer
from bulkup.localorg.jobs.row import Row
from bulkup.localorg.jobs.store import Job, Jobs
from bulkup.localorg.jobs.upload_reader import Reader, Text, failure_of_job

SLICE_ROWS = 200
"""Rows that Salesforce works on together."""


@dataclass(slots=True, kw_only=True)
class _Open:
    """A job's upload while it is worked on."""

    reader: Reader
    texts: Iterator[Text]
    layout: Layout | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What work needs of the org. `batch_rows` rows are begun together and land together."""

    jobs: Jobs
    records: Records
    objects: Mapping[str, OrgObject]
    user: str
    seed: int
    batch_rows: int
    clock: Callable[[], float]


class Work:
    """Works on the org's jobs, each in turn. Whoever calls says when to commit."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._open: dict[int, _Open] = {}

    def tick(self) -> Job | None:
        """Work on one slice of the job whose turn it is; gives that job, or None.

        Whatever is to land late, and now, lands before that.
        """
        for late in self._desk.jobs.landing_late(self._desk.clock()):
            while late.is_landing:
                self._work_on(late)
        job = self._desk.jobs.next_at_work()
        if job is not None:
            self._work_on(job)
        return job

    def _work_on(self, job: Job) -> None:
        try:
            if job.state == states.UPLOAD_COMPLETE:
                self._begin(job)
            else:
                self._go_on(job)
        except JobError as error:
            self._end(job, states.FAILED, str(error))
        job.modified = self._desk.clock()
        self._desk.jobs.save(job)

    def forget(self, job: Job) -> None:
        """Let go of a job's upload."""
        self._open.pop(job.seq, None)

    def forget_all(self) -> None:
        """Let go of all uploads: they are opened again where the kept jobs say."""
        self._open.clear()

    def _begin(self, job: Job) -> None:
        job.state = states.IN_PROGRESS
        job.started = self._desk.clock()
        if job.trouble:
            raise JobError(job.trouble)
        self._opened(job)

    def _go_on(self, job: Job) -> None:
        upload = self._opened(job)
        want = self._want(job)
        texts, failure = list[Text](), ""
        for text in islice(upload.texts, want):
            if failure := failure_of_job(text):
                break
            texts.append(text)
            job.offset = upload.reader.offset
        if texts:
            self._work(job, upload, texts)
        if failure:
            raise JobError(failure)
        self._look_for_end(job, ended=len(texts) < want)

    def _want(self, job: Job) -> int:
        left_in_batch = self._desk.batch_rows - job.done % self._desk.batch_rows
        want = min(SLICE_ROWS, left_in_batch)
        if job.bound is not None:
            want = min(want, job.bound - job.done)
        fail_after = job.faults.get("fail_after")
        if fail_after is not None and job.state not in states.ENDED:
            want = min(want, max(fail_after - job.done, 0))
        return want

    def _work(self, job: Job, upload: _Open, texts: list[Text]) -> None:
        desk = self._desk
        random = Random(f"{desk.seed} {job.id} {job.slices}")  # noqa: S311  # only an order
        writer = Writer(job, upload.layout, random)
        left = self._left_out(job, texts, random)
        worked = [text for text in texts if id(text) not in left]
        rows = self._apply(job, upload, worked, random)
        for kind, body in writer.rows(rows).items():
            desk.jobs.add_result(job, kind, body)
        if left:
            untouched = [text for text in texts if id(text) in left]
            desk.jobs.add_result(
                job, states.UNPROCESSED, writer.untouched(untouched, len(job.header))
            )
        job.slices += 1
        job.done += len(texts)
        job.failed += sum(1 for row in rows if row.error)

    def _apply(self, job: Job, upload: _Open, texts: list[Text], random: Random) -> list[Row]:
        if upload.layout is None:
            raise AssertionError  # a header without a layout has failed the job
        desk = self._desk
        locked = self._chosen(job, "locked", texts, random)
        free = [text for text in texts if id(text) not in locked]
        batch = Slice(desk.records, desk.objects, job, upload.layout, desk.user)
        rows = batch.apply(free)
        error = RowError("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
        return rows + batch.refuse([text for text in texts if id(text) in locked], error)

    def _left_out(self, job: Job, texts: list[Text], random: Random) -> set[int]:
        return self._chosen(job, "unprocessed", texts, random)

    def _chosen(self, job: Job, fault: str, texts: list[Text], random: Random) -> set[int]:
        share = job.faults.get(fault, 0)
        return {id(text) for text in texts if random.random() < share} if share else set()

    def _look_for_end(self, job: Job, *, ended: bool) -> None:
        limit = job.faults.get("fail_after")
        if limit is not None and job.done >= limit and job.state not in states.ENDED:
            raise JobError(job.faults.get("error", "InternalServerError : ordered fault"))
        if job.state == states.IN_PROGRESS and ended:
            self._end(job, states.JOB_COMPLETE)
        elif job.bound is not None and (ended or job.done >= job.bound):
            job.bound = job.done
            self.forget(job)

    def _end(self, job: Job, state: str, error: str = "") -> None:
        self.forget(job)
        if job.state != states.ABORTED:
            job.state = state
            job.error = error
        job.bound = None
        if state == states.FAILED and "fail_after" in job.faults:
            job.order_late_rows(self._desk.clock())
        if state == states.JOB_COMPLETE:
            self._desk.jobs.drop_uploads(job)

    def _opened(self, job: Job) -> _Open:
        if job.seq not in self._open:
            self._open[job.seq] = self._reopen(job)
        return self._open[job.seq]

    def _reopen(self, job: Job) -> _Open:
        desk = self._desk
        stream = desk.jobs.open_upload(job)
        reader = Reader(stream, job.delimiter)
        texts = iter(reader)
        first = next(texts, None)
        if first is None:  # an empty body: nothing to do, nothing wrong
            return _Open(reader=reader, texts=texts, layout=None)
        if first.problem:
            raise JobError(f"InvalidBatch : Failed to parse CSV. {first.problem}")
        job.header = first.cells
        object_ = desk.objects[job.object.lower()]
        layout = lay_out(first.cells, object_, desk.objects, job.operation, job.key)
        if job.offset:
            reader = Reader(stream, job.delimiter, job.offset)
            texts = iter(reader)
        return _Open(reader=reader, texts=texts, layout=layout)
