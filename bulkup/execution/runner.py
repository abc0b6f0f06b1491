"""Many lives at once: threads, waiting, leaving. Clock and executor are given from outside."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol

from bulkup.clock import Clock
from bulkup.errors import BulkupError
from bulkup.execution.chunk_job import ChunkJob, Ingest, Sendable
from bulkup.execution.completion import MISSING_ROWS_SECONDS
from bulkup.execution.control import FailureGuard, LeaveChunk, RunControl
from bulkup.model import Chunk
from bulkup.retry import RetryPolicy, poll_wait
from bulkup.runs.events import (
    Aborting,
    ChunkEvent,
    Closed,
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
TICK_SECONDS = 0.2

Listener = Callable[[Event], None]


class BodyOf(Protocol):
    """Makes the body of a chunk; `checkpoint` is called with the bytes sent before each block."""

    def __call__(self, chunk: Chunk, checkpoint: Callable[[int], None], /) -> Sendable:
        """The body."""


class AbortChunk(Exception):
    """Unwinds a chunk whose job is to be aborted."""


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Carries chunks out. Each event is journalled, then shown, then acted upon.

    `retry_for` is how many seconds a passing fault is borne.
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
    left_behind: set[Future[None]] = field(default_factory=set)
    _last: dict[int, ChunkEvent] = field(default_factory=dict)
    _showing: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Take up what the journal says, with the eyes of the watcher."""
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
        """Drive each chunk to its end, so many at a time, as far as `stop` allows.

        What ends the run early is left in `stop.error`; only a bug is raised. Lives that hang in
        a call long after somebody asked to leave are left behind, see `left_behind`.
        """
        left = [chunk for chunk in chunks if not self.over(chunk)]
        left.sort(key=lambda chunk: (chunk.number not in self._last, chunk.number))
        running: set[Future[None]] = set()
        try:
            while left or running:
                while left and len(running) < parallel and self._may_start(left[0]):
                    running.add(self.executor.submit(self._run_chunk, left.pop(0)))
                if not running:
                    return
                done, running = wait(running, TICK_SECONDS, FIRST_COMPLETED)
                for life in done:
                    life.result()
                if running and self.stop.overdue:
                    self.left_behind.update(running)
                    return
        except BaseException:
            self.stop.leave_now()
            wait(running)
            raise

    def over(self, chunk: Chunk) -> bool:
        """Whether nothing is left to do for the chunk."""
        return isinstance(self._last.get(chunk.number), Saved | Lost)

    def tell(self, event: Event) -> None:
        """Show an event, one at a time."""
        with self._showing:
            self.listener(event)

    def _may_start(self, chunk: Chunk) -> bool:
        begun = not isinstance(self._last.get(chunk.number), None | Discarded)
        return not self.stop.leaving and (begun or self.stop.may_start_jobs)

    def _run_chunk(self, chunk: Chunk) -> None:
        try:
            patience = RetryPolicy(
                self.clock,
                self.stop.sleep,
                retry_for=self.retry_for,
                tell=lambda reason, seconds: self.tell(
                    RetryWait(chunk=chunk.number, reason=reason, seconds=seconds)
                ),
            )
            patience(lambda: self._advance(chunk, patience))
        except LeaveChunk:
            return
        except BulkupError as error:
            self.stop.fail(error)

    def _advance(self, chunk: Chunk, patience: RetryPolicy) -> None:
        """Go on from the chunk's last event until its end, or until something comes between."""
        while True:
            if not self._may_start(chunk):
                raise LeaveChunk
            try:
                self._run_job(chunk, patience)
            except AbortChunk:
                self._write(self._intent_to_abort(chunk))
            else:
                return

    def _run_job(self, chunk: Chunk, patience: RetryPolicy) -> None:
        def checkpoint(sent: int) -> None:
            self.stop.checkpoint()
            self.tell(UploadProgress(chunk=chunk.number, job="", bytes=sent))

        life = ChunkJob(
            chunk,
            self.body_of(chunk, checkpoint),
            self.ingest,
            self.answers,
            self.clock,
            missing_for=min(MISSING_ROWS_SECONDS, self.retry_for),
        )
        since = self.clock.now()
        with closing(life.run(self._last.get(chunk.number))) as events:
            for event in events:
                patience.answered()
                self._write(event)
                self._pause_after(event, since)

    def _write(self, event: ChunkEvent) -> None:
        if event.durable:
            self.journal.append(event)
            self._last[event.chunk] = event
        self.watcher.observe(event)
        self.tell(event)

    def _pause_after(self, event: ChunkEvent, since: float) -> None:
        """Wait as long as the event asks for.

        Raises:
            Leaving: the chunk is to be left where it stands.
            _CallOff: the job is to be aborted.
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
