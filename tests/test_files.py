import os
from pathlib import Path

import pytest

from bulkup import files
from bulkup.errors import CredentialsError, RunError

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no mode bits")


@posix
def test_a_private_file_is_its_owners_alone_also_where_it_was_not(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "file"
    files.write_private(file, "one")
    file.chmod(0o644)
    files.write_private(file, "two")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert file.read_text(encoding="utf-8") == "two"
    assert [path.name for path in file.parent.iterdir()] == ["file"]


def test_a_file_left_behind_by_a_crash_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / f"file.{os.getpid()}.tmp").write_text("half", encoding="utf-8")
    files.write_private(tmp_path / "file", "whole")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "whole"


def test_a_folder_that_is_a_file_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(RunError, match="can't be written"):
        files.write_private(tmp_path / "file" / "inner", "x")


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_secret_that_others_can_get_at_is_refused_with_what_to_type(
    tmp_path: Path, mode: int
) -> None:
    file = tmp_path / "a secret"
    files.write_private(file, "PLANTED")
    file.chmod(mode)
    with pytest.raises(CredentialsError) as caught:
        files.read_secret(file)
    assert caught.value.hint == f"Type: chmod 600 '{file}'"
    file.chmod(0o600)
    assert files.read_secret(file) == "PLANTED"


def test_no_file_is_no_secret(tmp_path: Path) -> None:
    assert files.read_secret(tmp_path / "none") == ""


def test_a_file_that_is_no_text_is_said_to_be_unreadable(tmp_path: Path) -> None:
    files.write_private(tmp_path / "file", "")
    (tmp_path / "file").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CredentialsError, match="can't be read"):
        files.read_secret(tmp_path / "file")
