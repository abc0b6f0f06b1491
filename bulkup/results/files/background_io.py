"""Writes files and reads iterators in a background thread."""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Queue
from threading import Thread
from typing import IO, TypeVar

_QUEUE_SIZE = 8
"""Blocks of bytes that may wait in memory to be written."""


class _WriterThread:
    """The thread and the queue of blocks that it writes."""

    def __init__(self) -> None:
        self.error: OSError | ValueError | None = None
        self._waiting: Queue[tuple[IO[bytes], bytes] | None] = Queue(_QUEUE_SIZE)
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
    """A file whose writes are queued to the background thread, in order."""

    thread: _WriterThread
    file: IO[bytes]

    def write(self, data: bytes) -> None:
        """Queue the bytes to be written.

        Raises:
            OSError: an earlier write failed, to whichever file.
        """
        self.thread.put(self.file, data)


@contextmanager
def write_in_background() -> Iterator[Callable[[IO[bytes]], BackgroundFile]]:
    """Gives a function that makes background files; all is written when the block ends.

    Raises:
        OSError: a write failed.
    """
    thread = _WriterThread()
    try:
        yield lambda file: BackgroundFile(thread, file)
    finally:
        thread.finish()
    if thread.error is not None:
        raise thread.error


Item = TypeVar("Item")


def read_ahead(items: Iterator[Item]) -> Generator[Item, None, None]:
    """Iterate over the items; while one is used, the next is made in a thread.

    An error is raised where the item would come. Close it to stop the thread.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item
