"""Random loads with faults and kills: every promise holds, and broken ones are found."""

import pytest

from tests.simulation.mutations import MUTATIONS
from tests.simulation.search import search
from tests.simulation.world import shape_of


def test_a_few_hundred_random_loads_keep_every_promise() -> None:
    found = search(range(300))
    assert found.broken == []
    assert found.kills > 100
    assert found.rounds > 10
    assert {"complete", "partial", "failed"} <= set(found.states)


def test_a_seed_decides_everything() -> None:
    import random

    assert shape_of(random.Random(7)) == shape_of(random.Random(7))
    one, again = search([11]), search([11])
    assert (one.processes, one.kills, one.states) == (again.processes, again.kills, again.states)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_promise_broken_on_purpose_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTATIONS[name](monkeypatch)
    found = search(range(1000), first_only=True)
    assert found.broken, f"{name} was not found in {found.loads} loads"
