"""The access tokens that the org takes."""

import threading
from collections.abc import Callable


class Tokens:
    """Valid tokens with the time at which each ends; safe to use from several threads.

    `add` without `seconds` makes a token that ends only by `expire`.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ends: dict[str, float] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Tokens: {len(self._ends)}>"

    def add(self, token: str, *, seconds: float | None = None) -> None:
        """Take this token from now on, for so many seconds."""
        with self._lock:
            self._ends[token] = float("inf") if seconds is None else self._clock() + seconds

    def expire(self, token: str | None = None) -> None:
        """Take this token no longer, or none of those there are now."""
        with self._lock:
            if token is None:
                self._ends.clear()
            else:
                self._ends.pop(token, None)

    def valid(self, token: str) -> bool:
        """Whether the org takes this token at this moment."""
        with self._lock:
            return self._ends.get(token, 0.0) > self._clock()
