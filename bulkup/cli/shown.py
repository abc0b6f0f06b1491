"""How a run is shown while it goes on: bars, lines, or nothing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bulkup.cli.output import Screen
from bulkup.cli.progress import Lines, Listener
from bulkup.model import Chunk


@contextmanager
def shown(screen: Screen, chunks: Sequence[Chunk], header: int) -> Iterator[Listener]:
    """A listener for as long as the run goes on. `header`: bytes that each body has in front."""
    known = {chunk.number: chunk for chunk in chunks}
    if screen.quiet:
        yield lambda _event: None
    elif screen.live:
        from bulkup.cli.bars import Bars

        with Bars(screen.errors(), known, header) as bars:
            yield bars
    else:
        yield Lines(say=screen.note, chunks=known, header=header)
