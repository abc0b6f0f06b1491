"""Writes to files in a thread of its own, so that who makes the bytes needn't wait."""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Queue
from threading import Thread
from typing import IO, TypeVar

_MOST_WAITING = 8
"""Pieces that may wait to be written: they are all in memory."""


class _WriterThread:
    """The thread and what waits for it."""

    def __init__(self) -> None:
        self.error: OSError | ValueError | None = None
        self._waiting: Queue[tuple[IO[bytes], bytes] | None] = Queue(_MOST_WAITING)
        self._thread = Thread(target=self._write, name="writing", daemon=True)
        self._thread.start()

    def put(self, file: IO[bytes], data: bytes) -> None:
        if self.error is not None:
            raise self.error
        self._waiting.put((file, data))

    def finish(self) -> None:
        self._waiting.put(None)
        self._thread.join()

    def _write(self) -> None:
        while (piece := self._waiting.get()) is not None:
            if self.error is None:
                try:
                    piece[0].write(piece[1])
                except (OSError, ValueError) as error:  # ValueError: it is closed
                    self.error = error


@dataclass(frozen=True, slots=True)
class BackgroundFile:
    """A file that is written to behind one's back, in order."""

    pen: _WriterThread
    file: IO[bytes]

    def write(self, data: bytes) -> None:
        """Have the bytes written soon.

        Raises:
            OSError: an earlier write failed, to whichever file.
        """
        self.pen.put(self.file, data)


@contextmanager
def write_in_background() -> Iterator[Callable[[IO[bytes]], BackgroundFile]]:
    """Gives files that are written behind; all is written when the block ends.

    Raises:
        OSError: a write failed.
    """
    pen = _WriterThread()
    try:
        yield lambda file: BackgroundFile(pen, file)
    finally:
        pen.finish()
    if pen.error is not None:
        raise pen.error


Item = TypeVar("Item")


def read_ahead(items: Iterator[Item]) -> Generator[Item, None, None]:
    """The same items: while one is read, the next is made. Errors come where the item would.

    Close it to be sure that nothing is made any more.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item
