"""Which run a user means, and that a damaged one is never passed over in silence."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from bulkup.errors import RunError, RunNotFound
from bulkup.runs import registry
from bulkup.runs.events import Superseded
from bulkup.runs.registry import RunStatus, UnreadableRun
from bulkup.runs.run_dir import Run
from bulkup.state_dir import StateDir, find_state_dir
from tests.runs.writing import KILLED, over, write_run


@pytest.fixture
def state_dir() -> StateDir:
    """An empty one."""
    return find_state_dir()


@pytest.fixture
def three(state_dir: StateDir) -> StateDir:
    """Three runs whose names sort in another order than they were made."""
    write_run(state_dir, "20260101T000000-b-insert", created="2026-01-01T00:00:00.000Z")
    write_run(state_dir, "20260103T000000-c-insert", created="2026-01-03T00:00:00.000Z")
    write_run(state_dir, "20260102T000000-2-insert", created="2026-01-04T00:00:00.000Z")
    return state_dir


def damage_plan(run: Run) -> None:
    run.files.plan.write_bytes(run.files.plan.read_bytes()[:-40])


def damage_journal(run: Run) -> None:
    run.files.journal.write_bytes(b"{}\n" + run.files.journal.read_bytes())


def keep_outcome(run: Run, *statuses: str) -> Run:
    """Write down what became of the rows, as the end of a run does."""
    run.files.outcome.mkdir()
    rows = ", ".join(f"({row}, '{status}', '', '')" for row, status in enumerate(statuses, 1))
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * FROM (VALUES {rows}) AS final(row, status, id, created)) "
            f"TO '{run.files.outcome / '00000.parquet'}' (FORMAT parquet)"
        )
    return run


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("20260101T000000-b-insert", "20260101T000000-b-insert"),
        ("20260101", "20260101T000000-b-insert"),
        ("20260103T", "20260103T000000-c-insert"),
        ("last", "20260102T000000-2-insert"),
        ("1", "20260102T000000-2-insert"),
        ("3", "20260101T000000-b-insert"),
    ],
)
def test_a_run_is_named_by_its_name_its_beginning_its_number_or_last(
    three: StateDir, name: str, meant: str
) -> None:
    assert registry.find_run(three, name).name == meant
    assert registry.list_runs(three)[0].name == "20260102T000000-2-insert"


def test_a_beginning_of_several_names_is_refused_with_all_of_them(three: StateDir) -> None:
    with pytest.raises(RunError, match="names of 3 runs begin with 2026") as caught:
        registry.find_run(three, "2026")
    assert caught.value.name == "SeveralRuns"
    assert caught.value.hint.count("-insert") == 3


@pytest.mark.parametrize("name", ["", "4", "0", "-1", "c", "٢", "9" * 5000, "../runs", "/"])
def test_what_names_no_run_is_refused(three: StateDir, name: str) -> None:
    with pytest.raises(RunNotFound):
        registry.find_run(three, name)


def test_last_of_no_runs_is_refused(state_dir: StateDir) -> None:
    with pytest.raises(RunNotFound):
        registry.find_run(state_dir, "last")


def test_a_name_of_a_run_comes_before_its_number_and_last(state_dir: StateDir) -> None:
    for name in ("1", "last", "a"):
        write_run(state_dir, name)
    assert registry.find_run(state_dir, "1").name == "1"
    assert registry.find_run(state_dir, "last").name == "last"
    assert registry.find_run(state_dir, "la").name == "last"


def test_runs_with_a_damaged_plan_or_journal_are_listed_with_their_damage(
    state_dir: StateDir,
) -> None:
    damage_plan(write_run(state_dir, "plan", KILLED))
    damage_journal(write_run(state_dir, "journal", KILLED))
    write_run(state_dir, "whole", KILLED)
    runs = {run.name: run for run in registry.list_runs(state_dir)}
    assert isinstance(runs["plan"], UnreadableRun)
    assert isinstance(runs["journal"], RunStatus)
    assert {name: run.state for name, run in runs.items()} == {
        "plan": "damaged",
        "journal": "damaged",
        "whole": "killed",
    }
    assert "damaged" in runs["plan"].damage
    assert "line 1" in runs["journal"].damage
    assert runs["whole"].damage == ""


def test_a_run_of_a_newer_version_is_listed_as_such(state_dir: StateDir) -> None:
    run = write_run(state_dir, "it", KILLED)
    plan = run.files.plan.read_text(encoding="utf-8")
    run.files.plan.write_text(plan.replace('"version": "0"', '"version": "99.1"'), encoding="utf-8")
    (listed,) = registry.list_runs(state_dir)
    assert listed.state == "other version"
    assert "99.1" in listed.damage
    with pytest.raises(RunError, match=r"made by bulkup 99\.1"):
        registry.find_run(state_dir, "1")


@pytest.mark.parametrize("created", ["", "yesterday"])
def test_a_plan_without_a_moment_is_damaged(state_dir: StateDir, created: str) -> None:
    run = write_run(state_dir, "it", KILLED)
    text = run.files.plan.read_text(encoding="utf-8").replace(run.plan.created, created)
    run.files.plan.write_text(text, encoding="utf-8")
    assert registry.list_runs(state_dir)[0].state == "damaged"


@pytest.mark.parametrize("damage", [damage_plan, damage_journal])
def test_resume_never_says_that_there_is_no_run_while_a_damaged_one_is_there(
    state_dir: StateDir, damage: object
) -> None:
    assert callable(damage)
    damage(write_run(state_dir, "broken", KILLED))
    write_run(state_dir, "whole", over("complete", 2))
    with pytest.raises(RunError, match="1 run of the last 7 days can't be read") as caught:
        registry.find_run_to_resume(state_dir, datetime.now(UTC))
    assert caught.value.name == "RunDamaged"
    assert "broken" in caught.value.hint
    assert "damaged" in caught.value.hint


def test_resume_means_the_only_run_that_can_be_resumed(state_dir: StateDir) -> None:
    damage_journal(write_run(state_dir, "broken", KILLED))
    write_run(state_dir, "it", KILLED)
    now = datetime.now(UTC)
    assert registry.find_run_to_resume(state_dir, now).name == "it"
    with pytest.raises(RunNotFound):
        registry.find_run_to_resume(state_dir, now + timedelta(days=8))
    write_run(state_dir, "other", KILLED)
    with pytest.raises(RunError, match="2 unfinished runs") as caught:
        registry.find_run_to_resume(state_dir, now)
    assert all(name in caught.value.hint for name in ("it", "other", "broken"))


def test_a_run_of_another_process_is_told_with_its_process_and_what_to_do(
    state_dir: StateDir,
) -> None:
    run = write_run(state_dir, "busy", KILLED)
    with run.locked():
        with pytest.raises(RunError, match="is running in process 1") as unnamed:
            registry.find_run_to_resume(state_dir, datetime.now(UTC))
        with pytest.raises(RunError) as named, run.locked():
            pass
    for error in (unnamed.value, named.value):
        assert error.message == "Run busy is running in process 1"
        assert error.name == "RunLocked"
        assert "^C" in error.hint
        assert "bulkup runs busy" in error.hint


def test_retry_means_the_newest_run_with_rows_to_send(state_dir: StateDir) -> None:
    def run(name: str, day: int, state: str, *statuses: str) -> None:
        created = f"2026-01-{day:02d}T00:00:00.000Z"
        keep_outcome(write_run(state_dir, name, over(state, 1), created=created), *statuses)

    run("old", 1, "partial", "succeeded", "failed")
    run("wanted", 2, "partial", "succeeded", "not_sent")
    run("unknown", 3, "partial", "succeeded", "unknown")
    run("complete", 4, "complete", "succeeded", "skipped")
    write_run(state_dir, "superseded", (*over("partial", 1), Superseded(by="wanted")))
    write_run(state_dir, "unfinished", KILLED)
    assert registry.find_run_to_retry(state_dir).name == "wanted"
    assert registry.find_run_to_retry(state_dir, include_unknown=True).name == "unknown"


def test_retry_means_the_newest_run_that_is_over_where_none_has_rows_to_send(
    state_dir: StateDir,
) -> None:
    with pytest.raises(RunNotFound):
        registry.find_run_to_retry(state_dir)
    for day, name in enumerate(("a", "b"), start=1):
        run = write_run(
            state_dir, name, over("complete", 2), created=f"2026-01-0{day}T00:00:00.000Z"
        )
        keep_outcome(run, "succeeded")
    assert registry.find_run_to_retry(state_dir).name == "b"


def test_a_run_whose_outcome_is_lost_may_have_rows_to_send(state_dir: StateDir) -> None:
    write_run(state_dir, "it", over("partial", 1))
    assert registry.find_run_to_retry(state_dir).name == "it"


def test_pruning_keeps_what_is_unfinished_or_damaged_and_what_that_needs(
    state_dir: StateDir,
) -> None:
    write_run(state_dir, "over", over("complete", 2))
    write_run(state_dir, "retried", (*over("partial", 1), Superseded(by="retry")))
    write_run(state_dir, "retry", KILLED, retry_of="retried")
    damage_plan(write_run(state_dir, "plan", KILLED))
    damage_journal(write_run(state_dir, "journal", KILLED))
    later = datetime.now(UTC) + timedelta(days=1)
    assert registry.prune(state_dir, timedelta(0), later) == ["over"]
    assert {path.name for path in state_dir.runs.iterdir()} == {
        "retried",
        "retry",
        "plan",
        "journal",
    }


def test_a_run_whose_folder_cannot_be_searched_is_listed_as_damaged(
    state_dir: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(state_dir, "it", KILLED)

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    (listed,) = registry.list_runs(state_dir)
    assert (listed.name, listed.state) == (run.name, "damaged")
    assert "Permission denied" in listed.damage


def test_a_folder_of_runs_that_cannot_be_read_is_an_error_of_one_line(
    state_dir: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(RunError, match="can't be read: Permission denied"):
        registry.list_runs(state_dir)


def test_a_run_is_listed_where_its_lock_cannot_be_written(
    state_dir: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(state_dir, "it", KILLED)

    def refuse(*_: object, **__: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(registry, "FileLock", refuse)
    assert registry.list_runs(state_dir)[0].state == "killed"
