"""Quotes that DuckDB would read otherwise than the csv module."""

from pathlib import Path

import pytest

from bulkup.duckdb_tools.csv_quirks import find_quirks


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
        ("x" * ((4 << 20) - 1) + '" x\n', False),
        ("x" * ((4 << 20) - 1) + '" ,\n', True),
        ("x" * ((4 << 20) - 1) + ' "x\n', False),
        ("x" * ((4 << 20) - 1) + ', "x\n', True),
    ],
)
def test_quotes_are_odd_where_blanks_beside_them_may_be_outside_the_quoted_part(
    tmp_path: Path, content: str, odd: bool
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(content, encoding="utf-8", newline="")
    assert find_quirks(path, whole=True).odd_quotes is odd
