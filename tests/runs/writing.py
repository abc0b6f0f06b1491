"""Runs that are written down without anything being sent."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bulkup.clock import RealClock
from bulkup.csvfile.source import open_source
from bulkup.model import Chunk, Operation, Target
from bulkup.runs.events import Event, RunPaused, RunStarted, Saved
from bulkup.runs.journal import Journal
from bulkup.runs.plan import Options, Plan
from bulkup.runs.run_dir import Run, write_plan
from bulkup.state_dir import StateDir

ORG = "00D000000000001"
INSERT = Target(object="Contact", operation=Operation.INSERT, org_id=ORG)
UPSERT = replace(INSERT, operation=Operation.UPSERT, external_id="Email__c")
JOB = "750000000000001AAA"
STARTED = RunStarted(process=1, version="0")
KILLED: Sequence[Event] = (STARTED,)


def over(state: str, succeeded: int) -> Sequence[Event]:
    """The events of a run that ended in this state with so many rows in the org."""
    return (STARTED, Saved(chunk=1, job=JOB, succeeded=succeeded), RunPaused(state=state))


def write_run(
    state_dir: StateDir,
    name: str,
    events: Sequence[Event] = (),
    *,
    content: str = "LastName\nAnn\nBob\n",
    target: Target = INSERT,
    created: str = "",
    retry_of: str = "",
) -> Run:
    """A run of a small file, with these events in its journal."""
    state_dir.make()
    path = state_dir.state / f"{name}.csv"
    path.write_text(content, encoding="utf-8")
    folder = state_dir.runs / name
    folder.mkdir()
    source = open_source(path)
    plan = Plan(
        run=name,
        created=created or RealClock().stamp(),
        version="0",
        source=source,
        original=source,
        csv_file=source,
        target=target,
        columns=(),
        chunks=(Chunk(number=1, start=source.start, end=source.size, rows=2, first_row=1),),
        options=Options(directory=Path("out")),
        retry_of=retry_of,
    )
    run = write_plan(folder, plan)
    with Journal(run.files.journal, RealClock()) as journal:
        for event in events:
            journal.append(event)
    return run
