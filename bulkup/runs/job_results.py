"""The three results of a job, kept as Salesforce sent them, and how many rows they hold."""

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bulkup.csvfile.records import CellTooLong, open_reader
from bulkup.errors import NotWritable, SalesforceError
from bulkup.files import sync
from bulkup.model import Delimiter, ResultKind
from bulkup.salesforce.error_codes import temporary_pattern

BLOCK = 1 << 20
CREATED = re.compile(rb'\n"?\w{15,18}"?[,;\t|^`]"?true\b')
NOT_STRUCTURE = bytes(set(range(256)) - set(b'"\n'))


class Fetch(Protocol):
    """Something that downloads one result of a job to a file, whole or not at all."""

    def __call__(self, job_id: str, kind: ResultKind, to: Path, /) -> None:
        """Download; raise rather than leave a short file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Rows in a job's results. `passing` counts those of `failed` with a temporary error."""

    succeeded: int = 0
    created: int = 0
    failed: int = 0
    passing: int = 0
    unprocessed: int = 0

    @property
    def total(self) -> int:
        """The number of rows in all three results."""
        return self.succeeded + self.failed + self.unprocessed


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The folder of the results of a run's jobs. `passing` are the codes of temporary errors."""

    folder: Path
    delimiter: Delimiter
    passing: Collection[str]

    def path(self, chunk: int, job: str, kind: ResultKind) -> Path:
        """The path of one result."""
        return self.folder / f"{chunk:05d}-{job}-{kind}.csv"

    def kept(self, chunk: int, job: str) -> bool:
        """Whether all three results of the job are there."""
        return all(self.path(chunk, job, kind).exists() for kind in ResultKind)

    def fetch(self, chunk: int, job: str, fetch: Fetch) -> Counts:
        """Download all three, make them durable, and count them.

        Raises:
            RunError: the disk does not take them.
            SalesforceError: they can't be read as CSV.
        """
        paths = {kind: self.path(chunk, job, kind) for kind in ResultKind}
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            for kind, path in paths.items():
                fetch(job, kind, path)
            sync(self.folder)
        except OSError as error:
            raise NotWritable(self.folder, error) from error
        try:
            failed, passing = self._count_failed(paths[ResultKind.FAILED])
        except CellTooLong as error:
            raise SalesforceError(
                f"The results of job {job} can't be read: {error.message}",
                "Download them with: bulkup results",
            ) from error
        succeeded, created = _count_successful(paths[ResultKind.SUCCESSFUL])
        return Counts(
            succeeded=succeeded,
            created=created,
            failed=failed,
            passing=passing,
            unprocessed=_count_records(paths[ResultKind.UNPROCESSED]),
        )

    def _count_failed(self, path: Path) -> tuple[int, int]:
        """Rows, and those whose error is a passing one."""
        with open_result(path, self.delimiter) as (header, records):
            is_temporary = temporary_test(header, self.passing)
            rows = passing = 0
            for record in records:
                rows += 1
                passing += is_temporary(record)
            return rows, passing


@contextmanager
def open_result(
    path: Path, delimiter: Delimiter
) -> Iterator[tuple[list[str], Iterator[list[str]]]]:
    """Open one result: its header, empty where it has none, and its records."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        records = open_reader(file, delimiter.char)
        yield next(records, []), filter(None, records)


def temporary_test(header: list[str], codes: Collection[str]) -> Callable[[list[str]], bool]:
    """A test for records of a failed result: whether the error has one of the temporary codes."""
    temporary = re.compile(temporary_pattern(codes), re.DOTALL)
    column = header.index("sf__Error") if "sf__Error" in header else 1
    return lambda record: bool(temporary.match("".join(record[column : column + 1])))


def _count_records(path: Path) -> int:
    """Records after the header. Results quote by the book, so a quote's parity tells the ends."""
    ends = 0
    inside = False
    last = b"\n"
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            last = block
            # Two quotes side by side change no parity: what is left is few line breaks in cells.
            parts = block.translate(None, NOT_STRUCTURE).replace(b'""', b"").split(b'"')
            ends += sum(part.count(b"\n") for part in parts[inside::2])
            inside ^= len(parts) % 2 == 0
    ends += not last.endswith(b"\n")
    return max(0, ends - 1)


def _count_successful(path: Path) -> tuple[int, int]:
    """Rows, and those of them that were created."""
    created = 0
    tail = b""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            text = tail + block
            cut = text.rfind(b"\n")
            head, tail = (text[:cut], text[cut:]) if cut > 0 else (b"", text)
            created += len(CREATED.findall(head))
    return _count_records(path), created + len(CREATED.findall(tail))
