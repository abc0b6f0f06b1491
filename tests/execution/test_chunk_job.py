"""One chunk's life against the local org: every row of the table as the starting point."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bulkup.errors import Gone, Refused, RunError
from bulkup.execution.chunk_job import ChunkJob, Sendable
from bulkup.localorg.faults.plan import FaultPlan, JobFault
from bulkup.localorg.org import Org
from bulkup.model import Chunk, Delimiter, Job, JobState, Operation, ResultKind, Status, Target
from bulkup.runs.events import (
    Aborting,
    ChunkEvent,
    Closed,
    Closing,
    Created,
    Discarded,
    Finished,
    JobPolled,
    Lost,
    Saved,
    Uploaded,
)
from bulkup.runs.job_results import Answers
from tests.fakes import FakeBody, FakeClock, Ingest

BODY = b"LastName,Email\n" + b"".join(b"Name %d,n%d@example.com\n" % (n, n) for n in range(30))
CHUNK = Chunk(number=1, start=0, end=len(BODY), rows=30, first_row=1)
WHOLE = [Created, Uploaded, Closing, Closed, Finished, Saved]


class World:
    """A chunk, an org, and a clock."""

    def __init__(self, folder: Path, faults: FaultPlan | None = None) -> None:
        self.clock = FakeClock()
        self.org = Org(None, batches_per_look=1, faults=faults)
        target = Target(object="Contact", operation=Operation.INSERT)
        self.ingest = Ingest(self.org, target)
        self.body = FakeBody(BODY)
        passing = frozenset({"UNABLE_TO_LOCK_ROW"})
        self.answers = Answers(folder=folder, delimiter=Delimiter.COMMA, passing=passing)
        self.told: list[ChunkEvent] = []

    def life(self) -> ChunkJob:
        return ChunkJob(CHUNK, self.body, self.ingest, self.answers, self.clock)

    def drive(self, last: ChunkEvent | None = None) -> list[type[ChunkEvent]]:
        """Drive to the end; the durable events by kind."""
        for event in self.life().run(last):
            self.tell(event)
        return self.kinds()

    def drive_until(self, kind: type[ChunkEvent]) -> ChunkEvent:
        """Drive until an event of that kind, and die there."""
        for event in self.life().run(None):
            self.tell(event)
            if isinstance(event, kind):
                self.told.clear()
                return event
        raise AssertionError(kind)

    def tell(self, event: ChunkEvent) -> None:
        self.told.append(event)
        if isinstance(event, JobPolled):
            self.clock.nap(2.0 if event.settling else 0.5)

    def kinds(self) -> list[type[ChunkEvent]]:
        return [type(event) for event in self.told if event.durable]

    @property
    def end(self) -> ChunkEvent:
        return self.told[-1]

    def names(self) -> list[str]:
        return sorted(str(one["LastName"]) for one in self.org.records("Contact"))

    def assert_loaded_once(self) -> None:
        assert self.names() == sorted(f"Name {n}" for n in range(30))
        assert isinstance(self.end, Saved)
        assert (self.end.succeeded, self.end.created) == (30, 30)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    one = World(tmp_path / "answers")
    yield one
    one.org.close()


def test_a_life_from_nothing_tells_each_step_in_order(world: World) -> None:
    assert world.drive() == WHOLE
    world.assert_loaded_once()


def test_nothing_happens_in_the_org_before_the_event_before_it_was_taken(world: World) -> None:
    events = world.life().run(None)
    created = next(events)
    assert world.ingest.get(created.job).state is JobState.OPEN
    assert isinstance(next(events), Uploaded)
    assert isinstance(next(events), Closing)
    assert world.ingest.get(created.job).state is JobState.OPEN
    assert isinstance(next(events), Closed)
    assert world.ingest.get(created.job).state is not JobState.OPEN


def test_saved_and_lost_are_the_end(world: World) -> None:
    assert world.drive(Saved(chunk=1, job="x")) == []
    assert world.drive(Lost(chunk=1, job="x", reason="")) == []


def test_after_created_the_job_is_aborted_and_a_new_one_made(world: World) -> None:
    created = world.drive_until(Created)
    assert world.drive(created) == [Aborting, Discarded, *WHOLE]
    assert world.ingest.get(created.job).state is JobState.ABORTED
    world.assert_loaded_once()


def test_after_created_with_an_upload_whose_answer_was_lost_nothing_is_sent_twice(
    world: World,
) -> None:
    created = world.drive_until(Created)
    world.ingest.upload(world.ingest.get(created.job), world.body)
    assert world.drive(created) == [Aborting, Discarded, *WHOLE]
    world.assert_loaded_once()


def test_after_uploaded_it_goes_on_with_the_same_job(world: World) -> None:
    uploaded = world.drive_until(Uploaded)
    assert world.drive(uploaded) == [Closing, Closed, Finished, Saved]
    assert world.end.job == uploaded.job
    world.assert_loaded_once()


@pytest.mark.parametrize("kind", [Created, Uploaded])
def test_a_job_that_is_gone_before_it_was_closed_is_begun_again(
    world: World, kind: type[ChunkEvent]
) -> None:
    last = world.drive_until(kind)
    world.ingest.abort(last.job)
    world.ingest.jobs.delete(last.job)
    assert world.drive(last) == [Discarded, *WHOLE]
    world.assert_loaded_once()


def test_a_job_that_somebody_closed_after_the_upload_is_gone_on_with(world: World) -> None:
    uploaded = world.drive_until(Uploaded)
    world.ingest.close(uploaded.job)
    assert world.drive(uploaded) == [Closed, Finished, Saved]
    world.assert_loaded_once()


@pytest.mark.parametrize("kind", [Created, Uploaded])
def test_a_job_that_a_person_aborted_before_it_was_closed_is_not_begun_again(
    world: World, kind: type[ChunkEvent]
) -> None:
    last = world.drive_until(kind)
    world.ingest.abort(last.job)
    assert world.drive(last) == [Finished, Saved]
    assert isinstance(world.end, Saved)
    assert world.end.unprocessed == 30
    assert world.names() == []


def test_a_job_that_a_person_aborts_during_the_upload_is_not_begun_again(world: World) -> None:
    class Aborted(Ingest):
        def upload(self, job: Job, body: Sendable, /) -> None:
            self.abort(job.id)
            super().upload(job, body)

    world.ingest = Aborted(world.org, world.ingest.target)
    assert world.drive() == [Created, Finished, Saved]
    assert world.names() == []


def test_a_job_that_a_person_aborts_just_before_the_close_was_never_closed(world: World) -> None:
    class Aborted(Ingest):
        def close(self, job_id: str, /) -> Job:
            self.abort(job_id)
            return super().close(job_id)

    world.ingest = Aborted(world.org, world.ingest.target)
    assert world.drive() == [Created, Uploaded, Closing, Finished, Saved]
    finished = next(event for event in world.told if isinstance(event, Finished))
    assert not finished.closed
    assert isinstance(world.end, Saved)
    assert world.end.unprocessed == 30


def test_after_closing_an_open_job_is_closed(world: World) -> None:
    closing = world.drive_until(Closing)
    assert world.drive(closing) == [Closed, Finished, Saved]
    world.assert_loaded_once()


def test_after_closing_a_job_that_went_on_is_only_watched(world: World) -> None:
    closing = world.drive_until(Closing)
    world.ingest.close(closing.job)
    assert world.drive(closing) == [Closed, Finished, Saved]
    world.assert_loaded_once()


def test_after_closing_a_job_that_is_gone_leaves_its_rows_unknown(world: World) -> None:
    closing = world.drive_until(Closing)
    world.ingest.abort(closing.job)
    world.ingest.jobs.delete(closing.job)
    assert world.drive(closing) == [Lost]


def test_a_refused_close_of_a_job_that_is_further_on_is_no_error(world: World) -> None:
    class Doubled(Ingest):
        def close(self, job_id: str, /) -> Job:
            super().close(job_id)
            return super().close(job_id)

    world.ingest = Doubled(world.org, world.ingest.target)
    assert world.drive() == WHOLE
    world.assert_loaded_once()


def test_a_refused_close_of_a_job_that_is_still_open_is_believed(world: World) -> None:
    class Spoiled(Ingest):
        def upload(self, job: Job, body: Sendable, /) -> None:
            super().upload(job, body)
            super().upload(job, body)

    world.ingest = Spoiled(world.org, world.ingest.target)
    with pytest.raises(Refused, match="multipe contents"):
        world.drive()
    assert world.names() == []


@pytest.mark.parametrize("aborted", [False, True])
def test_after_aborting_a_job_never_closed_the_chunk_begins_again(
    world: World, *, aborted: bool
) -> None:
    uploaded = world.drive_until(Uploaded)
    if aborted:
        world.ingest.abort(uploaded.job)
    last = Aborting(chunk=1, job=uploaded.job, closed=False)
    assert world.drive(last) == [Discarded, *WHOLE]
    world.assert_loaded_once()


def test_after_aborting_a_job_that_was_closed_it_is_watched_to_its_end(world: World) -> None:
    closed = world.drive_until(Closed)
    last = Aborting(chunk=1, job=closed.job, closed=True)
    assert world.drive(last) == [Finished, Saved]
    assert isinstance(world.end, Saved)
    assert world.end.succeeded == len(world.names())
    assert world.end.succeeded + world.end.unprocessed == 30
    assert world.end.unknown == 0


def test_after_aborting_a_closed_job_that_is_gone_its_rows_are_unknown(world: World) -> None:
    closed = world.drive_until(Closed)
    world.ingest.abort(closed.job)
    world.ingest.jobs.delete(closed.job)
    assert world.drive(Aborting(chunk=1, job=closed.job, closed=True)) == [Lost]


def test_after_aborting_a_job_that_somebody_closed_it_is_watched(world: World) -> None:
    uploaded = world.drive_until(Uploaded)
    world.ingest.close(uploaded.job)
    while not world.ingest.get(uploaded.job).state.ended:
        pass
    last = Aborting(chunk=1, job=uploaded.job, closed=False)
    assert world.drive(last) == [Closed, Finished, Saved]
    world.assert_loaded_once()


def test_after_closed_it_is_watched_and_saved(world: World) -> None:
    closed = world.drive_until(Closed)
    assert world.drive(closed) == [Finished, Saved]
    world.assert_loaded_once()


def test_after_finished_the_results_are_fetched(world: World) -> None:
    finished = world.drive_until(Finished)
    assert world.drive(finished) == [Saved]
    world.assert_loaded_once()


@pytest.mark.parametrize("kind", [Closed, Finished])
def test_a_closed_job_that_is_gone_leaves_its_rows_unknown(
    world: World, kind: type[ChunkEvent]
) -> None:
    last = world.drive_until(kind)
    while not world.ingest.get(last.job).state.ended:
        pass
    world.ingest.jobs.delete(last.job)
    assert world.drive(last) == [Lost]


def test_a_file_that_changed_while_it_was_sent_is_not_closed(world: World) -> None:
    events = world.life().run(None)
    world.tell(next(events))
    world.tell(next(events))
    world.body.whole = False
    with pytest.raises(RunError, match="changed") as caught:
        list(map(world.tell, events))
    assert world.kinds() == [Created, Uploaded, Aborting, Discarded]
    assert caught.value.exit_code == 6
    assert world.ingest.get(world.end.job).state is JobState.ABORTED
    assert world.names() == []


def test_results_that_miss_rows_are_asked_for_again_and_then_called_unknown(world: World) -> None:
    class Short(Ingest):
        asked = 0

        def fetch(self, job_id: str, kind: ResultKind, to: Path, /) -> None:
            super().fetch(job_id, kind, to)
            if kind is ResultKind.SUCCESSFUL:
                Short.asked += 1
                lines = to.read_bytes().splitlines(keepends=True)
                to.write_bytes(b"".join(lines[:-3]))

    world.ingest = Short(world.org, world.ingest.target)
    before = world.clock.now()
    assert world.drive() == WHOLE
    assert isinstance(world.end, Saved)
    assert (world.end.succeeded, world.end.unknown) == (27, 3)
    assert Short.asked > 5
    assert 60 <= world.clock.now() - before <= 90


def test_a_job_whose_header_was_refused_leaves_all_rows_unprocessed_at_once(world: World) -> None:
    world.body = FakeBody(BODY.replace(b"Email", b"Nope__c", 1))
    assert world.drive() == WHOLE
    finished = next(event for event in world.told if isinstance(event, Finished))
    assert finished.state is JobState.FAILED
    assert "Nope__c" in finished.message
    assert isinstance(world.end, Saved)
    assert (world.end.unprocessed, world.end.unknown) == (30, 0)


def test_failed_rows_are_counted_and_so_are_those_that_pass_by_themselves(
    world: World,
) -> None:
    world.body = FakeBody(BODY.replace(b"Name 3,", b",", 1))
    world.drive()
    assert isinstance(world.end, Saved)
    assert (world.end.succeeded, world.end.failed, world.end.passing) == (29, 1, 0)


def test_a_job_that_somebody_closes_between_our_look_and_our_abort_is_not_begun_again(
    world: World,
) -> None:
    class Closer(Ingest):
        def abort(self, job_id: str, /) -> Job:
            self.close(job_id)
            while not self.get(job_id).state.ended:
                pass
            return super().abort(job_id)

    created = world.drive_until(Created)
    world.ingest.upload(world.ingest.get(created.job), world.body)
    world.ingest = Closer(world.org, world.ingest.target)
    assert world.drive(created) == [Aborting, Closed, Finished, Saved]
    world.assert_loaded_once()


def test_a_close_that_was_answered_and_did_not_take_is_asked_for_again(world: World) -> None:
    class Forgetful(Ingest):
        asked = 0

        def close(self, job_id: str, /) -> Job:
            Forgetful.asked += 1
            return self.get(job_id) if Forgetful.asked == 1 else super().close(job_id)

    world.ingest = Forgetful(world.org, world.ingest.target)
    assert world.drive() == WHOLE
    world.assert_loaded_once()


def test_that_a_job_is_gone_is_believed_when_it_is_said_twice(world: World) -> None:
    class Hiccup(Ingest):
        looks = 0

        def get(self, job_id: str, /) -> Job:
            Hiccup.looks += 1
            if Hiccup.looks == 2:
                raise Gone("no route", status=404, code="NOT_FOUND")
            return super().get(job_id)

    world.ingest = Hiccup(world.org, world.ingest.target)
    assert world.drive() == WHOLE
    world.assert_loaded_once()


def test_a_file_that_changes_during_the_upload_is_never_told_as_uploaded(world: World) -> None:
    class Rewriter(Ingest):
        def upload(self, job: Job, body: Sendable, /) -> None:
            super().upload(job, body)
            world.body.whole = False

    world.ingest = Rewriter(world.org, world.ingest.target)
    with pytest.raises(RunError, match="changed"):
        world.drive()
    assert world.kinds() == [Created, Aborting, Discarded]


def test_a_job_that_failed_for_another_reason_with_lagging_counts_leaves_its_rows_unknown(
    tmp_path: Path,
) -> None:
    fault = JobFault(fail_after=1, lag=1, missing=1.0, error="InternalServerError")
    world = World(tmp_path / "answers", faults=FaultPlan(jobs=[fault]))
    assert world.drive() == [*WHOLE[:-1], Finished, Saved]
    assert isinstance(world.end, Saved)
    assert world.end.rest is Status.UNKNOWN
    assert world.end.unknown == 30


def test_the_time_to_settle_counts_from_the_end_of_the_job_in_whichever_process(
    tmp_path: Path,
) -> None:
    world = World(tmp_path / "answers", faults=FaultPlan(jobs=[JobFault(missing=0.5)]))
    finished = world.drive_until(Finished)
    finished = replace(finished, at=world.clock.stamp())
    world.clock.nap(3600)
    before = world.clock.now()
    world.drive(finished)
    assert isinstance(world.end, Saved)
    assert world.end.unknown > 0
    assert world.clock.now() == before
