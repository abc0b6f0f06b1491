"""Asks once more for the results of a run's jobs that did not complete, before rows go again.

Salesforce keeps results for seven days. Rows that were unprocessed or unknown when the run was
saved may have been loaded since.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from bulkup.clock import Clock
from bulkup.errors import Gone, RunError
from bulkup.execution.completion import Ended, late_rows_seconds, saved
from bulkup.execution.control import refused_whole
from bulkup.model import JobState
from bulkup.runs.events import Event, Finished, Saved
from bulkup.runs.job_results import Answers
from bulkup.runs.journal import Journal, last_events
from bulkup.runs.run_dir import Run, chunks_of


def refresh_results(
    run: Run, journal: Journal, ingest: Ended, answers: Answers, clock: Clock
) -> bool:
    """Take over what has become of the rows of such jobs since; whether anything has changed.

    Each change is written to the journal as a new `Saved`. Where there is one, results of other
    jobs that the run directory does not hold any more are fetched again too, so that the rows can
    be matched with the results anew.

    Raises:
        SalesforceError: a call failed; nothing was written to the journal.
        RunError: batches may still land, or the disk does not take the results or an event.
    """
    late_for = late_rows_seconds(run.plan)
    changes = []
    for end, before in incomplete_jobs(journal.events):
        if (left := late_for - clock.since(end.at)) > 0:
            raise RunError(
                f"Batches of job {end.job} may still land after it ended {end.state}",
                f"Type the same again in {math.ceil(left / 60)} min.",
                name="RowsMayStillLand",
            )
        chunk = next(c for c in chunks_of(run, journal.events) if c.number == end.chunk)
        try:
            counts = answers.fetch(chunk.number, end.job, ingest.fetch)
            if counts.total < chunk.rows:  # rows moved from one result to another in between
                counts = answers.fetch(chunk.number, end.job, ingest.fetch)
        except Gone:
            continue  # what was saved is the last that anybody can know
        if (after := saved(chunk, end, counts)) != before:
            changes.append(after)
    if changes:
        _fetch_missing(journal, ingest, answers)
    for change in changes:
        journal.append(change)
    return bool(changes)


def incomplete_jobs(events: Sequence[Event]) -> Iterator[tuple[Finished, Saved]]:
    """The ends of the jobs that did not complete, with what was saved of each, without its time.

    Not those whose file was refused as a whole, nor those never closed: nothing can land of them.
    """
    ends = {e.job: e for e in events if isinstance(e, Finished)}
    for event in last_events(events).values():
        end = ends.get(event.job)
        if not isinstance(event, Saved) or end is None or not end.closed or refused_whole(end):
            continue
        if end.state is not JobState.JOB_COMPLETE:
            yield end, replace(event, at="")


def results_kept(events: Sequence[Event], answers: Answers) -> bool:
    """Whether the run directory still holds the results of every job that has any."""
    return all(
        answers.kept(event.chunk, event.job)
        for event in last_events(events).values()
        if isinstance(event, Saved)
    )


def _fetch_missing(journal: Journal, ingest: Ended, answers: Answers) -> None:
    for event in last_events(journal.events).values():
        if isinstance(event, Saved) and not answers.kept(event.chunk, event.job):
            with suppress(Gone):
                answers.fetch(event.chunk, event.job, ingest.fetch)
