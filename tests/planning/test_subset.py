import csv
from pathlib import Path

import pytest

from bulkup.csvfile.numbered import NumberedCsv, read_numbers, write_numbers
from bulkup.errors import RunError
from bulkup.model import Chunk, Delimiter, Field, LineEnding, ResultKind, Status
from bulkup.planning.subset import read_rows, select, without
from bulkup.results.inputs import Layout, SentChunk
from bulkup.results.resend import has_status, rows_to_repeat, split_by_status
from bulkup.results.row_files import count_unsent
from tests.results.org import source

BOTH = {"Name": "Name", "AccountId": "AccountId"}


def test_selected_rows_are_the_same_bytes_and_know_their_numbers(tmp_path: Path) -> None:
    records = ['a "b",1', '"x\ny", "2"', "c,3", '"d""",4']
    src = source(tmp_path / "in.csv", ["Name", "AccountId"], records, ended=False)
    made = select(
        NumberedCsv(source=src), [2, 4], columns=BOTH, to=tmp_path / "2.csv", numbers=tmp_path / "n"
    )
    assert made.source.path.read_bytes() == b'Name,AccountId\n"x\ny", "2"\n"d""",4\n'
    assert made.source.rows == 2
    assert made.numbers
    assert list(read_numbers(made.numbers)) == [(2, 3), (4, 6)]
    assert made.source.path.stat().st_mode & 0o077 == 0


def test_a_selection_of_a_selection_keeps_the_first_numbers(tmp_path: Path) -> None:
    src = source(tmp_path / "in.csv", ["Name", "AccountId"], [f"{at},x" for at in range(9)])
    one = select(
        NumberedCsv(source=src), [2, 5, 9], columns=BOTH, to=tmp_path / "1", numbers=tmp_path / "n1"
    )
    two = select(one, [5, 6, 9], columns=BOTH, to=tmp_path / "2", numbers=tmp_path / "n2")
    assert two.source.path.read_text(encoding="utf-8") == "Name,AccountId\n4,x\n8,x\n"
    assert two.numbers
    assert list(read_numbers(two.numbers)) == [(5, 6), (9, 10)]


def test_columns_are_renamed_and_left_out(tmp_path: Path) -> None:
    records = ['1;"b;b";"c""c"', "2;b2"]
    src = source(tmp_path / "in.csv", ["sf__Id", "Name", "Last Name"], records,
                 Delimiter.SEMICOLON, LineEnding.CRLF)  # fmt: skip
    made = select(
        NumberedCsv(source=src),
        [1, 2],
        columns={"LastName": "Last Name", "Name": "Name"},
        to=tmp_path / "2.csv",
        numbers=tmp_path / "n",
    )
    assert made.source.path.read_bytes() == b'LastName;Name\r\n"c""c";"b;b"\r\n;b2\r\n'


def test_rows_of_one_parent_stand_side_by_side(tmp_path: Path) -> None:
    records = ["a,002", "b,001000000000001AAA", 'c,"x\ny"', "d,002", "e,001000000000001", "f"]
    src = source(tmp_path / "in.csv", ["Name", "AccountId"], records)
    made = select(
        NumberedCsv(source=src),
        range(1, 7),
        columns=BOTH,
        to=tmp_path / "2.csv",
        numbers=tmp_path / "n",
        side_by_side="AccountId",
    )
    with made.source.path.open(encoding="utf-8", newline="") as file:
        assert [row[0] for row in csv.reader(file)][1:] == ["b", "e", "a", "d", "c", "f"]
    assert made.numbers
    assert [row for row, _ in read_numbers(made.numbers)] == [2, 5, 1, 4, 3, 6]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2.csv", "in.csv", "n"]


def test_a_selection_that_cannot_be_written_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    src = source(tmp_path / "in.csv", ["Name", "AccountId"], ["a,1"])
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(RunError, match="can't be written"):
        select(
            NumberedCsv(source=src),
            [1],
            columns=BOTH,
            to=tmp_path / "file" / "2",
            numbers=tmp_path / "n",
        )
    assert not (tmp_path / "n").exists()


