"""The org: requests in, answers out, background work by the slice. No sockets, no threads."""

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from bulkup.localorg.api.ingest import Ingest
from bulkup.localorg.data.database import open_database
from bulkup.localorg.data.identity import add_user, identify
from bulkup.localorg.data.objects import load
from bulkup.localorg.data.records import Records
from bulkup.localorg.faults.plan import FaultAction, FaultPlan, Faults, RequestFault
from bulkup.localorg.http.messages import Refusal, Request, Response
from bulkup.localorg.http.response_headers import add_headers, as_ordered
from bulkup.localorg.http.routes import Routes
from bulkup.localorg.jobs.store import Jobs
from bulkup.localorg.jobs.worker import Desk, Work
from bulkup.localorg.oauth import apps, endpoints
from bulkup.localorg.oauth.tokens import Tokens


class Org:
    """A stand-in org in a directory, or in memory (`directory` None). Safe for several threads.

    `token` is always valid unless a fault ends it; without one, one is made. `clock` gives seconds
    since the epoch. `seed` decides the order of results. `batch_rows` is how many rows are
    begun together, and land together when the job is aborted. `batches_per_look`: each look at a
    job does as many slices of its background work first, for tests without a ticking thread.
    `faults` is what is to go wrong; `login_rules` say how apps get in (else the directory's
    `apps.toml` does).
    """

    def __init__(
        self,
        directory: Path | None,
        *,
        token: str | None = None,
        clock: Callable[[], float] = time.time,
        seed: int = 0,
        batch_rows: int = 10_000,
        batches_per_look: int = 0,
        faults: FaultPlan | None = None,
        login_rules: apps.LoginRules | None = None,
    ) -> None:
        self._lock = threading.RLock()
        self._clock = clock
        self._faults = Faults(faults or FaultPlan())
        self._calls = 0
        self._batch_rows = batch_rows
        self._slices_per_look = batches_per_look
        self._objects = load(directory)
        rules = login_rules or apps.load(directory)
        ready_made = login_rules is None and not apps.has_own_rules(directory)
        self.server_app = rules.app(apps.SERVER_APP) if ready_made else None
        self._database = open_database(directory)
        self._records = Records(self._database, self._objects)
        self.identity = identify(self._database, seed if directory is None else None)
        add_user(self._records, self._objects["user"], self.identity)
        self._database.commit()
        self.tokens = Tokens(clock)
        self.token = token or f"{self.identity.org_id[:15]}!{secrets.token_urlsafe(48)}"
        self.tokens.add(self.token)
        desk = Desk(
            jobs=Jobs(self._database),
            records=self._records,
            objects=self._objects,
            user=self.identity.user_id,
            seed=seed,
            batch_rows=batch_rows,
            clock=clock,
        )
        self._work = Work(desk)
        self._ingest = Ingest(desk, self._work, self._faults.for_job)
        self._routes = Routes(
            desk=desk,
            ingest=self._ingest,
            login=endpoints.Login(
                identity=self.identity,
                tokens=self.tokens,
                clock=clock,
                rules=rules,
            ),
            before_look=self._work_before_a_look,
        )

    def __repr__(self) -> str:
        return f"<Org {self.identity.org_id}>"

    def handle(self, request: Request) -> Response:
        """Answer a request. Never raises for what a client sends.

        What is ordered to befall the answer on its way stands in its `fault`, for the caller to
        act out.
        """
        return self.handle_with_fault(request, self.fault_for(request.method, request.path))

    def fault_for(self, method: str, path: str) -> RequestFault | None:
        """Return the fault ordered for this request. Call it once each, before reading the body."""
        return self._faults.for_request(method, path)

    def handle_with_fault(self, request: Request, ordered: RequestFault | None) -> Response:
        """Answer a request, or act out the fault that `fault_for` returned for it."""
        if ordered is None:
            return self._answer(request)
        if ordered.act is FaultAction.EXPIRE_TOKEN:
            self.tokens.expire(request.token)
            return self._answer(request)
        if ordered.act is FaultAction.STATUS:
            if ordered.works:
                self._answer(request)
            return as_ordered(ordered)
        fault = ordered.on_the_way
        if fault and fault.does_work:
            return replace(self._answer(request), fault=fault)
        return Response(status=0, fault=fault)

    def _answer(self, request: Request) -> Response:
        with self._lock:
            self._calls += 1
            calls = self._calls
            try:
                self._ingest.sweep()
                response = self._routes.answer(request, calls)
                self._database.commit()
            except Refusal as refusal:
                response = refusal.answer()
                self._database.commit()
            except sqlite3.Error as error:  # a full disk, most likely
                self._undo()
                message = f"The org's database: {error}"
                response = Refusal(500, "UNKNOWN_EXCEPTION", message).answer()
        return add_headers(request, response, calls)

    def _work_before_a_look(self) -> None:
        for _ in range(self._slices_per_look):
            self._work.tick()

    def tick(self) -> bool:
        """Do one slice of background work; False when there was none to do.

        Raises sqlite3.Error where the database can't be written. What was not committed is undone
        then, and done again by a later tick.
        """
        with self._lock:
            try:
                job = self._work.tick()
                if job is None or not job.at_work or job.done % self._batch_rows == 0:
                    self._database.commit()  # one transaction a batch
            except sqlite3.Error:
                self._undo()
                raise
            return job is not None

    def _undo(self) -> None:
        self._database.rollback()
        self._work.forget_all()

    def close(self) -> None:
        """Let go of the database. Unfinished jobs go on when the org is opened again."""
        with self._lock:
            self._database.commit()
            self._database.close()

    # What tests look at.

    def records(self, object_name: str) -> list[dict[str, Any]]:
        """All live records of an object as the org holds them, oldest first, each with its Id."""
        with self._lock:
            return self._records.all(self._objects[object_name.lower()])

    def created_by_job(self, job_id: str) -> list[str]:
        """The Ids of the records that a job has made, oldest first."""
        with self._lock:
            return self._records.created_by(job_id)

    def changed_by_job(self, job_id: str) -> list[str]:
        """The Ids of the records that a job was the last to make, change or delete."""
        with self._lock:
            return self._records.changed_by(job_id)
