"""A run directory is where it was made; a copy of it is not."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bulkup.runs import place
from bulkup.runs.place import Place, is_same_place, place_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with something in it."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "plan.json").touch()
    return folder


def test_a_folder_is_where_it_was_when_it_is_renamed_and_written_to(folder: Path) -> None:
    before = place_of(folder)
    (folder / "more").touch()
    renamed = folder.rename(folder.with_name("other"))
    assert is_same_place(before, place_of(renamed))


def test_a_copy_beside_the_original_is_elsewhere(folder: Path) -> None:
    copy = Path(shutil.copytree(folder, folder.with_name("copy")))
    assert not is_same_place(place_of(folder), place_of(copy))


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' generation of an inode")
def test_a_backup_that_is_put_back_is_elsewhere_even_with_the_same_inode(folder: Path) -> None:
    before = place_of(folder)
    if not before.generation:
        pytest.skip("this file system does not tell generations")
    backup = shutil.copytree(folder, folder.with_name("backup"))
    shutil.rmtree(folder)
    shutil.copytree(backup, folder)
    assert not is_same_place(before, place_of(folder))


@pytest.mark.parametrize("name", ["system", "inode", "generation", "device"])
def test_each_difference_is_another_place(folder: Path, name: str) -> None:
    there = replace(place_of(folder), boot="same")
    assert not is_same_place(there, replace(there, **{name: "other"}))


@pytest.mark.parametrize("boots", [("a", "b"), ("", "")])
def test_the_number_of_a_device_may_change_when_the_machine_starts_again(
    folder: Path, boots: tuple[str, str]
) -> None:
    there = replace(place_of(folder), boot=boots[0])
    assert is_same_place(there, replace(there, boot=boots[1], device="other"))


def test_the_systems_id_is_read_where_it_is_and_is_not_written_down_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def system(content: str) -> str:
        (tmp_path / "machine-id").write_text(content, encoding="utf-8")
        return place_of(tmp_path).system

    monkeypatch.setattr(place, "SYSTEM_ID_FILES", (tmp_path / "none", tmp_path / "machine-id"))
    assert system("0123\n") == system("0123\n") != system("4567\n")
    assert "0123" not in system("0123\n")
    assert system("") == ""


def test_what_the_system_does_not_tell_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "SYSTEM_ID_FILES", ())
    monkeypatch.setattr(place, "BOOT_ID_FILE", tmp_path / "none")
    there = place_of(tmp_path)
    assert isinstance(there, Place)
    assert there.boot == ""
    assert is_same_place(there, place_of(tmp_path))
