"""A chunk as a request body: read from the disk each time it is sent, and it can be sent twice."""

from collections.abc import Callable, Iterator

from bulkup.csvfile.source_file import SourceFile
from bulkup.errors import RunError
from bulkup.model import Chunk

BLOCK = 1 << 18
"""Bytes that are given to the network at once; between blocks a body can be stopped."""


class Body:
    """The header, then the chunk's range of the file: the bytes of one upload.

    `checkpoint` is called before each block with the bytes given so far, and raises to stop.
    """

    def __init__(
        self, file: SourceFile, header: bytes, chunk: Chunk, checkpoint: Callable[[int], None]
    ) -> None:
        self._file = file
        self._header = header
        self._chunk = chunk
        self._checkpoint = checkpoint

    def __len__(self) -> int:
        """The length in bytes."""
        return len(self._header) + self._chunk.end - self._chunk.start

    def __iter__(self) -> Iterator[bytes]:
        """The blocks, from the beginning each time.

        Raises:
            RunError: the file is shorter than it was.
        """
        self._checkpoint(0)
        yield self._header
        at, end = self._chunk.start, self._chunk.end
        while at < end:
            self._checkpoint(len(self._header) + at - self._chunk.start)
            block = self._file.read(at, min(BLOCK, end - at))
            if not block:
                raise RunError(
                    f"{self._file.path} has become shorter while it was sent",
                    "Put it back as it was, then type: bulkup resume",
                    name="SourceChanged",
                )
            at += len(block)
            yield block

    def intact(self) -> bool:
        """Whether the file is still the one that was planned."""
        return self._file.unchanged()
