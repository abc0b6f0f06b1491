import csv
import gzip
import io
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkup.csvfile.dialect import Breaks, endings, guess_delimiter, text_lines
from bulkup.csvfile.encoding.example import better_example, example_cell
from bulkup.csvfile.normalize import (
    FileFormat,
    Prepared,
    detect,
    keep_input,
    prepare,
    write_columns,
)
from bulkup.csvfile.numbered import read_numbers
from bulkup.errors import InputError
from bulkup.model import DELIMITER_CHARS, Delimiter, LineEnding, Source


@dataclass
class Workbench:
    """A folder with one file to look at."""

    folder: Path

    def put(self, content: bytes | str, written_in: str = "utf-8") -> Path:
        path = self.folder / "people.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(written_in))
        return path

    def detect(self, content: bytes | str, written_in: str = "utf-8", **given: str) -> FileFormat:
        return detect(self.put(content, written_in), **given)  # type: ignore[arg-type]  # options by name

    def prepare(self, content: bytes | str, written_in: str = "utf-8") -> tuple[str, Prepared]:
        done = prepare(self.detect(content, written_in), self.folder / "run")
        return done.path.read_bytes().decode(), done

    def refused(self, content: bytes | str, written_in: str = "utf-8", **given: str) -> InputError:
        with pytest.raises(InputError) as caught:
            prepare(self.detect(content, written_in, **given), self.folder / "run")
        return caught.value


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


def lines_of(done: Prepared) -> list[int]:
    assert done.numbers
    numbers = list(read_numbers(done.numbers))
    assert [row for row, _ in numbers] == list(range(1, len(numbers) + 1))
    return [line for _, line in numbers]


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,2\n",
        "a,b\r\n1,2\r\n",
        "a,b\n1,2",
        "a",
        "",
        "\ufeffa,b\n1,2\n",
        '"a";"b"\n"1";"2"\n',
        'a,b\r\n1,"x\ny"\r\n',
        'a,b\n1,"x\r\ny\rz"\n',
        'a,b\n1,"x\n\ny"\n',
        "a|b\n1|2\n",
        "a^b\n1^2\n",
        "a`b\n1`2\n",
        "a\tb\n1\t2\n",
        "a,b\nJosé,ñ\n",
    ],
)
def test_a_file_that_salesforce_takes_is_not_copied(workbench: Workbench, content: str) -> None:
    text, done = workbench.prepare(content)
    assert text == content
    assert done.path.name == "people.csv"
    assert done.changes == ()
    assert not (workbench.folder / "run").exists()


@pytest.mark.parametrize(("name", "char"), [(name, name.char) for name in Delimiter])
def test_every_delimiter_is_found(workbench: Workbench, name: Delimiter, char: str) -> None:
    assert workbench.detect(f"a{char}b{char}c\n1{char}2{char}3\n").delimiter is name


def test_records_decide_on_the_delimiter_where_the_header_does_not() -> None:
    assert guess_delimiter("a;b,c\n1,2;3\n4;5\n6;7\n") == ";"
    assert guess_delimiter("Email\na@example.com\n") == ","
    assert guess_delimiter('"Last;Name","First;Name"\nx,y\n') == ","
    assert guess_delimiter("") == ","


