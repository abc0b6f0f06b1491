"""The rooms behind the story of a load, wired: matching of rows, further rounds, codes."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bulkup.body import SourceFile, unreadable
from bulkup.books import Books, Fate, fates
from bulkup.cli.connect import Connection
from bulkup.cli.sources import compare, opened
from bulkup.errors import BulkupError, RunError
from bulkup.events import Event, Round
from bulkup.load import Rooms, header_of
from bulkup.model import Field, ResultKind, Source, Status
from bulkup.plan import cut
from bulkup.rounds import ROWS, parent_column, worth_again
from bulkup.run import Run, chunks_of
from bulkup.stop import Stop

if TYPE_CHECKING:
    from bulkup.rows.layout import Sent
    from bulkup.rows.sheet import Sheet

FIRST_AGAIN = 2


def of(connection: Connection, stop: Stop, file: SourceFile) -> Rooms:
    """The rooms for one run over one connection; `file` is the run's sheet, held open."""

    def again(run: Run, events: Sequence[Event], number: int) -> Round | None:
        with as_planned(run, file):
            return next_round(run, events, number)

    def books(run: Run, events: Sequence[Event]) -> Books:
        with as_planned(run, file):
            return reconciled(run, events, stop.reason)

    return Rooms(
        next_round=again,
        reconcile=books,
        calls=lambda: connection.client.calls,
        settled=settled,
    )


@contextmanager
def as_planned(run: Run, file: SourceFile) -> Iterator[None]:
    """Read the run's sources again, and let nothing come of it if they are not what they were.

    Raises:
        RunError: one was changed before, or meanwhile, or its disk fails.
    """
    original = run.plan.original
    with ExitStack() as stack:
        held = [file]
        if original.path != file.path.absolute() and not original.path.is_relative_to(run.folder):
            held.append(stack.enter_context(opened(run, original.path)))
            compare(run, original)
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
    for one in held:
        one.must_be_unchanged()


def reconciled(run: Run, events: Sequence[Event], why_not_sent: str) -> Books:
    """Match the rows with the results, write the result files, close the books."""
    from bulkup.rows.layout import Load
    from bulkup.rows.reconcile import reconcile
    from bulkup.rows.sheet import Sheet
    from bulkup.salesforce.codes import explain

    plan = run.plan
    load = Load(
        original=Sheet(source=plan.original, numbers=plan.original_numbers),
        rounds=_sheets(run, events),
        sent=_sent(run, fates(chunks_of(run, events), events, why_not_sent)),
        columns=_fields(run),
        key=plan.key,
        settled=plan.settled,
    )
    return reconcile(
        load,
        to=plan.options.directory,
        work=run.folder / "work",
        explain=explain,
        outcome=run.outcome,
    )


def next_round(run: Run, events: Sequence[Event], number: int) -> Round | None:
    """Write the rows of the round before that may pass now as the source of one more round."""
    from bulkup.rows.again import rows_to_repeat
    from bulkup.rows.layout import Layout
    from bulkup.rows.select import select
    from bulkup.salesforce.codes import PASSING, PASSING_ONCE

    chunks = chunks_of(run, events)
    before = [chunk for chunk in chunks if chunk.round == number - 1]
    again = worth_again(before, events)
    if not again:
        return None
    options, sheets = run.plan.options, _sheets(run, events)
    rows = rows_to_repeat(
        sheets[number - 1],
        Layout(columns=_fields(run), key=run.plan.key),
        _sent(run, fates(before, events, "")),
        passing=PASSING if number == FIRST_AGAIN else PASSING - PASSING_ONCE,
        unprocessed_of=again.unprocessed,
        work=run.folder / "work",
    )
    if not rows:
        return None
    columns = _columns_of(run)
    fields = zip(columns, (column.field for column in run.plan.columns), strict=True)
    made = select(
        sheets[1],
        rows,
        columns=columns,
        to=run.rounds / f"{number}.csv",
        numbers=numbers_of(run, number),
        side_by_side=parent_column(list(fields)),
    ).source
    return Round(
        round=number,
        size=made.size,
        sha256=made.sha256,
        chunks=cut(
            made,
            header=header_of(run),
            chunk_bytes=options.chunk_bytes,
            chunk_rows=min(ROWS, options.chunk_rows or ROWS),
            first_number=max(chunk.number for chunk in chunks) + 1,
            round=number,
        ),
    )


@contextmanager
def round_as_written(run: Run, number: int) -> Iterator[SourceFile]:
    """The file of a further round, held open, once it is found to be what was written down.

    Raises:
        RunError: it is not, or it is not there.
    """
    event = next(e for e in run.events() if isinstance(e, Round) and e.round == number)
    source = round_source(run, event)
    with ExitStack() as stack:
        try:
            file = stack.enter_context(SourceFile(source.path))
            compare(run, source)
        except BulkupError as error:
            raise RunError(
                f"{source.path}, the rows of attempt {number}, is not as it was written",
                f"Put it back and type: bulkup resume {run.name}. "
                f"If it is lost, give the run up: bulkup runs {run.name} --abandon",
                name="SourceChanged",
            ) from error
        yield file


def _columns_of(run: Run) -> dict[str, str]:
    """The sheet's columns that are sent, and by what name; a prepared sheet has the new names."""
    header = run.plan.sheet.header
    return {
        column.source if column.source in header else column.name: column.name
        for column in run.plan.columns
    }


def _fields(run: Run) -> dict[str, Field | None]:
    return {column.name: column.field for column in run.plan.columns}


def _sheets(run: Run, events: Sequence[Event]) -> "dict[int, Sheet]":
    from bulkup.rows.sheet import Sheet

    again = {
        event.round: Sheet(source=round_source(run, event), numbers=numbers_of(run, event.round))
        for event in events
        if isinstance(event, Round)
    }
    return {1: Sheet(source=run.plan.sheet, numbers=run.plan.numbers), **again}


def _sent(run: Run, known: Sequence[Fate]) -> "list[Sent]":
    from bulkup.rows.layout import Sent

    answers = run.answers(frozenset())

    def results(fate: Fate) -> dict[ResultKind, Path]:
        paths = {kind: answers.path(fate.chunk.number, fate.job, kind) for kind in ResultKind}
        return {kind: path for kind, path in paths.items() if fate.job and path.exists()}

    return [
        Sent(
            chunk=fate.chunk,
            results=results(fate),
            otherwise=fate.otherwise,
            reason=fate.reason,
            processed=fate.processed,
            failed=fate.failed,
        )
        for fate in known
    ]


def round_source(run: Run, event: Round) -> Source:
    """The small source of a further round."""
    path = run.rounds / f"{event.round}.csv"
    rows = sum(chunk.rows for chunk in event.chunks)
    first = min(chunk.start for chunk in event.chunks)
    return replace(
        run.plan.sheet,
        path=path,
        name=path.name,
        size=event.size,
        sha256=event.sha256,
        header=tuple(column.name for column in run.plan.columns),
        header_lines=1,
        start=first,
        rows=rows,
    )


def numbers_of(run: Run, number: int) -> Path:
    """Which row of the user's file each record of a further round is."""
    return run.rounds / f"{number}.numbers.csv"


def settled(run: Run) -> dict[Status, int]:
    """How many rows of the source are in no chunk, by their status."""
    from bulkup.rows.settled import count_settled

    return dict(count_settled(run.plan.settled)) if run.plan.settled else {}
