"""Quotes that DuckDB would read otherwise than the csv module."""

from pathlib import Path

import pytest

from bulkup.duckdb_tools.csv_quirks import find_quirks
from bulkup.model import Delimiter


@pytest.mark.parametrize(
    ("content", "odd"),
    [
        ("a,b\n1,2\n", False),
        ('a,b\n"1,x",2\n', False),
        ('a,b\n"1" ,2\n', True),
        ('a,b\n1, "2"\n', True),
        ('a,b\n"1" "2",3\n', True),
        ('a,b\n1,"2" ', True),
        ('a,b\n"say ""this"" aloud",2\n', False),
        ('a,b\n"5"" x 3"" of wood",2\n', False),
        ("a,b\n1,2", False),
        ('"a","b"\n' * 30_000, False),
        ('"a","b"\n' * 30_000 + '"a", "b"\n', True),
        ('a,b\n"a 3"" , 5"" board",2\n', False),
        ('\ufeff"a","b"\n1,2\n', False),
        ('a,b\n5" pipe,2\n', True),
        ('a,b\n"1,2\n', True),
        ("x" * ((4 << 20) - 1) + '" ,\n', True),
        ("x" * ((4 << 20) - 1) + ', "x\n', True),
    ],
)
def test_quotes_are_odd_where_a_strict_reader_refuses_them(
    tmp_path: Path, content: str, odd: bool
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(content, encoding="utf-8", newline="")
    assert find_quirks(path, Delimiter.COMMA, whole=True).odd_quotes is odd
