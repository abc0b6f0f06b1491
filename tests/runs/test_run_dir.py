import ast
import errno
import os
from pathlib import Path

import pytest

from bulkup.errors import NotWritable
from bulkup.runs import run_dir
from bulkup.runs.run_dir import RunDir, reserve
from bulkup.state_dir import StateDir

PACKAGE = Path(__file__).parents[2] / "bulkup"
HOME_OF_NAMES = PACKAGE / "runs" / "run_dir.py"
FILES = {"plan.json", "journal.jsonl", "settled.csv", "invalid.csv", "rows.txt"}
FOLDERS = {"prepared", "results", "rounds", "outcome", "work", "lock"}


def names_in(path: Path) -> list[str]:
    """The names of a run directory's files that a module spells itself."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    parts = [node.right for node in nodes if isinstance(node, ast.BinOp)]
    return [
        str(node.value)
        for node in nodes
        if isinstance(node, ast.Constant)
        and (node.value in FILES or (node in parts and node.value in FOLDERS))
    ]


def test_only_run_dir_knows_the_names_of_a_run_directory() -> None:
    modules = [path for path in sorted(PACKAGE.rglob("*.py")) if path != HOME_OF_NAMES]
    assert [f"{path}: {name}" for path in modules for name in names_in(path)] == []


def test_a_name_spelt_elsewhere_would_be_seen(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        'a = folder / "work"\nb = "plan.json"\nc = {"results": 1}\n', encoding="utf-8"
    )
    assert sorted(names_in(module)) == ["plan.json", "work"]


def test_copies_of_rows_are_forgotten_and_the_account_of_them_is_kept(tmp_path: Path) -> None:
    files = RunDir(tmp_path)
    for path in (files.results, files.rounds, files.prepared, files.work, files.outcome):
        path.mkdir()
        (path / "rows").touch()
    for path in (files.plan, files.journal, files.unsent):
        path.touch()
    files.forget_rows()
    assert {path.name for path in tmp_path.iterdir()} == {
        "outcome",
        "plan.json",
        "journal.jsonl",
        "settled.csv",
    }


def test_files_keep_the_names_that_version_0_1_0_gave_them() -> None:
    files = RunDir(Path("run"))
    names = {
        "plan.json": files.plan,
        "journal.jsonl": files.journal,
        "lock": files.lock,
        "prepared": files.prepared,
        "prepared/rows.txt": files.rows_to_send,
        "prepared/chosen.csv": files.chosen,
        "prepared/chosen.numbers.csv": files.chosen_numbers,
        "prepared/sent.csv": files.sent,
        "settled.csv": files.unsent,
        "invalid.csv": files.invalid,
        "results": files.results,
        "rounds": files.rounds,
        "rounds/2.csv": files.round_source((1, 2)),
        "rounds/2.numbers.csv": files.round_numbers((1, 2)),
        "outcome": files.outcome,
        "work": files.work,
    }
    assert {path.relative_to("run").as_posix(): path for path in names.values()} == names


def test_a_disk_that_takes_no_new_folder_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sync(_folder: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(run_dir, "sync", sync)
    home = StateDir(state=tmp_path, config=tmp_path)
    with pytest.raises(NotWritable):
        reserve(home, "people-insert")
    assert list(home.runs.iterdir()) == []
