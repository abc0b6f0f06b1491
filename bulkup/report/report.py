"""Events and books -> what the run came to: state, totals, jobs, exit code, JSON."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bulkup.errors import (
    BulkupError,
)
from bulkup.model import Chunk
from bulkup.results.totals import Totals
from bulkup.runs.events import Discarded, Event, Finished, Lost, RunPaused
from bulkup.runs.journal import last_events
from bulkup.runs.run_dir import Run
from bulkup.runs.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLine:
    """One job of the run. `rows`: those whose last word comes from it; `bytes` of body."""

    id: str
    state: str
    rows: int
    bytes: int
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run came to, or where it was left. `seconds` and `api_calls` add up resumes.

    `hanging`: threads of this process still wait for answers that nobody needs.
    """

    run: Run = field(repr=False)
    state: State
    exit_code: int
    totals: Totals
    jobs: tuple[JobLine, ...]
    seconds: float
    api_calls: int
    reason: str = ""
    error: BulkupError | None = None
    hanging: bool = False


def jobs_of(
    chunks: Sequence[Chunk], events: Sequence[Event], header: int, totals: Totals
) -> list[JobLine]:
    """The last job of each chunk that has one; `header` is what each body has before its range."""
    last = last_events(events)
    ended = {e.job: e for e in events if isinstance(e, Finished)}
    lines = []
    for chunk in chunks:
        event = last.get(chunk.number)
        if event is None or isinstance(event, Discarded):
            continue
        end = ended.get(event.job)
        unknown = "Gone" if isinstance(event, Lost) else "InProgress"
        lines.append(
            JobLine(
                id=event.job,
                state=str(end.state) if end else unknown,
                rows=totals.chunk_rows.get(chunk.number, 0),
                bytes=header + chunk.end - chunk.start,
                attempt=chunk.round,
            )
        )
    return lines


def time_and_calls(events: Sequence[Event]) -> tuple[float, int]:
    """Seconds and API calls of the processes that had this run before."""
    left = [e for e in events if isinstance(e, RunPaused)]
    return sum(e.seconds for e in left), sum(e.api_calls for e in left)
