"""Files of bulkup's own: whole or not there at all."""

import os
import re
from pathlib import Path

import pytest

from bulkup import state_dir
from bulkup.files import write_private


def test_a_machine_has_one_id_for_good() -> None:
    home = state_dir.find_state_dir()
    first = home.machine()
    assert re.fullmatch(r"[0-9a-f]{32}", first)
    assert home.machine() == first
    assert {path.name for path in home.state.iterdir()} == {"README.txt", "machine-id", "runs"}


def test_a_machine_id_that_was_torn_is_made_anew() -> None:
    home = state_dir.find_state_dir()
    home.make()
    (home.state / "machine-id").write_text("", encoding="utf-8")
    assert home.machine() == home.machine() != ""


@pytest.mark.parametrize("links", [True, False])
def test_of_two_processes_that_make_the_machine_id_at_once_one_is_right(
    monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    home = state_dir.find_state_dir()
    honest = Path.hardlink_to

    def late(self: Path, target: Path) -> None:
        if not links:
            raise OSError(95, "Operation not supported")
        self.write_text("theirs\n", encoding="utf-8")
        honest(self, target)

    monkeypatch.setattr(Path, "hardlink_to", late)
    assert (home.machine() == "theirs") == links
    assert [path.name for path in home.state.glob("machine-id*")] == ["machine-id"]


@pytest.mark.skipif(os.name != "posix", reason="Windows knows no such rights")
def test_a_private_file_is_its_owners_and_its_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "below" / "it"
    write_private(path, b"\xff")
    assert path.read_bytes() == b"\xff"
    assert path.stat().st_mode & 0o777 == 0o600
