"""Whether a load was begun or done before: the same content, typed once more."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from bulkup.errors import RunError
from bulkup.model import Operation, Target
from bulkup.runs.events import Aborting, Closed, Closing, Event, Finished, Lost, Saved
from bulkup.runs.journal import damaged_copy, last_events
from bulkup.runs.plan import Plan
from bulkup.runs.registry import ABANDONED, DAMAGED, RUNNING, RunStatus, status_of
from bulkup.runs.run_dir import Run, RunDir, all_runs, open_run
from bulkup.state_dir import StateDir
from bulkup.text import amount, duration


def find_same_load(
    state_dir: StateDir, *, hashes: Collection[str], target: Target
) -> RunStatus | None:
    """Find the run that a load of this content into this target would repeat, if any.

    To be called before the plan of the load is written. `hashes` are those of `content_hashes`.
    A run is the same load when its content, object, operation, key and org are the same, and it is
    unfinished, at work, or has a damaged journal. For an insert without a key it may also be over
    or abandoned, where rows of it, or of a run that it retried, are in the org or may be there.
    Unfinished runs come first, then the newest.

    Raises:
        RunError: the folder of runs can't be read.
    """
    same = [
        status
        for folder in all_runs(state_dir)
        if _mentions(RunDir(folder).plan, hashes)
        and isinstance(status := status_of(folder), RunStatus)
        and _is_same_load(status.run, hashes, target)
    ]
    same.sort(key=lambda status: status.made, reverse=True)
    unfinished = [s for s in same if s.resumable or s.state in {RUNNING, DAMAGED}]
    over = [] if _is_repeatable(target) else [s for s in same if _is_over(s)]
    return next(iter([*unfinished, *filter(_has_inserted, over)]), None)


def require_new_load(
    state_dir: StateDir, *, file: str, hashes: Collection[str], target: Target, now: datetime
) -> None:
    """Refuse to begin a load that an unfinished run does already, or that would insert rows twice.

    Raises:
        RunError: with the run's age and state, how far it came, and what to type.
    """
    status = find_same_load(state_dir, hashes=hashes, target=target)
    if status is None:
        return
    run = status.run
    succeeded = sum(event.succeeded for event in _saved(run))
    raise RunError(
        f"{file} has a load into {target.object} of this org already: run {run.name}, begun "
        f"{duration((now - status.made).total_seconds())} ago, {status.state}, "
        f"{succeeded:,} of {amount(run.plan.source.rows, 'row')} succeeded so far",
        "\n".join(_ways_on(status)),
        name="SameLoad",
    )


def _ways_on(status: RunStatus) -> Iterator[str]:
    """What to type instead."""
    name = status.run.name
    if status.state == RUNNING:
        yield f"See how far it is: bulkup runs {name}"
    elif status.resumable:
        yield f"Finish it: bulkup resume {name}"
        yield f"Or stop it: bulkup stop {name}"
    elif status.way_on:
        yield f"Send what did not succeed: {status.way_on}"
    yield "To load the file once more all the same, add: --again"


def _saved(run: Run) -> list[Saved]:
    with suppress(RunError):
        return [event for event in run.events() if isinstance(event, Saved)]
    return []


def _is_over(status: RunStatus) -> bool:
    return status.retriable or status.state == ABANDONED


def content_hashes(plan: Plan) -> set[str]:
    """The hashes (sha256) of a plan's file and of its text: a file may be packed meanwhile."""
    return {plan.source.sha256, plan.original.sha256}


def _mentions(plan: Path, hashes: Collection[str]) -> bool:
    """Whether a plan may be of a source with this content: most are not, and needn't be decoded."""
    try:
        document = plan.read_bytes()
    except OSError:
        return False
    return any(sha256.encode() in document for sha256 in hashes)


def _is_same_load(run: Run, hashes: Collection[str], target: Target) -> bool:
    is_same_content = not content_hashes(run.plan).isdisjoint(hashes)
    return is_same_content and _identity(run.plan.target) == _identity(target)


def _identity(target: Target) -> tuple[str, ...]:
    """What makes two targets the same. Salesforce's names have no case, nor has an Id of 15."""
    return (
        target.object.casefold(),
        target.operation,
        (target.external_id or "").casefold(),
        target.org_id[:15],
    )


def _is_repeatable(target: Target) -> bool:
    """Whether the same load leaves the same records when it is done once more."""
    return target.operation is not Operation.INSERT or bool(target.external_id)


def _has_inserted(status: RunStatus) -> bool:
    """Whether rows of the run, or of a run that it retried, are in the org or may be there."""
    run, names = status.run, set[str]()
    while run.name not in names:
        names.add(run.name)
        if damaged_copy(run.files.journal).exists():
            return True  # given up: what the journal told of can't be known any more
        with suppress(RunError):
            if _tells_of_rows(run.events()):
                return True
        if run.plan.retry_of:
            with suppress(RunError):
                run = open_run(run.folder.parent / run.plan.retry_of)
    return False


def _tells_of_rows(events: Sequence[Event]) -> bool:
    """Whether events tell of rows that are in the org, or of which that isn't known."""
    loaded = any(
        isinstance(event, Lost)
        or (isinstance(event, Saved) and event.succeeded + event.unknown > 0)
        for event in events
    )
    return loaded or any(map(_may_be_processed, last_events(events).values()))


def _may_be_processed(last: Event) -> bool:
    """Whether a chunk was left when its job had been closed, or was about to be."""
    match last:
        case Aborting() | Finished():
            return last.closed
        case Closing() | Closed():
            return True
    return False
