"""How many rows Salesforce's answers hold, counted without reading them into memory."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkup.model import Delimiter, ResultKind
from bulkup.runs import job_results
from bulkup.runs.job_results import Answers

CELL = st.text(alphabet='ab",\n;é ', max_size=6)


def written(header: list[str], rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def counted(folder: Path, contents: dict[ResultKind, bytes]) -> job_results.Counts:
    def fetch(_job: str, kind: ResultKind, to: Path) -> None:
        to.write_bytes(contents.get(kind, b""))

    one = Answers(folder=folder, delimiter=Delimiter.COMMA, passing=("UNABLE_TO_LOCK_ROW",))
    return one.fetch(1, "750", fetch)


@given(rows=st.lists(st.tuples(st.booleans(), CELL, CELL), max_size=20), block=st.integers(1, 40))
def test_records_are_those_of_the_csv_module_wherever_blocks_end(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[bool, str, str]],
    block: int,
) -> None:
    successful = [
        [f"003{n:015d}", "true" if made else "false", a, b] for n, (made, a, b) in enumerate(rows)
    ]
    content = written(["sf__Id", "sf__Created", "A", "B"], successful)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job_results, "BLOCK", block)
        counts = counted(tmp_path_factory.mktemp("answers"), {ResultKind.SUCCESSFUL: content})
    assert counts.succeeded == len(rows)
    assert counts.created == sum(made for made, _, _ in rows)


def test_an_empty_answer_and_a_header_alone_hold_nothing(tmp_path: Path) -> None:
    header = b'"sf__Id","sf__Created",A\n'
    counts = counted(tmp_path, {ResultKind.SUCCESSFUL: header, ResultKind.FAILED: b""})
    assert counts.total == 0


def test_failures_that_pass_by_themselves_are_counted_apart(tmp_path: Path) -> None:
    rows = [
        ["", "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access:--", "a"],
        ["", 'STRING_TOO_LONG:"x", too long:LastName --', "b"],
        ["", "UNABLE_TO_LOCK_ROW_NOT:other:--", "c"],
        ["", "CANNOT_EXECUTE_FLOW_TRIGGER:x\nfirst error: UNABLE_TO_LOCK_ROW, busy:--", "d"],
    ]
    content = written(["sf__Id", "sf__Error", "A"], rows)
    counts = counted(tmp_path, {ResultKind.FAILED: content})
    assert (counts.failed, counts.passing) == (4, 2)


def test_a_last_record_without_an_ending_counts(tmp_path: Path) -> None:
    content = written(["A"], [["x"], ["y\nz"]]).rstrip(b"\n")
    assert counted(tmp_path, {ResultKind.UNPROCESSED: content}).unprocessed == 2


def test_an_error_of_eleven_million_characters_is_counted(tmp_path: Path) -> None:
    rows = [["", "UNABLE_TO_LOCK_ROW:" + "x" * 11_000_000, "a"], ["", "STRING_TOO_LONG:x", "b"]]
    content = written(["sf__Id", "sf__Error", "A"], rows)
    counts = counted(tmp_path, {ResultKind.FAILED: content})
    assert (counts.failed, counts.passing) == (2, 1)
