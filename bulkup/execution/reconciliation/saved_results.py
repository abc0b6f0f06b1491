"""Result files from Salesforce's answers alone, where the source can't be read any more."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import filterfalse
from pathlib import Path

from bulkup.files import open_private
from bulkup.model import Delimiter, LineEnding, ResultKind, Status
from bulkup.results.files.result_columns import FILE_OF_STATUS
from bulkup.results.totals import Totals
from bulkup.runs.job_results import open_result, temporary_test
from bulkup.salesforce.error_codes import PASSING

STATUS_OF_KIND = {
    ResultKind.SUCCESSFUL: Status.SUCCEEDED,
    ResultKind.FAILED: Status.FAILED,
    ResultKind.UNPROCESSED: Status.UNPROCESSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedJob:
    """The results of one job. `resent`: its rows with temporary errors went again in a round."""

    results: Mapping[ResultKind, Path]
    resent: bool
    unknown: int


def concatenate_results(
    jobs: Sequence[SavedJob],
    *,
    rows: int,
    unsent: Mapping[Status, int],
    to: Path,
    delimiter: Delimiter,
    line_ending: LineEnding,
) -> Totals:
    """Write `successful.csv`, `failed.csv` and `unprocessed.csv` as the jobs' results say.

    `rows` is how many rows the source has, `unsent` those in no chunk. What no result names is
    `not_sent`, but for the rows that the jobs know to be unknown.

    Raises:
        NotWritable: the disk does not take the files.
    """
    to.mkdir(parents=True, exist_ok=True)
    counts, created = Counter(unsent), 0
    files = {name: to / f"{name}.csv" for name in FILE_OF_STATUS.values()}
    for kind, status in STATUS_OF_KIND.items():
        with ExitStack() as stack:
            raw = stack.enter_context(open_private(files[FILE_OF_STATUS[status]]))
            text = TextIOWrapper(raw, encoding="utf-8", newline="", write_through=True)
            stack.callback(text.detach)
            writer = csv.writer(text, delimiter=delimiter.char, lineterminator=line_ending.chars)
            for number, record in enumerate(_records(jobs, kind, delimiter)):
                writer.writerow(record)
                counts[status] += number > 0
                created += kind is ResultKind.SUCCESSFUL and record[1:2] == ["true"]
    counts[Status.UNKNOWN] += sum(job.unknown for job in jobs if not job.resent)
    counts[Status.NOT_SENT] += max(0, rows - counts.total())
    return Totals(counts=dict(counts), created=created, files=files)


def _records(
    jobs: Iterable[SavedJob], kind: ResultKind, delimiter: Delimiter
) -> Iterator[list[str]]:
    """The header once, then the records of all jobs but those that were sent again."""
    header_due = True
    for job in jobs:
        path = job.results[kind]
        if not path.exists() or (job.resent and kind is ResultKind.UNPROCESSED):
            continue
        with open_result(path, delimiter) as (header, records):
            if header and header_due:
                header_due = False
                yield header
            if job.resent and kind is ResultKind.FAILED:
                yield from filterfalse(temporary_test(header, PASSING), records)
            else:
                yield from records
