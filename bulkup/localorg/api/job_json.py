"""What a job looks like in each of the calls: what they tell and what they leave out."""

from datetime import UTC, datetime

from bulkup.localorg.jobs import store as states
from bulkup.localorg.jobs.store import Job

Facts = dict[str, object]


def stamp(seconds: float) -> str:
    """A moment as Salesforce writes it: `2026-11-24T04:05:06.000+0000`."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}+0000"


def head(job: Job, user: str) -> Facts:
    """What a PATCH answers: everything up to `apiVersion`."""
    facts: Facts = {
        "id": job.id,
        "operation": job.operation,
        "object": job.object,
        "createdById": user,
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


def created(job: Job, user: str) -> Facts:
    """What a create answers; `contentUrl`, without a leading slash, only while Open."""
    facts = head(job, user)
    if job.state == states.OPEN:
        facts["contentUrl"] = f"services/data/v{job.version}/jobs/ingest/{job.id}/batches"
    return facts | {"lineEnding": job.ending, "columnDelimiter": job.delimiter}


def listed(job: Job, user: str) -> Facts:
    """What the list of all jobs tells of each."""
    return created(job, user) | {"jobType": "V2Ingest"}


def full(job: Job, user: str, now: float) -> Facts:
    """What a GET answers; counts and times (in milliseconds) only once it is no longer Open."""
    facts = listed(job, user)
    if job.state == states.OPEN:
        return facts
    until = job.modified if job.state in states.ENDED else now
    spent = round((until - job.started) * 1000) if job.started is not None else 0
    behind = 2 if job.faults.get("lag") else 1  # a fault to order: only half is told yet
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


def gone(job: Job) -> bool:
    """Whether the job is ordered to be gone, now that it has come so far."""
    order = [states.OPEN, states.UPLOAD_COMPLETE, states.IN_PROGRESS, states.JOB_COMPLETE]
    at = job.faults.get("gone")
    if at is None:
        return False
    reached = order.index(job.state) if job.state in order else len(order)
    return reached >= order.index(at)
