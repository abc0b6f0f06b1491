"""The calls on ingest jobs: what each takes, what it answers and what it leaves out."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

from bulkup.localorg import ids, multipart
from bulkup.localorg import jobs as states
from bulkup.localorg.jobs import Job, Jobs
from bulkup.localorg.objects import OrgObject
from bulkup.localorg.uploads import DELIMITERS, ENDINGS, trouble
from bulkup.localorg.wire import Refusal, Request, Response, answer_json, read_json
from bulkup.localorg.work import Desk, Work, thinned

MOST_BYTES = 100_000_000
"""The documented limit is 150 MB after base64; what may surely be sent is 100 MB, so no more."""

_OPERATIONS = ("insert", "delete", "hardDelete", "update", "upsert")
_KNOWN = {
    "object", "operation", "externalIdFieldName", "contentType", "columnDelimiter", "lineEnding",
    "assignmentRuleId",
}  # fmt: skip
_KINDS = {kind.lower(): kind for kind in (
    states.SUCCESSFUL, states.FAILED_RESULTS, states.UNPROCESSED
)}  # fmt: skip
_PAGE = 1000
_DELETABLE = frozenset({states.UPLOAD_COMPLETE, *states.ENDED})
_NOT_FOUND = ("NOT_FOUND", "The requested resource does not exist")


class Ingest:
    """Everything under `jobs/ingest`. `faults_for` says which troubles a new job is to have."""

    def __init__(
        self, desk: Desk, work: Work, faults_for: Callable[[str, str], dict[str, Any]]
    ) -> None:
        self._desk = desk
        self._jobs: Jobs = desk.jobs
        self._work = work
        self._faults_for = faults_for

    def answer(self, request: Request, version: str, rest: str) -> Response:
        """Answer a call on `jobs/ingest` + rest. Raises Refusal."""
        if not rest:
            if request.method == "POST":
                return self._create(request, version)
            if request.method == "GET":
                return self._list(request, version)
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
            return self._look(job)
        if request.method == "PATCH":
            return self._patch(request, job)
        if request.method == "DELETE":
            return self._delete(job)
        raise _method_not_allowed(request)

    def _find(self, id_: str) -> Job:
        job = self._jobs.get(id_)
        if job is None:
            raise Refusal(404, *_NOT_FOUND)
        if _gone(job):
            self._work.forget(job)
            self._jobs.delete(job)
            raise Refusal(404, *_NOT_FOUND)
        return job

    # Create.

    def _create(self, request: Request, version: str) -> Response:
        kind = request.headers.get("content-type", "")
        content = None
        body = request.body
        if kind.lower().startswith("multipart/form-data"):
            body, content = multipart.split(kind, request.body)
        elif not kind.lower().startswith("application/json"):
            raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", f"Content type not supported: {kind}")
        job = self._new(read_json(body), version)
        job.faults = self._faults_for(job.object, job.operation)
        self._jobs.add(job)
        if content is not None:
            self._take(job, content)
            job.state = states.UPLOAD_COMPLETE
            self._jobs.save(job)
        return answer_json(self._head(job) | self._upload_facts(job))

    def _new(self, given: dict[str, object], version: str) -> Job:
        unknown = sorted(set(given) - _KNOWN)
        if unknown:
            raise Refusal(400, "JSON_PARSER_ERROR", f'Unrecognized field "{unknown[0]}"')
        for name in ("object", "operation"):
            if not isinstance(given.get(name), str) or not given[name]:
                raise _invalid(name, given.get(name))
        object_ = self._desk.objects.get(str(given["object"]).lower())
        if object_ is None:
            message = f"InvalidJob : Unable to find object: {given['object']}"
            raise Refusal(400, "INVALIDJOB", message)
        operation = _one_of(given, "operation", _OPERATIONS, "")
        _one_of(given, "contentType", ("CSV",), "CSV")
        now = self._desk.clock()
        return Job(
            object=object_.name,
            operation=operation,
            key=_key(object_, operation, given.get("externalIdFieldName")),
            delimiter=_one_of(given, "columnDelimiter", tuple(DELIMITERS), "COMMA"),
            ending=_one_of(given, "lineEnding", tuple(ENDINGS), "LF"),
            version=version,
            rule=_rule(object_, given.get("assignmentRuleId")),
            created=now,
            modified=now,
        )

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
            raise _invalid("state", given.get("state"))
        job.modified = self._desk.clock()
        self._jobs.save(job)
        return answer_json(self._head(job))

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
        if job.state == states.OPEN:
            # What was uploaded and never closed was never looked at: it has no results.
            self._jobs.drop_uploads(job)
            job.uploads = 0
        job.state = states.ABORTED

    def _look(self, job: Job) -> Response:
        answer = answer_json(self._full(job))
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
        body = self._work.result(job, kind)
        missing = job.faults.get("missing")
        if missing and job.faults.get("missing_answers", 1) > 0:
            random = Random(f"{self._desk.seed} {job.id} missing")  # noqa: S311  # a fault to order
            body = thinned(body, job.delimiter, missing, random)
            if "missing_answers" in job.faults:
                job.faults["missing_answers"] -= 1
                self._jobs.save(job)
        return Response(headers={"content-type": "text/csv"}, body=body)

    # All.

    def _list(self, request: Request, version: str) -> Response:
        kind = request.query.get("jobType", "V2Ingest")
        locator = request.query.get("queryLocator", "")
        if locator and not locator.isdecimal():
            raise Refusal(400, "INVALID_QUERY_LOCATOR", f"Invalid locator: {locator}")
        if kind != "V2Ingest":  # there are none of another kind here
            return answer_json({"done": True, "records": [], "nextRecordsUrl": None})
        jobs = self._jobs.newest(before=int(locator) if locator else None, limit=_PAGE + 1)
        more = len(jobs) > _PAGE
        page = [job for job in jobs[:_PAGE] if not _gone(job)]
        following = (
            f"/services/data/v{version}/jobs/ingest?jobType=V2Ingest"
            f"&queryLocator={jobs[_PAGE - 1].seq}"
        )
        records = [self._head(j) | self._upload_facts(j) | {"jobType": "V2Ingest"} for j in page]
        return answer_json(
            {"done": not more, "records": records, "nextRecordsUrl": following if more else None}
        )

    # What a job looks like.

    def _head(self, job: Job) -> dict[str, object]:
        facts: dict[str, object] = {
            "id": job.id,
            "operation": job.operation,
            "object": job.object,
            "createdById": self._desk.user,
            "createdDate": stamp(job.created),
            "systemModstamp": stamp(job.modified),
            "state": job.state,
        }
        if job.key:
            facts["externalIdFieldName"] = job.key
        if job.rule:
            facts["assignmentRuleId"] = job.rule
        return facts | {
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(job.version),
        }

    def _upload_facts(self, job: Job) -> dict[str, object]:
        facts: dict[str, object] = {}
        if job.state == states.OPEN:
            facts["contentUrl"] = f"services/data/v{job.version}/jobs/ingest/{job.id}/batches"
        return facts | {"lineEnding": job.ending, "columnDelimiter": job.delimiter}

    def _full(self, job: Job) -> dict[str, object]:
        facts = self._head(job) | self._upload_facts(job) | {"jobType": "V2Ingest"}
        if job.state == states.OPEN:
            return facts
        until = job.modified if job.state in states.ENDED else self._desk.clock()
        spent = round((until - job.started) * 1000) if job.started is not None else 0
        behind = 2 if job.faults.get("lag") else 1
        facts |= {
            "numberRecordsProcessed": job.done // behind,
            "numberRecordsFailed": job.failed // behind,
            "retries": 0,
            "totalProcessingTime": spent,
            "apiActiveProcessingTime": spent,
            "apexProcessingTime": 0,
        }
        if job.error:
            facts["errorMessage"] = job.error
        return facts


def stamp(seconds: float) -> str:
    """A moment as Salesforce writes it: `2026-11-24T04:05:06.000+0000`."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}+0000"


