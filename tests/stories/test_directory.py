"""Where the result files go: seen to before anything is sent, and never over the source."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

import pytest

from bulkup.localorg.faults.plan import FaultPlan
from tests.stories.conftest import Bulkup, ServedOrg
from tests.stories.dying import INSERT, UNWILLING, each_once, people, run_folders, times_in_org


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Twelve people."""
    return people(tmp_path / "people.csv")


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_folder_that_is_a_file_is_refused_before_anything_is_sent(
    bulkup: Bulkup, served: ServedOrg, path: Path, tmp_path: Path, below: str
) -> None:
    org = served().org
    (tmp_path / "file").touch()
    done = bulkup("run", path, *INSERT, "--dir", tmp_path / "file" / below)
    assert done.code == 2
    assert "can't take the result files" in done.err
    assert "--dir" in done.err
    assert times_in_org(org) == {}
    assert run_folders() == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
def test_a_full_disk_is_refused_before_anything_is_sent(
    bulkup: Bulkup, served: ServedOrg, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = served().org

    def full(**_: object) -> BinaryIO:
        return Path("/dev/full").open("wb", buffering=0)

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    done = bulkup("run", path, *INSERT)
    assert done.code == 2
    assert "can't take the result files: No space left" in done.err
    assert times_in_org(org) == {}


def test_a_source_that_is_a_result_file_is_never_written_over(
    bulkup: Bulkup, served: ServedOrg, path: Path, tmp_path: Path
) -> None:
    org = served(FaultPlan(requests=[UNWILLING])).org
    folder = tmp_path / "out"
    folder.mkdir()
    source = path.rename(folder / "results.csv")
    before = source.read_bytes()
    done = bulkup("run", source, *INSERT, "--dir", folder)
    assert done.code == 2
    assert "would take the place of" in done.err
    assert bulkup("run", source, *INSERT, "--retry-for", 0).code == 5
    for more in (["--dir", folder], ["--dir", folder / ".." / "out"]):
        assert bulkup("resume", *more).code == 2
    assert source.read_bytes() == before
    assert times_in_org(org) == {}
    assert bulkup("resume").code == 0
    assert times_in_org(org) == each_once(12)
    assert source.read_bytes() == before


def test_a_folder_that_breaks_meanwhile_is_told_with_the_way_to_another(
    bulkup: Bulkup, served: ServedOrg, path: Path, tmp_path: Path
) -> None:
    org = served(FaultPlan(requests=[UNWILLING])).org
    folder = tmp_path / "out"
    assert bulkup("run", path, *INSERT, "--dir", folder, "--retry-for", 0).code == 5
    folder.rmdir()
    folder.touch()
    stopped = bulkup("resume")
    assert stopped.code == 6
    run = run_folders()[0].name
    assert f"bulkup resume {run} --dir DIR" in stopped.out + stopped.err
    assert bulkup("resume", "--dir", tmp_path / "other").code == 0
    assert (tmp_path / "other" / "results.csv").exists()
    assert times_in_org(org) == each_once(12)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
def test_notes_that_find_no_room_end_no_load(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("LastName\nAnn\n", encoding="utf-8")
    load = ["run", str(file), "--object", "Contact", "--op", "insert", "--org", "local", "--json"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "bulkup", *load],
            stdout=subprocess.PIPE,
            stderr=full,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0
    assert json.loads(done.stdout)["state"] == "complete"
