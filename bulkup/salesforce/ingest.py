"""Ingest jobs of Bulk API 2.0: Salesforce's spellings stop here.

Source: "Bulk API 2.0 Ingest" in Salesforce's Bulk API 2.0 developer guide.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bulkup.errors import Transient
from bulkup.files import open_private
from bulkup.model import Delimiter, Job, JobState, LineEnding, Operation, ResultKind, Target
from bulkup.salesforce.client import Client, Content
from bulkup.salesforce.errors import PASSING_HINT

OPERATIONS = {operation: str(operation) for operation in Operation} | {
    Operation.HARD_DELETE: "hardDelete"
}
ID_LENGTH = 15
RESULTS = {
    ResultKind.SUCCESSFUL: "successfulResults/",
    ResultKind.FAILED: "failedResults/",
    ResultKind.UNPROCESSED: "unprocessedrecords/",
}
STATES = {str(state).lower(): state for state in JobState}


class IngestJobs:
    """The org's ingest jobs. Each call is tried once."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(self, target: Target, *, delimiter: Delimiter, line_ending: LineEnding) -> Job:
        """A new job, Open, for a CSV in this dialect.

        Raises:
            Refused: no such object or field, or no permission.
        """
        wish = {
            "object": target.object,
            "operation": OPERATIONS[target.operation],
            "contentType": "CSV",
            "columnDelimiter": str(delimiter),
            "lineEnding": str(line_ending),
        }
        if target.external_id:
            wish["externalIdFieldName"] = target.external_id
        if target.assignment_rule:
            wish["assignmentRuleId"] = target.assignment_rule
        job = job_of(self._client.json("POST", self._path(), json=wish))
        if not job.id:
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
        return _of_that_name(job_id, self._client.get(self._path(job_id)))

    def fetch(self, job_id: str, kind: ResultKind, to: Path, /) -> None:
        """One result: under another name until it is whole and on the disk.

        Raises:
            Gone: it is not kept any more. Transient: it ended early. NotWritable: a full disk.
        """
        with open_private(to) as file:
            self._client.download(f"{self._path(job_id)}/{RESULTS[kind]}", file)

    def jobs(self) -> Iterator[Job]:
        """All ingest jobs of Bulk API 2.0 that the org still knows, the newest first."""
        # In which order pages come is documented nowhere.
        yield from sorted(self._pages(), key=lambda job: job.created, reverse=True)

    def _pages(self) -> Iterator[Job]:
        path = f"{self._path()}?jobType=V2Ingest"
        seen = {""}
        while path not in seen:
            seen.add(path)
            page = self._client.get(path)
            yield from map(job_of, page.get("records") or ())
            path = "" if page.get("done", True) else str(page.get("nextRecordsUrl") or "")

    def delete(self, job_id: str, /) -> None:
        """Make Salesforce forget the job; not while it is Open or at work."""
        self._client.request("DELETE", self._path(job_id))

    def _patch(self, job_id: str, state: JobState) -> Job:
        wish = {"state": str(state)}
        return _of_that_name(job_id, self._client.json("PATCH", self._path(job_id), json=wish))

    def _path(self, job_id: str = "") -> str:
        # What a user typed must not become another path.
        name = quote(job_id, safe="")
        return self._client.data(f"jobs/ingest/{name}" if name else "jobs/ingest")


def _of_that_name(job_id: str, data: Mapping[str, Any]) -> Job:
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

    A state that we do not know counts as InProgress: the only safe thing is to look again.
    """
    return Job(
        id=str(data.get("id", "")),
        state=STATES.get(str(data.get("state", "")).lower(), JobState.IN_PROGRESS),
        object=str(data.get("object") or ""),
        operation=_operation(data.get("operation")),
        external_id=data.get("externalIdFieldName"),
        content_url=str(data.get("contentUrl") or ""),
        delimiter=str(data.get("columnDelimiter") or ""),
        line_ending=str(data.get("lineEnding") or ""),
        processed=_number(data.get("numberRecordsProcessed")),
        failed=_number(data.get("numberRecordsFailed")),
        error_message=str(data.get("errorMessage") or ""),
        created=str(data.get("createdDate") or ""),
        api_version=str(data.get("apiVersion") or ""),
        total_ms=_number(data.get("totalProcessingTime")),
    )


def _operation(spelled: object) -> str:
    return "hard-delete" if spelled == "hardDelete" else str(spelled or "")


def _number(value: object) -> int | None:
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError):
        return None
