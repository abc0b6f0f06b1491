"""A clock and a body for tests, and an org in this process under the real client."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bulkup.execution.chunk_job import Sendable
from bulkup.localorg.org import Org
from bulkup.model import Delimiter, Job, LineEnding, ResultKind, Target
from bulkup.salesforce.bearer import TokenAuth
from bulkup.salesforce.client import Client
from bulkup.salesforce.ingest import IngestJobs
from tests.simulation.transport import OrgTransport


class FakeClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self, start: float = 1_000_000.0) -> None:
        self.time = start
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def stamp(self) -> str:
        return f"{self.time:.3f}"

    def since(self, stamp: str) -> float:
        return self.time - float(stamp)

    def sleep(self, seconds: float, wake: threading.Event) -> None:
        self.nap(seconds)

    def nap(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@dataclass
class FakeBody:
    """A body of bytes. `whole` says whether the file is still the planned one."""

    data: bytes
    whole: bool = True

    def __iter__(self) -> Iterator[bytes]:
        yield self.data

    def __len__(self) -> int:
        return len(self.data)

    def intact(self) -> bool:
        return self.whole


@dataclass
class Ingest:
    """The real client's ingest jobs, for one target, over a transport."""

    org: Org
    target: Target
    transport: httpx.BaseTransport | None = None
    jobs: IngestJobs = field(init=False)
    client: Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = Client(
            instance_url="http://localhost",
            auth=TokenAuth(self.org.token),
            transport=self.transport or OrgTransport(self.org),
        )
        self.jobs = IngestJobs(self.client)

    def create(self) -> Job:
        return self.jobs.create(self.target, delimiter=Delimiter.COMMA, line_ending=LineEnding.LF)

    def upload(self, job: Job, body: Sendable, /) -> None:
        self.jobs.upload(job, body)

    def close(self, job_id: str, /) -> Job:
        return self.jobs.close(job_id)

    def abort(self, job_id: str, /) -> Job:
        return self.jobs.abort(job_id)

    def get(self, job_id: str, /) -> Job:
        return self.jobs.get(job_id)

    def fetch(self, job_id: str, kind: ResultKind, to: Path, /) -> None:
        self.jobs.fetch(job_id, kind, to)
