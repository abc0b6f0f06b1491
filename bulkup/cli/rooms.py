"""The rooms behind the story of a load, wired: matching of rows, further rounds, codes."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from bulkup.books import Books, Fate, fates
from bulkup.cli.connect import Connection
from bulkup.events import Event, Round
from bulkup.load import Rooms, chunks_of
from bulkup.model import ResultKind, Source, Status
from bulkup.run import Run
from bulkup.stop import Stop


def of(connection: Connection, stop: Stop) -> Rooms:
    """The rooms for one run over one connection."""
    return Rooms(
        next_round=lambda _run, _events, _number: None,
        reconcile=lambda run, events: reconciled(run, events, lambda: stop.reason),
        calls=lambda: connection.client.calls,
        settled=settled,
    )


def reconciled(run: Run, events: Sequence[Event], why_not_sent: Callable[[], str]) -> Books:
    """Match the rows with the results, write the result files, close the books."""
    from bulkup.rows.layout import Sent
    from bulkup.rows.reconcile import Load, reconcile
    from bulkup.rows.sheet import Sheet
    from bulkup.salesforce.codes import PASSING, explain

    plan = run.plan
    answers = run.answers(PASSING)

    def sent(fate: Fate) -> Sent:
        chunk = fate.chunk
        paths = {kind: answers.path(chunk.number, fate.job, kind) for kind in ResultKind}
        return Sent(
            chunk=chunk,
            results={kind: path for kind, path in paths.items() if fate.job and path.exists()},
            otherwise=fate.otherwise,
            reason=fate.reason,
            processed=fate.processed,
            failed=fate.failed,
        )

    load = Load(
        original=Sheet(source=plan.source),
        rounds={1: Sheet(source=plan.sheet, numbers=plan.numbers)}
        | {
            event.round: Sheet(source=round_source(run, event), numbers=numbers_of(run, event))
            for event in events
            if isinstance(event, Round)
        },
        sent=[sent(fate) for fate in fates(chunks_of(run, events), events, why_not_sent())],
        columns={column.name: column.field for column in plan.columns},
        key=plan.key,
        settled=plan.settled,
    )
    return reconcile(load, to=plan.options.directory, work=run.folder / "work", explain=explain)


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


def numbers_of(run: Run, event: Round) -> Path:
    """Which row of the user's file each record of the round is."""
    return run.rounds / f"{event.round}.numbers.csv"


def settled(run: Run) -> dict[Status, int]:
    """How many rows of the source are in no chunk, by their status."""

    if run.plan.settled is None:
        return {}
    counts: dict[Status, int] = {}
    with run.plan.settled.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            status = Status(row["status"])
            counts[status] = counts.get(status, 0) + 1
    return counts
