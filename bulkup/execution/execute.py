"""One run from its plan, or from where it was left, to its report."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bulkup import __version__
from bulkup.csvfile.source import header_bytes
from bulkup.errors import BulkupError, NotWritable, RunError
from bulkup.execution.control import LeaveChunk, RunControl
from bulkup.execution.reconciliation.accounting import provisional_totals
from bulkup.execution.reconciliation.outcome import final_outcome, unfinished_outcome
from bulkup.execution.reconciliation.refresh_results import incomplete_jobs
from bulkup.execution.retry_rounds import retry_candidates
from bulkup.execution.runner import Runner
from bulkup.files import write_private
from bulkup.model import Part, Status
from bulkup.report.document import run_document
from bulkup.report.report import Report, jobs_of, time_and_calls
from bulkup.results.totals import Totals
from bulkup.runs.events import Event, Lost, RetryRound, RunPaused, RunStarted, Saved
from bulkup.runs.journal import Journal
from bulkup.runs.place import place_of
from bulkup.runs.plan import Options
from bulkup.runs.run_dir import Run, chunks_of
from bulkup.runs.state import State

FIRST_PAUSE = 2.0
LONGEST_PAUSE = 60.0

Verdict = tuple[State, int, BulkupError | None]


@dataclass(frozen=True, kw_only=True)
class ReconcileHooks:
    """What executing a run needs from outside.

    `next_round` writes the rows to resend as the source of one more retry round, and returns None
    when there are none; `reconcile` matches rows with results and writes the result files; `calls`
    is how many requests were made; `unsent` counts the rows that are in no chunk.
    """

    next_round: Callable[[Run, Sequence[Event], Part], RetryRound | None]
    reconcile: Callable[[Run, Sequence[Event]], Totals]
    calls: Callable[[], int]
    unsent: Callable[[Run], dict[Status, int]]


def execute_run(run: Run, journal: Journal, runner: Runner, hooks: ReconcileHooks) -> Report:
    """Do what is left of a run, as far as `runner.stop` allows, and say what it came to.

    Raises:
        RunError: the journal does not even take that the run was taken up.
    """
    since, calls_before = runner.clock.now(), hooks.calls()
    earlier = time_and_calls(journal.events)
    journal.append(RunStarted(process=os.getpid(), version=__version__, place=place_of(run.folder)))
    done = _send(run, journal, runner, hooks)
    chunks = chunks_of(run, journal.events)
    totals, verdict = _settle_totals(run, journal.events, runner.stop, hooks, done=done)
    seconds, calls = runner.clock.now() - since, hooks.calls() - calls_before
    spent = earlier[0] + seconds, earlier[1] + calls
    report = _make_report(run, journal.events, totals, verdict, spent)
    report = replace(report, reason=runner.stop.reason)
    try:
        if report.state.over:
            _write_summary(report)
        journal.append(_left(report, seconds, calls))
    except RunError as error:
        return replace(
            report,
            state=State.STOPPED,
            exit_code=error.exit_code,
            error=report.error or _elsewhere(run, error),
        )
    # Rows of a job that did not complete may have been loaded since: `retry` asks, and matches.
    # So does it where the source was gone, so that no row could be matched.
    is_final = not any(incomplete_jobs(journal.events)) and run.files.outcome.exists()
    if report.state.over and is_final and all(runner.over(chunk) for chunk in chunks):
        run.files.forget_rows()
    return report


def _left(report: Report, seconds: float, calls: int) -> RunPaused:
    error = report.error
    return RunPaused(
        state=report.state,
        seconds=seconds,
        api_calls=calls,
        error=error.name if error else "",
        message=error.message if error else report.reason,
    )


def header_of(run: Run) -> bytes:
    """The header record that each body of the plan begins with."""
    csv_file = run.plan.csv_file
    return header_bytes(
        [column.name for column in run.plan.columns], csv_file.delimiter, csv_file.line_ending
    )


def _send(run: Run, journal: Journal, runner: Runner, hooks: ReconcileHooks) -> bool:
    """Carry out the chunks and their retry rounds, level by level; whether nothing is to come."""
    options = run.plan.options
    canary = run.plan.chunks[:1] if options.canary else ()
    if canary:
        runner.run_chunks(canary, 1)
        if not runner.over(canary[0]):
            return False  # nobody knows yet whether the rest may go
        _judge_canary(run, journal, runner.stop)
    for level in range(1, len(run.plan.levels) + 2):
        chunks = [chunk for chunk in run.plan.chunks if chunk.level == level]
        runner.run_chunks(chunks, options.parallel)
        if not _send_again(run, journal, runner, hooks, level):
            return False
        if not _is_over(run, journal, runner, level):
            return True  # the rows of the next level need the records of this one
    return True


def _is_over(run: Run, journal: Journal, runner: Runner, level: int) -> bool:
    """Whether all chunks of the level and of its retry rounds are at their ends."""
    return all(runner.over(c) for c in chunks_of(run, journal.events) if c.level == level)


def _send_again(
    run: Run, journal: Journal, runner: Runner, hooks: ReconcileHooks, level: int
) -> bool:
    """Carry out the retry rounds of a level; whether no further round is to come."""
    for number in range(2, run.plan.options.row_retries + 2):
        part = level, number
        made = next(
            (e for e in journal.events if isinstance(e, RetryRound) and e.part == part), None
        )
        if made is None:
            chunks = chunks_of(run, journal.events)
            before = [chunk for chunk in chunks if chunk.part == (level, number - 1)]
            if (
                runner.stop.reason
                or not _is_over(run, journal, runner, level)
                or not retry_candidates(before, journal.events)
            ):
                return True
            made = _new_round(run, journal, runner, hooks, part)
            if made is None:
                return runner.stop.may_start_jobs
        runner.run_chunks(made.chunks, 1)
    return True


def _new_round(
    run: Run, journal: Journal, runner: Runner, hooks: ReconcileHooks, part: Part
) -> RetryRound | None:
    """One more round, written down; None where there is none, or it may not begin."""
    stop = runner.stop
    if not stop.may_start_jobs:
        return None
    try:
        made = hooks.next_round(run, journal.events, part)
        if made is None or not _pause(runner, part):
            return None
        journal.append(made)
    except BulkupError as error:
        stop.fail(error)
        return None
    runner.tell(made)
    return made


def _judge_canary(run: Run, journal: Journal, stop: RunControl) -> None:
    """Stop before the rest is sent when too many of the first records did not go in."""
    options = run.plan.options
    chunk = run.plan.chunks[0]
    end = next(e for e in reversed(journal.events) if isinstance(e, Saved | Lost) and e.chunk == 1)
    bad = chunk.rows - end.succeeded - end.passing if isinstance(end, Saved) else chunk.rows
    if bad > _canary_limit(options, chunk.rows):
        stop.call_all_off(
            f"{bad:,} of the first {chunk.rows:,} records did not go in, so the rest was not sent"
        )


def _canary_limit(options: Options, rows: int) -> int:
    """How many of the first `rows` records may fail: `--max-failed`, its percent of the canary."""
    return int(options.max_failed.limit(rows)) if options.max_failed else 0


def _pause(runner: Runner, part: Part) -> bool:
    """Wait before a retry round; whether it may begin then."""
    _, number = part
    try:
        runner.stop.sleep(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (number - 2)))
    except LeaveChunk:
        return False
    return runner.stop.may_start_jobs


def _settle_totals(
    run: Run, events: Sequence[Event], stop: RunControl, hooks: ReconcileHooks, *, done: bool
) -> tuple[Totals, Verdict]:
    """The totals, final where the run is over, and what it came to."""
    chunks = chunks_of(run, events)
    early = unfinished_outcome(run, chunks, events, stop, done=done)
    if early is None:
        try:
            totals = hooks.reconcile(run, events)
            return totals, final_outcome(run, events, totals)
        except BulkupError as error:
            early = State.STOPPED, error.exit_code, _elsewhere(run, error)
    return provisional_totals(chunks, events, hooks.unsent(run)), early


def _elsewhere(run: Run, error: BulkupError) -> BulkupError:
    """The error, with what to type where the result files find no place."""
    if not isinstance(error, NotWritable) or error.folder != run.plan.options.directory:
        return error
    return error.with_hint(
        f"Make room or set the rights there, then type: bulkup resume {run.name}\n"
        f"Or have them written elsewhere: bulkup resume {run.name} --dir DIR"
    )


def rewrite_summary(run: Run, events: Sequence[Event], totals: Totals) -> None:
    """Write the summary of a run that is over once more, after its rows were matched anew.

    Raises:
        NotWritable: the disk does not take it.
    """
    verdict = final_outcome(run, events, totals)
    _write_summary(_make_report(run, events, totals, verdict, time_and_calls(events)))


def _make_report(
    run: Run,
    events: Sequence[Event],
    totals: Totals,
    verdict: Verdict,
    spent: tuple[float, int],
) -> Report:
    """The report of a run; `spent` are the seconds and the calls of all its processes."""
    state, exit_code, error = verdict
    seconds, calls = spent
    jobs = jobs_of(chunks_of(run, events), events, len(header_of(run)), totals)
    return Report(
        run=run,
        state=state,
        exit_code=exit_code,
        totals=totals,
        jobs=tuple(jobs),
        seconds=seconds,
        api_calls=calls,
        error=error,
    )


def _write_summary(report: Report) -> None:
    folder = report.run.plan.options.directory
    write_private(folder / "summary.json", json.dumps(run_document(report), indent=2) + "\n")
