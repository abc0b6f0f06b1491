"""Loads many chunks at once: threads, waits, retries, leaving early.

The clock and the executor are given from outside. A chunk whose job did not complete and may
still change is parked between two polls, so that it occupies none of the `parallel` threads.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from bulkup.clock import Clock
from bulkup.errors import BulkupError
from bulkup.execution.chunk_job import ChunkJob, Ingest, Sendable
from bulkup.execution.completion import LATE_ROWS_SECONDS, MISSING_ROWS_SECONDS
from bulkup.execution.control import FailureGuard, LeaveChunk, RunControl
from bulkup.model import Chunk, JobState
from bulkup.retry import RetryPolicy, poll_wait
from bulkup.runs.events import (
    Aborting,
    ChunkEvent,
    Closed,
    Closing,
    Created,
    Discarded,
    Event,
    Finished,
    JobPolled,
    Lost,
    RetryWait,
    Saved,
    Uploaded,
    UploadProgress,
)
from bulkup.runs.job_results import Answers
from bulkup.runs.journal import Journal, last_events

SETTLE_SECONDS = 2.0
LATE_POLL_SECONDS = 30.0
TICK_SECONDS = 0.2

Listener = Callable[[Event], None]

STEPS: tuple[type[ChunkEvent], ...] = (Created, Uploaded, Closing, Closed, Finished, Saved)
"""What a chunk that is loaded without a fault goes through, in this order."""


class BodyOf(Protocol):
    """Makes the body of a chunk; `checkpoint` is called with the bytes sent before each block."""

    def __call__(self, chunk: Chunk, checkpoint: Callable[[int], None], /) -> Sendable:
        """The body."""


class AbortChunk(Exception):
    """Unwinds a chunk whose job is to be aborted."""


class ParkChunk(Exception):
    """Unwinds a chunk that is to go on from its last durable event in so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(slots=True)
