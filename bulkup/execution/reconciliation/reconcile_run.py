"""Matching a run's rows with its results, and the sources of its retry rounds."""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from bulkup.auth.connection import Connection
from bulkup.csvfile.numbered import NumberedCsv
from bulkup.csvfile.source_file import SourceFile, unreadable
from bulkup.errors import BulkupError, RunError
from bulkup.execution.control import RunControl
from bulkup.execution.execute import ReconcileHooks, header_of
from bulkup.execution.reconciliation.accounting import ChunkOutcome, chunk_outcomes
from bulkup.execution.reconciliation.saved_results import SavedJob, concatenate_results
from bulkup.execution.retry_rounds import ROWS, parent_column, retry_candidates
from bulkup.execution.source_guard import open_planned_file, require_same_content
from bulkup.model import FIRST_PART, Field, Part, ResultKind, Source, Status
from bulkup.planning.chunking import cut
from bulkup.planning.subset import select
from bulkup.results.files.writer import needs_byte_order_mark
from bulkup.results.inputs import Layout, Load, SentChunk
from bulkup.results.reconcile import reconcile
from bulkup.results.resend import rows_to_repeat
from bulkup.results.row_files import count_unsent
from bulkup.results.totals import Totals
from bulkup.runs.events import Event, RetryRound, Saved
from bulkup.runs.journal import last_events
from bulkup.runs.run_dir import Run, chunks_of
from bulkup.salesforce.error_codes import PASSING, PASSING_ONCE, explain

FIRST_AGAIN = 2


def reconcile_hooks(
    connection: Connection, stop: RunControl, file: SourceFile | None
) -> ReconcileHooks:
    """What executing one run over one connection needs; `file` is what the run sends, held open."""

    def again(run: Run, events: Sequence[Event], part: Part) -> RetryRound | None:
        if file is None:
            return None
        with unchanged_sources(run, file):
            return next_round(run, events, part)

    def totals(run: Run, events: Sequence[Event]) -> Totals:
        if file is None:
            return keep_results(run, events)
        with unchanged_sources(run, file):
            return reconcile_run(run, events, stop.reason)

    return ReconcileHooks(
        next_round=again,
        reconcile=totals,
        calls=lambda: connection.client.calls,
        unsent=count_unsent_rows,
    )


@contextmanager
def unchanged_sources(run: Run, file: SourceFile) -> Iterator[None]:
    """Read the run's sources again, and let nothing come of it if they are not what they were.

    Raises:
        RunError: one was changed before, or meanwhile, or its disk fails.
    """
    original = run.plan.original
    with ExitStack() as stack:
        held = [file]
        if original.path != file.path.absolute() and not original.path.is_relative_to(run.folder):
            held.append(stack.enter_context(open_planned_file(run, original.path)))
            require_same_content(run, original)
        _must_be_unchanged(held)
        try:
            yield
        except Exception as error:
            _must_be_unchanged(held)  # then that is the reason
            if isinstance(error, OSError):
                raise unreadable(original.path, error) from error
            raise
        _must_be_unchanged(held)


def _must_be_unchanged(held: Iterable[SourceFile]) -> None:
    for item in held:
        item.must_be_unchanged()


def reconcile_run(run: Run, events: Sequence[Event], why_not_sent: str) -> Totals:
    """Match the rows with the results, write the result files, and return the totals."""
    plan = run.plan
    load = Load(
        original=NumberedCsv(source=plan.original, numbers=plan.original_numbers),
        parts=_csv_files(run, events),
        sent=_sent(run, chunk_outcomes(chunks_of(run, events), events, why_not_sent)),
        columns=_fields(run),
        key=plan.key,
        unsent=plan.unsent,
        byte_order_mark=needs_byte_order_mark(plan.source, plan.original),
    )
    return reconcile(
        load,
        to=plan.options.directory,
        work=run.files.work,
        explain=explain,
        outcome=run.files.outcome,
    )


def keep_results(run: Run, events: Sequence[Event]) -> Totals:
    """Write what Salesforce answered into result files, for a run whose source is gone.

    Without the source no row can be told by its number, so there is no `results.csv`, and no
    outcome: `retry` matches the rows when the source is there again.
    """
    shutil.rmtree(run.files.outcome, ignore_errors=True)  # what an earlier attempt left in parts
    answers = run.answers(PASSING)
    jobs = [event for event in last_events(events).values() if isinstance(event, Saved)]
    parts = {chunk.number: chunk.part for chunk in chunks_of(run, events)}
    last_rounds = dict(sorted(set(parts.values())))
    saved = [
        SavedJob(
            results={kind: answers.path(job.chunk, job.job, kind) for kind in ResultKind},
            resent=_was_resent(parts[job.chunk], last_rounds),
            unknown=job.unknown,
        )
        for job in jobs
    ]
    return concatenate_results(
        saved,
        rows=run.plan.source.rows,
        unsent=count_unsent_rows(run),
        to=run.plan.options.directory,
        delimiter=run.plan.csv_file.delimiter,
        line_ending=run.plan.csv_file.line_ending,
    )


