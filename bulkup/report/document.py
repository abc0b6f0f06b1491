"""A report as the JSON that scripts rely on: the document `bulkup.run/1`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bulkup.model import Status
from bulkup.salesforce.urls import org_kind

if TYPE_CHECKING:
    from bulkup.errors import BulkupError
    from bulkup.model import Source, Target
    from bulkup.report.report import JobLine, Report
    from bulkup.results.totals import ErrorGroup, Totals

FILES = ("results", "successful", "failed", "unprocessed")


def run_document(report: Report) -> dict[str, Any]:
    """The whole document; what there is nothing to say of is left out at its end."""
    plan, books = report.run.plan, report.books
    return {
        "schema": "bulkup.run/1",
        "run": report.run.name,
        "state": str(report.state),
        "object": plan.target.object,
        "operation": str(plan.target.operation),
        "external_id": plan.target.external_id,
        "org": org_json(plan.target),
        "source": _source(plan.source),
        "rows": rows_json(books, plan.source.rows),
        "jobs": [_job(job) for job in report.jobs],
        "errors": [_group(group) for group in books.errors],
        "files": {name: str(books.files[name]) if name in books.files else None for name in FILES},
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
    """What not every run has: rows that came in later, books that differ, an early end."""
    books, found = report.books, dict[str, Any]()
    if len(books.attempts) > 1:
        found["attempts"] = {str(n): rows for n, rows in sorted(books.attempts.items())}
    if books.differences:
        found["differences"] = list(books.differences)
    if report.reason:
        found["reason"] = report.reason
    if report.error is not None:
        found["error"] = error_json(report.error, report.exit_code)
    return found


def rows_json(books: Totals, total: int) -> dict[str, int]:
    """The counts by status, `created` beside `succeeded`."""
    counts = {str(status): books.counts.get(status, 0) for status in Status}
    succeeded = counts.pop("succeeded")
    return {"total": total, "succeeded": succeeded, "created": books.created, **counts}


def error_json(error: BulkupError, exit_code: int | None = None) -> dict[str, Any]:
    """An error as JSON, by its kind's name."""
    return {
        "error": error.name,
        "message": error.message,
        "hint": error.hint,
        "exit_code": error.exit_code if exit_code is None else exit_code,
    }
