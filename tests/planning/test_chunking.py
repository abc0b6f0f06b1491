"""Chunks are byte ranges that end between records, and lose nothing."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkup.csvfile import source as source_module
from bulkup.csvfile import validation
from bulkup.csvfile.source import open_source
from bulkup.errors import InputError
from bulkup.model import Chunk, Source
from bulkup.planning.chunking import cut
from tests.csvfiles import File, files, parsed

HEADER = b"Name\n"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few bytes, so that small files have many marks."""
    monkeypatch.setattr(source_module, "BLOCK", 16)
    monkeypatch.setattr(validation, "MARK_EVERY", 16)


def source_of(tmp_path: Path, data: bytes) -> Source:
    path = tmp_path / "source.csv"
    path.write_bytes(data)
    return open_source(path)


def sizes(chunks: tuple[Chunk, ...]) -> list[int]:
    return [chunk.rows for chunk in chunks]


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    file=files(),
    room=st.integers(1, 120),
    chunk_rows=st.none() | st.integers(1, 5),
    canary=st.integers(0, 3),
    marked=st.booleans(),
)
def test_chunks_put_together_are_the_file_and_hold_the_csv_modules_records(
    tmp_path: Path,
    small: None,
    file: File,
    room: int,
    chunk_rows: int | None,
    canary: int,
    marked: bool,
) -> None:
    path = tmp_path / "source.csv"
    path.write_bytes(file.data)
    source = open_source(path, delimiter=file.delimiter)
    if not marked:
        source = replace(source, marks=())
    limit = room + len(HEADER)
    if longest(file) > room:
        with pytest.raises(InputError, match="is bigger than a job"):
            cut(source, header=HEADER, chunk_bytes=limit, chunk_rows=chunk_rows, canary=canary)
        return
    chunks = cut(source, header=HEADER, chunk_bytes=limit, chunk_rows=chunk_rows, canary=canary)
    pieces = [file.data[chunk.start : chunk.end] for chunk in chunks]
    assert file.data[: source.start] + b"".join(pieces) == file.data
    rows = [parsed(piece, file.delimiter) for piece in pieces]
    assert [row for piece in rows for row in piece] == file.rows[1:]
    assert [len(piece) for piece in rows] == sizes(chunks)
    assert [chunk.first_row for chunk in chunks] == [
        1 + sum(sizes(chunks)[:number]) for number in range(len(chunks))
    ]
    assert [chunk.number for chunk in chunks] == list(range(1, len(chunks) + 1))
    for number, chunk in enumerate(chunks):
        most = canary if canary and not number else chunk_rows or source.rows
        assert chunk.rows <= most
        assert chunk.end - chunk.start <= room
        if number + 1 < len(chunks) and chunk.rows < most:
            assert chunk.end - chunk.start + len(first_record(file, chunk.end)) > room


def longest(file: File) -> int:
    start = len(first_record(file, 0))
    most = 0
    while start < len(file.data):
        size = len(first_record(file, start))
        most, start = max(most, size), start + size
    return most


def first_record(file: File, start: int) -> bytes:
    """The shortest beginning that is a whole record, by trying each."""
    rest = file.data[start:]
    ending = file.line_ending.chars.encode()
    at = rest.find(ending)
    while at >= 0:
        record = rest[: at + len(ending)]
        # Inside an open quote a probe joins the same record; after its end it is another one.
        if len(parsed(record + b"p", file.delimiter)) == 2:
            return record
        at = rest.find(ending, at + 1)
    return rest


def test_a_file_that_fits_is_one_chunk_without_being_read_again(tmp_path: Path) -> None:
    source = source_of(tmp_path, b"Name\nAnn\nBob\n")
    assert cut(source, header=HEADER, chunk_bytes=100) == (
        Chunk(number=1, start=5, end=13, rows=2, first_row=1),
    )


