"""The JSON documents that scripts rely on: each has a schema name, and its home is here."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bulkup.model import Job, Status
from bulkup.runs.registry import RunStatus, UnreadableRun
from bulkup.salesforce.urls import org_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bulkup.errors import BulkupError
    from bulkup.model import Field, Finding, Source, Target
    from bulkup.report.report import JobLine, Report
    from bulkup.results.totals import ErrorGroup, Totals

FILES = ("results", "successful", "failed", "unprocessed")


class Schema(StrEnum):
    """The names of the documents: `bulkup.NAME/VERSION`, as README.md tells them."""

    RUN = "bulkup.run/1"
    CHECK = "bulkup.check/1"
    ERROR = "bulkup.error/1"
    JOB = "bulkup.job/1"
    JOBS = "bulkup.jobs/1"
    RESULTS = "bulkup.results/1"
    RUNS = "bulkup.runs/1"
    RUN_STORY = "bulkup.run-story/1"
    RETRY = "bulkup.retry/1"
    ORGS = "bulkup.orgs/1"
    FIELDS = "bulkup.fields/1"
    LIMITS = "bulkup.limits/1"
    DOCTOR = "bulkup.doctor/1"
    LOCAL = "bulkup.local/1"


def run_document(report: Report) -> dict[str, Any]:
    """The whole document; what there is nothing to say of is left out at its end."""
    plan, totals = report.run.plan, report.totals
    return {
        "schema": Schema.RUN,
        "run": report.run.name,
        "state": str(report.state),
        "object": plan.target.object,
        "operation": str(plan.target.operation),
        "external_id": plan.target.external_id,
        "org": org_json(plan.target),
        "source": _source(plan.source),
        "rows": rows_json(totals, plan.source.rows),
        "skipped": dict(totals.skipped),
        "emptied": [{"field": name, "count": count} for name, count in totals.emptied.items()],
        "jobs": [_job(job) for job in report.jobs],
        "errors": [_group(group) for group in totals.errors],
        "files": {
            name: str(totals.files[name]) if name in totals.files else None for name in FILES
        },
        "api_calls": report.api_calls,
        "seconds": round(report.seconds, 3),
        **_remarks(report),
    }


def org_json(target: Target) -> dict[str, Any]:
    """The org that a run belongs to."""
    return {
        "alias": target.alias,
        "instance_url": target.instance_url,
        "id": target.org_id,
        "username": target.username,
        "kind": org_kind(target.instance_url),
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "file": source.name,
        "bytes": source.size,
        "sha256": source.sha256,
        "encoding": source.encoding,
        "delimiter": str(source.delimiter),
        "line_ending": str(source.line_ending),
    }


def _job(job: JobLine) -> dict[str, Any]:
    return {
        "id": job.id,
        "state": job.state,
        "rows": job.rows,
        "bytes": job.bytes,
        "attempt": job.attempt,
    }


def _group(group: ErrorGroup) -> dict[str, Any]:
    return {
        "code": group.code,
        "field": group.field,
        "message": group.message,
        "count": group.count,
        "share": round(group.share, 4),
        "rows": list(group.rows),
        "explanation": group.explanation,
    }


def _remarks(report: Report) -> dict[str, Any]:
    """What not every run has: changes of its file, rows that came in later, an early end."""
    totals, result = report.totals, dict[str, Any]()
    if report.run.plan.changes:
        result["changes"] = list(report.run.plan.changes)
    if len(totals.attempts) > 1:
        result["attempts"] = {str(n): rows for n, rows in sorted(totals.attempts.items())}
    if totals.differences:
        result["differences"] = list(totals.differences)
    if report.reason:
        result["reason"] = report.reason
    if report.error is not None:
        result["error"] = error_json(report.error, report.exit_code)
    return result


def rows_json(totals: Totals, total: int) -> dict[str, int]:
    """The counts by status, `created` beside `succeeded`."""
    counts = {str(status): totals.counts.get(status, 0) for status in Status}
    succeeded = counts.pop("succeeded")
    return {"total": total, "succeeded": succeeded, "created": totals.created, **counts}


def error_json(error: BulkupError, exit_code: int | None = None) -> dict[str, Any]:
    """An error as JSON, by its kind's name."""
    return {
        "error": error.name,
        "message": error.message,
        "hint": error.hint,
        "exit_code": error.exit_code if exit_code is None else exit_code,
    }


def error_document(error: BulkupError, exit_code: int | None = None) -> dict[str, Any]:
    """An error that ended a command; `exit_code` where it is not that of its kind."""
    return {"schema": Schema.ERROR, **error_json(error, exit_code)}


