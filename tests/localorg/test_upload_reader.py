"""The CSV: dialects obeyed and checked, headers, records that can't be read, results' shape."""

import csv

import pytest

from tests.localorg.asking import Asker

FAILED_TO_PARSE = "InvalidBatch : Failed to parse CSV. "
TEXT_AFTER_QUOTE = "Not expecting more text after end quote"
QUOTE_IN_PLAIN_CELL = "Found unescaped quote. A value with quote should be within a quote"
WRONG_ENDING = (
    "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is "
)


@pytest.mark.parametrize(
    ("name", "char"),
    [("BACKQUOTE", "`"), ("CARET", "^"), ("COMMA", ","), ("PIPE", "|"), ("SEMICOLON", ";"),
     ("TAB", "\t")],
)  # fmt: skip
@pytest.mark.parametrize(("ending", "chars"), [("LF", "\n"), ("CRLF", "\r\n")])
def test_each_dialect_is_obeyed_in_what_comes_and_in_what_goes(
    org: Asker, name: str, char: str, ending: str, chars: str
) -> None:
    body = f'LastName{char}Title{chars}A{char}"x{char}""y""{chars}z"{chars}'
    job = org.load("Contact", "insert", body, columnDelimiter=name, lineEnding=ending)
    (record,) = org.org.records("Contact")
    assert record["Title"] == f'x{char}"y"{chars}z'
    assert org.text(job, "successfulResults") == (
        f'"sf__Id"{char}"sf__Created"{char}LastName{char}Title{chars}'
        f'"{record["Id"]}"{char}"true"{char}"A"{char}"x{char}""y""{chars}z"{chars}'
    )


@pytest.mark.parametrize(
    ("body", "ending"),
    [
        ("LastName\r\nA\r\n", "LF"),
        ("LastName\nA\nB\r\n", "LF"),
        ("LastName\nA\n", "CRLF"),
        ("LastName\r\nA\nB\r\n", "CRLF"),
        ("LastName\rA\rB\r", "LF"),
        ("LastName\rA\rB\r", "CRLF"),
    ],
)
def test_a_line_ending_that_is_not_the_jobs_fails_it_with_nothing_written(
    org: Asker, body: str, ending: str
) -> None:
    assert org.failed("Contact", "insert", body, lineEnding=ending) == WRONG_ENDING + ending
    assert org.org.records("Contact") == []


@pytest.mark.parametrize(
    ("body", "ending"),
    [
        ('LastName,Title\nA,"x\r\ny"\nB,"x\ny"', "LF"),
        ('LastName,Title\r\nA,"x\ny"\r\nB,"x\r\ny"', "CRLF"),
    ],
)
def test_line_breaks_of_any_kind_inside_quotes_are_fine(org: Asker, body: str, ending: str) -> None:
    job = org.load("Contact", "insert", body, lineEnding=ending)
    assert org.look(job)["state"] == "JobComplete"
    assert {record["Title"] for record in org.org.records("Contact")} == {"x\ny", "x\r\ny"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("LastName,Foo__c\nA,B\n", "InvalidBatch : Field name not found : Foo__c"),
        ("\ufeffLastName\nA\n", "InvalidBatch : Field name not found : \ufeffLastName"),
        ("LastName,\nA,B\n", "InvalidBatch : Field name not found : "),
        ("LastName,MailingAddress\nA,B\n", "InvalidBatch : Field name not found : MailingAddress"),
        ("LastName,lastname\nA,B\n", "InvalidBatch : Field name duplicated : lastname"),
        ("LastName,Foo.Name\nA,B\n", "InvalidBatch : Unable to find relationship: Foo"),
        ("LastName,Account.Name\nA,B\n", "InvalidBatch : Field name not found : Account.Name"),
        ("LastName,Account.Foo__c\nA,B\n", "InvalidBatch : Field name not found : Account.Foo__c"),
        ("LastName;Title\nA;B\n", "InvalidBatch : Field name not found : LastName;Title"),
        ("LastName," + "x" * 32_000, "InvalidBatch : The header is longer than 32000 characters"),
        (
            ",".join(f"F{i}" for i in range(5001)),
            "InvalidBatch : Too many columns: 5001, at most 5000",
        ),
        ('LastName,"Ti"tle\nA,B\n', FAILED_TO_PARSE + TEXT_AFTER_QUOTE),
        ('LastName,Ti"tle\nA,B\n', FAILED_TO_PARSE + QUOTE_IN_PLAIN_CELL),
        (
            'LastName\nA\n"B\n',
            "InvalidBatch : Failed to parse CSV. EOF reached before closing an opened quote",
        ),
        ("LastName\nA\0\n", "InvalidBatch : Failed to parse CSV. Invalid character: NUL"),
        (b"LastName\nM\xfcller\n", "ClientInputError : The data is not UTF-8"),
        ("LastName\nÄ\n".encode("utf-16"), "ClientInputError : The data is not UTF-8"),
        (b"LastName\nM\xc3", "ClientInputError : The data is not UTF-8"),
    ],
)
def test_a_file_that_is_refused_fails_the_job_with_nothing_written(
    org: Asker, body: str | bytes, message: str
) -> None:
    assert org.failed("Contact", "insert", body) == message
    assert org.org.records("Contact") == []


