"""Files of more columns, or of longer records, than DuckDB can take at once."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bulkup.check.cells.narrow_files import cut_columns
from bulkup.check.cells.query import GROUP_SQL, build_query
from bulkup.check.columns import resolve
from bulkup.csvfile.source import open_source
from bulkup.duckdb_tools.engine import OutOfMemory
from bulkup.model import Field, Operation
from tests.check.checking import Checker

LONG = "x" * 41


@pytest.fixture
def insert(tmp_path: Path) -> Checker:
    return Checker(tmp_path, "Contact", Operation.INSERT)


def with_columns(checker: Checker, count: int) -> list[str]:
    """Give the object so many text fields of 40 characters; their names."""
    names = [f"F{number}" for number in range(count)]
    fields = {name: Field(name=name, length=40) for name in names}
    checker.info = replace(checker.info, fields={**checker.info.fields, **fields})
    return names


def text_of(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "".join(",".join(row) + "\n" for row in [header, *rows])


def test_wrong_cell_in_the_last_of_5000_columns_is_found(insert: Checker) -> None:
    header = ["LastName", *with_columns(insert, 4_999)]
    rows = [[f"N{number}", *["value"] * 4_999] for number in range(3)]
    rows[1][-1] = LONG
    findings = insert.findings(text_of(header, rows))
    assert set(findings) == {("TOO_LONG", "F4998")}
    assert findings["TOO_LONG", "F4998"].rows == (2,)
    assert "takes at most 40 characters, and one has 41" in findings["TOO_LONG", "F4998"].message


def test_findings_in_several_of_1000_columns(insert: Checker, tmp_path: Path) -> None:
    header = ["LastName", *with_columns(insert, 999)]
    rows = [[f"N{number}", *["value"] * 998, ""] for number in range(30)]
    rows[4][1] = " value"
    rows[4][500] = LONG
    rows[20][500] = LONG
    rows[29][998] = "JosÃ©"
    rows[0][0] = ""
    path = tmp_path / "findings.csv"
    checked = insert.check(text_of(header, rows), findings_csv=path)
    assert {(one.code, one.column, one.rows) for one in checked.findings} == {
        ("REQUIRED_EMPTY", "LastName", (1,)),
        ("BLANKS_AROUND", "F0", (5,)),
        ("TOO_LONG", "F499", (5, 21)),
        ("WRONG_ENCODING", "F997", (30,)),
        ("COLUMN_EMPTY", "F998", ()),
    }
    with path.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1:] == [
            ["", "", "F998", "", "COLUMN_EMPTY"],
            ["1", "2", "LastName", "", "REQUIRED_EMPTY"],
            ["5", "6", "F0", " value", "BLANKS_AROUND"],
            ["5", "6", "F499", LONG, "TOO_LONG"],
            ["21", "22", "F499", LONG, "TOO_LONG"],
            ["30", "31", "F997", "JosÃ©", "WRONG_ENCODING"],
        ]


def test_rows_of_wide_files_are_the_same_only_if_all_columns_are(insert: Checker) -> None:
    header = ["LastName", *with_columns(insert, 600)]
    rows = [["N", *["value"] * 600] for _ in range(4)]
    rows[1][0] = "M"
    rows[3][600] = "other"
    assert insert.findings(text_of(header, rows))["ROW_TWICE", ""].rows == (1, 3)


def test_keys_that_stand_twice_are_found_in_any_group_of_columns(tmp_path: Path) -> None:
    upsert = Checker(tmp_path, "Contact", Operation.UPSERT, "Email__c")
    header = [*with_columns(upsert, 600), "Email__c", "LastName"]
    keys = ["a@example.com", "nope", "b@example.com", "A@example.com", "nope"]
    rows = [[*["value"] * 600, key, "N"] for key in keys]
    findings = upsert.findings(text_of(header, rows))
    assert findings["KEY_TWICE", "Email__c"].rows == (1, 4)
    assert findings["NOT_AN_EMAIL", "Email__c"].rows == (2, 5)


def test_groups_of_columns_say_what_one_query_says(
    insert: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        'LastName,FirstName,Email,Title\r\n"A\r\nA", x,nope,\r\n"B, ""b""","b\r\n",b@example.com,'
        '"""t"" t"\r\n"B, ""b""","b\r\n",b@example.com,"""t"" t"\r\n,JosÃ©,,\r\n'
    )
    expected = insert.check(text)
    assert len(expected.findings) > 4
    monkeypatch.setattr("bulkup.check.cells.query.GROUP_COLUMNS", 1)
    monkeypatch.setattr("bulkup.check.cells.narrow_files.PIECE_BYTES", 1)
    monkeypatch.setattr("bulkup.csvfile.records.BLOCK", 16)
    assert insert.check(text) == expected


def test_long_records_with_line_breaks_fit_into_memory(insert: Checker) -> None:
    cell = f'"{"ab cd" * 6_000}\n"'
    rows = [[f"N{number}", cell, cell] for number in range(2_100)]
    text = text_of(["LastName", "Description", "MailingStreet"], rows)
    findings = insert.findings(text)
    assert findings["TOO_LONG", "MailingStreet"].count == 2_100


def test_a_file_is_read_in_narrow_pieces_where_memory_is_too_small(
    insert: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OutOfMemory

    text = text_of(["LastName", "Email"], [["A", "nope"], ["B", "b@example.com"]])
    expected = insert.check(text)
    monkeypatch.setattr("bulkup.check.cells.hits._load_file", fail)
    assert insert.check(text) == expected


def test_narrow_files_hold_each_cell_once_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bulkup.check.cells.narrow_files.PIECE_BYTES", 100)
    path = tmp_path / "rows.csv"
    path.write_text("a,b,c\n" + "".join(f"a{n},b{n},c{n}\n" for n in range(50_000)), "utf-8")
    texts: list[list[str]] = [[], []]
    pieces = 0
    for files in cut_columns(open_source(path), [(0, 2), (1,)], tmp_path):
        pieces += 1
        for number, file in enumerate(files):
            texts[number] += file.path.read_text("utf-8").splitlines()[1:]
    assert pieces > 1
    assert texts[0] == [f"a{n},c{n}" for n in range(50_000)]
    assert texts[1] == [f"b{n}" for n in range(50_000)]


def test_columns_whose_tests_are_long_form_smaller_groups(insert: Checker) -> None:
    values = tuple(f"value {number}" for number in range(1_000))
    field = Field(name="Kind__c", type="picklist", picklist_values=values)
    names = [f"Kind{number}__c" for number in range(60)]
    fields = {name: replace(field, name=name) for name in names}
    info = replace(insert.info, fields={**insert.info.fields, **fields})
    header = ["LastName", *names]
    columns = resolve(header, info, insert.target)
    groups = build_query(header, columns, info, insert.target).groups
    assert len(groups) > 1
    assert max(len(group.select) for group in groups) < 2 * GROUP_SQL
    assert [at for group in groups for at in group.positions] == list(range(61))
