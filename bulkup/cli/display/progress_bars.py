"""Two live bars, bytes sent and rows processed, with a line for each job that ends above them."""

from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from bulkup.cli.display.progress import Lines
from bulkup.model import Chunk
from bulkup.runs.events import (
    Closed,
    Discarded,
    Event,
    JobPolled,
    Lost,
    RetryRound,
    Saved,
    Uploaded,
    UploadProgress,
)
from bulkup.text import safe_text, size


class Amount(ProgressColumn):
    """How much of how much, and for bytes how fast."""

    def render(self, task: Task) -> Text:
        """One task's numbers."""
        if task.total is None:
            return Text(f"{task.completed:,.0f} rows")
        total = task.total
        if task.fields["unit"] == "rows":
            return Text(f"{task.completed:,.0f} of {total:,.0f} rows")
        speed = f", {size(task.speed)}/s" if task.speed else ""
        return Text(f"{size(task.completed)} of {size(total)}{speed}")


def _drawn_on(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<9}", markup=False),
        BarColumn(bar_width=28),
        Amount(),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
    )


class JobBar:
    """A listener that draws one job, of which nobody here knows how many rows it has."""

    def __init__(self, console: Console) -> None:
        self._progress = _drawn_on(console)
        self._bar = self._progress.add_task("processed", total=None, unit="rows")

    def __enter__(self) -> Self:
        """Draw from here on."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bar as it is."""
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        """Move the bar."""
        if isinstance(event, JobPolled):
            rows = event.seen.processed or 0
            total = rows if event.seen.state.ended else None
            self._progress.update(
                self._bar, completed=rows, total=total, description=str(event.seen.state)
            )


class Bars:
    """A listener that draws. `header`: bytes that each body has in front of its range."""

    def __init__(self, console: Console, chunks: dict[int, Chunk], header: int) -> None:
        self._chunks = chunks
        self._header = header
        self._sent: dict[int, int] = {}
        self._done: dict[int, int] = {}
        self._progress = _drawn_on(console)
        self._lines = Lines(
            say=lambda text: self._progress.console.print(Text(safe_text(text))),
            chunks=chunks,
            header=header,
            live=True,
        )
        self._bytes_bar = self._progress.add_task("sent", total=self._bytes(), unit="bytes")
        self._rows_bar = self._progress.add_task("processed", total=self._rows(), unit="rows")

    def __enter__(self) -> Self:
        """Draw from here on."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bars as they are."""
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        """Move the bars."""
        self._count(event)
        self._lines(event)
        self._progress.update(
            self._bytes_bar, completed=sum(self._sent.values()), total=self._bytes()
        )
        self._progress.update(
            self._rows_bar, completed=sum(self._done.values()), total=self._rows()
        )

    def _count(self, event: Event) -> None:
        match event:
            case UploadProgress():
                self._sent[event.chunk] = event.bytes
            case Discarded():
                self._sent[event.chunk] = 0
            case JobPolled() if event.seen.processed:
                self._done[event.chunk] = event.seen.processed
                self._sent[event.chunk] = self._body(self._chunks[event.chunk])
            case Uploaded() | Closed():
                self._sent[event.chunk] = self._body(self._chunks[event.chunk])
            case Saved() | Lost():
                self._done[event.chunk] = self._chunks[event.chunk].rows
                self._sent[event.chunk] = self._body(self._chunks[event.chunk])
            case RetryRound():
                self._chunks.update({chunk.number: chunk for chunk in event.chunks})

    def _body(self, chunk: Chunk) -> int:
        return self._header + chunk.end - chunk.start

    def _bytes(self) -> int:
        return sum(map(self._body, self._chunks.values()))

    def _rows(self) -> int:
        return sum(chunk.rows for chunk in self._chunks.values())
