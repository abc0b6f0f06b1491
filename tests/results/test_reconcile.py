import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bulkup.csvfile.numbered import NumberedCsv, write_numbers
from bulkup.errors import RunError
from bulkup.model import FIRST_PART, Chunk, Delimiter, Field, LineEnding, ResultKind, Source, Status
from bulkup.results.inputs import Load, SentChunk
from bulkup.results.reconcile import reconcile
from bulkup.results.row_files import SKIP_MESSAGES, UnsentRow, count_unsent, write_unsent
from bulkup.results.totals import Totals
from tests.results.org import source

EMAIL = {"Email__c": Field(name="Email__c"), "Name": Field(name="Name")}
UNNAMED = "bulkup: Salesforce's results do not name this row"


def results(room: Path, number: int = 1, **texts: str) -> dict[ResultKind, Path]:
    """Results by kind, as they came."""
    paths = {}
    for kind, text in texts.items():
        path = room / f"{number}-{kind}.csv"
        path.write_bytes(text.encode())
        paths[ResultKind(kind)] = path
    return paths


def sent(
    paths: Mapping[ResultKind, Path],
    rows: int,
    *,
    first: int = 1,
    number: int = 1,
    round: int = 1,  # noqa: A002  the model's own word
    otherwise: Status = Status.UNKNOWN,
    reason: str = "",
    counts: tuple[int | None, int | None] = (None, None),
) -> SentChunk:
    chunk = Chunk(number=number, start=0, end=0, rows=rows, first_row=first, round=round)
    return SentChunk(
        chunk=chunk,
        results=paths,
        otherwise=otherwise,
        reason=reason,
        processed=counts[0],
        failed=counts[1],
    )


def run(
    room: Path,
    src: Source,
    chunks: Sequence[SentChunk],
    columns: Mapping[str, Field | None] = EMAIL,
    key: str | None = "Email__c",
    **more: object,
) -> tuple[Totals, list[list[str]]]:
    """The books, and results.csv as cells without its header."""
    parts = {FIRST_PART: NumberedCsv(source=src)}
    load = Load(
        **{
            "original": NumberedCsv(source=src),
            "parts": parts,
            "sent": chunks,
            "columns": columns,
            "key": key,
            **more,
        }  # type: ignore[arg-type]  # a test names what differs
    )
    totals = reconcile(
        load, to=room / "out", work=room / "work", explain=lambda code: f"means {code}"
    )
    assert list((room / "work").iterdir()) == []
    with (room / "out" / "results.csv").open(encoding="utf-8", newline="") as file:
        return totals, list(csv.reader(file, delimiter=src.delimiter.char))[1:]


def test_rows_are_found_by_key_whatever_the_order_and_case(tmp_path: Path) -> None:
    src = source(tmp_path / "in.csv", ["Email__c", "Name"], ["a@x.y,Ann", "B@x.y,Bob"])
    text = (
        '"sf__Id","sf__Created",Email__c,Name\n'
        '"2","false","b@X.Y","other"\n'
        '"1","true","a@x.y","Ann"\n'
    )
    totals, rows = run(tmp_path, src, [sent(results(tmp_path, successful=text), 2)])
    assert rows == [
        ["1", "2", "succeeded", "1", "true", "", "a@x.y", "Ann"],
        ["2", "3", "succeeded", "2", "false", "", "B@x.y", "Bob"],
    ]
    assert (totals.created, totals.chunk_rows, totals.attempts) == (1, {1: 2}, {1: 2})
    assert totals.differences == ()


def test_keys_that_differ_only_in_case_stay_apart_where_case_matters(tmp_path: Path) -> None:
    src = source(tmp_path / "in.csv", ["Email__c", "Name"], ["k,Ann", "K,Bob"])
    text = '"sf__Id","sf__Created",Email__c,Name\n"2","false","K","changed"\n"1","true","k","too"\n'
    columns = {**EMAIL, "Email__c": Field(name="Email__c", case_sensitive=True)}
    _, rows = run(tmp_path, src, [sent(results(tmp_path, successful=text), 2)], columns)
    assert [row[3] for row in rows] == ["1", "2"]


def test_ids_of_15_and_18_characters_are_the_same_key(tmp_path: Path) -> None:
    src = source(tmp_path / "in.csv", ["Id", "Name"], ["003000000000001,Ann", "00300000000000A,B"])
    text = (
        '"sf__Id","sf__Created",Id,Name\n'
        '"00300000000000AAAQ","false","00300000000000AAAQ","B"\n'
        '"003000000000001AAA","false","003000000000001AAA","Ann"\n'
    )
    columns = {"Id": Field(name="Id", type="id"), "Name": None}
    _, rows = run(tmp_path, src, [sent(results(tmp_path, successful=text), 2)], columns, "Id")
    assert [row[3] for row in rows] == ["003000000000001AAA", "00300000000000AAAQ"]


