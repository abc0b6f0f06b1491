"""Whether a load was begun or done before: the same content, typed once more."""

from contextlib import suppress
from pathlib import Path

from bulkup.errors import RunError
from bulkup.model import Operation, Target
from bulkup.runs.events import Saved
from bulkup.runs.registry import ABANDONED, DAMAGED, RUNNING, RunStatus, status_of
from bulkup.runs.run_dir import Run, RunDir, all_runs, open_run
from bulkup.state_dir import StateDir


def find_same_load(state_dir: StateDir, *, sha256: str, target: Target) -> RunStatus | None:
    """The run that a load of a source with this content into this target would repeat, if any.

    That is an unfinished run, or one at work, or one of which nobody can tell, with the same
    source, object, operation, key and org. For an insert without a key it is also a run that is
    over or abandoned and has inserted rows, by itself or by the runs that it retried. Newest
    first, unfinished ones before the others.
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
    """Whether rows of the run, or of a run that it retried, are in the org."""
    run, names = status.run, set[str]()
    while run.name not in names:
        names.add(run.name)
        with suppress(RunError):
            if any(isinstance(event, Saved) and event.succeeded for event in run.events()):
                return True
        if run.plan.retry_of:
            with suppress(RunError):
                run = open_run(run.folder.parent / run.plan.retry_of)
    return False
