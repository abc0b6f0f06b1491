"""The states a run can be in."""

from enum import StrEnum

from bulkup.model import Status

SUCCESS_STATUSES = {Status.SUCCEEDED, Status.SKIPPED}


class State(StrEnum):
    """How a run ended, or why it was left unfinished."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"
    TIMEOUT = "timeout"
    WAITING = "waiting"
    INTERRUPTED = "interrupted"
    STOPPED = "stopped"

    @property
    def over(self) -> bool:
        """Whether the run has its result files, so that `retry` sends the rest, not `resume`."""
        return self in {State.COMPLETE, State.PARTIAL, State.FAILED}