def test_options_overrule_what_is_detected(workbench: Workbench) -> None:
    found = detect(
        workbench.put("a;b\r\n1;2\r\n", "cp1252"),
        encoding="latin-1",
        delimiter=Delimiter.COMMA,
        line_ending=LineEnding.LF,
    )
    assert found.encoding.name == "iso8859-1"
    assert found.header == ("a;b",)
    assert tuple(reason.problem for reason in found.reasons) == (
        "its encoding is Latin-1",
        "its line endings are CRLF",
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_and_32_with_or_without_a_mark_become_utf_8(
    workbench: Workbench, encoding: str
) -> None:
    text, done = workbench.prepare("a;b\r\nJosé;漢字 😀\r\n", encoding)
    assert text == "a;b\r\nJosé;漢字 😀\r\n"
    assert done.numbers is None
    assert "written as UTF-8" in done.changes[0]


def test_big_endian_utf_16_with_a_mark_becomes_utf_8(workbench: Workbench) -> None:
    text, done = workbench.prepare("\ufeffa,b\nü,2\n", "utf-16-be")
    assert text == "a,b\nü,2\n"
    assert done.changes == ("It was read as UTF-16 BE and written as UTF-8",)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Name,City\nMüller,Köln\nGrüße,Straße\n"),
        ("cp1252", "Name,City\nJosé,Málaga\n"),
        ("cp1252", "Name,Preis\nMüller,5 €\n"),
        (
            "cp1251",
            "Name,City\n\u0418\u0432\u0430\u043d\u043e\u0432,\u041c\u043e\u0441\u043a\u0432\u0430\n",
        ),
        (
            "cp1253",
            "Name,City\n\u0393\u03b9\u03ce\u03c1\u03b3\u03bf\u03c2,\u0391\u03b8\u03ae\u03bd\u03b1\n",
        ),
        ("cp932", "Name,City\n山田太郎,東京都\n"),
    ],
)
def test_other_encodings_are_guessed_and_reported_as_guesses(
    workbench: Workbench, encoding: str, text: str
) -> None:
    written, done = workbench.prepare(text, encoding)
    assert written == text
    assert "as far as can be told: --encoding overrules" in done.changes[0]


@pytest.mark.parametrize(
    "text",
    [
        "Email__c;LastName;Description\r\na@b.co;Müller;10 €\r\nb@b.co;Groß;„ja“\r\n",
        "Email__c;LastName;Description\na@b.co;Müller;10 €\nb@b.co;Groß;„ja“\n",
        "Nom;Prix\r\nHélène;“10 €”\r\n",
        "Name,City\nGröße,Übersee\n",
        "Nom\n“été à Besançon”…\n",
    ],
)
def test_a_small_windows_file_is_not_guessed_to_be_mac_or_another_alphabet(
    workbench: Workbench, text: str
) -> None:
    written, _ = workbench.prepare(text, "cp1252")
    assert written == text


@pytest.mark.parametrize(
    ("text", "example"),
    [
        ("Name;Preis\r\nMüller;10 €\r\n", "Müller"),
        ('Preis;Name\n"5 €";x\n6 €;"Groß, Klein"\n', "Groß, Klein"),
        ("a\n" + "x" * 3_000_000 + " Müller\nKöln\n", "x" * 198 + " Müller"),
    ],
)
def test_a_guessed_encoding_comes_with_an_example_value(
    workbench: Workbench, text: str, example: str
) -> None:
    assert workbench.detect(text, "cp1252").example == example


def test_without_letters_another_character_is_the_example() -> None:
    line = better_example("", "Preis;Name\n5 €;x\n")
    assert example_cell(line, ";") == "5 €"
    assert better_example(line, "6 €;x\n") == line
    assert better_example(line, "7 €;Müller\n") == "7 €;Müller"


@pytest.mark.parametrize("given", [{}, {"encoding": "cp1252"}], ids=["utf-8", "named"])
def test_a_known_encoding_has_no_example(workbench: Workbench, given: dict[str, str]) -> None:
    assert workbench.detect("a\nü\n", given.get("encoding", "utf-8"), **given).example == ""


def test_utf_8_with_one_broken_byte_is_not_guessed_to_be_another_encoding(
    workbench: Workbench,
) -> None:
    broken = "a,b\nJosé,ñandú\n".encode() + b"Andr\xe9,x\n"
    assert workbench.detect(broken).as_is
    assert workbench.detect(broken).encoding.name == "utf-8"
    packed = workbench.refused(gzip.compress(broken, mtime=0))
    assert packed.name == "InvalidEncoding"
    assert packed.message == "people.csv, line 3: not UTF-8 (byte 0xE9)"


def test_bytes_that_are_not_of_the_named_encoding_are_refused(workbench: Workbench) -> None:
    refused = workbench.refused(b"a,b\n1,2\n\x81,x\n", encoding="cp1252")
    assert refused.message == "people.csv, line 3: not Windows-1252 (byte 0x81)"
    odd = workbench.refused("a,b\n".encode("utf-16") + b"x")
    assert odd.message == "people.csv, line 2: not UTF-16 LE (byte 0x78)"


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "UTF8"])
def test_utf_8_may_be_named_with_or_without_its_mark(workbench: Workbench, name: str) -> None:
    assert workbench.detect("\ufeffa,b\n", encoding=name).header == ("a", "b")
    assert workbench.detect("a,b\n", encoding=name).as_is