def test_twins_that_differ_only_in_a_number_are_found_by_its_value(tmp_path: Path) -> None:
    src = source(tmp_path / "in.csv", ["Name", "Revenue"], ["Ann,912260031", "Ann,50000", "Ann,"])
    text = (
        '"sf__Id","sf__Created",Name,Revenue\n'
        '"2","true","Ann","50000.0"\n'
        '"3","true","Ann",""\n'
        '"1","true","Ann","9.12260031E8"\n'
    )
    columns = {"Name": Field(name="Name"), "Revenue": Field(name="Revenue", type="currency")}
    _, rows = run(tmp_path, src, [sent(results(tmp_path, successful=text), 3)], columns, None)
    assert [row[3] for row in rows] == ["1", "2", "3"]


def test_numbers_too_long_for_a_double_are_not_guessed(tmp_path: Path) -> None:
    records = ["Ann,123456789012345678", "Ann,123456789012345679"]
    src = source(tmp_path / "in.csv", ["Name", "Revenue"], records)
    text = (
        '"sf__Id","sf__Created",Name,Revenue\n'
        '"1","true","Ann","1.23456789012345677E17"\n"2","true","Ann","1.23456789012345677E17"\n'
    )
    columns = {"Name": Field(name="Name"), "Revenue": Field(name="Revenue", type="currency")}
    totals, rows = run(tmp_path, src, [sent(results(tmp_path, successful=text), 2)], columns, None)
    assert [row[2] for row in rows] == ["unknown", "unknown"]
    assert totals.differences == ("Chunk 1: 2 of 2 results belong to none of its rows",)


def test_the_only_row_with_such_a_number_is_found(tmp_path: Path) -> None:
    records = ["Ann,123456789012345678", "Ann,123456789012345678", "Ann,5"]
    src = source(tmp_path / "in.csv", ["Name", "Revenue"], records)
    text = (
        '"sf__Id","sf__Created",Name,Revenue\n"1","true","Ann","1.23456789012345677E17"\n'
        '"3","true","Ann","5.0"\n"2","true","Ann","1.23456789012345677E17"\n'
    )
    columns = {"Name": Field(name="Name"), "Revenue": Field(name="Revenue", type="currency")}
    _, rows = run(tmp_path, src, [sent(results(tmp_path, successful=text), 3)], columns, None)
    assert [row[3] for row in rows] == ["1", "2", "3"]


def test_a_double_key_is_matched_by_all_columns(tmp_path: Path) -> None:
    src = source(tmp_path / "in.csv", ["Email__c", "Name"], ["a,Ann", "a,Bob", ",C", ",D", "z,Z"])
    failed = (
        '"sf__Id","sf__Error",Email__c,Name\n'
        '"","DUPLICATE_VALUE:Duplicate external id specified: a:Email__c --","a","Bob"\n'
        '"","MISSING_ARGUMENT:Email__c not specified:--","","D"\n'
    )
    done = '"sf__Id","sf__Created",Email__c,Name\n"26","true","z","Z"\n"1","true","a","Ann"\n'
    paths = results(tmp_path, successful=done, failed=failed)
    totals, rows = run(tmp_path, src, [sent(paths, 5)])
    assert [row[2] for row in rows] == ["succeeded", "failed", "unknown", "failed", "succeeded"]
    assert [(e.code, e.field, e.message, e.count, e.rows) for e in totals.errors] == [
        ("DUPLICATE_VALUE", "Email__c", "Duplicate external id specified: …", 1, (2,)),
        ("MISSING_ARGUMENT", "", "Email__c not specified", 1, (4,)),
    ]
    assert totals.errors[0].explanation == "means DUPLICATE_VALUE"
    assert totals.differences == ("Chunk 1: the results name 4 of its 5 rows",)


def test_a_key_that_results_name_twice_is_unknown_unless_they_agree(tmp_path: Path) -> None:
    src = source(tmp_path / "in.csv", ["Email__c", "Name"], ["a,Ann", "b,Bob", "c,C"])
    done = (
        '"sf__Id","sf__Created",Email__c,Name\n'
        '"1","true","a","Ann"\n'
        '"2","true","b","Bob"\n'
        '"2","false","b","Bob"\n'
        '"3","true","c","C"\n'
    )
    failed = '"sf__Id","sf__Error",Email__c,Name\n"","X:y:--","a","Ann"\n'
    paths = results(tmp_path, successful=done, failed=failed)
    _, rows = run(tmp_path, src, [sent(paths, 3)])
    twice = "bulkup: Salesforce names this row twice, with different results"
    assert [row[2:6] for row in rows] == [
        ["unknown", "", "", twice],
        ["succeeded", "2", "true", ""],
        ["succeeded", "3", "true", ""],
    ]


