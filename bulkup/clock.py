"""Time, as something that is given from outside: real here, fake in the simulation."""

import time
from datetime import UTC, datetime
from threading import Event
from typing import Protocol


class Clock(Protocol):
    """What the runner needs to know of time."""

    def now(self) -> float:
        """Seconds that only go forward, whatever happens to the wall clock."""
        ...

    def stamp(self) -> str:
        """The moment for people and journals: ISO 8601 in UTC, with milliseconds."""
        ...

    def since(self, stamp: str) -> float:
        """Seconds since a moment that `stamp` gave, in whichever process; never below 0."""
        ...

    def sleep(self, seconds: float, wake: Event) -> None:
        """Wait so long, or until `wake` is set."""
        ...


class RealClock:
    """The machine's own time."""

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def stamp(self) -> str:
        """The wall clock's moment."""
        return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def since(self, stamp: str) -> float:
        """By the wall clock, which is all that two processes share."""
        return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(stamp)).total_seconds())

    def sleep(self, seconds: float, wake: Event) -> None:
        """Wait so long, or until `wake` is set."""
        wake.wait(seconds)