class Progress:
    """How far a chunk has come in this process, which resets the time that faults are borne.

    A step is progress only if no job of the chunk has taken it yet: a job that is made again
    after a failed upload is none.
    """

    _furthest: int = -1

    def advances(self, event: ChunkEvent) -> bool:
        """Whether the event got the chunk further than ever before."""
        if isinstance(event, JobPolled):
            return event.seen.state is not JobState.OPEN
        if type(event) not in STEPS:
            return False
        step = STEPS.index(type(event))
        furthest, self._furthest = self._furthest, max(self._furthest, step)
        return step > furthest


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Loads chunks. Each event is journalled, then shown, then acted upon.

    `retry_for` is how many seconds a temporary error is retried. `late_rows_for`: how many
    seconds the counts of a job that did not complete must not change.
    """

    journal: Journal
    ingest: Ingest
    body_of: BodyOf
    answers: Answers
    clock: Clock
    executor: Executor
    stop: RunControl
    watcher: FailureGuard
    listener: Listener
    retry_for: float
    late_rows_for: float = LATE_ROWS_SECONDS
    left_behind: set[Future[float | None]] = field(default_factory=set)
    _last: dict[int, ChunkEvent] = field(default_factory=dict)
    _showing: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Read the journal, and let the guard observe what happened before."""
        self._last.update(last_events(self.journal.events))
        for end in self._to_fetch_again():
            # Written down anew, so that every reader of the journal knows that it is not over.
            self.journal.append(end)
            self._last[end.chunk] = end
        for event in self.journal.events:
            self.watcher.observe(event)

    def _to_fetch_again(self) -> list[Finished]:
        """The ends of the jobs whose saved results the disk has lost."""
        ends = {e.job: e for e in self.journal.events if isinstance(e, Finished) and e.closed}
        return [
            ends[event.job]
            for event in self._last.values()
            if isinstance(event, Saved)
            and event.job in ends
            and not self.answers.kept(event.chunk, event.job)
        ]

    def run_chunks(self, chunks: Sequence[Chunk], parallel: int) -> None:
        """Load each chunk to its end, so many at a time, as far as `stop` allows.

        What ends the run early is left in `stop.error`; only a bug is raised. Threads that hang in
        a call long after somebody asked to leave are left behind, see `left_behind`.
        """
        left = [chunk for chunk in chunks if not self.over(chunk)]
        # Those with a job first: behind one that may not begin any more they would wait for ever.
        left.sort(key=lambda chunk: (not self._has_job(chunk), chunk.number))
        running: dict[Future[float | None], Chunk] = {}
        parked: dict[int, tuple[float, Chunk]] = {}
        try:
            while left or running or parked:
                left[:0] = self._take_due(parked)
                while left and len(running) < parallel and self._may_start(left[0]):
                    chunk = left.pop(0)
                    running[self.executor.submit(self._run_chunk, chunk)] = chunk
                if not running and not (parked and self._sleep_until_due(parked)):
                    return
                for future in wait(running, TICK_SECONDS, FIRST_COMPLETED).done:
                    chunk, seconds = running.pop(future), future.result()
                    if seconds is not None:
                        parked[chunk.number] = (self.clock.now() + seconds, chunk)
                if running and self.stop.overdue:
                    self.left_behind.update(running)
                    return
        except BaseException:
            self.stop.leave_now()
            wait(running)
            raise

    def _take_due(self, parked: dict[int, tuple[float, Chunk]]) -> list[Chunk]:
        """Remove and return the parked chunks that are to go on now."""
        now = self.clock.now()
        due = [number for number, (time, _) in parked.items() if time <= now]
        return [parked.pop(number)[1] for number in due]

    def _sleep_until_due(self, parked: Mapping[int, tuple[float, Chunk]]) -> bool:
        """Sleep until the first parked chunk is to go on; False when it is time to leave."""
        try:
            self.stop.sleep(max(0.0, min(time for time, _ in parked.values()) - self.clock.now()))
        except LeaveChunk:
            return False
        return True

    def over(self, chunk: Chunk) -> bool:
        """Whether nothing is left to do for the chunk."""
        return isinstance(self._last.get(chunk.number), Saved | Lost)

    def tell(self, event: Event) -> None:
        """Show an event, one at a time."""
        with self._showing:
            self.listener(event)

    def _has_job(self, chunk: Chunk) -> bool:
        return not isinstance(self._last.get(chunk.number), None | Discarded)

    def _may_start(self, chunk: Chunk) -> bool:
        return not self.stop.leaving and (self._has_job(chunk) or self.stop.may_start_jobs)

    def _run_chunk(self, chunk: Chunk) -> float | None:
        """Go on with a chunk, retrying; in how many seconds it is to go on again, if it is."""
        progress = Progress()
        try:
            policy = RetryPolicy(
                self.clock,
                self.stop.sleep,
                retry_for=self.retry_for,
                tell=lambda reason, seconds: self.tell(
                    RetryWait(chunk=chunk.number, reason=reason, seconds=seconds)
                ),
            )
            policy(lambda: self._advance(chunk, policy, progress))
        except ParkChunk as pause:
            return pause.seconds
        except LeaveChunk:
            return None
        except BulkupError as error:
            self.stop.fail(error)
            self._discard_job(chunk)
        return None

    def _discard_job(self, chunk: Chunk) -> None:
        """Abort the job of a chunk that is given up, if that works; else `resume` does it."""
        with suppress(BulkupError):
            for event in self._job_of(chunk, lambda _sent: None).discard(
                self._last.get(chunk.number)
            ):
                self._write(event)

    def _advance(self, chunk: Chunk, policy: RetryPolicy, progress: Progress) -> None:
        """Go on from the chunk's last event until its end, or until something comes between."""
        while True:
            if not self._may_start(chunk):
                raise LeaveChunk
            try:
                self._run_job(chunk, policy, progress)
            except AbortChunk:
                self._write(self._intent_to_abort(chunk))
            else:
                return

    def _run_job(self, chunk: Chunk, policy: RetryPolicy, progress: Progress) -> None:
        def checkpoint(sent: int) -> None:
            self.stop.checkpoint()
            self.tell(UploadProgress(chunk=chunk.number, job="", bytes=sent))

        job = self._job_of(chunk, checkpoint)
        since = self.clock.now()
        with closing(job.run(self._last.get(chunk.number))) as events:
            for event in events:
                if progress.advances(event):
                    policy.answered()
                self._write(event)
                self._pause_after(event, since)

    def _job_of(self, chunk: Chunk, checkpoint: Callable[[int], None]) -> ChunkJob:
        return ChunkJob(
            chunk,
            self.body_of(chunk, checkpoint),
            self.ingest,
            self.answers,
            self.clock,
            missing_for=min(MISSING_ROWS_SECONDS, self.retry_for),
            late_for=self.late_rows_for,
        )

    def _write(self, event: ChunkEvent) -> None:
        if event.durable:
            self.journal.append(event)
            # The journal stamps its own copy; waits count from the moment of the last event.
            self._last[event.chunk] = replace(event, at=self.clock.stamp())
        self.watcher.observe(event)
        self.tell(event)

    def _pause_after(self, event: ChunkEvent, since: float) -> None:
        """Wait as long as the event asks for.

        Raises:
            LeaveChunk: the chunk is to be left where it stands.
            AbortChunk: the job is to be aborted.
            ParkChunk: the chunk is to go on later, and other chunks meanwhile.
        """
        self.stop.checkpoint()
        match event:
            case Discarded() if not self.stop.may_start_jobs:
                raise LeaveChunk
            case Created() | Uploaded() | Closed() if self._to_be_called_off(event):
                raise AbortChunk
            case JobPolled() if not event.seen.state.ended and self._to_be_called_off(event):
                raise AbortChunk
            case Closed() | Finished() if not self.stop.keep_polling:
                raise LeaveChunk
            case JobPolled() if event.settling or not event.seen.state.ended:
                if not self.stop.keep_polling:
                    raise LeaveChunk
                if event.late_rows_for:
                    raise ParkChunk(min(LATE_POLL_SECONDS, event.late_rows_for))
                self.stop.sleep(
                    SETTLE_SECONDS if event.settling else poll_wait(self.clock.now() - since)
                )
            case _:
                pass

    def _to_be_called_off(self, event: ChunkEvent) -> bool:
        last = self._last.get(event.chunk)
        return self.stop.abort_jobs and not isinstance(last, Aborting)

    def _intent_to_abort(self, chunk: Chunk) -> Aborting:
        last = self._last[chunk.number]
        return Aborting(
            chunk=chunk.number, job=last.job, closed=not isinstance(last, Created | Uploaded)
        )