def test_results_that_lack_the_key_match_nothing(tmp_path: Path) -> None:
    src = source(tmp_path / "in.csv", ["Email__c", "Name"], ["a,Ann"])
    done = '"sf__Id","sf__Created",Name\n"1","true","Ann"\n'
    totals, rows = run(tmp_path, src, [sent(results(tmp_path, successful=done), 1)])
    assert rows[0][2] == "unknown"
    assert totals.differences == ("Chunk 1: 1 of 1 results belong to none of its rows",)


@pytest.mark.parametrize(
    ("torn", "whole"),
    [
        ('"2","true","b","Bo', 1),
        ('"2","true","b', 1),
        ('"2","tr', 1),
        ('"2","true",b,Bo', 1),
        ('"2","true","b","Bob"', 2),
    ],
)
def test_the_torn_end_of_results_is_not_believed(tmp_path: Path, torn: str, whole: int) -> None:
    src = source(tmp_path / "in.csv", ["Email__c", "Name"], ["a,Ann", "b,Bob"])
    done = '"sf__Id","sf__Created",Email__c,Name\n"1","true","a","Ann"\n' + torn
    totals, rows = run(tmp_path, src, [sent(results(tmp_path, successful=done), 2)])
    assert totals.counts[Status.SUCCEEDED] == whole
    assert rows[0][2] == "succeeded"


@pytest.mark.parametrize("text", ["", '"sf__Id","sf__Created",Email__c,Name\n'])
def test_results_without_rows_leave_them_unknown(tmp_path: Path, text: str) -> None:
    src = source(tmp_path / "in.csv", ["Email__c", "Name"], ["a,Ann"])
    paths = results(tmp_path, successful=text, failed="", unprocessed="")
    totals, rows = run(tmp_path, src, [sent(paths, 1, counts=(1, 1))])
    assert rows[0][2:6] == ["unknown", "", "", UNNAMED]
    assert totals.differences == (
        "Chunk 1: the results name 0 of its 1 rows",
        "Chunk 1: Salesforce counts 1 failed rows, the results 0",
        "Chunk 1: Salesforce counts 1 rows, the results 0",
    )


def test_rows_of_chunks_that_were_not_sent_or_never_closed_say_so(tmp_path: Path) -> None:
    src = source(tmp_path / "in.csv", ["Email__c", "Name"], ["a,Ann", "b,Bob", "c,C"])
    chunks = [
        sent({}, 1, otherwise=Status.UNPROCESSED),
        sent({}, 1, first=2, number=2, otherwise=Status.NOT_SENT, reason="bulkup: enough failed"),
    ]
    totals, rows = run(tmp_path, src, chunks)
    assert [row[2:6] for row in rows] == [
        ["unprocessed", "", "", ""],
        ["not_sent", "", "", "bulkup: enough failed"],
        ["not_sent", "", "", "bulkup: not sent"],
    ]
    assert totals.counts[Status.NOT_SENT] == 2
    unprocessed = (tmp_path / "out" / "unprocessed.csv").read_text(encoding="utf-8")
    assert unprocessed == "bulkup__Row,bulkup__Line,Email__c,Name\n1,2,a,Ann\n"


def test_nothing_was_sent_at_all(tmp_path: Path) -> None:
    src = source(tmp_path / "in.csv", ["Email__c", "Name"], ["a,Ann", "b,Bob"])
    totals, rows = run(tmp_path, src, [])
    assert [row[2] for row in rows] == ["not_sent", "not_sent"]
    assert totals.chunk_rows == {}


