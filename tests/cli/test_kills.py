"""Loads that die: killed at every event and at random moments, then resumed. Real processes."""

import random
import time
from pathlib import Path

import pytest

from bulkup.localorg.faults import FaultPlan
from tests.cli.conftest import Bulkup, ServedOrg
from tests.cli.dying import (
    INSERT,
    Mortal,
    balanced,
    each_once,
    names,
    people,
    run_folders,
    slow,
    times_in_org,
)

DEATHS = [
    ("Began", 1),
    ("Created", 1),
    ("Uploaded", 1),
    ("Closing", 1),
    ("Closed", 1),
    ("Finished", 1),
    ("Saved", 1),
    ("Closing", 2),
    ("Saved", 3),
]


@pytest.mark.parametrize(("event", "count"), DEATHS)
def test_a_process_killed_at_any_event_is_resumed_and_each_row_is_in_the_org_once(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, event: str, count: int
) -> None:
    org = served(FaultPlan(requests=[slow(0.1)])).org
    path = people(tmp_path / "people.csv")
    mortal = Mortal("run", path, *INSERT, "--chunk-rows", 4, "--parallel", 2)
    assert mortal.wait_for_event(event, count)
    assert mortal.kill() != 0
    assert "Left" not in names()
    done = bulkup("resume", "--json")
    assert done.code == 0, done.err
    assert done.document["state"] == "complete"
    assert done.document["rows"]["succeeded"] == 12
    assert balanced(done.document)
    assert times_in_org(org) == each_once(12)


@pytest.mark.parametrize("seed", range(5))
def test_processes_killed_at_random_moments_are_resumed_until_one_gets_through(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, seed: int
) -> None:
    org = served(FaultPlan(requests=[slow(0.04)])).org
    path = people(tmp_path / "people.csv", 15)
    chance = random.Random(seed)
    mortal = Mortal("run", path, *INSERT, "--chunk-rows", 3, "--parallel", 3)
    assert mortal.wait_for(lambda: "Began" in names())
    for _ in range(2):
        time.sleep(chance.uniform(0, 0.5))
        if mortal.kill() == 0:
            break
        mortal = Mortal("resume", run_folders()[0].name)
        began = names().count("Began")
        mortal.wait_for(lambda: names().count("Began") > began)  # noqa: B023 -- asked at once
    mortal.kill()
    last = bulkup("resume", run_folders()[0].name, "--json")
    assert last.code == 0 or "is over (complete)" in last.out
    assert times_in_org(org) == each_once(15)
