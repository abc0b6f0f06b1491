"""A load that was begun or done before is found, however many runs there are."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bulkup.clock import RealClock
from bulkup.model import Operation, Target
from bulkup.runs.events import (
    Abandoned,
    Aborting,
    Closed,
    Closing,
    Created,
    Discarded,
    Event,
    Lost,
    Saved,
    Superseded,
    Uploaded,
)
from bulkup.runs.journal import begin_anew
from bulkup.runs.same_load import find_same_load
from bulkup.state_dir import StateDir, find_state_dir
from tests.runs.writing import INSERT, JOB, KILLED, STARTED, UPSERT, over, write_run

CONTENT = "LastName\nAnn\nBob\n"
SHA256 = hashlib.sha256(CONTENT.encode()).hexdigest()
FIRST: Mapping[str, Any] = {"chunk": 1, "job": JOB}
LOST = Lost(chunk=1, job=JOB, reason="it is gone")
UNKNOWN = Saved(chunk=1, job=JOB, unknown=2)


@pytest.fixture
def state_dir() -> StateDir:
    """An empty one."""
    return find_state_dir()


def found(state_dir: StateDir, target: Target = INSERT, sha256: str = SHA256) -> str | None:
    status = find_same_load(state_dir, hashes={sha256}, target=target)
    return status.name if status else None


def test_without_runs_no_load_was_done_before(state_dir: StateDir) -> None:
    assert found(state_dir) is None


@pytest.mark.parametrize("target", [INSERT, UPSERT])
@pytest.mark.parametrize("events", [(), KILLED, over("stopped", 0), over("waiting", 2)])
def test_an_unfinished_run_is_the_same_load(
    state_dir: StateDir, target: Target, events: tuple[Event, ...]
) -> None:
    write_run(state_dir, "it", events, target=target)
    assert found(state_dir, target) == "it"


def test_a_run_at_work_is_the_same_load(state_dir: StateDir) -> None:
    run = write_run(state_dir, "it", over("complete", 2), target=UPSERT)
    assert found(state_dir, UPSERT) is None
    with run.holding(RealClock()):
        assert found(state_dir, UPSERT) == "it"


@pytest.mark.parametrize(
    ("target", "events", "same"),
    [
        (INSERT, over("complete", 2), True),
        (INSERT, over("partial", 1), True),
        (INSERT, over("partial", 0), False),
        (INSERT, (STARTED, LOST, *over("partial", 0)[2:]), True),
        (INSERT, (STARTED, UNKNOWN, *over("partial", 0)[2:]), True),
        (INSERT, (*over("stopped", 1), Abandoned()), True),
        (INSERT, (STARTED, Created(**FIRST), Uploaded(**FIRST), Abandoned()), False),
        (INSERT, (STARTED, Uploaded(**FIRST), Closing(**FIRST), Abandoned()), True),
        (INSERT, (STARTED, Closing(**FIRST), Closed(**FIRST), Abandoned()), True),
        (INSERT, (STARTED, Uploaded(**FIRST), Discarded(**FIRST), Abandoned()), False),
        (INSERT, (STARTED, Aborting(closed=False, **FIRST), Abandoned()), False),
        (INSERT, (STARTED, Aborting(closed=True, **FIRST), Abandoned()), True),
        (INSERT, (*over("partial", 1), Superseded(by="other")), False),
        (replace(INSERT, external_id="Email__c"), over("complete", 2), False),
        (UPSERT, over("complete", 2), False),
        (replace(INSERT, operation=Operation.UPDATE), over("complete", 2), False),
    ],
)
def test_a_run_that_is_over_is_the_same_load_where_rows_would_be_doubled(
    state_dir: StateDir, target: Target, events: tuple[Event, ...], same: bool
) -> None:
    write_run(state_dir, "it", events, target=target)
    assert found(state_dir, target) == ("it" if same else None)


def test_rows_that_a_retried_run_inserted_count_for_its_retry(state_dir: StateDir) -> None:
    write_run(state_dir, "old", (*over("partial", 1), Superseded(by="new")))
    write_run(state_dir, "new", over("partial", 0), retry_of="old")
    assert found(state_dir) == "new"


def test_a_retry_whose_old_run_was_removed_counts_by_itself(state_dir: StateDir) -> None:
    write_run(state_dir, "new", over("partial", 0), retry_of="gone")
    assert found(state_dir) is None


@pytest.mark.parametrize(
    "other",
    [
        replace(INSERT, object="Lead"),
        replace(INSERT, operation=Operation.DELETE),
        replace(INSERT, external_id="Email__c"),
        replace(INSERT, org_id="00D000000000002"),
    ],
)
def test_another_target_is_another_load(state_dir: StateDir, other: Target) -> None:
    write_run(state_dir, "it", KILLED)
    assert found(state_dir, other) is None


def test_names_have_no_case_and_an_org_has_an_id_of_fifteen_or_eighteen(
    state_dir: StateDir,
) -> None:
    write_run(state_dir, "it", KILLED, target=UPSERT)
    spelled = replace(
        UPSERT, object="contact", external_id="EMAIL__C", org_id=f"{UPSERT.org_id}AAA"
    )
    assert found(state_dir, spelled) == "it"


def test_other_content_is_another_load_though_it_is_mentioned(state_dir: StateDir) -> None:
    other = write_run(state_dir, f"about-{SHA256}", KILLED, content="LastName\nEve\n")
    assert found(state_dir) is None
    assert found(state_dir, sha256=other.plan.source.sha256) == other.name


def test_an_unfinished_run_is_told_of_before_one_that_is_over_and_the_newest_first(
    state_dir: StateDir,
) -> None:
    write_run(state_dir, "c", over("complete", 2), created="2026-01-03T00:00:00.000Z")
    assert found(state_dir) == "c"
    write_run(state_dir, "b", over("complete", 2), created="2026-01-04T00:00:00.000Z")
    assert found(state_dir) == "b"
    write_run(state_dir, "a", KILLED, created="2026-01-01T00:00:00.000Z")
    assert found(state_dir) == "a"


def test_damaged_runs_are_passed_over_where_the_plan_is_and_found_where_the_journal_is(
    state_dir: StateDir,
) -> None:
    plan = write_run(state_dir, "plan", KILLED)
    plan.files.plan.write_bytes(plan.files.plan.read_bytes()[:-40])
    (state_dir.runs / "empty").mkdir()
    assert found(state_dir) is None
    journal = write_run(state_dir, "journal", KILLED, target=UPSERT)
    journal.files.journal.write_bytes(b"{}\n" + journal.files.journal.read_bytes())
    assert found(state_dir, UPSERT) == "journal"


def test_a_run_given_up_with_a_damaged_journal_may_have_inserted_rows(state_dir: StateDir) -> None:
    run = write_run(state_dir, "it", KILLED)
    begin_anew(run.files.journal, Abandoned(), RealClock())
    assert found(state_dir) == "it"
