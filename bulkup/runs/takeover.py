"""A retry takes the rows of another run over. Each run has one successor at most.

`retry` writes the plan of the new run first, and then `Superseded` into the journal of the old one.
If the process dies in between, the new plan may not be carried out before the old journal confirms
the takeover; until then the old run may be retried or resumed.
"""

from bulkup.clock import Clock
from bulkup.errors import RunError, RunNotFound
from bulkup.runs.events import Superseded
from bulkup.runs.journal import Journal, is_begun
from bulkup.runs.run_dir import Run, open_run, withdraw


def supersede(old: Run, journal: Journal, new: Run) -> None:
    """Write into the journal of `old`, which the caller holds, that `new` has its rows now.

    Raises:
        RunError: the disk did not take it; then there is no new run.
    """
    try:
        journal.append(Superseded(by=new.name))
    except RunError:
        if superseded_by(old) != new.name:
            withdraw(new)
        raise


def superseded_by(run: Run) -> str:
    """Return the name of the run that has taken this one's rows over, or an empty string.

    Raises:
        RunError: the journal is damaged.
    """
    return next((event.by for event in run.events() if isinstance(event, Superseded)), "")


def require_takeover(new: Run, journal: Journal, clock: Clock) -> None:
    """Complete the takeover of a retry of which nothing was sent yet.

    Raises:
        RunError: another run has them, or it can't be known.
    """
    if not new.plan.retry_of or is_begun(journal.events):
        return
    old = _old(new)
    with old.holding(clock) as theirs:
        by = superseded_by(old)
        if by and by != new.name:
            raise _useless(new, f"{by} has taken its rows over")
        if not by and len(theirs.events) != new.plan.retry_of_events:
            raise _useless(new, "which was gone on with since then")
        if not by:
            theirs.append(Superseded(by=new.name))


def _old(new: Run) -> Run:
    try:
        return open_run(new.folder.parent / new.plan.retry_of)
    except RunNotFound as error:
        raise _useless(
            new, "which is not here any more: whether its rows are in can't be known"
        ) from error


def _useless(new: Run, why: str) -> RunError:
    return RunError(
        f"Run {new.name} was to send rows of run {new.plan.retry_of}, {why}; nothing was sent",
        f"Give it up with: bulkup runs {new.name} --abandon",
        name="RunSuperseded",
    )
