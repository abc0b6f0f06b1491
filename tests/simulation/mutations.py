"""Promises broken on purpose: the simulation must find each of them, or it proves nothing."""

import csv
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from bulkup.csvfile.numbered import NumberedCsv
from bulkup.errors import Gone, SalesforceError
from bulkup.execution.chunk_job import ChunkJob
from bulkup.execution.control import FailureGuard
from bulkup.execution.runner import Runner
from bulkup.model import Job, JobState, ResultKind
from bulkup.results import resend
from bulkup.results.inputs import Layout
from bulkup.runs.events import ChunkEvent, Closing, Created, Uploaded
from bulkup.runs.job_results import Answers
from bulkup.salesforce.client import Client

Mutation = Callable[[pytest.MonkeyPatch], None]


def no_closing_before_the_close(patch: pytest.MonkeyPatch) -> None:
    """The intent is not written down, so a job that is gone looks as if it was never closed."""
    honest = ChunkJob._close

    def close(self: ChunkJob, job_id: str) -> Iterator[ChunkEvent]:
        return (event for event in honest(self, job_id) if not isinstance(event, Closing))

    patch.setattr(ChunkJob, "_close", close)


def a_second_upload_into_the_same_job(patch: pytest.MonkeyPatch) -> None:
    """After a lost answer the body is sent again instead of a new job being made."""
    honest = ChunkJob._resume_open_job

    def take_up(self: ChunkJob, last: Created | Uploaded) -> Iterator[ChunkEvent]:
        try:
            job = self._ingest.get(last.job)
        except Gone:
            job = None
        if job is None or job.state is not JobState.OPEN or isinstance(last, Uploaded):
            yield from honest(self, last)
            return
        self._ingest.upload(job, self._body)
        yield Uploaded(chunk=last.chunk, job=last.job)
        yield from self._close(last.job)

    patch.setattr(ChunkJob, "_resume_open_job", take_up)


def results_taken_short(patch: pytest.MonkeyPatch) -> None:
    """A download that broke is taken as it came, and missing rows are not asked for."""
    honest = Client.download

    def download(self: Client, path: str, to: Any) -> None:
        try:
            honest(self, path, to)
        except SalesforceError as error:
            if error.status is not None:
                raise

    def fetch(self: Answers, *arguments: Any) -> Any:
        counts = honest_fetch(self, *arguments)
        return replace(counts, succeeded=10_000 if counts.succeeded else 0)

    honest_fetch = Answers.fetch
    patch.setattr(Client, "download", download)
    patch.setattr(Answers, "fetch", fetch)


def an_aborted_job_begun_again(patch: pytest.MonkeyPatch) -> None:
    """What a person aborted is sent again behind their back."""
    honest = ChunkJob._finish

    def finish(self: ChunkJob, job: Any, *, closed: bool) -> Iterator[ChunkEvent]:
        if job.state is JobState.ABORTED:
            yield from self._begin()
        else:
            yield from honest(self, job, closed=closed)

    patch.setattr(ChunkJob, "_finish", finish)


def a_job_that_is_gone_begun_again(patch: pytest.MonkeyPatch) -> None:
    """A closed job that is gone may have been processed; its rows are sent again all the same."""

    def lost(self: ChunkJob, job_id: str) -> Generator[ChunkEvent, None, Job | None]:
        try:
            job = self._ingest.get(job_id)
        except Gone:
            yield from self._begin()
            return None
        return job

    patch.setattr(ChunkJob, "_get_job_or_lost", lost)


def an_abort_that_came_too_late_believed(patch: pytest.MonkeyPatch) -> None:
    """The job was closed while we looked away, and is begun again all the same."""
    honest = ChunkJob._abort

    def abort(self: ChunkJob, job_id: str) -> bool:
        honest(self, job_id)
        return True

    patch.setattr(ChunkJob, "_abort", abort)


def a_further_round_sends_succeeded_rows_again(patch: pytest.MonkeyPatch) -> None:
    """The next round takes every row of the one before instead of those that may pass now."""

    def rows_to_repeat(csv_file: NumberedCsv, *_: Any, **__: Any) -> Iterator[int]:
        return iter(range(1, csv_file.source.rows + 1))

    patch.setattr("bulkup.execution.reconciliation.reconcile_run.rows_to_repeat", rows_to_repeat)


def a_further_round_sends_unknown_rows_again(patch: pytest.MonkeyPatch) -> None:
    """Rows that no result names are taken for rows that were not loaded."""
    honest = resend.rows_to_repeat

    def rows_to_repeat(
        csv_file: NumberedCsv, layout: Layout, sent: Any, **more: Any
    ) -> Iterator[int]:
        named = set()
        for one in sent:
            path = one.results.get(ResultKind.SUCCESSFUL)
            if path:
                with path.open(encoding="utf-8", newline="") as file:
                    named |= {row["Description"] for row in csv.DictReader(file)}
        with csv_file.source.path.open(encoding="utf-8", newline="") as file:
            records = list(csv.DictReader(file))
        if not list(honest(csv_file, layout, sent, **more)):
            return iter(())
        return (n for n, row in enumerate(records, 1) if row["Description"] not in named)

    patch.setattr("bulkup.execution.reconciliation.reconcile_run.rows_to_repeat", rows_to_repeat)


def a_limit_on_failed_rows_that_is_not_heeded(patch: pytest.MonkeyPatch) -> None:
    """Rows fail past `--max-failed`, and more is sent all the same."""
    patch.setattr(FailureGuard, "_weigh", lambda _self, _failed: None)


def the_first_look_at_a_failed_job_believed(patch: pytest.MonkeyPatch) -> None:
    """A job's rows are called unprocessed as soon as its counts stand still for one look."""
    honest = Runner.__init__

    def init(self: Runner, **arguments: Any) -> None:
        honest(self, **arguments | {"late_rows_for": 2.0})

    patch.setattr(Runner, "__init__", init)


MUTATIONS: dict[str, Mutation] = {
    one.__name__: one
    for one in (
        no_closing_before_the_close,
        a_second_upload_into_the_same_job,
        results_taken_short,
        an_aborted_job_begun_again,
        a_job_that_is_gone_begun_again,
        an_abort_that_came_too_late_believed,
        a_further_round_sends_succeeded_rows_again,
        a_further_round_sends_unknown_rows_again,
        a_limit_on_failed_rows_that_is_not_heeded,
        the_first_look_at_a_failed_job_believed,
    )
}
