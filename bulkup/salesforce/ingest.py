"""Ingest jobs of Bulk API 2.0: Salesforce's spellings stop here.

Source: "Bulk API 2.0 Ingest" in Salesforce's Bulk API 2.0 developer guide.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bulkup.errors import SalesforceError, Transient
from bulkup.files import open_private
from bulkup.model import Delimiter, Job, JobState, LineEnding, Operation, ResultKind, Target
from bulkup.salesforce.client import Client, Content
from bulkup.salesforce.errors import PASSING_HINT
from bulkup.salesforce.result_check import CheckedResult
from bulkup.salesforce.shapes import objects, text

OPERATIONS = {operation: str(operation) for operation in Operation} | {
    Operation.HARD_DELETE: "hardDelete"
}
ID_LENGTH = 15
SALESFORCE_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
RESULTS = {
    ResultKind.SUCCESSFUL: "successfulResults/",
    ResultKind.FAILED: "failedResults/",
    ResultKind.UNPROCESSED: "unprocessedrecords/",
}
MOST_ROWS = 10**12
MOST_PAGES = 500
"""Of up to 1,000 jobs each: an org can't have that many in the days for which it keeps them."""
STATES = {str(state).lower(): state for state in JobState}


class IngestJobs:
    """The org's ingest jobs. Each call is tried once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._cut: dict[tuple[str, ResultKind], int] = {}

    def create(self, target: Target, *, delimiter: Delimiter, line_ending: LineEnding) -> Job:
        """A new job, Open, for a CSV in this dialect.

        Raises:
            Refused: no such object or field, or no permission. Transient: the answer names no job.
        """
        request = {
            "object": target.object,
            "operation": OPERATIONS[target.operation],
            "contentType": "CSV",
            "columnDelimiter": str(delimiter),
            "lineEnding": str(line_ending),
        }
        if target.external_id:
            request["externalIdFieldName"] = target.external_id
        if target.assignment_rule:
            request["assignmentRuleId"] = target.assignment_rule
        job = job_of(self._client.json("POST", self._path(), json=request))
        if not SALESFORCE_ID.fullmatch(job.id):
            raise Transient("Salesforce's answer to a new job names no job", PASSING_HINT)
        return job

    def upload(self, job: Job, body: Content, /) -> None:
        """The one upload of a job, with its Content-Length.

        Raises:
            Refused: the job is not Open. Transient: nobody knows whether it arrived.
        """
        path = job.content_url or f"{self._path(job.id)}/batches"
        path = path if "://" in path or path.startswith("/") else f"/{path}"
        self._client.upload(path, body)

    def close(self, job_id: str, /) -> Job:
        """UploadComplete: from here on rows are processed."""
        return self._patch(job_id, JobState.UPLOAD_COMPLETE)

    def abort(self, job_id: str, /) -> Job:
        """Aborted: what is not yet at work stays undone."""
        return self._patch(job_id, JobState.ABORTED)

    def get(self, job_id: str, /) -> Job:
        """How the job stands.

        Raises:
            Gone: there is no such job (any more).
        """
        return _job_named(job_id, self._client.get(self._path(job_id)))

    def fetch(
        self, job_id: str, kind: ResultKind, to: Path, /, *, columns: Collection[str] = ()
    ) -> None:
        """One result: under another name until it is whole and on the disk.

        `columns` are the names that were sent, where the caller knows them.

        Raises:
            Gone: it is not kept any more. Transient: it ended early, or something else came in
                its place. NotWritable: a full disk.
        """
        with open_private(to) as file:
            result = CheckedResult(file, kind, columns)
            self._client.download(f"{self._path(job_id)}/{RESULTS[kind]}", result)
            result.finish()
            if result.cut_in_a_cell:
                self._refuse_cut(job_id, kind, result.checksum)

    def _refuse_cut(self, job_id: str, kind: ResultKind, checksum: int) -> None:
        """Once: what comes twice with the same bytes was not cut on the way.

        Raises:
            Transient: the last cell has no closing quote.
        """
        if self._cut.get((job_id, kind)) != checksum:
            self._cut[job_id, kind] = checksum
            raise Transient(
                f"The {kind} results of job {job_id} end inside a cell; a closing quote was "
                "expected",
                PASSING_HINT,
            )

    def jobs(self) -> Iterator[Job]:
        """All ingest jobs of Bulk API 2.0 that the org still knows, the newest first."""
        # In which order pages come is documented nowhere.
        yield from sorted(self._pages(), key=lambda job: job.created, reverse=True)

    def _pages(self) -> Iterator[Job]:
        path = f"{self._path()}?jobType=V2Ingest"
        seen = {""}
        while path not in seen:
            if len(seen) > MOST_PAGES:
                raise SalesforceError(
                    f"Salesforce's list of jobs does not end after {MOST_PAGES} pages",
                    "Ask for a single job: bulkup status JOB",
                )
            seen.add(path)
            page = self._client.get(path)
            yield from map(job_of, objects(page, "records"))
            path = "" if page.get("done", True) else text(page, "nextRecordsUrl")

    def delete(self, job_id: str, /) -> None:
        """Make Salesforce forget the job; not while it is Open or at work."""
        self._client.request("DELETE", self._path(job_id))

    def _patch(self, job_id: str, state: JobState) -> Job:
        data = self._client.json("PATCH", self._path(job_id), json={"state": str(state)})
        return _job_named(job_id, data)

    def _path(self, job_id: str = "") -> str:
        # What a user typed must not become another path.
        name = quote(job_id, safe="")
        return self._client.data(f"jobs/ingest/{name}" if name else "jobs/ingest")


def _job_named(job_id: str, data: Mapping[str, Any]) -> Job:
    """The job that was asked for; an answer about anything else is no answer.

    Raises:
        Transient: a gateway, or whoever it was, spoke for Salesforce.
    """
    job = job_of(data)
    if job.id[:ID_LENGTH] != job_id[:ID_LENGTH]:
        raise Transient(f"Salesforce's answer about job {job_id} names another", PASSING_HINT)
    return job


def job_of(data: Mapping[str, Any]) -> Job:
    """Salesforce's JSON of a job. Whatever is missing there is empty here.

    A state that we do not know counts as InProgress: the only safe thing is to ask again.

    Raises:
        Transient: a value is of another kind than Salesforce's.
    """
    return Job(
        id=text(data, "id"),
        state=STATES.get(text(data, "state").lower(), JobState.IN_PROGRESS),
        object=text(data, "object"),
        operation=_operation(text(data, "operation")),
        external_id=text(data, "externalIdFieldName") or None,
        content_url=text(data, "contentUrl"),
        delimiter=text(data, "columnDelimiter"),
        line_ending=text(data, "lineEnding"),
        processed=_count(data.get("numberRecordsProcessed")),
        failed=_count(data.get("numberRecordsFailed")),
        error_message=text(data, "errorMessage"),
        created=text(data, "createdDate"),
        api_version=text(data, "apiVersion"),
        total_ms=_count(data.get("totalProcessingTime")),
    )


def _operation(spelled: str) -> str:
    return "hard-delete" if spelled == "hardDelete" else spelled


def _count(value: object) -> int | None:
    """A count, or None where it is none: then it counts as not known."""
    try:
        number = int(float(str(value)))
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < MOST_ROWS else None
