"""What a whole process costs: wall and processor seconds, and its peak of memory."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.data import FOLDER
from benchmarks.sink import TOKEN

_RSS = 1 if sys.platform == "darwin" else 1024
"""Bytes in the unit that the system counts peak memory in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds, and bytes of memory at the peak."""

    wall: float
    cpu: float
    peak: int
    output: str = ""


def measured(command: Sequence[str], environment: dict[str, str]) -> Cost:
    """Run a command to its end.

    Raises:
        RuntimeError: it failed; with what it printed.
    """
    log = FOLDER / "last.log"
    with log.open("w+", encoding="utf-8") as output:
        since = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=os.environ | environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - since
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}\n{text[-3000:]}")
    return Cost(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        peak=usage.ru_maxrss * _RSS,
        output=text,
    )


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        wall=median(cost.wall for cost in costs),
        cpu=median(cost.cpu for cost in costs),
        peak=int(median(cost.peak for cost in costs)),
    )


@contextmanager
def sink(*, keep: bool) -> Iterator[dict[str, str]]:
    """A sink of its own for one measurement, as the environment of a client; nothing stays."""
    home = (FOLDER / "home").absolute()
    command = [sys.executable, "-m", "benchmarks.sink", *(["--keep"] if keep else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        port = int(server.stdout.readline())
        try:
            yield {
                "BULKUP_HOME": str(home),
                "BULKUP_INSTANCE_URL": f"http://127.0.0.1:{port}",
                "BULKUP_ACCESS_TOKEN": TOKEN,
            }
        finally:
            server.terminate()
            shutil.rmtree(home, ignore_errors=True)
            shutil.rmtree(FOLDER / "out", ignore_errors=True)


def warm(path: Path) -> None:
    """Read a file once, so that each case finds it in the system's cache."""
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 20):
            pass
