"""Batches that land after the end of a Failed or Aborted job, and what is waited for."""

import json
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bulkup.check.column import Column
from bulkup.csvfile.source import open_source
from bulkup.errors import RunError
from bulkup.execution.completion import (
    LATE_ROWS_SECONDS,
    LATE_UPSERT_SECONDS,
    late_rows_seconds,
)
from bulkup.execution.control import FailureGuard, RunControl
from bulkup.execution.reconciliation.refresh_results import refresh_results
from bulkup.execution.runner import Runner
from bulkup.localorg.faults.plan import FaultAction, FaultPlan, JobFault, RequestFault
from bulkup.localorg.org import Org
from bulkup.model import Chunk, Delimiter, Field, Job, Operation, Target
from bulkup.runs.events import Created, Discarded, Event, Finished, JobPolled, Saved
from bulkup.runs.job_results import Answers
from bulkup.runs.journal import Journal
from bulkup.runs.plan import Options, Plan
from bulkup.runs.run_dir import Run, write_plan
from tests.fakes import FakeBody, FakeClock, Ingest

HEADER = b"LastName\n"
ROWS = 10
TIMEOUT = "Timeout : the batch took too long"


class Inline(Executor):
    """Runs what is submitted at once."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class Load:
    """Chunks of ten rows each, an org, and a clock."""

    def __init__(self, folder: Path, *, chunks: int = 1, faults: FaultPlan | None = None) -> None:
        self.clock = FakeClock()
        self.org = Org(None, batches_per_look=1, faults=faults, clock=self.clock.now)
        self.ingest = Ingest(self.org, Target(object="Contact", operation=Operation.INSERT))
        self.folder = folder
        names = (f"Name {n}" for n in range(chunks * ROWS))
        (folder / "rows.csv").write_text("LastName\n" + "".join(f"{n}\n" for n in names))
        self.chunks = [
            Chunk(number=n, start=0, end=1, rows=ROWS, first_row=1 + (n - 1) * ROWS)
            for n in range(1, chunks + 1)
        ]
        self.answers = Answers(
            folder=folder / "results", delimiter=Delimiter.COMMA, passing=frozenset()
        )
        self.shown: list[Event] = []
        self.journal = Journal(folder / "journal.jsonl", self.clock)
        self.stop = RunControl(self.clock)

    def body(self, chunk: Chunk, _checkpoint: Any, /) -> FakeBody:
        rows = range(chunk.first_row - 1, chunk.first_row - 1 + chunk.rows)
        return FakeBody(HEADER + b"".join(b"Name %d\n" % n for n in rows))

    def run(
        self,
        *,
        timeout: float | None = None,
        retry_for: float = 900,
        late_rows_for: float = 600,
        stop: RunControl | None = None,
    ) -> Runner:
        self.stop = stop or RunControl(self.clock, timeout=timeout)
        runner = Runner(
            journal=self.journal,
            ingest=self.ingest,
            body_of=self.body,
            answers=self.answers,
            clock=self.clock,
            executor=Inline(),
            stop=self.stop,
            watcher=FailureGuard(self.stop),
            listener=self.shown.append,
            retry_for=retry_for,
            late_rows_for=late_rows_for,
        )
        runner.run_chunks(self.chunks, 1)
        return runner

    def plan(self) -> Run:
        source = open_source(self.folder / "rows.csv")
        (self.folder / "run").mkdir()
        plan = Plan(
            run="run",
            created="",
            version="0",
            machine="m",
            source=source,
            original=source,
            csv_file=source,
            target=Target(object="Contact", operation=Operation.INSERT),
            columns=(Column(source="LastName", name="LastName"),),
            chunks=tuple(self.chunks),
            options=Options(directory=self.folder / "out"),
        )
        return write_plan(self.folder / "run", plan)

    def saved(self, chunk: int = 1) -> Saved:
        return [e for e in self.journal.events if isinstance(e, Saved) and e.chunk == chunk][-1]

    def names(self) -> list[str]:
        return sorted(str(record["LastName"]) for record in self.org.records("Contact"))

    def states(self) -> list[str]:
        jobs = {event.job for event in self.journal.events if isinstance(event, Created)}
        return sorted(str(self.ingest.get(job).state) for job in jobs)


def late(rows: int = 6, after: float = 300.0, **more: Any) -> FaultPlan:
    fault = JobFault(fail_after=2, error=TIMEOUT, late_rows=rows, late_after=after, **more)
    return FaultPlan(jobs=[fault])


def test_rows_that_land_minutes_after_a_failed_job_are_not_called_unprocessed(
    tmp_path: Path,
) -> None:
    load = Load(tmp_path, faults=late())
    load.run()
    assert (load.saved().succeeded, load.saved().unprocessed, load.saved().unknown) == (8, 2, 0)
    assert len(load.names()) == 8


def test_the_wait_begins_again_when_a_batch_lands(tmp_path: Path) -> None:
    load = Load(tmp_path, faults=late(after=550))
    before = load.clock.now()
    load.run()
    assert 550 + LATE_ROWS_SECONDS <= load.clock.now() - before < 550 + LATE_ROWS_SECONDS + 90
    assert [e.processed for e in load.journal.events if isinstance(e, Finished)] == [2, 8]


def test_retry_for_does_not_shorten_the_wait_for_late_rows(tmp_path: Path) -> None:
    load = Load(tmp_path, faults=late())
    load.run(retry_for=0)
    assert load.saved().succeeded == 8


def test_how_long_late_rows_are_still_waited_for_is_shown(tmp_path: Path) -> None:
    load = Load(tmp_path, faults=late(rows=0))
    load.run()
    left = [e.late_rows_for for e in load.shown if isinstance(e, JobPolled) and e.late_rows_for]
    assert left[0] == LATE_ROWS_SECONDS
    assert left == sorted(left, reverse=True)


def test_a_wait_for_late_rows_is_left_at_the_timeout_and_resumed_where_it_was(
    tmp_path: Path,
) -> None:
    load = Load(tmp_path, faults=late(rows=0))
    began = load.clock.now()
    load.run(timeout=200)
    assert load.stop.timed_out
    assert isinstance(load.journal.events[-1], Finished)
    load.clock.time += 100
    load.run()
    assert load.saved().unprocessed == 8
    assert LATE_ROWS_SECONDS <= load.clock.now() - began < LATE_ROWS_SECONDS + 90


def test_counts_that_a_server_tells_old_and_new_in_turn_do_not_lengthen_the_wait(
    tmp_path: Path,
) -> None:
    class Lagging(Ingest):
        looks = 0

        def get(self, job_id: str, /) -> Job:
            job = super().get(job_id)
            self.looks += 1
            return replace(job, processed=(job.processed or 0) - self.looks % 2)

    load = Load(tmp_path, faults=late(rows=0))
    load.ingest = Lagging(load.org, Target(object="Contact", operation=Operation.INSERT))
    began = load.clock.now()
    load.run(timeout=3 * LATE_ROWS_SECONDS)
    assert load.saved().unprocessed == 8
    assert load.clock.now() - began < LATE_ROWS_SECONDS + 90


def test_a_job_is_aborted_though_a_chunk_before_it_may_not_begin_any_more(tmp_path: Path) -> None:
    load = Load(tmp_path, chunks=2)
    job = load.ingest.create().id
    load.journal.append(Discarded(chunk=1, job="750000000000009AAA"))
    load.journal.append(Created(chunk=2, job=job))
    load.stop.call_all_off("the run was stopped")
    load.run(stop=load.stop)
    assert load.states() == ["Aborted"]
    assert isinstance(load.journal.events[-1], Discarded)


def test_results_count_as_gone_when_salesforce_says_so_twice(tmp_path: Path) -> None:
    gone = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
    fault = RequestFault(
        act=FaultAction.STATUS, path="*/successfulResults*", status=404, body=json.dumps(gone)
    )
    load = Load(tmp_path, faults=FaultPlan(requests=[fault]))
    load.run()
    assert load.saved().succeeded == ROWS


def test_other_chunks_go_on_while_late_rows_of_one_are_waited_for(tmp_path: Path) -> None:
    load = Load(tmp_path, chunks=3, faults=late())
    load.run()
    ends = [event.chunk for event in load.journal.events if isinstance(event, Saved)]
    assert ends == [2, 3, 1]


def test_a_job_aborted_before_it_was_closed_is_not_waited_for(tmp_path: Path) -> None:
    class Aborter(Ingest):
        def close(self, job_id: str, /) -> Job:
            super().abort(job_id)
            return super().close(job_id)

    load = Load(tmp_path)
    load.ingest = Aborter(load.org, Target(object="Contact", operation=Operation.INSERT))
    began = load.clock.now()
    load.run()
    assert load.saved().unprocessed == ROWS
    assert load.clock.now() == began


def test_a_file_refused_as_a_whole_is_not_waited_for(tmp_path: Path) -> None:
    load = Load(tmp_path)
    load.body = lambda _chunk, _checkpoint, /: FakeBody(b"Nope__c\n" + b"x\n" * 10)  # type: ignore[method-assign]
    began = load.clock.now()
    load.run()
    assert load.saved().unprocessed == ROWS
    assert load.clock.now() - began < 60


@pytest.mark.parametrize(
    ("operation", "key", "field", "seconds"),
    [
        (Operation.UPSERT, "Key__c", Field(name="Key__c", unique=True), LATE_UPSERT_SECONDS),
        (Operation.UPSERT, "Key__c", Field(name="Key__c"), LATE_ROWS_SECONDS),
        (Operation.UPSERT, "Id", Field(name="Id", type="id", id_lookup=True), LATE_ROWS_SECONDS),
        (Operation.INSERT, None, Field(name="Key__c", unique=True), LATE_ROWS_SECONDS),
    ],
)
def test_only_an_upsert_by_a_unique_key_is_waited_for_a_shorter_time(
    tmp_path: Path, operation: Operation, key: str | None, field: Field, seconds: float
) -> None:
    plan = replace(
        Load(tmp_path).plan().plan,
        target=Target(object="Contact", operation=operation, external_id=key),
        columns=(Column(source="k", name=field.name, field=field),),
    )
    assert late_rows_seconds(plan) == seconds


def test_an_upload_that_fails_for_ever_ends_after_retry_for_with_all_its_jobs_aborted(
    tmp_path: Path,
) -> None:
    refuse = RequestFault(act=FaultAction.STATUS, method="PUT", status=503, times=0)
    load = Load(tmp_path, faults=FaultPlan(requests=[refuse]))
    began = load.clock.now()
    load.run(retry_for=30)
    assert load.stop.error is not None
    assert load.clock.now() - began <= 60
    assert 1 < len(load.states()) <= 10
    assert set(load.states()) == {"Aborted"}


class Refusing(Ingest):
    """Each job gets a second upload, so that its close is refused, the first `times` times."""

    times = 1

    def close(self, job_id: str, /) -> Job:
        if self.times:
            self.times -= 1
            self.jobs.upload(self.get(job_id), FakeBody(HEADER))
        return super().close(job_id)


def test_a_job_that_salesforce_refuses_to_close_is_aborted_and_replaced(tmp_path: Path) -> None:
    load = Load(tmp_path)
    load.ingest = Refusing(load.org, Target(object="Contact", operation=Operation.INSERT))
    load.run()
    assert load.stop.error is None
    assert load.states() == ["Aborted", "JobComplete"]
    assert len(load.names()) == ROWS


def test_jobs_that_are_never_let_closed_are_replaced_a_few_times_only(tmp_path: Path) -> None:
    load = Load(tmp_path)
    ingest = Refusing(load.org, Target(object="Contact", operation=Operation.INSERT))
    ingest.times = 100
    load.ingest = ingest
    load.run()
    assert load.stop.error is not None
    assert load.states() == ["Aborted"] * 3
    ingest.times = 0
    load.run()
    assert len(load.names()) == ROWS


def test_results_asked_for_again_tell_of_rows_that_landed_since(tmp_path: Path) -> None:
    load = Load(tmp_path, chunks=2, faults=late(after=3000))
    load.run()
    assert load.saved().unprocessed == 8
    load.clock.time += 3600
    load.ingest.get(load.saved().job)
    run = load.plan()
    assert refresh_results(run, load.journal, load.ingest, load.answers, load.clock)
    assert (load.saved().succeeded, load.saved().unprocessed) == (8, 2)
    assert not refresh_results(run, load.journal, load.ingest, load.answers, load.clock)


def test_rows_are_not_chosen_again_while_batches_may_still_land(tmp_path: Path) -> None:
    load = Load(tmp_path, faults=late())
    load.run(late_rows_for=2)  # as earlier versions did
    with pytest.raises(RunError, match="still land"):
        refresh_results(load.plan(), load.journal, load.ingest, load.answers, load.clock)
