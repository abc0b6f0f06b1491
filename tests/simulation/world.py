"""One seed is one load: a file, an org, faults and kills, and then the truth about every row."""

import csv
import json
import random
import re
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bulkup.check.column import Column
from bulkup.csvfile.source import open_source
from bulkup.csvfile.source_file import SourceFile
from bulkup.errors import CredentialsError
from bulkup.execution.chunk_job import Sendable
from bulkup.execution.control import FailureGuard, RunControl
from bulkup.execution.execute import ReconcileHooks, execute_run, header_of
from bulkup.execution.jobs import ChunkBodies, RunJobs, jobs_in
from bulkup.execution.reconciliation import reconcile_run
from bulkup.execution.reconciliation.accounting import ChunkOutcome, chunk_outcomes
from bulkup.execution.runner import Runner
from bulkup.localorg.faults.plan import FaultAction, FaultPlan, JobFault, RequestFault
from bulkup.localorg.http.messages import Request
from bulkup.localorg.org import Org
from bulkup.model import FIRST_PART, Job, JobState, Operation, Part, ResultKind, Status, Target
from bulkup.planning.chunking import cut
from bulkup.report.report import Report
from bulkup.results.totals import Totals
from bulkup.runs.events import Aborting, ChunkEvent, Created, Event, Finished, Saved
from bulkup.runs.job_results import Answers
from bulkup.runs.journal import Journal
from bulkup.runs.plan import Options, Plan
from bulkup.runs.registry import open_chunks
from bulkup.runs.run_dir import Run, chunks_of, write_plan
from bulkup.runs.state import State
from bulkup.salesforce.bearer import TokenAuth
from bulkup.salesforce.client import Client
from bulkup.salesforce.error_codes import PASSING
from bulkup.salesforce.ingest import IngestJobs
from tests.simulation.transport import OrgTransport

LATEST_ATTEMPT = 40
CALM_AFTER = 25
THOROUGH = 0.02
"""The share of worlds whose rows are matched by the real code too: it takes ten times as long."""


class Killed(BaseException):
    """The process is dead: nothing of it runs any more."""


class Broken(AssertionError):
    """A promise that was not kept."""


class Clock:
    """Time that passes only when somebody sleeps; it may leap, as machines that wake up do."""

    def __init__(self, chance: random.Random) -> None:
        self.time = 1_700_000_000.0
        self._chance = chance

    def now(self) -> float:
        return self.time

    def stamp(self) -> str:
        return f"{self.time:.3f}"

    def since(self, stamp: str) -> float:
        return self.time - float(stamp)

    def sleep(self, seconds: float, wake: threading.Event) -> None:
        self.time += seconds + (3600 if self._chance.random() < 0.002 else 0)

    def pass_by(self, seconds: float) -> None:
        self.time += seconds


class Inline(Executor):
    """One thread, which is ours: a life is lived when it is submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 -- a Future keeps whatever it was
            future.set_exception(error)
        return future


class KillingJournal(Journal):
    """A journal whose process dies now and then: before a line, in the middle of it, after it."""

    strike: Callable[[float], bool] = staticmethod(lambda _odds: False)

    def _write(self, line: bytes) -> None:
        if self.strike(0.02):
            raise Killed
        if self.strike(0.01):
            import os

            os.write(self._file, line[: len(line) // 2])
            raise Killed
        super()._write(line)
        if self.strike(0.02):
            raise Killed


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a seed's load looks like and what befalls it."""

    rows: int
    chunk_rows: int
    bad_rows: frozenset[int]
    faults: FaultPlan
    kills: float
    person: float
    closer: float
    no_wait: bool
    may_lose: bool
    row_retries: int
    max_failed: int | None
    thorough: bool


