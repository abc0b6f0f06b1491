"""Many seeds, one after the other, until a promise is found broken or all are through."""

import os
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.simulation.world import Broken, World

MEMORY = Path("/dev/shm")


@dataclass(kw_only=True)
class Found:
    """What a search came upon."""

    loads: int = 0
    processes: int = 0
    kills: int = 0
    rounds: int = 0
    states: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[int, str]] = field(default_factory=list)


def search(seeds: Iterable[int], *, first_only: bool = False) -> Found:
    """Live through each seed; `first_only` ends at the first broken promise."""
    found = Found()
    parent = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        for seed in seeds:
            world = World(seed=seed, folder=Path(folder) / str(seed))
            try:
                report = world.live()
                found.states[str(report.state)] += 1
            except Broken as error:
                found.broken.append((seed, str(error)))
            finally:
                found.loads += 1
                found.processes += world.attempts
                found.kills += world.kills
                found.rounds += world.rounds
                world.close()
            if found.broken and first_only:
                break
    return found