def test_utf_16_may_be_named_without_its_byte_order(workbench: Workbench) -> None:
    assert workbench.detect("é,b\n", "utf-16-le", encoding="utf-16").header == ("é", "b")
    assert workbench.detect("é,b\n", "utf-16", encoding="utf-16").header == ("é", "b")
    assert workbench.detect("\ufeffé,b\n", "utf-16-be", encoding="utf-16").header == ("é", "b")


@pytest.mark.parametrize("name", ["klingon", "hex", "rot13", "\0"])
def test_an_unknown_encoding_is_refused(workbench: Workbench, name: str) -> None:
    assert workbench.refused("a,b\n", encoding=name).name == "InvalidOption"


def test_gzip_is_unpacked(workbench: Workbench) -> None:
    text, done = workbench.prepare(gzip.compress(b"a,b\n1,2\n", mtime=0))
    assert text == "a,b\n1,2\n"
    assert done.changes == ("It was unpacked (gzip)",)
    assert done.path == workbench.folder / "run" / "source.csv"


PACKED = gzip.compress(b"a,b\n1,2\n", mtime=0)


@pytest.mark.parametrize("content", [PACKED[:-6], b"\x1f\x8b", b"\x1f\x8bx"])
def test_a_truncated_gzip_file_is_refused(workbench: Workbench, content: bytes) -> None:
    assert workbench.refused(content).name == "InvalidGzip"


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"PK\x03\x04xl", "an Excel workbook"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b'\xef\xbb\xbf [{"Id": 1}]', "JSON"),
        (b"PAR1", "a Parquet file"),
    ],
)
def test_a_file_of_another_type_is_refused_by_the_name_of_its_type(
    workbench: Workbench, start: bytes, kind: str
) -> None:
    refused = workbench.refused(start)
    assert refused.name == "NotCsv"
    assert kind in refused.message


def test_files_that_can_not_be_read_are_refused(workbench: Workbench) -> None:
    with pytest.raises(InputError, match="There is no file") as missing:
        detect(workbench.folder / "nowhere.csv")
    assert missing.value.name == "FileNotFound"
    with pytest.raises(InputError, match="is a directory"):
        detect(workbench.folder)


def test_cr_becomes_lf_without_a_sidecar(workbench: Workbench) -> None:
    text, done = workbench.prepare("a,b\r1,2\r3,4\r")
    assert text == "a,b\n1,2\n3,4\n"
    assert done.changes == ("All records end in LF now",)
    assert done.numbers is None


def test_mixed_line_endings_become_one_and_those_in_cells_stay(workbench: Workbench) -> None:
    text, done = workbench.prepare('a,b\r\n1,"x\r\ny"\n3,4\r5,6')
    assert text == 'a,b\n1,"x\r\ny"\n3,4\n5,6\n'
    assert lines_of(done) == [2, 4, 5]


def test_the_line_ending_of_the_option_is_written(workbench: Workbench) -> None:
    for content in ("a,b\n1,2\n", 'a,b\n1,"2"\n'):
        found = detect(workbench.put(content), line_ending=LineEnding.CRLF)
        assert prepare(found, workbench.folder).path.read_bytes() == b"a,b\r\n1,2\r\n"


def test_a_crlf_across_two_blocks_is_one_line_ending(workbench: Workbench) -> None:
    rows = "x" * ((1 << 20) - 5) + "\r\nab\r\n\r\ncd\n"
    found = workbench.detect("a\r\n" + rows)
    assert found.breaks == {"\r\n", "\n"}
    assert found.blank_lines
    text, _ = workbench.prepare("a\r" + rows.replace("\r\n\r\n", "\r\n"))
    assert text.count("\n") == 4
    assert "\r" not in text


def test_excels_separator_line_and_empty_rows_and_columns_are_left_out(
    workbench: Workbench,
) -> None:
    text, done = workbench.prepare(
        "sep=;\r\nName;City;;\r\nMüller;Köln;;\r\n\r\n;Bonn;;\r\n;;;\r\n;;;\r\n", "cp1252"
    )
    assert text == "Name;City\r\nMüller;Köln\r\n;Bonn\r\n"
    assert lines_of(done) == [3, 5]
    assert done.changes[1:] == (
        "The first line, sep=;, was left out",
        "2 empty columns at the end were left out",
        "1 blank line was left out",
        "2 empty rows at the end were left out",
    )


