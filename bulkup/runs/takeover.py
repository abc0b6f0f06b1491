"""A run takes the rows of another over: one only, and only as that one was left.

`retry` writes the new run's plan first and `Superseded` into the old run's journal then. Whoever
dies in between leaves a plan that may not be carried out before the old run says so too: until
then the old one may be retried, or gone on with.
"""

from bulkup.clock import Clock
from bulkup.errors import RunError, RunNotFound
from bulkup.runs.events import Superseded
from bulkup.runs.journal import Journal
from bulkup.runs.run_dir import Run, open_run, withdraw


def supersede(old: Run, journal: Journal, new: Run) -> None:
    """Write into the journal of `old`, which is held, that `new` has its rows now.

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
    """The name of the run that has taken this one's rows over, or nothing.

    Raises:
        RunError: the journal is damaged.
    """
    return next((event.by for event in run.events() if isinstance(event, Superseded)), "")


def require_takeover(new: Run, journal: Journal, clock: Clock) -> None:
    """See to it that a retry of which nothing was sent yet has the rows for itself.

    Raises:
        RunError: another run has them, or it can't be known.
    """
    if not new.plan.retry_of or journal.events:
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