def test_the_last_round_has_the_last_word(tmp_path: Path) -> None:
    src = source(tmp_path / "in.csv", ["Email__c", "Name"], ["a,Ann", '"b\nb",Bob', "c,C", "d,D"])
    lock = (
        '"sf__Id","sf__Error",Email__c,Name\n'
        '"","UNABLE_TO_LOCK_ROW:x:--","c","C"\n'
        '"","UNABLE_TO_LOCK_ROW:x:--","b\n'
        'b","Bob"\n'
        '"","UNABLE_TO_LOCK_ROW:x:--","d","D"\n'
    )
    done = '"sf__Id","sf__Created",Email__c,Name\n"1","true","a","Ann"\n'
    second = source(tmp_path / "2.csv", ["Email__c", "Name"], ["d,D", "c,C", '"b\nb",Bob'])
    write_numbers(tmp_path / "2.n", [(4, 6), (3, 5), (2, 3)])
    third = source(tmp_path / "3.csv", ["Email__c", "Name"], ["c,C"])
    write_numbers(tmp_path / "3.n", [(3, 5)])
    done2 = '"sf__Id","sf__Created",Email__c,Name\n"2","true","b\nb","Bob"\n'
    lock2 = '"sf__Id","sf__Error",Email__c,Name\n"","UNABLE_TO_LOCK_ROW:again:--","c","C"\n'
    done3 = '"sf__Id","sf__Created",Email__c,Name\n"3","false","c","C"\n'
    chunks = [
        sent(results(tmp_path, 1, successful=done, failed=lock), 4),
        sent(results(tmp_path, 3, successful=done2, failed=lock2), 2, first=2, number=3, round=2),
        sent({}, 1, number=2, round=2, otherwise=Status.NOT_SENT),
        sent(results(tmp_path, 4, successful=done3), 1, number=4, round=3),
    ]
    parts = {
        FIRST_PART: NumberedCsv(source=src),
        (1, 2): NumberedCsv(source=second, numbers=tmp_path / "2.n"),
        (1, 3): NumberedCsv(source=third, numbers=tmp_path / "3.n"),
    }
    totals, rows = run(tmp_path, src, chunks, parts=parts)
    assert [row[:6] for row in rows] == [
        ["1", "2", "succeeded", "1", "true", ""],
        ["2", "3", "succeeded", "2", "true", ""],
        ["3", "5", "succeeded", "3", "false", ""],
        ["4", "6", "failed", "", "", "UNABLE_TO_LOCK_ROW:x:--"],
    ]
    assert totals.chunk_rows == {1: 2, 3: 1, 4: 1}
    assert totals.attempts == {1: 1, 2: 1, 3: 1}
    assert [(group.count, group.rows) for group in totals.errors] == [(1, (4,))]


def test_rows_not_sent_keep_their_status_and_a_prepared_file_its_numbers(tmp_path: Path) -> None:
    records = ["succeeded,9,a,Ann", "failed,,b,Bob", "unknown,,c,C", "failed,,d,D"]
    header = ["bulkup__Status", "sf__Id", "Email__c", "Name"]
    src = source(tmp_path / "in.csv", header, [r.replace(",", ";") for r in records],
                 Delimiter.SEMICOLON, LineEnding.CRLF)  # fmt: skip
    again = source(tmp_path / "1.csv", ["Email__c", "Name"], ["b;Bob", "d;D"],
                   Delimiter.SEMICOLON, LineEnding.CRLF)  # fmt: skip
    write_numbers(tmp_path / "1.n", [(2, 3), (4, 5)])
    known = [
        UnsentRow(row=1, status=Status.SKIPPED, id="9", error="bulkup: had succeeded"),
        UnsentRow(row=3, status=Status.UNKNOWN, error='bulkup: "lost";\nreally'),
    ]
    write_unsent(tmp_path / "unsent.csv", known)
    assert count_unsent(tmp_path / "unsent.csv") == {Status.SKIPPED: 1, Status.UNKNOWN: 1}
    text = '"sf__Id";"sf__Created";Email__c;Name\r\n"4";"true";"d";"D"\r\n"2";"true";"b";"Bob"\r\n'
    chunks = [sent(results(tmp_path, 1, successful=text), 1),
              sent(results(tmp_path, 1, successful=text), 1, first=2, number=2)]  # fmt: skip
    parts = {FIRST_PART: NumberedCsv(source=again, numbers=tmp_path / "1.n")}
    totals, rows = run(tmp_path, src, chunks, unsent=tmp_path / "unsent.csv", parts=parts)
    assert rows == [
        ["1", "2", "skipped", "9", "", "bulkup: had succeeded", "a", "Ann"],
        ["2", "3", "succeeded", "2", "true", "", "b", "Bob"],
        ["3", "4", "unknown", "", "", 'bulkup: "lost";\nreally', "c", "C"],
        ["4", "5", "succeeded", "4", "true", "", "d", "D"],
    ]
    assert totals.counts[Status.SKIPPED] == 1
    head = (tmp_path / "out" / "results.csv").read_bytes().split(b"\r\n")[0]
    assert head.endswith(b"sf__Error;Email__c;Name")
    assert (tmp_path / "out" / "results.csv").stat().st_mode & 0o077 == 0