def test_empty_rows_in_the_middle_stay(workbench: Workbench) -> None:
    text, done = workbench.prepare("a,b\n1,2\n,\n3,4\n,\n")
    assert text == "a,b\n1,2\n,\n3,4\n"
    assert lines_of(done) == [2, 3, 4]


def test_a_delimiter_that_salesforce_does_not_know_becomes_a_comma(workbench: Workbench) -> None:
    text, done = workbench.prepare("sep=:\na:b\n1:2,5\n")
    assert text == 'a,b\n1,"2,5"\n'
    assert "':' between cells became a comma" in done.changes


def test_blank_lines_before_the_header_are_left_out(workbench: Workbench) -> None:
    text, done = workbench.prepare("\n\na,b\n1,2\n")
    assert text == "a,b\n1,2\n"
    assert lines_of(done) == [4]


def test_blank_lines_of_a_single_column_are_left_out(workbench: Workbench) -> None:
    text, done = workbench.prepare('Email\na\n\n"  "\nb\n\n')
    assert text == "Email\na\n  \nb\n"
    assert lines_of(done) == [2, 4, 5]


def test_a_line_of_blanks_among_several_columns_is_blank(workbench: Workbench) -> None:
    text, _ = workbench.prepare("sep=,\na,b\n   \n1,2\n")
    assert text == "a,b\n1,2\n"


def test_ragged_rows_are_reported_by_the_lines_of_the_users_file(workbench: Workbench) -> None:
    refused = workbench.refused("sep=,\na,b\n1\n" + "1,2\n" + "1,2,3\n" * 6)
    assert refused.message.splitlines() == [
        "people.csv, line 3: fewer cells than the header, which has 2: line 3 has 1",
        (
            "people.csv, line 5: more cells than the header, which has 2: "
            "line 5 has 3, line 6 has 3, line 7 has 3, line 8 has 3, line 9 has 3 and 1 more"
        ),
    ]
    assert not list((workbench.folder / "run").iterdir())


def test_a_value_in_a_column_without_a_name_is_refused(workbench: Workbench) -> None:
    refused = workbench.refused("a,b,\n1,2,\n1,2,3\n")
    assert refused.message == "people.csv, line 3: a value in a column without a name"


def test_all_problems_are_reported_at_once_by_the_lines_of_the_users_file(
    workbench: Workbench,
) -> None:
    refused = workbench.refused("sep=;\n\na;A;\n1;2;\n\n1;\0;\n1\n")
    assert refused.message.splitlines() == [
        "people.csv, line 3: the header has a name more than once: a, A",
        "people.csv, line 6: a NUL byte, which Salesforce does not take",
        "people.csv, line 7: fewer cells than the header, which has 2: line 7 has 1",
    ]


def test_a_quote_that_is_never_closed_in_a_file_to_be_rewritten_is_refused(
    workbench: Workbench,
) -> None:
    refused = workbench.refused('sep=,\na,b\n1,2\n3,"4\n5,6\n')
    assert refused.message == "people.csv, line 4: a quote that opens here is never closed"
    endless = workbench.refused('sep=,\na,b\n1,"' + "x\n" * 2_100_000)
    assert "line 3: a quote that opens here is never closed" in endless.message


def test_a_file_without_any_line_break_is_read(workbench: Workbench) -> None:
    with pytest.raises(InputError, match="Line 1 has more than 16,000,000 characters"):
        list(text_lines("x" * 1_000_000 for _ in range(20)))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_copies_are_for_their_owner_only(workbench: Workbench) -> None:
    _, done = workbench.prepare("sep=,\na,b\n1,2\n")
    assert done.numbers
    kept = keep_input(io.BytesIO(b"a,b\n"), workbench.folder / "run")
    for path in (done.path, done.numbers, kept):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept.read_bytes() == b"a,b\n"


def source(
    path: Path, header: Sequence[str], rows: int, delimiter: Delimiter = Delimiter.COMMA
) -> Source:
    return Source(
        path=path,
        name=path.name,
        size=path.stat().st_size,
        sha256="",
        encoding="utf-8",
        delimiter=delimiter,
        line_ending=LineEnding.LF,
        header=tuple(header),
        start=0,
        rows=rows,
    )


