"""A chunk as a request body, read from the disk each time it is sent."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bulkup.csvfile.source_file import SourceFile
from bulkup.errors import InputError, RunError
from bulkup.execution import body
from bulkup.execution.body import Body
from bulkup.model import Chunk

HEADER = b"Name\n"
CHUNK = Chunk(number=1, start=5, end=13, rows=2, first_row=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes(b"name\nAnn\nBob\nCleo\n")
    return path


def ignore(sent: int) -> None:
    pass


def test_a_body_is_the_header_and_the_range(path: Path) -> None:
    with SourceFile(path) as file:
        made = Body(file, HEADER, CHUNK, ignore)
        assert b"".join(made) == b"Name\nAnn\nBob\n"
        assert len(made) == 13


def test_a_body_begins_anew_each_time(path: Path) -> None:
    with SourceFile(path) as file:
        made = Body(file, HEADER, CHUNK, ignore)
        begun = iter(made)
        assert next(begun) == HEADER
        assert b"".join(made) == b"".join(made) == b"Name\nAnn\nBob\n"


def test_before_each_block_the_bytes_so_far_are_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "BLOCK", 3)
    told: list[int] = []
    with SourceFile(path) as file:
        blocks = list(Body(file, HEADER, CHUNK, told.append))
    assert blocks == [HEADER, b"Ann", b"\nBo", b"b\n"]
    assert told == [0, 5, 8, 11]


def test_the_checkpoint_stops_a_body_between_blocks(path: Path) -> None:
    def stop(sent: int) -> None:
        if sent:
            raise KeyboardInterrupt

    with SourceFile(path) as file:
        blocks = iter(Body(file, HEADER, CHUNK, stop))
        assert next(blocks) == HEADER
        with pytest.raises(KeyboardInterrupt):
            next(blocks)


def test_a_file_that_was_cut_short_is_not_sent_as_if_it_were_whole(path: Path) -> None:
    with SourceFile(path) as file:
        blocks = iter(Body(file, HEADER, CHUNK, ignore))
        next(blocks)
        os.truncate(path, 5)
        with pytest.raises(RunError, match="shorter") as caught:
            next(blocks)
    assert caught.value.name == "SourceChanged"


def test_a_file_left_alone_is_intact(path: Path) -> None:
    with SourceFile(path) as file:
        assert Body(file, HEADER, CHUNK, ignore).intact()


def test_a_file_written_to_is_not_intact(path: Path) -> None:
    with SourceFile(path) as file:
        with path.open("ab") as more:
            more.write(b"Dora\n")
        assert not Body(file, HEADER, CHUNK, ignore).intact()


def test_a_file_of_another_time_is_not_intact(path: Path) -> None:
    with SourceFile(path) as file:
        os.utime(path, (1, 1))
        assert not file.unchanged()


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open keeps its name there")
def test_another_file_of_the_same_name_is_not_intact(path: Path) -> None:
    with SourceFile(path) as file:
        twin = path.with_name("twin.csv")
        twin.write_bytes(path.read_bytes())
        was = path.stat()
        twin.replace(path)
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
        assert not file.unchanged()


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open can't be removed there")
def test_a_file_that_is_gone_is_not_intact_and_can_be_read_on(path: Path) -> None:
    with SourceFile(path) as file:
        path.unlink()
        assert not file.unchanged()
        assert file.read(0, 4) == b"name"


@pytest.mark.parametrize("positioned", [True, False], ids=["with pread", "without pread"])
def test_several_threads_read_one_file_without_disturbing_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, positioned: bool
) -> None:
    if not positioned:
        monkeypatch.delattr(os, "pread", raising=False)
    path = tmp_path / "numbers"
    path.write_bytes(b"".join(b"%08d" % number for number in range(5000)))
    with SourceFile(path) as file, ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda at: file.read(at * 8, 8), range(5000)))
    assert found == [b"%08d" % number for number in range(5000)]


def test_reading_past_the_end_gives_what_is_there(path: Path) -> None:
    with SourceFile(path) as file:
        assert file.read(14, 100) == b"leo\n"
        assert file.read(18, 100) == b""


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"There is no file .*nothing\.csv") as caught:
        SourceFile(tmp_path / "nothing.csv")
    assert caught.value.name == "FileNotFound"


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a directory") as caught:
        SourceFile(tmp_path)
    assert caught.value.name == "FileNotReadable"


@pytest.mark.skipif(not Path(os.devnull).is_char_device(), reason="no such thing there")
def test_a_device_is_no_file() -> None:
    with pytest.raises(InputError, match="not a regular file"):
        SourceFile(Path(os.devnull))


def test_a_file_that_may_not_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="Permission denied") as caught:
        SourceFile(path)
    assert caught.value.name == "FileNotReadable"


@pytest.mark.parametrize("positioned", [True, False], ids=["with pread", "without pread"])
def test_a_disk_that_fails_while_a_chunk_is_read_ends_the_run_with_a_hint(
    path: Path, monkeypatch: pytest.MonkeyPatch, positioned: bool
) -> None:
    if positioned:
        monkeypatch.setattr(os, "pread", failing, raising=False)
    else:
        monkeypatch.delattr(os, "pread", raising=False)
    with SourceFile(path) as file:
        if not positioned:
            file._file.close()
            file._file = Failing()  # type: ignore[assignment]  # as much of a file as is needed
        with pytest.raises(RunError, match="Input/output error") as caught:
            list(Body(file, HEADER, CHUNK, ignore))
    assert caught.value.name == "SourceNotReadable"
    assert "bulkup resume" in caught.value.hint


def failing(*_: object) -> bytes:
    raise OSError(5, "Input/output error")


class Failing:
    """A file on a drive that was pulled out."""

    seek = read = staticmethod(failing)

    def close(self) -> None:
        pass
