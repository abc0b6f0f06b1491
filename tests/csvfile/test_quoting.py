"""Quotes that Salesforce's reader refuses: written anew where their meaning is one, else named."""

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from bulkup.csvfile.normalize import Prepared, detect, prepare
from bulkup.csvfile.quoting.strict import has_odd_quotes
from bulkup.csvfile.source import open_source
from bulkup.errors import InputError
from bulkup.model import Delimiter
from tests.csvfiles import File, files


def prepared(text: str, folder: Path, encoding: str = "utf-8") -> Prepared:
    path = folder / "people.csv"
    path.write_bytes(text.encode(encoding))
    done = prepare(detect(path), folder / "run")
    open_source(done.path, delimiter=done.delimiter, strict_quotes=True)
    return done


def cells(done: Prepared) -> list[list[str]]:
    with done.path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter=done.delimiter.char, strict=True))


@pytest.mark.parametrize(
    ("row", "values"),
    [
        ('5" pipe,x', ['5" pipe', "x"]),
        ('the "best" one,x', ['the "best" one', "x"]),
        ('"5" pipe",x', ['5" pipe', "x"]),
        ('"5" pipe, 3" tube",x', ['5" pipe, 3" tube', "x"]),
        ('"He said "hi" to me",x', ['He said "hi" to me', "x"]),
        ('""Hello" he said",x', ['"Hello" he said', "x"]),
        (' "a, b" ,x', ["a, b", "x"]),
        ('"a"\t,x', ["a", "x"]),
        ('x, "a"', ["x", "a"]),
        ('x, "two\nlines"', ["x", "two\nlines"]),
        ('x,"say ""5"" and"  ', ["x", 'say "5" and']),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_quote_with_one_meaning_is_written_anew_and_its_line_named(
    tmp_path: Path, row: str, values: list[str], ending: str
) -> None:
    done = prepared(f"a,b{ending}1,2{ending}{row}{ending}3,4{ending}", tmp_path)
    assert cells(done) == [["a", "b"], ["1", "2"], values, ["3", "4"]]
    (change,) = done.changes
    assert change.endswith(": line 3")
    assert done.quotes.rows == [2]
    assert not done.quotes.unclear


@pytest.mark.parametrize(
    "row",
    [
        '"Hello" world,x',
        '"Hello" and "bye",x',
        '"John" "Jack",x',
        '"He said \\"hi\\"",x',
        '5\\" pipe,x',
        '"5"" x 3" pipe",x',
        '  "x" y,z',
        '"a"b,"c"',
    ],
)
def test_a_quote_that_may_mean_several_things_is_an_error_of_its_row(
    tmp_path: Path, row: str
) -> None:
    done = prepared(f'a,b\n1,2\n{row}\n"ok ""so""",4\n', tmp_path)
    assert list(done.quotes.unclear) == [2]
    assert list(done.quotes.unclear_lines) == [3]
    assert cells(done)[3] == ['ok "so"', "4"]
    assert done.changes == ()


def test_a_file_whose_quotes_are_escaped_by_backslashes_is_written_anew(tmp_path: Path) -> None:
    done = prepared('a,b\n"He said \\"hi, you\\"",x\n"C:\\\\dir",y\n"\\"z\\"\n",q\n', tmp_path)
    assert cells(done)[1:] == [['He said "hi, you"', "x"], ["C:\\dir", "y"], ['"z"\n', "q"]]
    assert done.changes == ('Quotes after a backslash (\\") were doubled: lines 2, 4',)


@pytest.mark.parametrize("other", ['"say ""so""",x', '"C:\\\\a C:\\b",x', '"C:\\dir\\",x'])
def test_backslashes_are_no_escapes_where_the_file_is_not_consistent(
    tmp_path: Path, other: str
) -> None:
    done = prepared(f'a,b\n"He said \\"hi\\"",x\n{other}\n', tmp_path)
    assert list(done.quotes.unclear) == [1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('a,b\n1,2\n"x,y\n3,4\n', "line 3: a quote that opens here is never closed"),
        ('a,b\n1,"x\ny" z\n3,4\n', "line 2: text follows the quote that closes what is opened"),
        ('a,b\n1,the "best, x" y\n', "line 2: a stray quote makes another number of cells"),
        ('a,"b" c\n1,2\n', "line 1: a quote inside a plain cell, or text beside a quoted one"),
    ],
)
def test_quotes_that_leave_the_records_unknown_are_an_error_of_the_file(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        prepared(text, tmp_path)
    (line,) = caught.value.message.splitlines()
    assert message in line


@pytest.mark.parametrize(
    "text",
    [
        'a,b\n1,""\n"x ""y"" z","two\nlines"\n',
        '"a","b"\r\n"1","x\r\n"""\r\n',
        'a;b\n"C:\\dir\\";"\\"\n',
        'a\n"x, y"\n""',
    ],
)
def test_a_file_with_right_quotes_goes_byte_for_byte(tmp_path: Path, text: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(text, encoding="utf-8", newline="")
    assert detect(path).as_is
    open_source(path, strict_quotes=True)


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_stray_quotes_are_corrected_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    done = prepared('Größe;Straße\r\n5" Rohr;Köln\r\n', tmp_path, encoding)
    assert cells(done)[1] == ['5" Rohr', "Köln"]


@given(file=files())
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_is_prepared_of_any_file_is_what_a_strict_reader_takes(
    tmp_path: Path, file: File
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(file.data)
    try:
        detected = detect(path, delimiter=file.delimiter, line_ending=file.line_ending)
        done = prepare(detected, tmp_path / "run")
    except InputError:
        return
    assert is_strict(done.path.read_text(encoding="utf-8-sig"), done.delimiter)
    assert detected.odd_quotes is not is_strict(file.data.decode(), file.delimiter)


def is_strict(text: str, delimiter: Delimiter) -> bool:
    """Whether every quote opens a cell, closes it, or is doubled inside: character by character."""
    state = "begin"
    for char in text + "\n":
        if state == "quoted":
            state = "closed" if char == '"' else "quoted"
        elif state == "closed" and char == '"':
            state = "quoted"
        elif char in (delimiter.char, "\r", "\n"):
            state = "begin"
        elif state == "closed" or (char == '"' and state == "plain"):
            return False
        else:
            state = "quoted" if char == '"' else "plain"
    return state == "begin"


def test_odd_quotes_are_found_across_blocks() -> None:
    assert not has_odd_quotes(['a,"x', "\n", 'y""', '",b\n'], ",")
    assert has_odd_quotes(['a,"x', "\n", 'y""', '"z,b\n'], ",")
    assert has_odd_quotes(['a,"x\n', "y\n"], ",")