def test_columns_are_left_out(workbench: Workbench) -> None:
    of = source(workbench.put('\ufeffa;b;c\n1;"2;\n";3\n4;5\n\n\n'), "abc", 2, Delimiter.SEMICOLON)
    done = write_columns(of, workbench.folder / "sent.csv", {"A": "a", "c": "c"})
    assert done.path.read_text(encoding="utf-8") == "A;c\n1;3\n4;\n"
    assert done.changes == ("Not sent: b",)


def test_a_column_is_sent_under_two_names(workbench: Workbench) -> None:
    of = source(workbench.put("a,b\n1,2\n"), "ab", 1)
    done = write_columns(of, workbench.folder / "sent.csv", {"X": "a", "b": "b", "Y": "a"})
    assert done.path.read_text(encoding="utf-8") == "X,b,Y\n1,2,1\n"
    assert done.changes == ("a is sent as X and as Y",)


def test_empty_cells_become_null(workbench: Workbench) -> None:
    of = source(workbench.put('a,b\n1,\n"",  \n'), "ab", 2)
    to = workbench.folder / "sent.csv"
    done = write_columns(of, to, {"a": "a", "b": "b"}, blank_null=True)
    assert done.path.read_text(encoding="utf-8") == "a,b\n1,#N/A\n#N/A,  \n"
    assert done.changes == ("Empty cells are sent as #N/A",)


def test_nothing_is_copied_where_nothing_is_left_out(workbench: Workbench) -> None:
    of = source(workbench.put("a,b\n1,2\n"), "ab", 1)
    done = write_columns(of, workbench.folder / "sent.csv", {"X": "a", "Y": "b"})
    assert done.path == of.path


def record(row: list[str], char: str, ending: str, all_quoted: bool) -> str:
    text = io.StringIO(newline="")
    csv.writer(
        text,
        delimiter=char,
        quoting=csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL,
        lineterminator="\r\n",
    ).writerow(row)
    return text.getvalue().removesuffix("\r\n") + ending


CELLS = st.text(st.sampled_from("ab \t,;|\"'\n\r=#N/Aé漢😀\u2028\x0b\x85\x1c0"), max_size=8)


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8),
    char=st.sampled_from([*DELIMITER_CHARS.values(), ":"]),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"]),
    packed=st.booleans(),
    separator=st.booleans(),
    all_quoted=st.booleans(),
    unnamed=st.integers(0, 2),
)
def test_any_dialect_gives_the_same_cells(
    *,
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[list[str]],
    char: str,
    ending: str,
    encoding: str,
    packed: bool,
    separator: bool,
    all_quoted: bool,
    unnamed: int,
) -> None:
    rows = [["aa", "bb", "cc"], *rows, ["the", "last", "row"]]
    text = "".join(record([*row, *[""] * unnamed], char, ending, all_quoted) for row in rows)
    first = f"sep={char}{ending}" if separator or char == ":" else ""
    content = (first + text).encode(encoding)
    folder = tmp_path_factory.mktemp("dialect")
    path = folder / "people.csv"
    path.write_bytes(gzip.compress(content, mtime=0) if packed else content)

    found = detect(path)
    done = prepare(found, folder)

    with done.path.open(encoding="utf-8-sig", newline="") as file:
        read = list(csv.reader(file, delimiter=done.delimiter.char))
    assert [row[:3] for row in read] == rows
    assert found.header == ("aa", "bb", "cc")
    if done.path != path:
        ends, blank = endings(text_lines([done.path.read_bytes().decode()]), done.delimiter.char)
        assert ends <= {done.line_ending.chars}
        assert not blank


@given(st.lists(st.text(st.sampled_from("a\r\n"), min_size=1, max_size=4), max_size=8))
def test_breaks_do_not_depend_on_the_blocks(pieces: list[str]) -> None:
    whole, cut = Breaks(), Breaks()
    whole.add("".join(pieces))
    for piece in pieces:
        cut.add(piece)
    assert (cut.kinds, cut.blank) == (whole.kinds, whole.blank)
    lines = list(text_lines(pieces))
    assert "".join(lines) == "".join(pieces)
    assert lines == list(io.StringIO("".join(pieces), newline=""))