def test_the_rows_of_a_job_whose_header_was_refused_are_unprocessed(org: Asker) -> None:
    job = org.load("Contact", "insert", "LastName,Foo__c\nA,B\nC,D\n")
    rows = org.rows(job, "unprocessedrecords")
    assert sorted(row["LastName"] for row in rows) == ["A", "C"]
    assert org.rows(job, "successfulResults") == []


def test_a_delete_takes_an_id_column_and_no_other(org: Asker) -> None:
    assert org.failed("Contact", "delete", "Id,LastName\n1,A\n") == (
        "InvalidBatch : Field name not found : LastName"
    )


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("A", "1 cells, expected 2"),
        ("A,B,C", "3 cells, expected 2"),
        ("", "0 cells, expected 2"),
        ('A, "B"', "a space between delimiter and quote"),
        (' "A",B', "a space between delimiter and quote"),
        ('"A" ,B', "a space between delimiter and quote"),
        ('A,"B" ', "a space between delimiter and quote"),
        ('A,"' + '","'.join(["y" * 130_000] * 4) + '"', None),
        ("A," + "x, " * 140_000, "more than 400000 characters in one record"),
    ],
)
def test_a_record_that_can_not_be_read_fails_and_comes_back_raw(
    org: Asker, row: str, why: str | None
) -> None:
    job = org.load("Contact", "insert", f"LastName,Title\nX,Y\n{row}\nZ,\n")
    assert org.look(job)["state"] == "JobComplete"
    assert [record["LastName"] for record in org.org.records("Contact")] == ["X", "Z"]
    text = org.text(job, "failedResults")
    assert text.count('"","INVALID_FIELD:Failed to parse CSV row: ') == 1
    if why:
        assert org.errors(job) == [f"INVALID_FIELD:Failed to parse CSV row: {why}:--"]


def test_a_space_then_a_quote_inside_a_quoted_cell_is_fine(org: Asker) -> None:
    org.load("Contact", "insert", 'LastName,Title\nA,"x, ""y"", z"\nB,"x ""y"""\n')
    assert [record["Title"] for record in org.org.records("Contact")] == ['x, "y", z', 'x "y"']


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ('"B"C', TEXT_AFTER_QUOTE),
        ('"He said \\"hi\\""', TEXT_AFTER_QUOTE),
        ('5" pipe', QUOTE_IN_PLAIN_CELL),
    ],
)
def test_a_stray_quote_fails_the_job_from_its_record_on(
    org: Asker, cell: str, message: str
) -> None:
    job = org.load("Contact", "insert", f"LastName,Title\nX,Y\nA,{cell}\nZ,W\n")
    assert org.look(job)["state"] == "Failed"
    assert org.look(job)["errorMessage"] == FAILED_TO_PARSE + message
    assert [record["LastName"] for record in org.org.records("Contact")] == ["X"]
    assert len(org.rows(job, "unprocessedrecords")) == 2


def test_an_open_quote_in_the_middle_fails_the_job_and_what_was_done_stays_done(
    org: Asker,
) -> None:
    body = 'LastName,Title\nA,B\nC, "b\nD,"x y\nE,F\n'
    job = org.load("Contact", "insert", body)
    seen = org.look(job)
    assert seen["state"] == "Failed"
    assert seen["errorMessage"].endswith("EOF reached before closing an opened quote")
    assert [record["LastName"] for record in org.org.records("Contact")] == ["A"]
    assert len(org.rows(job, "successfulResults")) == 1


def test_a_blank_line_of_a_file_with_one_column_is_an_empty_cell(org: Asker) -> None:
    assert org.refused("Contact", "delete", "Id\n\n") == (
        "MISSING_ARGUMENT:Id not specified in a delete call:--"
    )


def test_values_are_not_trimmed(org: Asker) -> None:
    org.load("Contact", "insert", "LastName,Title\nA, b \n")
    assert org.org.records("Contact")[0]["Title"] == " b "


