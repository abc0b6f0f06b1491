"""`make simulate N=10000 [SEED=…]`: that many random loads, and what was found."""

import argparse
import sys
import time

from tests.simulation.search import search


def main() -> int:
    """Search; the exit code says whether a promise was broken."""
    parser = argparse.ArgumentParser(prog="make simulate")
    parser.add_argument("--seeds", type=int, default=1000, help="how many loads")
    parser.add_argument("--seed", type=int, default=None, help="only this one")
    asked = parser.parse_args()
    seeds = [asked.seed] if asked.seed is not None else range(asked.seeds)
    since = time.monotonic()
    found = search(seeds)
    seconds = time.monotonic() - since
    print(  # noqa: T201 -- a command
        f"{found.loads:,} loads, {found.processes:,} processes, {found.kills:,} kills, "
        f"{found.rounds:,} further rounds, "
        f"{seconds:.1f} s, {found.loads / seconds * 60:,.0f} loads a minute; "
        + ", ".join(f"{count:,} {state}" for state, count in sorted(found.states.items()))
    )
    for seed, complaint in found.broken:
        print(f"seed {seed}: {complaint}\n  repeat it with: make simulate SEED={seed}")  # noqa: T201 -- a command
    return 1 if found.broken else 0


if __name__ == "__main__":
    sys.exit(main())