def shape_of(chance: random.Random) -> Shape:
    """Drawn by lot; some worlds are calm, some are not."""
    rows = chance.randint(1, 40)
    wild = chance.random() < 0.85
    jobs, may_lose = _job_faults(chance) if wild and chance.random() < 0.6 else ([], False)
    requests = _request_faults(chance) if wild else []
    return Shape(
        rows=rows,
        chunk_rows=chance.randint(max(1, rows // 5), rows),
        bad_rows=frozenset(n for n in range(rows) if chance.random() < 0.05),
        faults=FaultPlan(requests=requests, jobs=jobs),
        kills=chance.choice([0.0, 0.3, 1.0, 2.0]) if wild else 0.0,
        person=chance.choice([0.0] * 5 + [0.02]),
        closer=0.0
        if any(one.gone or one.late_rows for one in jobs)
        else chance.choice([0.0] * 4 + [0.2]),
        no_wait=chance.random() < 0.1,
        may_lose=may_lose,
        row_retries=chance.choice([0, 1, 3, 3]),
        max_failed=chance.choice([None] * 5 + [0, 1]),
        thorough=chance.random() < THOROUGH,
    )


def _request_faults(chance: random.Random) -> list[RequestFault]:
    acts = [
        FaultAction.RESET,
        FaultAction.RESET_UPLOAD,
        FaultAction.LOST,
        FaultAction.LOST,
        FaultAction.CUT,
        FaultAction.HANG,
        FaultAction.STATUS,
    ]
    acts += [FaultAction.EXPIRE_TOKEN]
    found = []
    for _ in range(chance.randint(0, 7)):
        act = chance.choice(acts)
        found.append(
            RequestFault(
                act=act,
                method=chance.choice(["", "GET", "PUT", "PATCH", "POST", "PATCH", "PUT"]),
                nth=chance.randint(1, 8),
                times=chance.choice([1, 1, 1, 2, 5]),
                status=chance.choice([500, 502, 503, 429, 408]),
                works=chance.random() < 0.5,
                retry_after=chance.choice([None, None, 3]),
                seconds=60,
            )
        )
    return found


def _job_faults(chance: random.Random) -> tuple[list[JobFault], bool]:
    """Faults of jobs, and whether they may leave rows of which nobody can know."""
    one: dict[str, Any] = {"nth": chance.randint(1, 3), "times": chance.choice([1, 2, 0])}
    may_lose = False
    match chance.randint(0, 9):
        case 0:
            one["fail_after"] = chance.randint(0, 20)
            one["error"] = chance.choice(["Timeout", "TooManyLockFailure", "InternalServerError"])
            one |= _late_rows(chance)
        case 1 | 7 | 8:
            one["locked"] = chance.choice([0.2, 0.4, 0.8])
        case 2:
            one["unprocessed"] = 0.3
        case 3:
            one["lag"] = chance.randint(1, 4)
        case 4:
            one["abort_lands"] = chance.randint(0, 5)
            one |= _late_rows(chance)
        case 5:
            one["missing"] = 0.3
            one["missing_answers"] = chance.randint(0, 3)
            may_lose = True
        case _:
            one["gone"] = chance.choice(["UploadComplete"] * 2 + ["InProgress", "JobComplete"])
            may_lose = True
    return [JobFault(**one)], may_lose


def _late_rows(chance: random.Random) -> dict[str, Any]:
    """Batches that land after the end of their job, sooner than we stop waiting for them."""
    if chance.random() < 0.5:
        return {}
    return {"late_rows": chance.randint(1, 20), "late_after": chance.choice([1, 20, 200, 500])}


@dataclass(frozen=True, slots=True)
class WatchedJobs(RunJobs):
    """The run's jobs, none of which may be given a second upload."""

    uploaded: set[str]

    def upload(self, job: Job, body: Sendable, /) -> None:
        """The one upload.

        Raises:
            Broken: it is the second one.
        """
        if job.id in self.uploaded:
            raise Broken(f"job {job.id} is given a second upload")
        self.uploaded.add(job.id)
        self.jobs.upload(job, body)


@dataclass(kw_only=True)
class World:
    """A load from its file to its end, through as many processes as it takes."""

    seed: int
    folder: Path
    chance: random.Random = field(init=False)
    shape: Shape = field(init=False)
    clock: Clock = field(init=False)
    org: Org = field(init=False)
    attempts: int = 0
    kills: int = 0
    limit: int | None = None
    rounds: int = 0
    uploaded: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.shape = shape_of(self.chance)
        self.limit = self.shape.max_failed
        self.clock = Clock(self.chance)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.org = Org(
            None,
            seed=self.seed,
            clock=self.clock.now,
            batch_rows=self.chance.choice([3, 10_000]),
            batches_per_look=self.chance.randint(1, 3),
            faults=self.shape.faults,
        )

    def close(self) -> None:
        """Forget everything."""
        self.org.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def names(self) -> list[str]:
        """The rows by the value that makes each of them unlike the others."""
        return [f"Row {n}" for n in range(self.shape.rows)]

    def live(self) -> Report:
        """Load until the run is over.

        Raises:
            Broken: it is never over.
        """
        run = self._planned()
        while self.attempts < LATEST_ATTEMPT:
            self.attempts += 1
            try:
                report = self._one_process(run)
            except Killed:
                self.kills += 1
                self.clock.pass_by(self.chance.choice([1, 600]))
                continue
            if report.state.over and self._has_enough(run):
                return self._judged(run, report)
            self.clock.pass_by(self.chance.choice([1, 1200]))
        raise Broken(f"not over after {self.attempts} processes: {_tail(run)}")

    def _has_enough(self, run: Run) -> bool:
        """Whether the end stands; after `max_failed` somebody may go on with a higher limit."""
        self._judge_limit(run.events())
        stopped = self.limit is not None and bool(open_chunks(run, run.events()))
        if not stopped or self.chance.random() < 0.5:
            return True
        self.limit = None
        return False

    def _judge_limit(self, events: Sequence[Event]) -> None:
        failed = 0
        for event in events:
            if isinstance(event, Saved):
                failed += event.failed - event.passing
            over = self.limit is not None and failed > self.limit
            if over and isinstance(event, Created):
                raise Broken(f"job {event.job} was made though {failed} rows had failed")

    def _planned(self) -> Run:
        path = self.folder / "rows.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["Description", "LastName", "Birthdate"])
            for number, name in enumerate(self.names()):
                born = "not a date" if number in self.shape.bad_rows else "1999-01-02"
                writer.writerow([name, "Simulated", born])
        source = open_source(path)
        columns = tuple(Column(source=name, name=name) for name in source.header)
        header = b"Description,LastName,Birthdate\n"
        folder = self.folder / "run"
        folder.mkdir()
        return write_plan(
            folder,
            Plan(
                run="run",
                created=self.clock.stamp(),
                version="0",
                source=source,
                original=source,
                csv_file=source,
                target=Target(object="Contact", operation=Operation.INSERT),
                columns=columns,
                chunks=cut(
                    source, header=header, chunk_bytes=10_000, chunk_rows=self.shape.chunk_rows
                ),
                options=Options(
                    directory=self.folder / "out",
                    retry_for=self.chance.choice([0, 30, 900]),
                    row_retries=self.shape.row_retries,
                ),
            ),
        )

    def _one_process(self, run: Run) -> Report:
        calm = self.attempts > CALM_AFTER
        stop = RunControl(
            self.clock,
            timeout=None if calm or self.chance.random() < 0.8 else self.chance.uniform(0, 20),
            wait=calm or not (self.shape.no_wait and self.attempts == 1),
        )

        def strike(odds: float) -> bool:
            return not calm and self.chance.random() < odds * self.shape.kills

        def around(request: Request) -> None:
            if strike(0.01):
                raise Killed

        def afterwards(request: Request) -> None:
            around(request)
            self._somebody_closes(request)

        def listen(event: Event) -> None:
            if not calm and self.chance.random() < 0.004 * self.shape.kills:
                stop.leave_now()
            if isinstance(event, ChunkEvent) and self.chance.random() < self.shape.person:
                self._person_wants(event.job, "Aborted")

        KillingJournal.strike = staticmethod(strike)
        transport = OrgTransport(self.org, before=around, after=afterwards, wait=self.clock.pass_by)
        auth = TokenAuth(self._new_token(), self._renewed)
        with (
            Client(instance_url="http://localhost", auth=auth, transport=transport) as client,
            KillingJournal(run.files.journal, self.clock) as journal,
            SourceFile(run.plan.csv_file.path) as file,
            ExitStack() as stack,
        ):
            runner = Runner(
                journal=journal,
                ingest=WatchedJobs(
                    IngestJobs(client), run, self.uploaded, known=jobs_in(journal.events)
                ),
                body_of=ChunkBodies(run, header_of(run), file, stack),
                answers=self._answers(run),
                clock=self.clock,
                executor=Inline(),
                stop=stop,
                watcher=FailureGuard(stop, self.limit),
                listener=listen,
                retry_for=run.plan.options.retry_for,
            )
            ours = ReconcileHooks(
                next_round=reconcile_run.next_round,
                reconcile=self._books,
                calls=lambda: client.calls,
                unsent=lambda _run: {},
            )
            return execute_run(run, journal, runner, ours)

    def _new_token(self) -> str:
        token = f"{self.org.identity.org_id[:15]}!{self.chance.getrandbits(64):x}"
        self.org.tokens.add(token)
        return token

    def _renewed(self) -> str:
        if self.chance.random() < 0.5:
            raise CredentialsError("refused")
        return self._new_token()

    def _somebody_closes(self, request: Request) -> None:
        """Now and then, a job that we have just looked at."""
        looked = re.fullmatch(r".*/jobs/ingest/(750\w+)/?", request.path)
        if request.method == "GET" and looked and self.chance.random() < self.shape.closer:
            self._person_wants(looked[1], "UploadComplete")

    def _person_wants(self, job: str, state: str) -> None:
        """Somebody with rights of their own closes or aborts a job behind our back."""
        self.org.handle(
            Request(
                method="PATCH",
                path=f"/services/data/v60.0/jobs/ingest/{job}",
                headers={"authorization": f"Bearer {self.org.token}"},
                body=json.dumps({"state": state}).encode(),
            )
        )

    def _answers(self, run: Run) -> Answers:
        return run.answers(PASSING)

    def statuses(self, run: Run, events: Sequence[Event]) -> dict[str, Status]:
        """What became of each row, told by the simplest code that can be right."""
        names: dict[Part, list[str]] = {FIRST_PART: self.names()}
        found: dict[str, Status] = {}
        for fate in chunk_outcomes(chunks_of(run, events), events, ""):
            chunk = fate.chunk
            if chunk.part not in names:
                names[chunk.part] = _names_in(run.files.round_source(chunk.part))
            for name in names[chunk.part][chunk.first_row - 1 : chunk.first_row - 1 + chunk.rows]:
                if fate.job or chunk.round == 1:
                    found[name] = fate.otherwise
            found.update(self._told(run, fate))
        return found

    def _told(self, run: Run, fate: ChunkOutcome) -> dict[str, Status]:
        found = {}
        for kind, status in (
            (ResultKind.SUCCESSFUL, Status.SUCCEEDED),
            (ResultKind.FAILED, Status.FAILED),
            (ResultKind.UNPROCESSED, Status.UNPROCESSED),
        ):
            path = self._answers(run).path(fate.chunk.number, fate.job, kind)
            if fate.job and path.exists():
                with path.open(encoding="utf-8", newline="") as file:
                    found.update({row["Description"]: status for row in csv.DictReader(file)})
        return found

    def _books(self, run: Run, events: Sequence[Event]) -> Totals:
        self.last_statuses = self.statuses(run, events)
        if self.shape.thorough:
            self._compare(reconcile_run.reconcile_run(run, events, ""))
        return Totals(counts=Counter(self.last_statuses.values()))

    def _compare(self, totals: Totals) -> None:
        simple = Counter(self.last_statuses.values())
        real = Counter({status: count for status, count in totals.counts.items() if count})
        if simple != real:
            raise Broken(f"the books say {real}, and it is {simple}")

    def _judged(self, run: Run, report: Report) -> Report:
        """Hold the end against what the org has.

        Raises:
            Broken: a promise was not kept.
        """
        in_org = Counter(str(one["Description"]) for one in self.org.records("Contact"))
        statuses = self.last_statuses
        in_doubt = self._in_doubt(run)
        for name in self.names():
            count, status = in_org[name], statuses.get(name)
            if count > 1:
                raise Broken(f"{name} is in the org {count} times")
            if status is Status.SUCCEEDED and count != 1:
                raise Broken(f"{name} is called succeeded and is not in the org")
            if status in {Status.FAILED, Status.UNPROCESSED, Status.NOT_SENT} and count:
                raise Broken(f"{name} is called {status} and is in the org")
            if status in {None, Status.PENDING}:
                raise Broken(f"{name} has no end: {status}")
            if status is Status.UNKNOWN and not (self.shape.may_lose or name in in_doubt):
                raise Broken(f"{name} is called unknown without need")
            unsent = status in {Status.NOT_SENT, Status.UNPROCESSED}
            if unsent and not self._may_be_left(run):
                raise Broken(f"{name} is called {status} without need")
        left_out = Status.NOT_SENT in statuses.values() and self.shape.max_failed is None
        if left_out and report.state is not State.FAILED:
            raise Broken(f"rows were not sent, and the run is called {report.state}")
        self._judge_jobs(run)
        self._judge_rounds(run, {name for name, one in statuses.items() if one is Status.FAILED})
        if sum(report.totals.counts.values()) != self.shape.rows:
            raise Broken("the books do not balance")
        return report

    def _in_doubt(self, run: Run) -> set[str]:
        """Rows of jobs that a person aborted when nobody knew whether they were closed."""
        aborted = {
            event.chunk
            for event in run.events()
            if isinstance(event, Finished)
            and (event.state, event.closed, event.processed) == (JobState.ABORTED, True, 0)
        }
        chunks = [one for one in chunks_of(run, run.events()) if one.number in aborted]
        names = self.names()
        if any(one.round > 1 for one in chunks):
            return set(names)  # which rows were in the round is forgotten by now
        return {
            name
            for one in chunks
            for name in names[one.first_row - 1 : one.first_row - 1 + one.rows]
        }

    def _judge_rounds(self, run: Run, failed: set[str]) -> None:
        """Only rows that are wrong have failed, or those that stayed locked to the last attempt."""
        wrong = {f"Row {n}" for n in self.shape.bad_rows}
        attempts = max(chunk.round for chunk in chunks_of(run, run.events()))
        self.rounds = attempts - 1
        stopped = _person_aborted(run) or self.shape.max_failed is not None
        if failed - wrong and attempts <= self.shape.row_retries and not stopped:
            raise Broken(f"{failed - wrong} gave up after {attempts} attempts")

    def _may_be_left(self, run: Run) -> bool:
        jobs = self.shape.faults.jobs
        stopped = _person_aborted(run) or self.shape.max_failed is not None
        # What a person closed we may abort in the middle, because we had not closed it.
        stopped = stopped or self.shape.closer > 0
        return stopped or any(one.fail_after is not None or one.unprocessed for one in jobs)

    def _judge_jobs(self, run: Run) -> None:
        for job in {e.job for e in run.events() if isinstance(e, ChunkEvent)}:
            answer = self.org.handle(
                Request(
                    method="GET",
                    path=f"/services/data/v60.0/jobs/ingest/{job}",
                    headers={"authorization": f"Bearer {self._new_token()}"},
                )
            )
            if b'"state":"Open"' in answer.body:
                raise Broken(f"job {job} is left open")


def _person_aborted(run: Run) -> bool:
    events = run.events()
    ours = {event.job for event in events if isinstance(event, Aborting)}
    return any(
        isinstance(event, Finished) and event.state is JobState.ABORTED and event.job not in ours
        for event in events
    )


def _names_in(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row["Description"] for row in csv.DictReader(file)]


def _tail(run: Run) -> str:
    return " ".join(type(event).__name__ for event in run.events()[-12:])