def test_all_rows_but_some(tmp_path: Path) -> None:
    src = source(tmp_path / "in.csv", ["Name"], list("abcdef"))
    assert list(without(NumberedCsv(source=src), [1, 4, 5])) == [2, 3, 6]
    assert list(without(NumberedCsv(source=src), [])) == [1, 2, 3, 4, 5, 6]
    write_numbers(tmp_path / "n", [(at * 2, at) for at in range(1, 7)])
    assert list(without(NumberedCsv(source=src, numbers=tmp_path / "n"), [3, 4, 12])) == [
        2,
        6,
        8,
        10,
    ]


def test_only_rows_that_results_say_were_not_loaded_are_repeated(tmp_path: Path) -> None:
    names = ["a", "b", "b", "c", "d", "e", "f"]
    src = source(tmp_path / "in.csv", ["Name"], names)
    write_numbers(tmp_path / "n", [(at * 10, at) for at in range(1, 8)])
    paths = {kind: tmp_path / f"{kind}.csv" for kind in ResultKind}
    texts = {
        ResultKind.SUCCESSFUL: '"sf__Id","sf__Created",Name\n"1","true","b"\n',
        ResultKind.FAILED: '"sf__Id","sf__Error",Name\n"","LOCK:x:--","b"\n"","LOCK:x:--","a"\n'
        '"","NO:LOCK:--","c"\n',
        ResultKind.UNPROCESSED: 'Name\n"d"\n',
    }
    for kind, path in paths.items():
        path.write_text(texts[kind], encoding="utf-8")
    chunks = [
        SentChunk(chunk=Chunk(number=1, start=0, end=0, rows=6, first_row=1), results=paths,
             otherwise=Status.UNPROCESSED),
        SentChunk(chunk=Chunk(number=2, start=0, end=0, rows=1, first_row=7), results={},
             otherwise=Status.UNPROCESSED),
    ]  # fmt: skip

    def repeat(unprocessed_of: set[int]) -> list[int]:
        return list(
            rows_to_repeat(
                NumberedCsv(source=src, numbers=tmp_path / "n"),
                Layout(columns={"Name": Field(name="Name")}, key=None),
                chunks,
                passing={"LOCK"},
                unprocessed_of=unprocessed_of,
                work=tmp_path / "work",
            )
        )

    assert repeat(set()) == [10, 30]
    assert repeat({1}) == [10, 30, 50]
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize(
    ("include_unknown", "rows", "unsent"),
    [
        (False, [2, 3, 4, 7, 8], {Status.SKIPPED: 2, Status.UNKNOWN: 1}),
        (True, [2, 3, 4, 5, 7, 8], {Status.SKIPPED: 2}),
    ],
)
def test_a_results_file_says_which_of_its_rows_are_sent(
    tmp_path: Path, include_unknown: bool, rows: list[int], unsent: dict[Status, int]
) -> None:
    statuses = ["succeeded", "failed", "unprocessed", "not_sent", "unknown", "Skipped", "", "mine"]
    records = [f"{status},id{at},x" for at, status in enumerate(statuses)]
    src = source(tmp_path / "in.csv", ["bulkup__Status", "sf__Id", "Name"], records)
    csv_file = NumberedCsv(source=src)
    assert has_status(csv_file)
    count = split_by_status(csv_file, include_unknown=include_unknown, rows=tmp_path / "rows",
                  unsent=tmp_path / "unsent")  # fmt: skip
    assert count == len(rows)
    assert list(read_rows(tmp_path / "rows")) == rows
    assert count_unsent(tmp_path / "unsent") == unsent
    assert "id0" in (tmp_path / "unsent").read_text(encoding="utf-8")


def test_a_file_without_a_status_is_sent_whole(tmp_path: Path) -> None:
    csv_file = NumberedCsv(
        source=source(tmp_path / "in.csv", ["sf__Error", "Name"], ["e,a", "e,b"])
    )
    assert not has_status(csv_file)
    assert (
        split_by_status(csv_file, include_unknown=False, rows=tmp_path / "r", unsent=tmp_path / "s")
        == 2
    )
