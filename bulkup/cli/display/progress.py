"""Readers of the list of events: live bars on a terminal, plain lines elsewhere."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bulkup.cli.output import Output
from bulkup.model import Chunk
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
    RetryRound,
    RetryWait,
    Saved,
    Uploaded,
)
from bulkup.text import amount, duration, size

Listener = Callable[[Event], None]


@dataclass(kw_only=True)
class Lines:
    """A line at each change. `say` writes it; `header`: bytes that each body has in front."""

    say: Callable[[str], None]
    chunks: dict[int, Chunk]
    header: int = 0
    live: bool = False
    _seen: dict[int, tuple[int | None, int | None]] = field(default_factory=dict)
    _late_minutes: dict[int, int] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        """Say what the event means, when a person would want to know."""
        if text := self.words(event):
            self.say(text)

    def words(self, event: Event) -> str:
        """The event in one line, or nothing where it is not worth one."""
        match event:
            case ChunkEvent():
                sentence = self._step(event) or self._wait_for_late_rows(event)
                sentence = sentence or ("" if self.live else self._quiet_step(event))
                return f"{self._name(event.chunk, event.job)}: {sentence}" if sentence else ""
            case RetryWait():
                return f"waiting {duration(event.seconds)}: {event.reason}"
            case RetryRound():
                self.chunks.update({chunk.number: chunk for chunk in event.chunks})
                rows = amount(sum(chunk.rows for chunk in event.chunks), "row")
                return f"round {event.round}: {rows} failed with a temporary error, sent again"
        return ""

    def _step(self, event: ChunkEvent) -> str:
        """What is worth a line beside the bars too."""
        match event:
            case Aborting():
                return "aborting"
            case Discarded():
                return "never closed, the chunk begins again"
            case Finished() if event.message:
                return f"{event.state}: {event.message}"
            case Saved():
                return _end(event)
            case Lost():
                return f"{event.reason}; its rows are unknown"
        return ""

    def _quiet_step(self, event: ChunkEvent) -> str:
        """What the bars show anyway."""
        match event:
            case Created():
                return "created"
            case Uploaded():
                chunk = self.chunks[event.chunk]
                body = size(self.header + chunk.end - chunk.start)
                return f"uploaded {amount(chunk.rows, 'row')}, {body}"
            case Closed():
                return "closed; Salesforce is processing"
            case JobPolled():
                return self._poll_line(event)
        return ""

    def _wait_for_late_rows(self, event: ChunkEvent) -> str:
        """How long a job that did not complete is still waited for, once a minute."""
        if not isinstance(event, JobPolled) or not event.late_rows_for:
            return ""
        minutes = math.ceil(event.late_rows_for / 60)
        if self._late_minutes.get(event.chunk) == minutes:
            return ""
        self._late_minutes[event.chunk] = minutes
        return (
            f"{event.seen.state}; batches of it may still land: waiting, {minutes} min left "
            "(or stop here with ^C and resume later)"
        )

    def _poll_line(self, event: JobPolled) -> str:
        now = (event.seen.processed, event.seen.failed)
        if event.settling or not now[0] or self._seen.get(event.chunk) == now:
            return ""
        self._seen[event.chunk] = now
        failed = f", {now[1]:,} failed" if now[1] else ""
        rows = self.chunks[event.chunk].rows
        done = f"{now[0]:,} of {amount(rows, 'row')}" if rows else amount(now[0], "row")
        return f"{done} processed{failed}"

    def _name(self, chunk: int, job: str) -> str:
        if (number := self.chunks[chunk].round) > 1:
            return f"job {job} (round {number})"
        plan = sum(known.round == 1 for known in self.chunks.values())
        return f"job {job}" if plan == 1 else f"job {job} ({chunk} of {plan})"


def _end(event: Saved) -> str:
    counts = {
        "failed": event.failed,
        "unprocessed": event.unprocessed,
        "unknown": event.unknown,
    }
    parts = [f"{event.succeeded:,} succeeded"]
    parts += [f"{count:,} {word}" for word, count in counts.items() if count]
    return f"ended, {', '.join(parts)}"


@contextmanager
def show_progress(screen: Output, chunks: Sequence[Chunk], header: int) -> Iterator[Listener]:
    """A listener for as long as the run goes on. `header`: bytes that each body has in front."""
    known = {chunk.number: chunk for chunk in chunks}
    if screen.quiet:
        yield lambda _event: None
    elif screen.live:
        from bulkup.cli.display.progress_bars import Bars  # noqa: PLC0415 -- made of Lines

        with Bars(screen.errors(), known, header) as bars:
            yield bars
    else:
        yield Lines(say=screen.note, chunks=known, header=header)
