"""Whether a load was begun or done before: the same content, typed once more."""

from contextlib import suppress
from pathlib import Path

from bulkup.errors import RunError
from bulkup.model import Operation, Target
from bulkup.runs.events import Event, Lost, Saved
from bulkup.runs.registry import ABANDONED, DAMAGED, RUNNING, RunStatus, status_of
from bulkup.runs.run_dir import Run, RunDir, all_runs, open_run
from bulkup.state_dir import StateDir


def find_same_load(state_dir: StateDir, *, sha256: str, target: Target) -> RunStatus | None:
    """Find the run that a load of this content into this target would repeat, if any.

    To be called before the plan of the load is written. A run is the same load when its source,
    object, operation, key and org are the same, and it is unfinished, at work, or has a damaged
    journal. For an insert without a key it may also be over or abandoned, where rows of it, or of a
    run that it retried, are in the org or may be there. Unfinished runs come first, then the
    newest.

    Raises:
        RunError: the folder of runs can't be read.
    """
    same = [
        status
        for folder in all_runs(state_dir)
        if _mentions(RunDir(folder).plan, sha256)
        and isinstance(status := status_of(folder), RunStatus)
        and _is_same_load(status.run, sha256, target)
    ]
    same.sort(key=lambda status: status.made, reverse=True)
    unfinished = [s for s in same if s.resumable or s.state in {RUNNING, DAMAGED}]
    over = [] if _is_repeatable(target) else [s for s in same if _is_over(s)]
    return next(iter([*unfinished, *filter(_has_inserted, over)]), None)


def _is_over(status: RunStatus) -> bool:
    return status.retriable or status.state == ABANDONED


def _mentions(plan: Path, sha256: str) -> bool:
    """Whether a plan may be of a source with this content: most are not, and needn't be decoded."""
    try:
        return sha256.encode() in plan.read_bytes()
    except OSError:
        return False


def _is_same_load(run: Run, sha256: str, target: Target) -> bool:
    return run.plan.source.sha256 == sha256 and _identity(run.plan.target) == _identity(target)


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
        with suppress(RunError):
            if any(map(_tells_of_rows, run.events())):
                return True
        if run.plan.retry_of:
            with suppress(RunError):
                run = open_run(run.folder.parent / run.plan.retry_of)
    return False


def _tells_of_rows(event: Event) -> bool:
    """Whether an event tells of rows that are in the org, or of which that isn't known."""
    return isinstance(event, Lost) or (
        isinstance(event, Saved) and event.succeeded + event.unknown > 0
    )
