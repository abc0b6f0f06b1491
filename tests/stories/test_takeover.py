"""Retries that die between their plan and the old run's last word: rows have one owner only."""

import shutil
from pathlib import Path

import pytest

from bulkup.clock import RealClock
from bulkup.errors import RunError
from bulkup.localorg.faults.plan import FaultPlan, JobFault
from bulkup.localorg.org import Org
from bulkup.runs.events import Event, Superseded
from bulkup.runs.journal import Journal, is_begun
from bulkup.runs.run_dir import open_run
from bulkup.runs.takeover import require_takeover
from tests.stories.conftest import Bulkup, ServedOrg
from tests.stories.dying import INSERT, Mortal, each_once, names, people, run_folders, times_in_org

ROWS = 12


class Died(BaseException):
    """What a kill at this place would leave behind."""


def append_unless_superseded(error: BaseException, *, write: bool = False) -> object:
    """An `append` that ends with the error at `Superseded`, written or not."""
    honest = Journal.append

    def append(self: Journal, event: Event) -> None:
        if not isinstance(event, Superseded) or write:
            honest(self, event)
        if isinstance(event, Superseded):
            raise error

    return append


@pytest.fixture
def org(served: ServedOrg) -> Org:
    """An org that leaves rows of its first job unprocessed."""
    return served(FaultPlan(jobs=[JobFault(unprocessed=0.5, times=1)])).org


@pytest.fixture
def old(bulkup: Bulkup, org: Org, tmp_path: Path) -> str:
    """A run that is over, with rows left to send; its name."""
    done = bulkup("run", people(tmp_path / "people.csv", ROWS), *INSERT, "--json")
    assert done.code == 1
    assert 0 < len(times_in_org(org)) < ROWS
    return str(done.document["run"])


@pytest.fixture
def new(bulkup: Bulkup, old: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A retry that died before the old run knew of it; its name."""
    with monkeypatch.context() as dying:
        dying.setattr(Journal, "append", append_unless_superseded(Died()))
        with pytest.raises(Died):
            bulkup("retry", old)
    return next(folder.name for folder in run_folders() if folder.name != old)


def states(bulkup: Bulkup) -> dict[str, str]:
    return {one["run"]: one["state"] for one in bulkup("runs", "--json").document["runs"]}


def test_a_retry_that_died_before_the_old_run_knew_of_it_is_resumed_and_is_the_only_owner(
    bulkup: Bulkup, org: Org, old: str, new: str
) -> None:
    assert states(bulkup) == {old: "partial", new: "killed"}
    assert bulkup("resume", new).code == 0
    refused = bulkup("retry", old)
    assert refused.code == 6
    assert new in refused.err
    assert times_in_org(org) == each_once(ROWS)


def test_a_second_retry_takes_the_rows_from_one_that_never_began(
    bulkup: Bulkup, org: Org, old: str, new: str
) -> None:
    other = bulkup("retry", old, "--json").document["run"]
    assert states(bulkup) == {old: "superseded", new: "superseded", other: "complete"}
    refused = bulkup("resume", new)
    assert refused.code == 6
    assert other in refused.err
    assert "There is no unfinished run" in bulkup("resume").err
    assert times_in_org(org) == each_once(ROWS)


def test_whoever_is_overtaken_on_the_way_to_the_old_runs_lock_is_refused(
    bulkup: Bulkup, old: str, new: str
) -> None:
    run = next(open_run(folder) for folder in run_folders() if folder.name == new)
    other = bulkup("retry", old, "--json").document["run"]
    with (
        run.holding(RealClock()) as journal,
        pytest.raises(RunError, match=f"{other} has taken its rows over; nothing was sent"),
    ):
        require_takeover(run, journal, RealClock())
    assert not is_begun(journal.events)


def test_a_retry_of_a_run_that_was_gone_on_with_since_is_refused(
    bulkup: Bulkup, org: Org, old: str, new: str
) -> None:
    journal = run_folders()[0].parent / old / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines, lines[0], lines[-1]]))
    refused = bulkup("resume", new)
    assert refused.code == 6
    assert "gone on with since" in refused.err
    assert bulkup("runs", new, "--abandon").code == 0
    assert bulkup("retry", old).code == 0
    assert times_in_org(org) == each_once(ROWS)


def test_a_retry_of_a_run_that_is_gone_is_refused_if_it_never_began(
    bulkup: Bulkup, org: Org, old: str, new: str
) -> None:
    before = times_in_org(org)
    assert "removed 0 runs" in bulkup("runs", "--prune", 0).err
    shutil.rmtree(run_folders()[0].parent / old)
    refused = bulkup("resume", new)
    assert refused.code == 6
    assert "not here any more" in refused.err
    assert times_in_org(org) == before


def test_a_disk_that_does_not_take_the_old_runs_last_word_leaves_no_new_run(
    bulkup: Bulkup, org: Org, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(Journal, "append", append_unless_superseded(RunError("The disk is full")))
        assert bulkup("retry", old).code == 6
    assert states(bulkup) == {old: "partial"}
    assert [folder.name for folder in run_folders()[0].parent.iterdir()] == [old]
    assert bulkup("retry", old).code == 0
    assert times_in_org(org) == each_once(ROWS)


def test_a_last_word_that_was_written_though_the_disk_says_no_keeps_the_new_run(
    bulkup: Bulkup, org: Org, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        failing = append_unless_superseded(RunError("The disk is full"), write=True)
        dying.setattr(Journal, "append", failing)
        assert bulkup("retry", old).code == 6
    assert states(bulkup)[old] == "superseded"
    assert bulkup("resume").code == 0
    assert times_in_org(org) == each_once(ROWS)


@pytest.mark.parametrize("moment", ["plan", "Superseded", "Began", "Created", "Closing"])
def test_a_retry_killed_around_the_old_runs_last_word_loads_each_row_once(
    bulkup: Bulkup, org: Org, old: str, moment: str
) -> None:
    first = run_folders()[0]

    def come() -> bool:
        if moment == "Superseded":
            return moment in names(first)
        return len(run_folders()) > 1 and (moment == "plan" or moment in names(run_folders()[-1]))

    mortal = Mortal("retry", old)
    assert mortal.wait_for(come)
    mortal.kill()
    new = run_folders()[-1].name
    resumed = bulkup("resume", new)
    assert resumed.code == 0 or "is over (complete)" in resumed.err
    assert bulkup("retry", old).code == 6
    assert states(bulkup) == {old: "superseded", new: "complete"}
    assert times_in_org(org) == each_once(ROWS)
