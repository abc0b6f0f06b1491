"""CSV readers: opened in one place, with one limit for a cell."""

import ast
import csv
from io import StringIO
from pathlib import Path

import pytest

from bulkup.csvfile.records import LONGEST_CELL, CellTooLong, open_dict_reader, open_reader
from bulkup.csvfile.scanner import LONGEST

PACKAGE = Path(__file__).parents[2] / "bulkup"
OPENERS = {"reader", "DictReader", "field_size_limit"}


def openers(path: Path) -> set[str]:
    """What a module uses of the csv module to read."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "csv"
    }
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "csv"
        for alias in node.names
    }
    return (used | imported) & OPENERS


def test_csv_readers_are_opened_in_one_place_only() -> None:
    modules = {path: openers(path) for path in PACKAGE.rglob("*.py")}
    assert {
        str(path.relative_to(PACKAGE))
        for path, used in modules.items()
        if used and PACKAGE / "localorg" not in path.parents
    } == {str(Path("csvfile", "records.py"))}


def test_a_reader_has_the_same_limit_whatever_was_read_before() -> None:
    csv.field_size_limit(10)
    cell = "x" * LONGEST
    assert list(open_reader([f"a,{cell}"])) == [["a", cell]]
    csv.field_size_limit(10)
    assert list(open_dict_reader(["name", cell])) == [{"name": cell}]


def test_a_cell_beyond_the_limit_is_an_input_error() -> None:
    with pytest.raises(CellTooLong, match="more than 20,000,000 characters"):
        list(open_reader(StringIO("a\n" + "x" * (LONGEST_CELL + 1))))


def test_a_missing_cell_of_a_dictionary_is_empty() -> None:
    assert list(open_dict_reader(["a;b", "1;2", "", "3"], ";")) == [
        {"a": "1", "b": "2"},
        {"a": "3", "b": ""},
    ]
