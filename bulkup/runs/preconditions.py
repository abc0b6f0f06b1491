"""What must be true of a run before a command may go on with it."""

from collections.abc import Sequence

from bulkup.errors import RunError
from bulkup.runs.events import Event
from bulkup.runs.place import is_same_place, place_of
from bulkup.runs.registry import ABANDONED, SUPERSEDED, RunStatus
from bulkup.runs.run_dir import Run
from bulkup.runs.state import State
from bulkup.state_dir import StateDir


def require_resumable(status: RunStatus) -> None:
    """Refuse a run of which nothing is left to do.

    Raises:
        RunError: it is over, superseded or abandoned.
    """
    name = status.run.name
    _refuse_superseded(status)
    if status.state == ABANDONED:
        raise RunError(
            f"Run {name} is abandoned", "Load the file with a new run.", name="RunAbandoned"
        )
    if not status.resumable:
        hint = f"Send what did not go in again with: bulkup retry {name}"
        raise RunError(
            f"Run {name} is over ({status.state})",
            "" if status.state == State.COMPLETE else hint,
            name="RunOver",
        )


def require_retriable(status: RunStatus) -> None:
    """Refuse a run whose rows can't be sent again as a new run.

    Raises:
        RunError: it is superseded, or not over.
    """
    _refuse_superseded(status)
    if not status.retriable:
        raise RunError(
            f"Run {status.run.name} is not over ({status.state})",
            f"Go on with it first: {status.way_on}" if status.resumable else "Load with a new run.",
            name="RunNotOver",
        )


def _refuse_superseded(status: RunStatus) -> None:
    if status.state == SUPERSEDED:
        raise RunError(
            f"Run {status.run.name} is superseded: {status.superseded_by} has taken its rows over",
            f"See how that one stands: bulkup runs {status.superseded_by}",
            name="RunSuperseded",
        )


def require_same_place(
    run: Run, events: Sequence[Event], home: StateDir, *, take_over: bool
) -> None:
    """Refuse a copy of a run, which may be neither resumed nor retried beside the original.

    Of a run of bulkup 0.1.0 only the id is known that was in the folder of its machine's runs.

    Raises:
        RunError: the run directory is not where it was, and is not to be taken over.
    """
    last = run.last_place(events)
    if last:
        is_same = is_same_place(last, place_of(run.folder))
    else:
        is_same = run.plan.machine == home.kept_machine_id()
    if not is_same and not take_over:
        raise RunError(
            f"Run {run.name} was made on another machine, or its folder is a copy",
            "If the original will be neither resumed nor retried as well, add: --take-over",
            name="OtherMachine",
        )


def require_same_org(run: Run, org_id: str, instance_url: str) -> None:
    """Refuse another org than the one in which the run's jobs live.

    Raises:
        RunError: the connection leads to another one.
    """
    if org_id != run.plan.target.org_id:
        raise RunError(
            f"Run {run.name} belongs to org {run.plan.target.org_id} "
            f"({run.plan.target.instance_url}), and this is {org_id} ({instance_url})",
            "Name the right one with --org, or set its credentials.",
            name="OtherOrg",
        )