def test_lines_are_those_of_the_users_file_where_that_was_prepared(tmp_path: Path) -> None:
    src = source(tmp_path / "prepared.csv", ["Email__c", "Name"], ["a,Ann", "b,Bob"])
    write_numbers(tmp_path / "n", [(1, 4), (2, 9)])
    done = '"sf__Id","sf__Created",Email__c,Name\n"2","true","b","Bob"\n"1","true","a","Ann"\n'
    csv_file = NumberedCsv(source=src, numbers=tmp_path / "n")
    chunks = [sent(results(tmp_path, successful=done), 2)]
    _, rows = run(tmp_path, src, chunks, original=csv_file, parts={FIRST_PART: csv_file})
    assert [row[:4] for row in rows] == [["1", "4", "succeeded", "1"], ["2", "9", "succeeded", "2"]]


def test_a_ragged_row_that_comes_back_raw_is_found(tmp_path: Path) -> None:
    records = ["a,Ann,too,many", "b", 'c,x"y"', '"d" ,D', "e,E"]
    src = source(tmp_path / "in.csv", ["Email__c", "Name"], records)
    failed = '"sf__Id","sf__Error",Email__c,Name\n' + "".join(
        f'"","INVALID:{at}:--",{raw}\n' for at, raw in reversed(list(enumerate(records)))
    )
    _, rows = run(tmp_path, src, [sent(results(tmp_path, failed=failed), 5)])
    assert [row[5] for row in rows] == [f"INVALID:{at}:--" for at in range(5)]
    assert rows[0][6:] == ["a", "Ann"]
    assert rows[1][6:] == ["b", ""]


def test_a_very_long_record_is_read(tmp_path: Path) -> None:
    long = '"' + 'é""\n' * 1_500_000 + '"'
    src = source(tmp_path / "in.csv", ["Email__c", "Name"], ["a,Ann", f"b,{long}"])
    done = f'"sf__Id","sf__Created",Email__c,Name\n"2","true","b",{long}\n"1","true","a","Ann"\n'
    _, rows = run(tmp_path, src, [sent(results(tmp_path, successful=done), 2)], key=None)
    assert [row[3] for row in rows] == ["1", "2"]


def test_a_source_that_has_changed_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    src = source(tmp_path / "in.csv", ["Email__c", "Name"], ["a,Ann", "b,Bob"])
    src.path.write_text("Email__c,Name\na,Ann\n", encoding="utf-8")
    with pytest.raises(RunError, match="1 record where it had 2"):
        run(tmp_path, src, [sent({}, 2)])
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    src = source(tmp_path / "in.csv", ["Email__c", "Name"], ["a,Ann"])
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    with pytest.raises(RunError, match="can't be written"):
        run(tmp_path, src, [sent({}, 1)])


def test_a_chunk_of_many_rows_is_told_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bulkup.results.chunk_pass.ROWS_AT_ONCE", 2)
    names = "abcdefg"
    src = source(tmp_path / "in.csv", ["Email__c", "Name"], [f"{name},N" for name in names])
    lines = [f'"{name}","true","{name}","N"\n' for name in reversed(names)]
    done = '"sf__Id","sf__Created",Email__c,Name\n' + "".join(lines)
    _, rows = run(tmp_path, src, [sent(results(tmp_path, successful=done), 7)])
    assert [row[3] for row in rows] == list(names)


def test_cells_that_empty_a_field_are_counted_in_the_rows_that_were_sent(tmp_path: Path) -> None:
    records = ["a,#N/A", 'b,"#N/A"', "c,not #N/A", "d,#N/A", "#N/A,#N/A"]
    src = source(tmp_path / "in.csv", ["Email__c", "Name"], records)
    chunks = [
        sent({}, 3),
        sent({}, 1, first=4, number=2, otherwise=Status.NOT_SENT),
        sent({}, 1, first=5, number=3),
    ]
    totals, _ = run(tmp_path, src, chunks)
    assert totals.emptied == {"Email__c": 1, "Name": 3}


def test_skipped_rows_are_counted_by_reason(tmp_path: Path) -> None:
    src = source(tmp_path / "in.csv", ["Email__c", "Name"], ["a,Ann", "b,Bob", "c,C", "d,D"])
    reasons = [*SKIP_MESSAGES.values()]
    unsent = [
        UnsentRow(row=row, status=Status.SKIPPED, error=error)
        for row, error in enumerate([reasons[0], reasons[1], reasons[1]], 1)
    ]
    write_unsent(tmp_path / "unsent.csv", unsent)
    totals, _ = run(tmp_path, src, [], unsent=tmp_path / "unsent.csv")
    assert totals.skipped == {"succeeded_before": 1, "unchanged": 2, "exists": 0, "gone": 0}
    assert totals.emptied == {}
