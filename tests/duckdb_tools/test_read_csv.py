"""What DuckDB reads is held against CPython's csv module."""

import csv
import io
import os
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from bulkup.csvfile.records import Block, blocks, read
from bulkup.duckdb_tools.engine import engine
from bulkup.duckdb_tools.read_csv import Csv, load
from bulkup.errors import RunError
from bulkup.model import Delimiter, LineEnding, Source

PIECES = st.sampled_from(
    ["a", "b ", " ", '"', '""', ",", "\n", "é", "#", "\\", "'", '" ', ' "', "\t"]
)


def by_csv(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def by_duckdb(folder: Path, text: str, width: int, rows: int | None) -> list[list[str]]:
    path = folder / "in.csv"
    path.write_bytes(text.encode())
    file = Csv(path=path, delimiter=Delimiter.COMMA, width=width, rows=rows)
    with engine(folder) as connection:
        select = "SELECT row_number() OVER () AS n, * FROM ".__add__
        assert load(connection, "t", select, file, folder).rows == rows
        got = connection.execute("SELECT * EXCLUDE (n) FROM t ORDER BY n").fetchall()
    return [[cell or "" for cell in row] for row in got]


@st.composite
def files(draw: st.DrawFn) -> tuple[str, int]:
    """A CSV, well-formed or not, with a header, and its width."""
    width = draw(st.integers(1, 3))
    ending = draw(st.sampled_from(["\n", "\r\n"]))
    honest = draw(st.booleans())
    lines = [",".join("xyz"[:width])]
    for _ in range(draw(st.integers(0, 6))):
        cells = ["".join(draw(st.lists(PIECES, max_size=4))) for _ in range(width)]
        if honest:
            cells = [
                '"' + cell.replace('"', '""') + '"'
                if any(mark in cell for mark in '",\n') or draw(st.booleans())
                else cell
                for cell in cells
            ]
        lines.append(",".join(cells))
    return ending.join(lines) + draw(st.sampled_from(["", ending])), width


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(files())
@example(('x,y\n"a" ,b\n', 2))
@example(('x,y\na, "b"\n', 2))
@example(('x,y\n"a" "b",c\n', 2))
@example(('x,y\n"" "b",c\n', 2))
@example(('x,y\n"say ""a"" ""b""",c\n', 2))
@example(('x,y\r\n"a\nb",b\r\n', 2))
@example(("x\n\na\n\nb\n", 1))
@example(("x,y\n\n1,2\n", 2))
@example(('x\n"a"b"c\n', 1))
@example(('x\n"" ', 1))
@example((f'x,y\n"a"{" " * 70},b\n', 2))
def test_cells_are_those_of_the_csv_module(file: tuple[str, int]) -> None:
    text, width = file
    expected = [(row + [""] * width)[:width] for row in by_csv(text)][1:]
    with TemporaryDirectory() as folder:
        assert by_duckdb(Path(folder), text, width, len(expected)) == [
            [cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row] for row in expected
        ]


@pytest.mark.parametrize(
    "name",
    [
        "a[1].csv",
        "a?.csv",
        "a*.csv",
        "a\\[1].csv",
        "c0=2.csv",
        "a.csv.gz",
        "it's.csv",
        os.fsdecode(b"caf\xe9.csv"),
    ],
)
def test_a_name_is_no_pattern_and_tells_nothing_of_compression(tmp_path: Path, name: str) -> None:
    (tmp_path / "a1.csv").write_text("x\nwrong\n", encoding="utf-8")
    (tmp_path / name).write_text("x\nright\n", encoding="utf-8")
    file = Csv(path=tmp_path / name, delimiter=Delimiter.COMMA, width=1, rows=1)
    with engine(tmp_path) as connection:
        load(connection, "t", "SELECT * FROM ".__add__, file, tmp_path)
        assert connection.execute("FROM t").fetchall() == [("right",)]


def test_line_breaks_in_cells_do_not_confuse_several_threads(tmp_path: Path) -> None:
    random = Random(3)
    traps = ['x,y\n12,"abc,d"\n5,6\n' * 3, '"\n' * 3, "", "plain", "line,of\n" * 900]
    made = io.StringIO(newline="")
    csv.writer(made, lineterminator="\n").writerows(
        [str(at), random.choice(traps)] for at in range(12_000)
    )
    text = "x,y\n" + made.getvalue()
    assert len(text) > 16_000_000
    assert by_duckdb(tmp_path, text, 2, 12_000) == by_csv(text)[1:]


def test_records_too_long_for_the_quick_way_are_read(tmp_path: Path) -> None:
    text = "x,y\n" + f"a,{'b' * 9_000_000}\nc,d\n"
    assert by_duckdb(tmp_path, text, 2, 2) == by_csv(text)[1:]


def test_another_number_of_records_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has 1 record where it had 2"):
        by_duckdb(tmp_path, "x,y\na,b\n", 2, 2)


@settings(max_examples=200, deadline=None)
@given(files(), st.integers(1, 20))
@example(('x,y\r\n"a\n,",b\r\nc,"d\r\n"', 2), 3)
def test_raw_records_are_the_file_and_their_cells_those_of_the_csv_module(
    file: tuple[str, int], size: int
) -> None:
    text, _ = file
    ending = LineEnding.CRLF if "\r" in text else LineEnding.LF
    mixed = ending is LineEnding.CRLF and "\n" in text.replace("\r\n", "")
    assume(not mixed or '"a\n,"' in text)  # a source whose records end now so, now so, is refused
    with TemporaryDirectory() as folder:
        path = Path(folder) / "in.csv"
        path.write_bytes(text.encode())
        found = list(read(path, 0, Delimiter.COMMA, ending, size))
    raw = [record for block in found for record in block.records]
    joined = ending.chars.join(raw)
    assert text in {joined, joined + ending.chars}
    assert [next(csv.reader([one]), []) for one in raw] == by_csv(text)


def test_lines_of_records_are_counted_where_they_start() -> None:
    assert Block(raw=[b"a", b"b"], plain=True).lines(5) == [5, 6, 7]
    assert Block(raw=[b'"a\nb\n"', b"b", b'"\n"'], plain=False).lines(2) == [2, 5, 6, 8]


def test_blank_lines_after_the_last_record_are_none(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"x\na\n\nb\n\n\n")
    source = Source(
        path=path,
        name="in.csv",
        size=10,
        sha256="",
        encoding="utf-8",
        delimiter=Delimiter.COMMA,
        line_ending=LineEnding.LF,
        header=("x",),
        start=2,
        rows=3,
    )
    assert [block.records for block in blocks(source)] == [["a", "", "b"]]


@pytest.mark.parametrize("at", range(1 << 18, (1 << 18) + 90, 7))
def test_blanks_beside_quotes_are_seen_across_blocks(tmp_path: Path, at: int) -> None:
    start = f"x,y\n{'a' * (at - 80)},"
    for end in (f'{" " * 80}"c"\n', f'"c"{" " * 80}\n', f'"c"{" " * 80}'):
        assert by_duckdb(tmp_path, start + end, 2, 1) == by_csv(start + end)[1:]
