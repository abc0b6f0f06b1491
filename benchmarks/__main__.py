"""`python -m benchmarks [--times N] [--huge]`: measure, and print a table in Markdown."""

import argparse
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import data
from benchmarks.measure import Cost, measured, middle, sink, warm

PYTHON = sys.executable
BULKUP = str(Path(PYTHON).with_name("bulkup"))
MB = 1_000_000
FLOOR, BOTH, RUN, SENT = (
    "floor: read, scan, PUT",
    "floor, and get the results",
    "`bulkup run --no-check`",
    "`bulkup run --no-check --no-wait`",
)
CHECKED, CHECK, COUNT, REWRITTEN = (
    "`bulkup run`",
    "`bulkup check`",
    "DuckDB counts all cells as text",
    "`bulkup run --no-check --no-wait`, rewriting it",
)
THEIRS = "simple-salesforce 1.12 `bulk2`, no results"


@dataclass(frozen=True, slots=True)
class Case:
    """One command on one file. `keep`: the sink gives the rows back. `beside`: its ratio's base."""

    name: str
    file: str
    command: tuple[str, ...]
    keep: bool = False
    beside: str = ""

    def run(self) -> Cost:
        """Measure it once."""
        path = data.paths()[self.file]
        warm(path)
        with sink(keep=self.keep) as environment:
            url = environment["BULKUP_INSTANCE_URL"]
            command = [part.format(url=url, file=path) for part in self.command]
            return measured(command, environment)


def bulkup(*more: str) -> tuple[str, ...]:
    """The command that is measured."""
    return (*_command("run"), "--dir", str(data.FOLDER / "out"), *more)


def _command(name: str) -> tuple[str, ...]:
    target = ("--object", "Contact", "--op", "upsert", "--external-id", "Email__c")
    return (BULKUP, name, "{file}", *target, "--quiet")


def module(name: str, *more: str) -> tuple[str, ...]:
    """One of the scripts here."""
    return (PYTHON, "-m", f"benchmarks.{name}", *more)


def cases(*, huge: bool) -> list[Case]:
    """All of them, in the order of the table."""
    found = []
    for file in ("96 MB", "400 MB"):
        found += [
            Case(FLOOR, file, module("floor", "{url}", "{file}")),
            Case(SENT, file, bulkup("--no-check", "--no-wait"), beside=FLOOR),
            Case(BOTH, file, module("floor", "{url}", "{file}", "--results"), keep=True),
            Case(RUN, file, bulkup("--no-check"), keep=True, beside=BOTH),
        ]
    found += [
        Case(CHECKED, "400 MB", bulkup(), keep=True, beside=RUN),
        Case(COUNT, "400 MB", module("count", "{file}")),
        Case(CHECK, "400 MB", _command("check"), beside=COUNT),
        Case(REWRITTEN, "400 MB, UTF-16", bulkup("--no-check", "--no-wait")),
    ]
    theirs = Case(THEIRS, "96 MB", module("theirs", "{url}", "{file}"), beside=FLOOR)
    found.insert(4, theirs)
    if huge:
        found += [
            Case(SENT, "4 GB", bulkup("--no-check", "--no-wait")),
            Case(RUN, "4 GB", bulkup("--no-check"), keep=True),
            Case(CHECK, "4 GB", _command("check")),
        ]
    return found


def load_table(times: int, only: str, *, huge: bool) -> list[str]:
    """Each case several times in turn; medians."""
    all_cases = [case for case in cases(huge=huge) if only in f"{case.file}: {case.name}"]
    costs: dict[Case, list[Cost]] = {case: [] for case in all_cases}
    for turn in range(times):
        for case in all_cases:
            if turn and case.file == "4 GB":
                continue
            costs[case].append(case.run())
            last = costs[case][-1]
            print(f"{case.file:>14} {case.name:46} {last.wall:7.2f} s", file=sys.stderr)
    medians = {(case.file, case.name): middle(costs[case]) for case in all_cases}
    lines = [
        "| file | what | wall | CPU | peak memory | wall / base | CPU / base |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for case in all_cases:
        cost = medians[case.file, case.name]
        base = medians.get((case.file, case.beside))
        walls = f"{cost.wall / base.wall:.1f}" if base else ""
        cpus = f"{cost.cpu / base.cpu:.1f}" if base else ""
        lines.append(
            f"| {case.file} | {case.name} | {cost.wall:.2f} s | {cost.cpu:.2f} s "
            f"| {cost.peak / MB:.0f} MB | {walls} | {cpus} |"
        )
    return lines


def planning_table(times: int) -> list[str]:
    """Planning alone, in MB a second: the best of all, for the machine is never idle."""
    lines = ["| planning alone | cells counted | `--no-check` |", "| --- | ---: | ---: |"]
    for file in ("400 MB, no quotes", "400 MB", "400 MB, all quoted"):
        path = data.paths()[file]
        warm(path)
        figures = []
        for more in (["--cells"], []):
            command = [*module("planning"), str(path), *more]
            speeds = [float(measured(command, {}).output) for _ in range(times)]
            figures.append(f"{max(speeds):.0f} MB/s")
        lines.append(f"| {file} | {figures[0]} | {figures[1]} |")
    return lines


def start(times: int) -> str:
    """How long the help takes."""
    costs = [measured([BULKUP, "--help"], {}) for _ in range(2 * times)]
    return f"`bulkup --help`: {middle(costs).wall:.2f} s."


def machine() -> str:
    """The day, and what the machine is like."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"{platform.system()}, CPython {platform.python_version()}; "
        f"other work on the machine at the start: load {os.getloadavg()[0]:.1f}."
    )


def main() -> int:
    """Make the files, measure, print. `--only` takes a part of a case's file or name."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="how often each case is run")
    parser.add_argument("--huge", action="store_true", help="4 GB too, for its memory")
    parser.add_argument("--only", default="", help="cases with this in their name, or 'planning'")
    given = parser.parse_args()
    subprocess.run([*module("data"), *(["--huge"] if given.huge else [])], check=True)
    print(machine())
    if given.only != "planning":
        print("", *load_table(given.times, given.only, huge=given.huge), sep="\n")
    if given.only in {"", "planning"}:
        print("", *planning_table(given.times), "", start(given.times), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