def test_a_body_may_have_exactly_as_many_bytes_as_allowed(tmp_path: Path) -> None:
    source = source_of(tmp_path, b"Name\nAnn\nBob\nEve\n")
    assert sizes(cut(source, header=HEADER, chunk_bytes=13)) == [2, 1]
    assert sizes(cut(source, header=HEADER, chunk_bytes=12)) == [1, 1, 1]


def test_a_longer_header_leaves_less_room(tmp_path: Path) -> None:
    source = source_of(tmp_path, b"Name\nAnn\nBob\nEve\n")
    assert sizes(cut(source, header=b"Longer\n", chunk_bytes=13)) == [1, 1, 1]


def test_rows_can_be_limited_too(tmp_path: Path) -> None:
    source = source_of(tmp_path, b"Name\n" + b"Ann\n" * 7)
    assert sizes(cut(source, header=HEADER, chunk_bytes=1000, chunk_rows=3)) == [3, 3, 1]


def test_the_canary_goes_alone(tmp_path: Path) -> None:
    source = source_of(tmp_path, b"Name\n" + b"Ann\n" * 7)
    assert sizes(cut(source, header=HEADER, chunk_bytes=1000, canary=2)) == [2, 5]
    assert sizes(cut(source, header=HEADER, chunk_bytes=1000, canary=9)) == [7]


def test_numbers_and_round_go_on_where_asked(tmp_path: Path) -> None:
    source = source_of(tmp_path, b"Name\n" + b"Ann\n" * 2)
    chunks = cut(source, header=HEADER, chunk_bytes=1000, chunk_rows=1, first_number=8, part=(1, 2))
    assert [(chunk.number, chunk.round) for chunk in chunks] == [(8, 2), (9, 2)]


def test_a_source_without_records_has_no_chunks(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"Name\n")
    source = open_source(path, allow_empty=True)
    assert cut(source, header=HEADER, chunk_bytes=1000) == ()


def test_blank_lines_at_the_end_are_not_sent(tmp_path: Path) -> None:
    source = source_of(tmp_path, b"Name\nAnn\nBob\n\n\n")
    (chunk,) = cut(source, header=HEADER, chunk_bytes=1000)
    assert (chunk.end, chunk.rows) == (13, 2)


def test_a_record_over_the_limit_is_named_by_its_line(tmp_path: Path) -> None:
    source = source_of(tmp_path, b'Name\nAnn\n"two\nlines"\n' + b"x" * 50 + b"\nEve\n")
    with pytest.raises(InputError, match=r"source\.csv, line 5: .* \(35 bytes") as caught:
        cut(source, header=HEADER, chunk_bytes=40)
    assert caught.value.name == "RecordTooLong"


@pytest.mark.parametrize("limit", [0, -1, 5])
def test_a_limit_that_the_header_alone_reaches_is_refused(tmp_path: Path, limit: int) -> None:
    source = source_of(tmp_path, b"Name\nAnn\n")
    with pytest.raises(InputError, match=f"--chunk-bytes {limit}") as caught:
        cut(source, header=HEADER, chunk_bytes=limit)
    assert caught.value.name == "InvalidOption"


def test_no_rows_a_chunk_is_refused(tmp_path: Path) -> None:
    source = source_of(tmp_path, b"Name\nAnn\n")
    with pytest.raises(InputError, match="--chunk-rows 0"):
        cut(source, header=HEADER, chunk_bytes=100, chunk_rows=0)


def test_many_small_chunks_of_a_file_of_many_blocks(tmp_path: Path) -> None:
    rows = b"".join(b'%d,"a ""b""\n%d"\n' % (number, number) for number in range(150_000))
    source = source_of(tmp_path, b"Id,Name\n" + rows)
    chunks = cut(source, header=HEADER, chunk_bytes=10_000)
    assert sum(sizes(chunks)) == source.rows == 150_000
    assert all(9_900 < chunk.end - chunk.start + 5 <= 10_000 for chunk in chunks[:-1])
    assert (chunks[0].start, chunks[-1].end) == (source.start, source.size)
    assert len(source.marks) > 2
