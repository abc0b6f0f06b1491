"""Files of bulkup's own: whole or not there at all."""

import os
from pathlib import Path

import pytest

from bulkup import state_dir
from bulkup.files import write_private


def test_a_home_is_made_with_nothing_in_it_that_tells_of_the_machine() -> None:
    home = state_dir.find_state_dir()
    home.make()
    assert {path.name for path in home.state.iterdir()} == {"README.txt", "runs"}


@pytest.mark.parametrize(
    ("content", "known"), [(b"0123\n", "0123"), (b"", ""), (b"\xff", ""), (None, "")]
)
def test_the_machine_id_of_version_0_1_0_is_read_and_never_made(
    content: bytes | None, known: str
) -> None:
    home = state_dir.find_state_dir()
    home.make()
    path = home.state / "machine-id"
    if content is not None:
        path.write_bytes(content)
    assert home.kept_machine_id() == known
    assert path.exists() == (content is not None)


@pytest.mark.skipif(os.name != "posix", reason="Windows knows no such rights")
def test_a_private_file_is_its_owners_and_its_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "below" / "it"
    write_private(path, b"\xff")
    assert path.read_bytes() == b"\xff"
    assert path.stat().st_mode & 0o777 == 0o600