def _gone(job: Job) -> bool:
    order = [states.OPEN, states.UPLOAD_COMPLETE, states.IN_PROGRESS, states.JOB_COMPLETE]
    at = job.faults.get("gone")
    if at is None:
        return False
    reached = order.index(job.state) if job.state in order else len(order)
    return reached >= order.index(at)


def _invalid(name: str, value: object) -> Refusal:
    shown = "" if value is None else value
    return Refusal(400, "API_ERROR", f"Invalid value: '{shown}' supplied for property: '{name}'")


def _one_of(given: dict[str, object], name: str, allowed: tuple[str, ...], preset: str) -> str:
    value = given.get(name, preset)
    if value not in allowed:
        raise _invalid(name, value)
    return str(value)


def _key(object_: OrgObject, operation: str, name: object) -> str | None:
    if operation != "upsert":
        if name:  # unconfirmed, and surely a mistake
            raise _invalid("externalIdFieldName", name)
        return None
    if not isinstance(name, str) or not name:
        raise Refusal(400, "INVALIDJOB", "InvalidJob : External ID was blank for "
                      f"{object_.name}. An External ID must be specified for upsert.")  # fmt: skip
    field = object_.fields.get(name.lower())
    if field is None or not (field.key or field.name == "Id"):
        message = (
            f"InvalidJob : Field name provided, {name} does not match an External ID, "
            f"Salesforce Id, or indexed field for {object_.name}"
        )
        raise Refusal(400, "INVALIDJOB", message)
    return field.name


def _rule(object_: OrgObject, rule: object) -> str | None:
    if rule is None:
        return None
    if object_.name not in {"Lead", "Case"} or ids.whole(str(rule)) is None:
        raise _invalid("assignmentRuleId", rule)
    return ids.whole(str(rule))


def _method_not_allowed(request: Request) -> Refusal:
    message = f"HTTP Method '{request.method}' not allowed."
    return Refusal(405, "METHOD_NOT_ALLOWED", message)
