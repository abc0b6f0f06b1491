import io
from pathlib import Path

import pytest

from bulkup.results.files.background_io import write_in_background


class Full(io.BytesIO):
    def write(self, data: object) -> int:
        raise OSError(28, "No space left on device")


def test_all_is_written_in_order_when_the_block_ends(tmp_path: Path) -> None:
    first, second = io.BytesIO(), io.BytesIO()
    with write_in_background() as behind:
        for at in range(100):
            behind(first).write(b"%d," % at)
            behind(second).write(b"x")
    assert first.getvalue() == b"".join(b"%d," % at for at in range(100))
    assert second.getvalue() == b"x" * 100


def write(*files: io.BytesIO) -> None:
    with write_in_background() as behind:
        for file in files:
            behind(file).write(b"x")


@pytest.mark.parametrize("others", [0, 1000])
def test_a_full_disk_is_an_error_at_the_next_write_or_at_the_end(others: int) -> None:
    other = io.BytesIO()
    with pytest.raises(OSError, match="No space left"):
        write(Full(), *[other] * others)


def test_an_error_of_who_makes_the_bytes_comes_through() -> None:
    def nothing() -> bytes:
        raise KeyError

    with pytest.raises(KeyError), write_in_background() as behind:
        behind(io.BytesIO()).write(nothing())
