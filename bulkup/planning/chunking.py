"""Cuts a source into chunks: byte ranges that end between records."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from bulkup.csvfile.scanner import BLOCK, masked
from bulkup.csvfile.source import open_source
from bulkup.csvfile.source_file import open_file
from bulkup.errors import InputError, RunError
from bulkup.model import FIRST_PART, Chunk, Part, Source

Mark = tuple[int, int]
"""A boundary between records: the byte, and how many records are before it."""


def cut(
    source: Source,
    *,
    header: bytes,
    chunk_bytes: int,
    chunk_rows: int | None = None,
    canary: int = 0,
    first_number: int = 1,
    part: Part = FIRST_PART,
) -> tuple[Chunk, ...]:
    """As few chunks as the limits allow.

    A body, which is `header` (the record that is sent, with its line ending) and a range of the
    file, has at most `chunk_bytes` bytes and `chunk_rows` records. With `canary` the first chunk
    has that many records at most. Chunks are numbered from `first_number` on, and
    are all of one `part` of the run.

    Raises:
        InputError: a limit leaves no room, or a record is bigger than a body may be.
        RunError: the source is not what it was.
    """
    room = chunk_bytes - len(header)
    if room <= 0:
        raise InputError(
            f"--chunk-bytes {chunk_bytes}: the header alone has {len(header):,} bytes",
            "Give a larger number, at most 100000000; it may be left out.",
            name="InvalidOption",
        )
    if chunk_rows is not None and chunk_rows <= 0:
        raise InputError(
            f"--chunk-rows {chunk_rows}: a chunk has at least one record",
            "Give a larger number; it may be left out.",
            name="InvalidOption",
        )
    boundaries = _Boundaries(source, room)
    level, round_ = part
    chunks: list[Chunk] = []
    at, end = boundaries.first, boundaries.last
    while at != end:
        most = canary if canary and not chunks else chunk_rows
        to = boundaries.furthest(at, at[0] + room, end[1] if most is None else at[1] + most)
        chunk = Chunk(
            number=first_number + len(chunks),
            start=at[0],
            end=to[0],
            rows=to[1] - at[1],
            first_row=at[1] + 1,
            level=level,
            round=round_,
        )
        chunks.append(chunk)
        at = to
    return tuple(chunks)


class _Boundaries:
    """Finds boundaries between records by reading only around the place in question."""

    def __init__(self, source: Source, room: int) -> None:
        self._source = source
        self._room = room
        self._marks = _marks(source)
        self._cells = (0, b"")
        self.first, self.last = self._marks[0], self._marks[-1]

    def furthest(self, start: Mark, byte: int, row: int) -> Mark:
        """The last boundary that is neither after `byte` nor after the record number `row`.

        Raises:
            InputError: that is `start`: its record is too big.
        """
        if byte >= self.last[0] and row >= self.last[1]:
            return self.last
        number = min(
            bisect_right(self._marks, byte, key=lambda mark: mark[0]),
            bisect_right(self._marks, row, key=lambda mark: mark[1]),
        )
        base, following = self._marks[number - 1], self._marks[number]
        cells = self._between(base[0], following[0])
        best = max(base, start)
        best = _step(cells, base[0], best, byte, row)
        if best == start:
            raise self._too_big(start)
        return best

    def _between(self, start: int, end: int) -> bytes:
        """The records between two marks with masked cells; the last ones read are kept."""
        if self._cells[0] != start or len(self._cells[1]) != end - start:
            with open_file(self._source.path) as file:
                file.seek(start)
                data = file.read(end - start)
            self._cells = start, masked(data, self._source.delimiter)
        return self._cells[1]

    def _too_big(self, start: Mark) -> InputError:
        line = self._line_of(start[0])
        return InputError(
            f"{self._source.name}, line {line}: the record that begins here is bigger than "
            f"a job may be ({self._room:,} bytes beside the header)",
            "Make it smaller, or raise --chunk-bytes (at most 100000000).",
            name="RecordTooLong",
        )

    def _line_of(self, byte: int) -> int:
        line, left = 1, byte
        with open_file(self._source.path) as file:
            while left and (block := file.read(min(BLOCK, left))):
                line += block.count(b"\n")
                left -= len(block)
        return line


def _step(cells: bytes, base: int, start: Mark, byte: int, row: int) -> Mark:
    """From `start` on as far as the limits allow, in the masked records that begin at `base`."""
    at, rows = start[0] - base, start[1]
    limit = min(byte - base, len(cells))
    last = cells.rfind(b"\n", at, limit) + 1
    if not last:
        return start
    count = cells.count(b"\n", at, last)
    if rows + count <= row:
        return base + last, rows + count
    while rows < row:
        at = cells.find(b"\n", at) + 1
        rows += 1
    return base + at, rows


def _marks(source: Source) -> Sequence[Mark]:
    """The source's marks; a source that comes from a plan has none, so it is read again."""
    if source.marks:
        return source.marks
    again = open_source(
        source.path,
        delimiter=source.delimiter,
        line_ending=source.line_ending,
        check_cells=False,
        allow_empty=True,
    )
    if again != replace(source, name=again.name):
        raise RunError(
            f"{source.path} has changed since it was read",
            "Put it back as it was.",
            name="SourceChanged",
        )
    return again.marks
