"""Result files from Salesforce's answers alone, where the source can't be read any more."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from bulkup.csvfile.records import open_reader
from bulkup.files import open_private
from bulkup.model import Delimiter, LineEnding, ResultKind, Status
from bulkup.results.totals import Totals
from bulkup.salesforce.error_codes import PASSING, temporary_pattern

FILES = {
    ResultKind.SUCCESSFUL: ("successful", Status.SUCCEEDED),
    ResultKind.FAILED: ("failed", Status.FAILED),
    ResultKind.UNPROCESSED: ("unprocessed", Status.UNPROCESSED),
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
    for kind, (name, status) in FILES.items():
        with ExitStack() as stack:
            raw = stack.enter_context(open_private(to / f"{name}.csv"))
            text = TextIOWrapper(raw, encoding="utf-8", newline="", write_through=True)
            stack.callback(text.detach)
            writer = csv.writer(text, delimiter=delimiter.char, lineterminator=line_ending.chars)
            for number, record in enumerate(_records(jobs, kind, delimiter)):
                writer.writerow(record)
                counts[status] += number > 0
                created += kind is ResultKind.SUCCESSFUL and record[1:2] == ["true"]
    counts[Status.UNKNOWN] += sum(job.unknown for job in jobs if not job.resent)
    counts[Status.NOT_SENT] += max(0, rows - counts.total())
    files = {name: to / f"{name}.csv" for name, _ in FILES.values()}
    return Totals(counts=dict(counts), created=created, files=files)


def _records(
    jobs: Iterable[SavedJob], kind: ResultKind, delimiter: Delimiter
) -> Iterator[list[str]]:
    """The header once, then the records of all jobs but those that were sent again."""
    temporary = re.compile(temporary_pattern(PASSING), re.DOTALL)
    header_due = True
    for job in jobs:
        path = job.results[kind]
        if not path.exists() or (job.resent and kind is ResultKind.UNPROCESSED):
            continue
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            records = _reader(file, delimiter)
            header = next(records, None)
            if header is None:
                continue
            if header_due:
                header_due = False
                yield header
            for record in records:
                again = job.resent and kind is ResultKind.FAILED and temporary.match(record[1])
                if not again:
                    yield record


def _reader(file: TextIO, delimiter: Delimiter) -> Iterator[list[str]]:
    return iter(open_reader(file, delimiter.char))
