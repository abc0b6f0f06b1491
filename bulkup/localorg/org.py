"""The org: requests in, answers out, background work by the slice. No sockets, no threads."""

import gzip
import json
import re
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from bulkup.localorg import about, oauth
from bulkup.localorg import jobs as states
from bulkup.localorg.faults import Act, FaultPlan, Faults, RequestFault
from bulkup.localorg.identity import add_user, identify
from bulkup.localorg.ingest import Ingest
from bulkup.localorg.jobs import Jobs
from bulkup.localorg.objects import load
from bulkup.localorg.store import Records, open_database
from bulkup.localorg.tokens import Tokens
from bulkup.localorg.wire import Refusal, Request, Response
from bulkup.localorg.work import Desk, Work

_DATA = re.compile(r"/services/data(?:/v(?P<version>\d+\.0)(?P<rest>/.*)?)?")
_DESCRIBE = re.compile(r"/sobjects/(\w+)/describe")
_NOT_FOUND = ("NOT_FOUND", "The requested resource does not exist")
_DAY = 86_400.0
_WORTH_ZIPPING = 1_400
_OPEN_FOR = _DAY
_KEPT_FOR = 7 * _DAY


class Org:
    """A stand-in org in a directory, or in memory (`directory` None). Safe for several threads.

    `token` is always valid unless a fault ends it; without one, one is made. `clock` gives seconds
    since the epoch. `seed` decides the order of results. `batch_rows` is how many rows are
    begun together, and land together when the job is aborted. `batches_per_look`: each look at a
    job does as many slices of its background work first, for tests without a ticking thread.
    `faults` is what is to go wrong.
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
    ) -> None:
        self._lock = threading.RLock()
        self._clock = clock
        self._faults = Faults(faults or FaultPlan())
        self._slices_per_look = batches_per_look
        self._batch_rows = batch_rows
        objects = load(directory)
        self._database = open_database(directory)
        self._objects = objects
        self._records = Records(self._database, objects)
        self.identity = identify(self._database, seed if directory is None else None)
        add_user(self._records, objects["user"], self.identity)
        self._database.commit()
        self.tokens = Tokens(clock)
        self.token = token or f"{self.identity.org_id[:15]}!{secrets.token_urlsafe(48)}"
        self.tokens.add(self.token)
        self._login = oauth.Login(identity=self.identity, tokens=self.tokens, clock=clock)
        self._jobs = Jobs(self._database)
        desk = Desk(
            jobs=self._jobs,
            records=self._records,
            objects=objects,
            user=self.identity.user_id,
            seed=seed,
            batch_rows=batch_rows,
            clock=clock,
        )
        self._work = Work(desk)
        self._ingest = Ingest(desk, self._work, self._faults.for_job)
        self._calls = 0
        self._swept = 0.0

    def __repr__(self) -> str:
        return f"<Org {self.identity.org_id}>"

    def handle(self, request: Request) -> Response:
        """Answer a request. Never raises for what a client sends.

        What is ordered to befall the answer on its way stands in its `fault`, for the caller to
        act out.
        """
        return self.carry_out(request, self.foresee(request.method, request.path))

    def foresee(self, method: str, path: str) -> RequestFault | None:
        """What is ordered for the next request; ask once for each, before its body is read."""
        return self._faults.for_request(method, path)

    def carry_out(self, request: Request, ordered: RequestFault | None) -> Response:
        """Answer a request for which this is ordered."""
        if ordered is None:
            return self._answer(request)
        if ordered.act is Act.EXPIRE_TOKEN:
            self.tokens.expire(_token(request))
            return self._answer(request)
        if ordered.act is Act.STATUS:
            if ordered.works:
                self._answer(request)
            return _as_ordered(ordered)
        fault = ordered.on_the_way
        if fault and fault.works:
            return replace(self._answer(request), fault=fault)
        return Response(status=0, fault=fault)

    def _answer(self, request: Request) -> Response:
        with self._lock:
            self._calls += 1
            try:
                response = self._route(request)
                self._database.commit()
            except Refusal as refusal:
                response = refusal.answer()
                self._database.commit()
            except sqlite3.Error as error:  # a full disk, most likely
                self._undo()
                response = Refusal(
                    500, "UNKNOWN_EXCEPTION", f"The org's database: {error}"
                ).answer()
        return self._dress(request, response)

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

    # Routing.

    def _route(self, request: Request) -> Response:
        self._sweep()
        path = re.sub(r"/{2,}", "/", unquote(request.path))
        if path.startswith(oauth.PREFIX):
            return oauth.answer(replace(request, path=path), self._login)
        match = _DATA.fullmatch(path.rstrip("/"))
        if match is None:
            raise Refusal(404, *_NOT_FOUND)
        version = match["version"]
        if version is None:
            return about.versions()
        self._check_token(request)
        if not about.FIRST_VERSION <= float(version) <= about.LAST_VERSION:
            raise Refusal(404, *_NOT_FOUND)
        return self._data(request, version, match["rest"] or "")

    def _check_token(self, request: Request) -> None:
        if not self.tokens.valid(_token(request)):
            raise Refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")

    def _data(self, request: Request, version: str, rest: str) -> Response:
        if rest == "/jobs/ingest" or rest.startswith("/jobs/ingest/"):
            for _ in range(self._slices_per_look if request.method == "GET" else 0):
                self._work.tick()
            return self._ingest.answer(request, version, rest.removeprefix("/jobs/ingest"))
        if request.method != "GET":
            message = f"HTTP Method '{request.method}' not allowed. Allowed are GET"
            raise Refusal(405, "METHOD_NOT_ALLOWED", message)
        if rest == "":
            return about.resources(version)
        if rest == "/limits":
            return about.limits(self._calls, self._batches_today())
        if rest == "/sobjects":
            return about.sobjects(self._objects)
        if match := _DESCRIBE.fullmatch(rest):
            return about.describe(request, self._objects, match[1])
        raise Refusal(404, *_NOT_FOUND)

    def _dress(self, request: Request, response: Response) -> Response:
        headers = dict(response.headers)
        headers["sforce-limit-info"] = f"api-usage={self._calls}/{about.DAILY_REQUESTS}"
        body = response.body
        accepted = request.headers.get("accept-encoding", "")
        if len(body) > _WORTH_ZIPPING and re.search(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\b)", accepted):
            body = gzip.compress(body, compresslevel=1, mtime=0)
            headers["content-encoding"] = "gzip"
        return replace(response, headers=headers, body=body)

    def _batches_today(self) -> int:
        since = self._clock() - _DAY
        made = [job for job in self._jobs.all() if job.created > since]
        return sum(-(-job.done // self._batch_rows) for job in made)

    def _sweep(self) -> None:
        """Forget jobs as Salesforce does: open ones after a day, results after seven."""
        now = self._clock()
        if now - self._swept < _DAY / 24 and now >= self._swept:
            return
        self._swept = now
        for job in list(self._jobs.all()):
            kept = {states.OPEN: _OPEN_FOR}.get(job.state, _KEPT_FOR)
            if not job.at_work and now - job.modified > kept:
                self._jobs.delete(job)


def _token(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _as_ordered(ordered: RequestFault) -> Response:
    headers = {"content-type": ordered.content_type}
    if ordered.retry_after is not None:
        headers["retry-after"] = str(ordered.retry_after)
    body = ordered.body
    if body is None:
        body = json.dumps([{"errorCode": "SERVER_UNAVAILABLE", "message": "ordered fault"}])
    return Response(status=ordered.status, headers=headers, body=body.encode())