def test_results_write_numbers_booleans_and_moments_anew(org: Asker) -> None:
    body = (
        "Name,BudgetedCost,NumberSent,IsActive,StartDate\n"
        "A,912260031,50000,TRUE,2026-11-24\nB,0,-.5e-4,0,\nC,1e6,#N/A,,#N/A"
    )
    job = org.load("Campaign", "insert", body)
    rows = {row["Name"]: row for row in org.rows(job, "successfulResults")}
    assert [rows["A"][name] for name in list(rows["A"])[2:]] == [
        "A", "9.12260031E8", "50000.0", "true", "2026-11-24",
    ]  # fmt: skip
    assert [rows["B"][name] for name in list(rows["B"])[2:]] == ["B", "0.0", "-5.0E-5", "false", ""]
    assert [rows["C"][name] for name in list(rows["C"])[2:]] == [
        "C", "1000000.0", "#N/A", "", "#N/A",
    ]  # fmt: skip


def test_a_refused_row_is_written_anew_too_unless_it_could_not_be_read(org: Asker) -> None:
    rows = ["A,5,,x,", ",5,,2026-11-24,", "B,5,nope,2026-11-24,", f"{'y' * 81},5,nope,,"]
    body = "Name,BudgetedCost,NumberSent,StartDate,Type\n" + "\n".join(rows)
    job = org.load("Campaign", "insert", body)
    costs = [(row["sf__Error"][:8], row["BudgetedCost"]) for row in org.rows(job, "failedResults")]
    assert sorted(costs) == [
        ("INVALID_", "5"), ("INVALID_", "5"), ("REQUIRED", "5.0"), ("STRING_T", "5"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (0.0, "0.0"), (-0.0, "-0.0"), (0.001, "0.001"), (0.0001, "1.0E-4"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"), (123456789.25, "1.2345678925E8"), (-2.5e-10, "-2.5E-10"),
        (1e300, "1.0E300"),
    ],
)  # fmt: skip
def test_doubles_are_spelled_as_java_spells_them(value: float, text: str) -> None:
    from bulkup.localorg.jobs.cell_types import java_double

    assert java_double(value) == text


@pytest.mark.parametrize("count", [2, 3, 10, 450])
def test_results_never_come_in_the_order_of_the_upload(org: Asker, count: int) -> None:
    names = [f"N{i}" for i in range(count)]
    job = org.load("Contact", "insert", "LastName\n" + "\n".join(names))
    came = [row["LastName"] for row in org.rows(job, "successfulResults")]
    assert came != names
    assert sorted(came) == sorted(names)


def test_header_names_come_back_as_they_were_written(org: Asker) -> None:
    job = org.load("Contact", "insert", '"lastname",TITLE\nA,B\n')
    assert org.text(job, "unprocessedrecords") == "lastname,TITLE\n"


def test_a_column_name_with_the_delimiter_comes_back_quoted(org: Asker) -> None:
    job = org.load("Contact", "insert", '"Last,Name"\nA\n')
    assert org.text(job, "unprocessedrecords") == '"Last,Name"\n"A"\n'


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ("A", ["A", "", ""]),
        ("", ["", "", ""]),
        ("A,B", ["A", "B", ""]),
        ("A,B,C,D", ["A", "B", "C"]),
    ],
)
def test_ragged_and_blank_lines_come_back_with_as_many_cells_as_the_header(
    org: Asker, row: str, cells: list[str]
) -> None:
    job = org.load("Contact", "insert", f"LastName,Title,FirstName\nX,Y,Z\n{row}\n")
    header, (_, error, *back) = csv.reader(org.text(job, "failedResults").splitlines())
    assert len(header) == 5
    assert "Failed to parse CSV row" in error
    assert back == cells


def test_ragged_lines_of_an_unprocessed_job_have_as_many_cells_as_the_header(org: Asker) -> None:
    job = org.load("Contact", "insert", "LastName,Foo__c\nA\n\nB,C,D\n")
    rows = list(csv.reader(org.text(job, "unprocessedrecords").splitlines()))
    assert sorted(rows[1:]) == [["", ""], ["A", ""], ["B", "C"]]


@pytest.mark.parametrize("limit", [131_072, 10_000_000])
def test_a_cell_beyond_131072_characters_fails_its_row(org: Asker, limit: int) -> None:
    before = csv.field_size_limit(limit)
    try:
        body = "LastName,Title\n" + "A," + "x" * 200_000 + "\nB,C\n"
        job = org.load("Contact", "insert", body)
    finally:
        csv.field_size_limit(before)
    assert [record["LastName"] for record in org.org.records("Contact")] == ["B"]
    text = org.text(job, "failedResults")
    assert "Failed to parse CSV row: more than 131072 characters in one field" in text


def test_ragged_lines_of_a_job_aborted_before_its_start_have_as_many_cells_as_the_header(
    org: Asker,
) -> None:
    job = org.create("Contact", "insert")
    org.put(job, "LastName,Title\nA\n\n")
    org.patch(job, "UploadComplete")
    org.patch(job, "Aborted")
    rows = list(csv.reader(org.text(job, "unprocessedrecords").splitlines()))
    assert sorted(rows[1:]) == [["", ""], ["A", ""]]
