"""A user's CSV as it is: its dialect, its rows, and all that is wrong with it."""

import csv
import hashlib
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkup.csvfile import scanner, validation
from bulkup.csvfile import source as source_module
from bulkup.csvfile.dialect import guess_delimiter
from bulkup.csvfile.scanner import first_not_utf8, pieces, record_pattern
from bulkup.csvfile.source import header_bytes, open_source
from bulkup.errors import InputError
from bulkup.model import Delimiter, LineEnding, Source
from tests.csvfiles import File, files

BOM = b"\xef\xbb\xbf"
RELAXED = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few bytes, so that small files have many."""
    monkeypatch.setattr(source_module, "BLOCK", 16)
    monkeypatch.setattr(validation, "MARK_EVERY", 16)


def opened(data: bytes, **wishes: object) -> Source:
    path = Path("contacts.csv")
    path.write_bytes(data)
    return open_source(path, **wishes)  # type: ignore[arg-type]  # each test names its own


def refused(data: bytes, **wishes: object) -> InputError:
    with pytest.raises(InputError) as caught:
        opened(data, **wishes)
    assert caught.value.hint
    return caught.value


def test_a_plain_file_is_described() -> None:
    data = b"Email,Last Name\na@example.com,Ann\nb@example.com,Bob\n"
    found = opened(data)
    assert found == Source(
        path=Path("contacts.csv"),
        name="contacts.csv",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        encoding="utf-8",
        delimiter=Delimiter.COMMA,
        line_ending=LineEnding.LF,
        header=("Email", "Last Name"),
        start=16,
        rows=2,
        header_lines=1,
    )
    assert found.marks == ((16, 0), (52, 2))


def test_errors_name_the_file_as_the_user_does() -> None:
    assert opened(b"A\n1\n", name="somewhere/a.csv").name == "somewhere/a.csv"
    assert refused(b"A\n", name="other.csv").message.startswith("other.csv: ")


@RELAXED
@given(file=files(), check=st.booleans(), blanks=st.integers(0, 30), marked=st.booleans())
def test_rows_are_those_of_the_csv_module_in_blocks_of_any_size(
    small: None, file: File, check: bool, blanks: int, marked: bool
) -> None:
    ended = file.data.endswith(b"\n")
    data = (BOM if marked else b"") + file.data
    data += file.line_ending.chars.encode() * (blanks if ended else 0)
    found = opened(data, delimiter=file.delimiter, check_cells=check)
    assert (found.header, found.rows) == (tuple(file.rows[0]), len(file.rows) - 1)
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert found.line_ending is file.line_ending or b"\n" not in file.data
    ends = {found.start + at for at in record_ends(data[found.start :].decode(), file.delimiter)}
    assert {at for at, _ in found.marks} <= ends | {found.start}
    assert found.marks[0] == (found.start, 0)
    assert found.marks[-1][1] == found.rows


@RELAXED
@given(text=st.text(alphabet='ab,;"\n', max_size=40), size=st.integers(1, 50))
def test_any_text_at_all_is_split_as_the_csv_module_splits_it(text: str, size: int) -> None:
    """Also where quotes stand anywhere, and in blocks of any size."""
    data, ends = text.encode(), record_ends(text, Delimiter.COMMA)
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    found = list(pieces(blocks, offset=0, line=1, delimiter=Delimiter.COMMA, ending=b"\n"))
    assert b"".join(piece.data for piece in found) == data
    rows = 0
    for piece in found:
        rows += piece.rows
        assert piece.offset + len(piece.data) == ends[rows - 1]
        assert piece.line == 1 + text.count("\n", 0, piece.offset)
    assert rows == len(ends)
    if (found and data[-1:] != b"\n") or any(piece.open_quote is not None for piece in found):
        ends.pop()
    at, pattern = 0, record_pattern(Delimiter.COMMA)
    matched = []
    while record := pattern.match(data, at):
        at = record.end()
        matched.append(at)
    assert matched == ends


def record_ends(text: str, delimiter: Delimiter) -> list[int]:
    """How many bytes the csv module has read at the end of each record."""
    read, ends = 0, []

    def lines() -> Iterator[str]:
        nonlocal read
        for line in StringIO(text, newline=""):
            read += len(line.encode())
            yield line

    for _ in csv.reader(lines(), delimiter=delimiter.char):
        ends.append(read)  # noqa: PERF401  read changes on the way
    return ends


@pytest.mark.parametrize("delimiter", Delimiter)
def test_the_delimiter_is_found_in_the_header(delimiter: Delimiter) -> None:
    found = opened("A,B\nx,y\n".replace(",", delimiter.char).encode())
    assert found.delimiter is delimiter
    assert found.header == ("A", "B")


def test_the_delimiter_of_a_single_column_is_a_comma() -> None:
    assert opened(b"Name\nAnn\n").delimiter is Delimiter.COMMA


def test_delimiters_inside_quotes_do_not_count() -> None:
    assert opened(b'"a;b;c;d",x\n1,2\n').delimiter is Delimiter.COMMA


def test_where_two_delimiters_split_the_header_alike_the_records_decide() -> None:
    assert guess_delimiter("a,b;c\n1;2\n3;4\n") == ";"
    assert guess_delimiter("a,b;c\n1,2\n3,4\n") == ","


def test_a_given_delimiter_is_used() -> None:
    assert opened(b"a,b;c\n1;2\n", delimiter=Delimiter.SEMICOLON).header == ("a,b", "c")


def test_the_line_ending_of_the_header_is_that_of_the_file() -> None:
    found = opened(b"A,B\r\n1,2\r\n")
    assert (found.line_ending, found.rows, found.start) == (LineEnding.CRLF, 1, 5)


def test_a_byte_order_mark_is_no_part_of_the_header() -> None:
    found = opened(BOM + b"A,B\n1,2\n")
    assert (found.header, found.start, found.size) == (("A", "B"), 7, 11)


def test_a_header_may_take_several_lines() -> None:
    found = opened(b'"A\nx",B\n1,2\n')
    assert (found.header, found.header_lines, found.start) == (("A\nx", "B"), 2, 8)


def test_blank_lines_at_the_end_are_no_rows() -> None:
    assert opened(b"A,B\n1,2\n\n\n").rows == 1
    assert opened(b"A\r\n1\r\n" + b"\r\n" * 70_000).rows == 1


def test_a_row_of_one_empty_cell_is_a_row_when_it_is_quoted() -> None:
    assert opened(b'A\n""\nx\n""\n').rows == 3


def test_boundaries_are_marked_about_once_a_mebibyte() -> None:
    rows = b"".join(b"%07d\n" % number for number in range(500_000))
    marks = opened(b"A\n" + rows).marks
    assert marks[0] == (2, 0)
    assert marks[-1] == (4_000_002, 500_000)
    assert len(marks) in {5, 6}
    assert all(at == 2 + 8 * before for at, before in marks)


def test_a_quote_in_the_middle_of_a_plain_value_does_not_open_a_cell() -> None:
    assert opened(b'A,B\n5" pipe,x\n6" pipe,y\n').rows == 2


def test_text_after_a_closing_quote_belongs_to_the_cell() -> None:
    assert opened(b'A,B\n"x"y"z,1\n2,3\n').rows == 2


def test_a_carriage_return_inside_quotes_is_text() -> None:
    assert opened(b'A,B\n"x\ry","1\r\n2"\n').rows == 1


def test_rows_with_another_number_of_cells_are_refused() -> None:
    error = refused(b'A,B\n1,2\n1\n"x\ny",2\n1,2,3\n')
    assert error.name == "InvalidCsv"
    assert error.message.splitlines() == [
        "contacts.csv, line 3: fewer cells than the header, which has 2: line 3 has 1",
        "contacts.csv, line 6: more cells than the header, which has 2: line 6 has 3",
    ]


def test_of_many_ragged_rows_five_are_named_and_all_counted() -> None:
    error = refused(b"A,B\n" + b"1\n" * 1005)
    assert "which has 2: line 2 has 1, line 3 has 1, " in error.message
    assert error.message.endswith("line 6 has 1 and 1,000 more")


def test_ragged_rows_are_found_in_each_block_with_their_lines(small: None) -> None:
    rows = b"".join(b'"%d\n",2\n' % number for number in range(20))
    assert "line 42 has 1" in refused(b"A,B\n" + rows + b"1\n" + rows).message


def test_cells_are_counted_only_on_request() -> None:
    assert opened(b"A,B\n1\n1,2,3\n", check_cells=False).rows == 2


def test_a_short_last_row_without_a_line_ending_is_refused() -> None:
    assert "line 3 has 1" in refused(b"A,B\n1,2\n3").message


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("header", ["A,B", "A"])
def test_blank_lines_between_records_are_reported(check: bool, ending: str, header: str) -> None:
    row = header.lower()
    text = ending.join([header, "", row, "", "", row, ""])
    error = refused(text.encode(), check_cells=check)
    assert error.name == "BlankLines"
    assert error.message.endswith("blank lines between records: line 2, line 4, line 5")


def test_a_quote_that_is_never_closed_is_reported_by_the_line_where_it_opens() -> None:
    error = refused(b'A,B\n"1\n2",3\n4,"5\n6,7\n')
    assert error.message == "contacts.csv, line 4: a quote that opens here is never closed"
    assert error.name == "InvalidCsv"


def test_problems_before_an_open_quote_are_reported_too() -> None:
    error = refused(b'A,B\n1\n2,3\n4,"5\n')
    assert "line 4: a quote that opens" in error.message
    assert "line 2 has 1" in error.message


def test_reading_stops_some_time_after_an_open_quote(
    small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanner, "LONGEST", 64)
    monkeypatch.setattr(validation, "LONGEST", 64)
    error = refused(b'A,B\n1,"2\n' + b"x,y\n" * 1000 + b'"\n')
    assert "line 2: a quote that opens here" in error.message


def test_a_record_without_an_end_is_reported(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "LONGEST", 64)
    monkeypatch.setattr(validation, "LONGEST", 64)
    error = refused(b"A,B\n1,2\n" + b"x" * 1000 + b",2\n")
    assert "line 3: the record that begins here has more than 64 bytes" in error.message


def test_a_record_of_several_blocks_is_one_record(small: None) -> None:
    assert opened(b'A,B\n"' + b"x\n" * 500 + b'",2\n3,4\n').rows == 2


def test_a_nul_byte_is_refused() -> None:
    error = refused(b"A,B\n1,2\n3,\x004\n5,\x006\n")
    assert error.message.startswith("contacts.csv, line 3: a NUL byte")
    assert error.name == "NulBytes"


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    error = refused("A,B\n1,é\n".encode() + b"2,\xe9\n")
    assert error.message == "contacts.csv, line 3: not UTF-8 (byte 0xE9)"
    assert error.name == "InvalidEncoding"


def test_a_character_may_lie_across_two_blocks(small: None) -> None:
    assert opened(b"A\n" + "€€€€€€€\n".encode() * 9).rows == 9


@pytest.mark.parametrize("before", range(4))
def test_a_character_across_two_decoded_parts_is_utf_8(before: int) -> None:
    text = b"x" * before + "€".encode() * 60_000
    assert first_not_utf8(text) is None
    assert first_not_utf8(text + b"\xe2\x82") == len(text)
    assert first_not_utf8(text + b"\xff" + text) == len(text)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_an_error_of_its_own(encoding: str) -> None:
    assert refused("Name,City\nAnn,Berlin\n".encode(encoding)).name == "Utf16"


@pytest.mark.parametrize(
    ("data", "line"),
    [(b"A,B\n1,2\r\n3,4\n", 2), (b"A,B\r\n1,2\r\n3,4\n5,6\r\n", 3), (b"A\r\n1\n", 2)],
)
def test_records_with_another_line_ending_than_the_header_are_refused(
    data: bytes, line: int
) -> None:
    error = refused(data)
    assert error.name == "MixedLineEndings"
    assert f"line {line}:" in error.message


def test_a_file_with_another_line_ending_than_the_option_is_refused() -> None:
    assert opened(b"A\r\n1\r\n", line_ending=LineEnding.CRLF).rows == 1
    error = refused(b"A\r\n1\r\n", line_ending=LineEnding.LF)
    assert (error.name, "line 1: ends in CRLF" in error.message) == ("MixedLineEndings", True)


@pytest.mark.parametrize(
    ("data", "line"),
    [(b"A,B\r1,2\r3,4\r", 1), (b"A,B\n1,2\r3,4\n", 2), (b"A,B\r\n1,2\r\n3\r,4\r\n", 3)],
)
def test_a_carriage_return_alone_is_refused(data: bytes, line: int) -> None:
    error = refused(data, check_cells=False)
    assert error.name == "BareCarriageReturn"
    assert f"line {line}:" in error.message


def test_a_last_record_that_ends_in_a_carriage_return_alone_is_refused() -> None:
    assert refused(b"A,B\r\n1,2\r\n3,4\r").name == "BareCarriageReturn"


@pytest.mark.parametrize("data", [b"", BOM, b"\n\n", b"  \r\n", BOM + b"\n"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    error = refused(data)
    assert (error.name, error.message) == ("EmptyFile", "contacts.csv: the file is empty")


@pytest.mark.parametrize("data", [b"A,B", b"A,B\n", b"A,B\r\n\r\n", BOM + b"A,B\n\n\n"])
def test_a_header_without_records_is_refused(data: bytes) -> None:
    assert refused(data).name == "NoRecords"
    found = opened(data, allow_empty=True)
    assert (found.rows, found.header, len(found.marks)) == (0, ("A", "B"), 1)


def test_a_blank_first_line_is_refused_as_header() -> None:
    error = refused(b"\nA,B\n1,2\n")
    assert error.message == "contacts.csv, line 1: the header is a blank line"


def test_missing_and_duplicate_names_are_reported_together() -> None:
    error = refused(b"A, ,B,A,,B\n1,2,3,4,5,6\n")
    assert error.message.splitlines() == [
        "contacts.csv, line 1: the header has no name in column 2, 5 of 6",
        "contacts.csv, line 1: the header has a name more than once: A, B",
    ]
    assert error.name == "InvalidCsv"


def test_many_columns_without_a_name_are_counted() -> None:
    assert "2, 3, 4, 5, 6 and 3 more of 9" in refused(b"A" + b"," * 8 + b"\n").message


def test_more_columns_than_salesforce_takes_are_refused() -> None:
    names = [f"c{number}" for number in range(5_001)]
    error = refused((",".join(names) + "\n").encode())
    assert "5,001 columns; Salesforce takes 5,000" in error.message


@pytest.mark.parametrize("size", [32_001, 200_000, 600_000])
def test_more_characters_in_the_header_than_salesforce_takes_are_refused(size: int) -> None:
    assert "32,000 characters" in refused(b"x" * size + b"\n1\n").message


def test_a_header_of_just_32_000_characters_is_taken() -> None:
    assert opened("é".encode() * 32_000 + b"\n1\n").rows == 1


@pytest.mark.parametrize("rest", [b"", b"x" * 600_000])
def test_a_quote_in_the_header_that_is_never_closed_is_refused(rest: bytes) -> None:
    error = refused(b'A,"B\n1,2\n' + rest)
    assert error.message == "contacts.csv, line 1: a quote that opens here is never closed"


def test_a_header_that_is_not_utf_8_or_has_nul_bytes_is_refused() -> None:
    error = refused(b"A,\xe9\x00\n1,2\n")
    assert "line 1: not UTF-8 (byte 0xE9)" in error.message
    assert "line 1: a NUL byte" in error.message


def test_all_problems_are_reported_at_once() -> None:
    error = refused(b"A,A\n1,\x00\n2\n\n3,\xff\n4,5\r\n")
    assert error.name == "InvalidCsv"
    assert [re.sub(r"^contacts\.csv, ", "", line) for line in error.message.splitlines()] == [
        "line 1: the header has a name more than once: A",
        "line 2: a NUL byte, which Salesforce does not take",
        "line 3: fewer cells than the header, which has 2: line 3 has 1",
        "line 4: blank lines between records: line 4",
        "line 5: not UTF-8 (byte 0xFF)",
        "line 6: ends in CRLF, while the file is to have LF after each record",
    ]
    assert len(error.hint.splitlines()) == 6


@pytest.mark.parametrize("delimiter", Delimiter)
@pytest.mark.parametrize("ending", LineEnding)
def test_a_header_is_written_so_that_it_is_read_the_same(
    delimiter: Delimiter, ending: LineEnding
) -> None:
    names = ["Email__c", f"a{delimiter.char}b", 'x"y', "line\nbreak", " blank ", "é"]
    written = header_bytes(names, delimiter, ending)
    assert written.endswith(ending.chars.encode())
    assert b"Email__c" + delimiter.char.encode() in written
    row = delimiter.char.join("1" * len(names)) + ending.chars
    assert list(opened(written + row.encode(), delimiter=delimiter).header) == names


def test_a_name_that_needs_no_quotes_is_written_without_them() -> None:
    assert header_bytes(["A", "B c"], Delimiter.COMMA, LineEnding.LF) == b"A,B c\n"