def check_document(findings: Sequence[Finding], rows: int) -> dict[str, Any]:
    """What a check of a file with so many rows found."""
    return {
        "schema": Schema.CHECK,
        "findings": [
            {
                "severity": str(finding.severity),
                "code": finding.code,
                "column": finding.column,
                "message": finding.message,
                "count": finding.count,
                "rows": list(finding.rows),
            }
            for finding in findings
        ],
        "rows": rows,
    }


def job_document(job: Job) -> dict[str, Any]:
    """One job. `rows_processed` and `rows_failed` are None where the org does not tell them."""
    return {
        "schema": Schema.JOB,
        "id": job.id,
        "state": str(job.state),
        "object": job.object,
        "operation": job.operation,
        "external_id": job.external_id,
        "rows_processed": job.processed,
        "rows_failed": job.failed,
        "error_message": job.error_message,
        "delimiter": job.delimiter or None,
        "line_ending": job.line_ending or None,
        "created": job.created,
        "api_version": job.api_version,
        "milliseconds": job.total_ms,
    }


def upload_document(job: Job, rows: int, size: int) -> dict[str, Any]:
    """A job that was sent a file of so many rows and bytes."""
    return {**job_document(job), "rows": rows, "bytes": size}


def jobs_document(jobs: Iterable[tuple[str, Job | BulkupError]]) -> dict[str, Any]:
    """Jobs by their ids; an error stands for a job that could not be aborted."""
    return {"schema": Schema.JOBS, "jobs": [_job_or_error(id_, job) for id_, job in jobs]}


def _job_or_error(job_id: str, job: Job | BulkupError) -> dict[str, Any]:
    if isinstance(job, Job):
        return job_document(job)
    return {"id": job_id, **error_json(job)}


def results_document(job: str, files: Mapping[str, str]) -> dict[str, Any]:
    """The downloaded results of a job: the path of each file by its kind."""
    return {"schema": Schema.RESULTS, "job": job, "files": dict(files)}


def runs_document(runs: Iterable[RunStatus | UnreadableRun]) -> dict[str, Any]:
    """This machine's runs."""
    return {"schema": Schema.RUNS, "runs": [_run_json(run) for run in runs]}


def run_story_document(status: RunStatus, events: Sequence[Any]) -> dict[str, Any]:
    """One run with its events, which are plain values already."""
    return {"schema": Schema.RUN_STORY, **_run_json(status), "events": list(events)}


def _run_json(run: RunStatus | UnreadableRun) -> dict[str, Any]:
    status = None if isinstance(run, UnreadableRun) else run
    plan = status.run.plan if status else None
    return {
        "run": run.name,
        "object": plan.target.object if plan else None,
        "operation": str(plan.target.operation) if plan else None,
        "rows": plan.source.rows if plan else None,
        "file": plan.source.name if plan else None,
        "state": run.state,
        "created": plan.created if plan else None,
        "resumable": bool(status and status.resumable),
        "go_on": (status and status.way_on) or None,
        "superseded_by": (status and status.superseded_by) or None,
        "damage": run.damage or None,
    }


def empty_retry_document(retry_of: str, unknown: int) -> dict[str, Any]:
    """A retry that has nothing to send; `unknown` rows of the old run stay unknown."""
    return {"schema": Schema.RETRY, "run": None, "retry_of": retry_of, "unknown": unknown}


def orgs_document(orgs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The logins kept on this machine."""
    return {"schema": Schema.ORGS, "orgs": list(orgs)}


def fields_document(name: str, fields: Iterable[Field]) -> dict[str, Any]:
    """An object's fields."""
    return {"schema": Schema.FIELDS, "object": name, "fields": [_field(f) for f in fields]}


def _field(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "length": field.length,
        "required": field.required,
        "external_id": field.external_id,
        "id_lookup": field.id_lookup,
        "unique": field.unique,
        "createable": field.createable,
        "updateable": field.updateable,
        "reference_to": list(field.reference_to),
        "relationship_name": field.relationship_name or None,
        "picklist_values": list(field.picklist_values),
    }


def limits_document(limits: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """An org's limits: `name`, `max` and `remaining` of each."""
    return {"schema": Schema.LIMITS, "limits": list(limits)}


def doctor_document(steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The steps of a check-up: `step`, `state`, `message` and `hint` of each."""
    return {"schema": Schema.DOCTOR, "doctor": list(steps)}


def local_document(
    instance_url: str,
    access_token: str,
    process: int,
    *,
    client_id: str | None,
    client_secret: str | None,
) -> dict[str, Any]:
    """The running local org: where it is, a token for it, its ready-made app, its process id."""
    return {
        "schema": Schema.LOCAL,
        "instance_url": instance_url,
        "access_token": access_token,
        "client_id": client_id,
        "client_secret": client_secret,
        "process": process,
    }
