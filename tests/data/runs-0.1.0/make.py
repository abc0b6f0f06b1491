"""Makes the run directories beside this file. Needs bulkup 0.1.0's own code, see README.md.

It asks for that code by name, so that nobody holds this script against the modules of today.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

bulkup: Any = import_module("bulkup")
database: Any = import_module("bulkup.localorg.database")
faults: Any = import_module("bulkup.localorg.faults")
identity: Any = import_module("bulkup.localorg.identity")
server: Any = import_module("bulkup.localorg.server")

SEED = 100
"""Of the org's Id. A test gives it to an org of its own, before that is served: `identify`."""
FIRST = 1000
"""Jobs and contacts are numbered from here on, so that no Id is one of a fresh org's."""
ROOM = Path("/tmp/bulkup-0.1.0-fixtures")  # stands in the plans: no path of anybody's own
HERE = Path(__file__).parent
PATIENCE = 30.0
HANGING = 0.5
"""Seconds between the event and the kill, in which nothing more may come into the journal."""
INSERT = ("--object", "Contact", "--op", "insert")
KNOWN = ("0030000000000EXAAY", "0030000000000EYAAY")
"""Ids that the file itself tells of rows that are not sent."""
tokens: list[bytes] = []
"""Of the org, which has another one each time that it is served."""


def main() -> None:
    """Make all three in a neutral place, then take what matters over."""
    assert bulkup.__version__ == "0.1.0", bulkup.__file__
    shutil.rmtree(ROOM, ignore_errors=True)
    ROOM.mkdir(mode=0o700)
    prepare_org()
    make_finished()
    make_interrupted()
    make_retry_round()
    for path in HERE.rglob("*"):
        assert path.is_dir() or not any(one in path.read_bytes() for one in tokens), path


def prepare_org() -> None:
    """An org of a known Id, in which a contact already has the address of a row of `finished`."""
    org = ROOM / "org"
    opened = database.open_database(org)
    identity.identify(opened, SEED)
    database.set_meta(opened, "last 003", str(FIRST))
    opened.execute("INSERT INTO sqlite_sequence VALUES ('job', ?)", (FIRST,))
    opened.commit()
    opened.close()
    before = written("before", "before.csv", "LastName,Email__c\nFirst,p8@example.com\n")
    with server.serve(org) as running:
        process = started(running, before, ["run", "before.csv", *INSERT, "--dir", "results"])
        assert process.wait(PATIENCE) == 0


def make_finished() -> None:
    """Ten rows in two jobs. Row 3 has a bad date, row 8 the address of another contact."""
    born = {3: "never"}
    rows = [f"Müller {n},{born.get(n, '1999-01-02')},p{n}@example.com\n" for n in range(1, 11)]
    text = "LastName,Birthdate,Email__c\n" + "".join(rows)
    folder = written("finished", "people.csv", text)
    arguments = ["run", "people.csv", *INSERT, "--no-check", "--chunk-rows", "5"]
    with server.serve(ROOM / "org") as running:
        process = started(running, folder, [*arguments, "--parallel", "1", "--dir", "results"])
        assert process.wait(PATIENCE) == 1
    assert told(folder)[-1]["state"] == "partial"
    keep(folder, "people.csv", "results")


def make_interrupted() -> None:
    """Twelve rows in three jobs, of which the first is over and the second is never made."""
    rows = [f"Ann{n},Müller {n}\n" for n in range(12)]
    folder = written("interrupted", "people.csv", "FirstName,LastName\n" + "".join(rows))
    arguments = ["run", "people.csv", *INSERT, "--chunk-rows", "4", "--parallel", "1"]
    ordered = faults.FaultPlan(requests=[never_made(2)])
    kill_after("Saved", folder, [*arguments, "--dir", "results"], ordered)
    keep(folder, "people.csv")


def make_retry_round() -> None:
    """Fourteen rows, sent from a copy in UTF-8; two are left out, of the others some are locked."""
    rows = [f"Ann{n};Müller {n};;\n" for n in range(14)]
    rows[2] = f"Ann2;Müller 2;succeeded;{KNOWN[0]}\n"
    rows[9] = f"Ann9;Müller 9;succeeded;{KNOWN[1]}\n"
    text = "FirstName;LastName;bulkup__Status;sf__Id\n" + "".join(rows)
    folder = written("retry-round", "leute.csv", text, encoding="cp1252")
    arguments = ["run", "leute.csv", *INSERT, "--chunk-rows", "6", "--parallel", "1"]
    locked = faults.JobFault(locked=0.5, times=2)
    ordered = faults.FaultPlan(requests=[never_made(3)], jobs=[locked])
    wish = [*arguments, "--encoding", "cp1252", "--dir", "results"]
    kill_after("Round", folder, wish, ordered)
    keep(folder, "leute.csv")


def never_made(nth: int) -> Any:
    """The job that is asked for as the nth: no answer comes, and whoever waits for it is killed."""
    return faults.RequestFault(
        act=faults.Act.HANG, method="POST", path="*/jobs/ingest*", nth=nth, seconds=60
    )


def written(name: str, file: str, text: str, encoding: str = "utf-8") -> Path:
    """A folder for one run, with its source."""
    folder = ROOM / name
    folder.mkdir()
    (folder / file).write_bytes(text.encode(encoding))
    return folder


def started(running: Any, folder: Path, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """`bulkup` in a process of its own, at work in this folder."""
    tokens.append(running.token.encode())
    environment = {
        **os.environ,
        "HOME": str(folder),
        "BULKUP_HOME": str(folder / "home"),
        "BULKUP_INSTANCE_URL": running.url,
        "BULKUP_ACCESS_TOKEN": running.token,
    }
    command = [sys.executable, "-m", "bulkup", *arguments]
    return subprocess.Popen(command, cwd=folder, env=environment)


def kill_after(event: str, folder: Path, arguments: Sequence[str], ordered: Any) -> None:
    """Run it until its journal holds this event and it hangs in its next request, then kill it."""
    with server.serve(ROOM / "org", faults=ordered) as running:
        process = started(running, folder, arguments)
        wait_for(lambda: any(one["event"] == event for one in told(folder)))
        time.sleep(HANGING)
        process.kill()
        assert process.wait(PATIENCE) < 0, "it was not killed but ended"
    assert told(folder)[-1]["event"] == event, told(folder)[-1]


def wait_for(enough: Callable[[], bool]) -> None:
    """Watch until it is so."""
    since = time.monotonic()
    while not enough():
        assert time.monotonic() - since < PATIENCE, "it did not come to pass"
        time.sleep(0.003)


def told(folder: Path) -> list[dict[str, Any]]:
    """The whole lines of the journal of the folder's only run."""
    found = list(folder.glob("home/runs/*/journal.jsonl"))
    whole = found[0].read_bytes().rpartition(b"\n")[0] if found else b""
    return [json.loads(line) for line in whole.splitlines()]


def keep(folder: Path, *more: str) -> None:
    """Take the run directory over, but for its lock, and what is named, beside this file."""
    (run,) = folder.glob("home/runs/*")
    to = HERE / folder.name
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(run, to / "run", ignore=shutil.ignore_patterns("lock"))
    for name in more:
        path = folder / name
        if path.is_dir():
            shutil.copytree(path, to / name)
        else:
            shutil.copy(path, to / name)


if __name__ == "__main__":
    main()
