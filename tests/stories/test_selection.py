"""Which rows are sent, where the file says so itself and where the check leaves some out."""

import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import pytest

from bulkup.csvfile.numbered import NumberedCsv
from bulkup.csvfile.source import open_source
from bulkup.model import Status
from bulkup.planning.selection import read_unsent, select_rows
from bulkup.planning.subset import read_rows
from bulkup.results.row_files import UnsentRow, write_unsent
from bulkup.runs.run_dir import RunDir

PEAK = 5_000_000
WRONG = "bulkup: NOT_A_DATE"
Fates = list[tuple[int, Status, str]]


def sheet_of(folder: Path, header: str, rows: Iterable[str]) -> NumberedCsv:
    path = folder / "some.csv"
    path.write_text(f"{header}\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return NumberedCsv(source=open_source(path, allow_empty=True))


def left_out(folder: Path, rows: Iterable[int]) -> Path:
    path = folder / "invalid.csv"
    write_unsent(path, (UnsentRow(row=row, status=Status.NOT_SENT, error=WRONG) for row in rows))
    return path


def told(
    folder: Path, csv_file: NumberedCsv, invalid: Path | None
) -> tuple[list[int], Fates] | None:
    rows, unsent = select_rows(csv_file, invalid, RunDir(folder), include_unknown=False)
    if rows is None or unsent is None:
        return None
    fates = [(one.row, one.status, one.error) for one in read_unsent(unsent)]
    assert sorted(path.name for path in rows.parent.iterdir()) == ["rows.txt"]
    return list(read_rows(rows)), fates


def test_without_a_status_the_rows_that_are_left_out_are_settled(tmp_path: Path) -> None:
    csv_file = sheet_of(tmp_path, "Name", "abcde")
    assert told(tmp_path, csv_file, left_out(tmp_path, [2, 5])) == (
        [1, 3, 4],
        [(2, Status.NOT_SENT, WRONG), (5, Status.NOT_SENT, WRONG)],
    )


def test_what_the_file_says_of_a_row_goes_before_what_the_check_says(tmp_path: Path) -> None:
    statuses = ["failed", "succeeded", "failed", "unknown", "not_sent", "skipped"]
    csv_file = sheet_of(tmp_path, "Name,bulkup__Status", (f"x,{status}" for status in statuses))
    found = told(tmp_path, csv_file, left_out(tmp_path, [1, 2, 5]))
    assert found is not None
    assert found[0] == [3]
    assert [(row, status) for row, status, _ in found[1]] == [
        (1, Status.NOT_SENT),
        (2, Status.SKIPPED),
        (4, Status.UNKNOWN),
        (5, Status.NOT_SENT),
        (6, Status.SKIPPED),
    ]


@pytest.mark.parametrize("there", [True, False], ids=["empty", "not there"])
def test_every_row_is_sent_where_nothing_speaks_against_it(tmp_path: Path, there: bool) -> None:
    csv_file = sheet_of(tmp_path, "Name", "ab")
    invalid = left_out(tmp_path, []) if there else tmp_path / "invalid.csv"
    assert told(tmp_path, csv_file, invalid) is None
    assert told(tmp_path, csv_file, None) is None
    assert not (tmp_path / "prepared").exists()


def test_with_a_status_and_nothing_left_out_the_file_alone_decides(tmp_path: Path) -> None:
    csv_file = sheet_of(tmp_path, "Name,bulkup__Status", ["x,succeeded", "y,failed"])
    found = told(tmp_path, csv_file, left_out(tmp_path, []))
    assert found is not None
    assert (found[0], [row for row, *_ in found[1]]) == ([2], [1])


def test_many_rows_are_not_kept_in_memory(tmp_path: Path) -> None:
    many = 40_000
    rows = (f"{'x' * 300},{'succeeded' if row % 2 else 'failed'}" for row in range(many))
    csv_file = sheet_of(tmp_path, "Name,bulkup__Status", rows)
    invalid = left_out(tmp_path, range(1, many + 1, 2))
    tracemalloc.start()
    try:
        select_rows(csv_file, invalid, RunDir(tmp_path), include_unknown=False)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < PEAK
