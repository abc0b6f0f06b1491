"""The calls on ingest jobs: what each takes, what it answers and what it leaves out."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from bulkup.localorg.api import job_json, list_jobs, multipart
from bulkup.localorg.api.create_job import invalid, new_job
from bulkup.localorg.api.job_results import result
from bulkup.localorg.http.messages import Refusal, Request, Response, answer_json, read_json
from bulkup.localorg.jobs import store as states
from bulkup.localorg.jobs.store import Job, Jobs
from bulkup.localorg.jobs.upload_reader import trouble
from bulkup.localorg.jobs.worker import Desk, Work

MOST_BYTES = 100_000_000
"""The documented limit is 150 MB after base64; what may surely be sent is 100 MB, so no more."""

_KINDS = {kind.lower(): kind for kind in (
    states.SUCCESSFUL, states.FAILED_RESULTS, states.UNPROCESSED
)}  # fmt: skip
_HOUR = 3_600.0
_DAYS_OPEN = 1
_DAYS_KEPT = 7
_DELETABLE = frozenset({states.UPLOAD_COMPLETE, *states.ENDED})
_NOT_FOUND = ("NOT_FOUND", "The requested resource does not exist")


class Ingest:
    """Everything under `jobs/ingest`. `faults_for` says which troubles a new job is to have."""

    def __init__(
        self, desk: Desk, work: Work, faults_for: Callable[[str, str], Mapping[str, Any]]
    ) -> None:
        self._desk = desk
        self._jobs: Jobs = desk.jobs
        self._work = work
        self._faults_for = faults_for
        self._swept = 0.0

    def answer(self, request: Request, version: str, rest: str) -> Response:
        """Answer a call on `jobs/ingest` + rest. Raises Refusal."""
        if not rest:
            if request.method == "POST":
                return self._create(request, version)
            if request.method == "GET":
                return list_jobs.page(request, version, self._jobs, self._desk.user)
            raise _method_not_allowed(request)
        match = re.fullmatch(r"/([0-9A-Za-z]+)(?:/([A-Za-z]+))?", rest)
        if match is None:
            raise Refusal(404, *_NOT_FOUND)
        job = self._find(match[1])
        if match[2] is None:
            return self._one(request, job)
        if match[2] == "batches":
            if request.method != "PUT":
                raise _method_not_allowed(request)
            return self._upload(request, job)
        kind = _KINDS.get(match[2].lower())
        if kind is None:
            raise Refusal(404, *_NOT_FOUND)
        if request.method != "GET":
            raise _method_not_allowed(request)
        return self._result(job, kind)

    def _one(self, request: Request, job: Job) -> Response:
        if request.method == "GET":
            return self._get(job)
        if request.method == "PATCH":
            return self._patch(request, job)
        if request.method == "DELETE":
            return self._delete(job)
        raise _method_not_allowed(request)

    def _find(self, id_: str) -> Job:
        job = self._jobs.get(id_)
        if job is None:
            raise Refusal(404, *_NOT_FOUND)
        if job_json.gone(job):
            self._work.forget(job)
            self._jobs.delete(job)
            raise Refusal(404, *_NOT_FOUND)
        return job

    def sweep(self) -> None:
        """Forget jobs as Salesforce does: open ones after a day, others after seven."""
        now = self._desk.clock()
        if 0 <= now - self._swept < _HOUR:
            return
        self._swept = now
        for job in list(self._jobs.all()):
            kept = _DAYS_OPEN if job.state == states.OPEN else _DAYS_KEPT
            if not job.at_work and now - job.modified > kept * 24 * _HOUR:
                self._jobs.delete(job)

    # Create.

    def _create(self, request: Request, version: str) -> Response:
        kind = request.headers.get("content-type", "")
        content = None
        body = request.body
        if kind.lower().startswith("multipart/form-data"):
            body, content = multipart.split(kind, request.body)
        elif not kind.lower().startswith("application/json"):
            raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", f"Content type not supported: {kind}")
        job = new_job(read_json(body), self._desk.objects, version, self._desk.clock())
        job.faults = dict(self._faults_for(job.object, job.operation))
        self._jobs.add(job)
        if content is not None:
            self._take(job, content)
            job.state = states.UPLOAD_COMPLETE
            self._jobs.save(job)
        return answer_json(job_json.created(job, self._desk.user))

    # Upload.

    def _upload(self, request: Request, job: Job) -> Response:
        kind = request.headers.get("content-type", "")
        if kind.partition(";")[0].strip().lower() != "text/csv":
            raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", f"Content type not supported: {kind}")
        if request.headers.get("content-encoding", "identity") != "identity":
            # Not documented for Bulk API 2.0, so not to be relied on.
            raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "Compressed job data is not supported")
        if job.state != states.OPEN:
            # The text is unconfirmed.
            message = (
                f"InvalidJobState : Uploading data into a job in state {job.state} not allowed"
            )
            raise Refusal(400, "INVALIDJOBSTATE", message)
        self._take(job, request.body)
        job.modified = self._desk.clock()
        self._jobs.save(job)
        return Response(status=201)

    def _take(self, job: Job, body: bytes) -> None:
        if len(body) > MOST_BYTES:
            message = f"The data is {len(body)} bytes, the limit is {MOST_BYTES}"
            raise Refusal(413, "EXCEEDED_MAX_SIZE_REQUEST", message)
        if not job.uploads:
            job.trouble = trouble(body, job.delimiter, job.ending)
        self._jobs.add_upload(job, body)

    # Close, abort, look, delete.

    def _patch(self, request: Request, job: Job) -> Response:
        given = read_json(request.body)
        state = str(given.get("state", "")).lower()
        if set(given) == {"state"} and state == states.UPLOAD_COMPLETE.lower():
            self._close(job)
        elif set(given) == {"state"} and state == states.ABORTED.lower():
            self._abort(job)
        else:
            raise invalid("state", given.get("state"))
        job.modified = self._desk.clock()
        self._jobs.save(job)
        return answer_json(job_json.head(job, self._desk.user))

    def _close(self, job: Job) -> None:
        if job.state != states.OPEN:
            word = "Completed" if job.state == states.JOB_COMPLETE else job.state
            message = f"Closing already {word} Job not allowed"
            raise Refusal(400, "INVALIDJOBSTATE", message)
        if job.uploads > 1:
            message = (
                f"Found multipe contents for job: <{job.id}>, please 'Close' / 'Abort' / 'Delete' "
                "the current Job then create a new Job and make sure you only do 'PUT' once "
                "on a given Job."
            )
            raise Refusal(400, "INVALIDJOB", message)
        if not job.uploads:
            # Unconfirmed. Refused, since a job that ends well without data hides a lost upload.
            raise Refusal(400, "INVALIDJOB", f"No content was uploaded for job: <{job.id}>")
        job.state = states.UPLOAD_COMPLETE

    def _abort(self, job: Job) -> None:
        if job.state in states.ENDED:
            word = "Completed" if job.state == states.JOB_COMPLETE else job.state
            message = f"Aborting already {word} Job not allowed"
            raise Refusal(400, "INVALIDJOBSTATE", message)
        lands = job.faults.get("abort_lands")
        if lands is not None and job.state != states.OPEN:
            job.bound = job.done + lands
        elif job.state == states.IN_PROGRESS:  # the batch that is at work still lands
            job.bound = (job.done // self._desk.batch_rows + 1) * self._desk.batch_rows
        if job.state != states.OPEN:
            job.order_late_rows(self._desk.clock())
        else:
            # What was uploaded and never closed was never looked at: it has no results.
            self._jobs.drop_uploads(job)
            job.uploads = 0
        job.state = states.ABORTED

    def _get(self, job: Job) -> Response:
        answer = answer_json(job_json.full(job, self._desk.user, self._desk.clock()))
        if job.faults.get("lag") and job.state in states.ENDED:
            job.faults["lag"] -= 1
            self._jobs.save(job)
        return answer

    def _delete(self, job: Job) -> Response:
        if job.state not in _DELETABLE:
            message = f"InvalidJobState : Deleting a job in state {job.state} not allowed"
            raise Refusal(400, "INVALIDJOBSTATE", message)
        self._work.forget(job)
        self._jobs.delete(job)
        return Response(status=204)

    def _result(self, job: Job, kind: str) -> Response:
        if job.state not in states.ENDED:
            # An error or an incomplete answer: the error is the stricter one.
            message = f"InvalidJobState : The results of a job in state {job.state} are not ready"
            raise Refusal(400, "INVALIDJOBSTATE", message)
        body = result(self._desk, job, kind)
        return Response(headers={"content-type": "text/csv"}, body=body)


def _method_not_allowed(request: Request) -> Refusal:
    message = f"HTTP Method '{request.method}' not allowed."
    return Refusal(405, "METHOD_NOT_ALLOWED", message)