def _was_resent(part: Part, last_rounds: Mapping[int, int]) -> bool:
    level, number = part
    return number < last_rounds[level]


def next_round(run: Run, events: Sequence[Event], part: Part) -> RetryRound | None:
    """Write the rows of the round before that may pass now as the source of one more round."""
    level, number = part
    chunks = chunks_of(run, events)
    before = [chunk for chunk in chunks if chunk.part == (level, number - 1)]
    again = retry_candidates(before, events)
    if not again:
        return None
    options, csv_files = run.plan.options, _csv_files(run, events)
    rows = rows_to_repeat(
        csv_files[level, number - 1],
        Layout(columns=_fields(run), key=run.plan.key),
        _sent(run, chunk_outcomes(before, events, "")),
        passing=PASSING if number == FIRST_AGAIN else PASSING - PASSING_ONCE,
        unprocessed_of=again.unprocessed,
        work=run.files.work,
    )
    if not rows:
        return None
    columns = _columns_of(run)
    fields = zip(columns.values(), (column.field for column in run.plan.columns), strict=True)
    made = select(
        csv_files[level, 1],
        rows,
        columns=columns,
        to=run.files.round_source(part),
        numbers=run.files.round_numbers(part),
        side_by_side=parent_column(list(fields)),
    ).source
    return RetryRound(
        level=level,
        round=number,
        size=made.size,
        sha256=made.sha256,
        chunks=cut(
            made,
            header=header_of(run),
            chunk_bytes=options.chunk_bytes,
            chunk_rows=min(ROWS, options.chunk_rows or ROWS),
            first_number=max(chunk.number for chunk in chunks) + 1,
            part=part,
        ),
    )


@contextmanager
def open_part(run: Run, part: Part) -> Iterator[SourceFile]:
    """The file of a level or a retry round, held open, once it is found to be as it was written.

    Raises:
        RunError: it is not, or it is not there.
    """
    source = _csv_files(run, run.events())[part].source
    with ExitStack() as stack:
        try:
            file = stack.enter_context(SourceFile(source.path))
            require_same_content(run, source)
        except BulkupError as error:
            raise RunError(
                f"{source.path}, {_describe_part(part)}, is not as it was written",
                f"Put it back and type: bulkup resume {run.name}. "
                f"If it is lost, give the run up: bulkup runs {run.name} --abandon",
                name="SourceChanged",
            ) from error
        yield file


def _describe_part(part: Part) -> str:
    level, number = part
    return f"the rows of attempt {number}" if number > 1 else f"the rows of level {level}"


def _columns_of(run: Run) -> dict[str, str]:
    """The names that are sent, and which column of the plan's file each is.

    A rewritten file has the names that are sent; that of a run of 0.1.0 the user's, though some
    columns are left out.
    """
    header = run.plan.csv_file.header
    names = [column.name for column in run.plan.columns]
    if header == tuple(names):
        return dict(zip(names, names, strict=True))
    return {
        column.name: column.source if column.source in header else column.name
        for column in run.plan.columns
    }


def _fields(run: Run) -> dict[str, Field | None]:
    return {column.name: column.field for column in run.plan.columns}


def _csv_files(run: Run, events: Sequence[Event]) -> dict[Part, NumberedCsv]:
    """What is sent of each level and round."""
    plan = run.plan
    levels = {
        (number, 1): NumberedCsv(source=level.source, numbers=level.numbers)
        for number, level in enumerate(plan.levels, start=2)
    }
    again = {
        event.part: NumberedCsv(
            source=round_source(run, event), numbers=run.files.round_numbers(event.part)
        )
        for event in events
        if isinstance(event, RetryRound)
    }
    return {FIRST_PART: NumberedCsv(source=plan.csv_file, numbers=plan.numbers), **levels, **again}


def _sent(run: Run, known: Sequence[ChunkOutcome]) -> list[SentChunk]:
    answers = run.answers(frozenset())

    def results(outcome: ChunkOutcome) -> dict[ResultKind, Path]:
        paths = {kind: answers.path(outcome.chunk.number, outcome.job, kind) for kind in ResultKind}
        return {kind: path for kind, path in paths.items() if outcome.job and path.exists()}

    return [
        SentChunk(
            chunk=outcome.chunk,
            results=results(outcome),
            otherwise=outcome.otherwise,
            reason=outcome.reason,
            processed=outcome.processed,
            failed=outcome.failed,
        )
        for outcome in known
    ]


def round_source(run: Run, event: RetryRound) -> Source:
    """The small source of a further round."""
    path = run.files.round_source(event.part)
    rows = sum(chunk.rows for chunk in event.chunks)
    first = min(chunk.start for chunk in event.chunks)
    return replace(
        run.plan.csv_file,
        path=path,
        name=path.name,
        size=event.size,
        sha256=event.sha256,
        header=tuple(column.name for column in run.plan.columns),
        header_lines=1,
        start=first,
        rows=rows,
    )


def count_unsent_rows(run: Run) -> dict[Status, int]:
    """How many rows of the source are in no chunk, by their status."""
    return dict(count_unsent(run.plan.unsent)) if run.plan.unsent else {}
