"""Loads that are watched from outside by their journal, and that die when their time has come."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bulkup.localorg.faults.plan import FaultAction, RequestFault
from bulkup.localorg.org import Org

GLANCE = 0.003
PATIENCE = 30.0
UNWILLING = RequestFault(act=FaultAction.STATUS, method="POST", path="*/jobs/ingest*")
"""The org makes no job, once. With `--retry-for 0` a run stops then, and nothing was sent."""
INSERT = ("--object", "Contact", "--op", "insert")


def slow(seconds: float, method: str = "", path: str = "*/jobs/ingest*") -> RequestFault:
    """Work that is done at once and told of so many seconds later: a wide window to die in."""
    return RequestFault(act=FaultAction.SLOW, method=method, path=path, seconds=seconds, times=0)


def people(path: Path, rows: int = 12, *, encoding: str = "utf-8") -> Path:
    """A file for an insert, each row unlike the others."""
    lines = [f"Ann{n},Müller {n}\n" for n in range(rows)]
    path.write_text("FirstName,LastName\n" + "".join(lines), encoding=encoding)
    return path


def times_in_org(org: Org) -> Counter[str]:
    """How often each row is in the org."""
    return Counter(str(one["LastName"]) for one in org.records("Contact"))


def each_once(rows: int) -> Counter[str]:
    """What an org has in which each row is exactly once."""
    return Counter(f"Müller {n}" for n in range(rows))


def met(org: Org) -> int:
    """How many requests have come to the org that a fault was ordered for."""
    return sum(org._faults._requests.values())


def run_folders() -> list[Path]:
    """The run directories under BULKUP_HOME that have a plan, oldest first."""
    home = Path(os.environ["BULKUP_HOME"])
    return sorted(path.parent for path in home.glob("runs/*/plan.json"))


def told(folder: Path | None = None) -> list[dict[str, Any]]:
    """The whole lines of a run's journal; of the only run if none is named."""
    folders = [folder] if folder else run_folders()[-1:]
    journal = folders[0] / "journal.jsonl" if folders else None
    if journal is None or not journal.exists():
        return []
    whole, _, _ = journal.read_bytes().rpartition(b"\n")
    return [json.loads(line) for line in whole.splitlines()]


def names(folder: Path | None = None) -> list[str]:
    """The kinds of the events of a run's journal."""
    return [str(event["event"]) for event in told(folder)]


def balanced(document: dict[str, Any]) -> bool:
    """Whether the books of a run's JSON add up to its rows."""
    counts = dict(document["rows"])
    del counts["created"]
    return bool(counts.pop("total") == sum(counts.values()))


class Mortal:
    """`bulkup` in a process of its own, to be ended from outside."""

    def __init__(self, *arguments: object, **more: Any) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bulkup", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            **more,
        )

    def wait_for(self, enough: Callable[[], bool]) -> bool:
        """Watch until it is so; False when the process ended before."""
        since = time.monotonic()
        while not enough():
            if self._process.poll() is not None:
                return enough()
            assert time.monotonic() - since < PATIENCE, f"it did not come to pass: {names()}"
            time.sleep(GLANCE)
        return True

    def wait_for_event(self, name: str, count: int = 1) -> bool:
        """Watch the journal until this event stands there so many times."""
        return self.wait_for(lambda: names().count(name) >= count)

    def wait_for_words(self, words: str) -> None:
        """Read what it says on stderr until these words come."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if words in line:
                return
        raise AssertionError(f"it never said {words!r}")

    def kill(self) -> int:
        """Without a warning, as the machine would."""
        self._process.kill()
        return self.ended()[0]

    def signal(self, kind: signal.Signals) -> None:
        """Ask it to leave."""
        self._process.send_signal(kind)

    def ended(self) -> tuple[int, str, str]:
        """Its exit code, and what it said (but for what was read before)."""
        out, err = self._process.communicate(timeout=PATIENCE)
        return self._process.returncode, out, err


@contextmanager
def meanwhile(event: str, act: Callable[[dict[str, Any]], None], count: int = 1) -> Iterator[None]:
    """Do something as soon as the newest run's journal holds the event so many times."""
    over = threading.Event()
    acted: list[str] = []

    def watch() -> None:
        while not over.wait(GLANCE):
            found = [one for one in told() if one["event"] == event]
            if len(found) >= count:
                act(found[count - 1])
                acted.append(event)
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert acted, f"{event} never came: {names()}"
