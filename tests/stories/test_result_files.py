"""Result files open in the program that the source came from, and can be loaded again."""

import codecs
import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stories.conftest import Bulkup, ServedOrg

LOAD = ("--object", "Contact", "--op", "insert", "--no-check", "--org", "local")
TEXT = "Email,LastName\na@example.com,Jürgen Müßig\nnone,Weiß\n"
FILES = ("results", "successful", "failed", "unprocessed")


@pytest.mark.parametrize(
    ("encode", "marked"),
    [
        (lambda text: text.encode(), False),
        (lambda text: codecs.BOM_UTF8 + text.encode(), True),
        (lambda text: codecs.BOM_UTF8 + text.replace("none,Weiß\n", "none,Weiß").encode(), True),
        (lambda text: gzip.compress(codecs.BOM_UTF8 + text.encode()), True),
        (lambda text: text.encode("utf-16"), True),
        (lambda text: text.encode("cp1252"), True),
    ],
    ids=["UTF-8", "marked", "marked, no last newline", "marked, gzip", "UTF-16", "Windows-1252"],
)
def test_result_files_have_a_byte_order_mark_where_the_source_had_one_or_was_not_utf_8(
    bulkup: Bulkup, tmp_path: Path, home: Path, encode: Callable[[str], bytes], marked: bool
) -> None:
    file, out = tmp_path / "contacts.csv", tmp_path / "out"
    file.write_bytes(encode(TEXT))
    assert bulkup("run", file, *LOAD, "--dir", out).code == 1
    for name in FILES:
        data = (out / f"{name}.csv").read_bytes()
        assert data.startswith(codecs.BOM_UTF8) == marked
        assert data.count(codecs.BOM_UTF8) == marked
    assert "Jürgen Müßig" in (out / "successful.csv").read_text(encoding="utf-8")


def test_a_result_file_with_a_byte_order_mark_can_be_loaded_again(
    bulkup: Bulkup, tmp_path: Path, home: Path
) -> None:
    file, out = tmp_path / "contacts.csv", tmp_path / "out"
    file.write_bytes(TEXT.encode("cp1252"))
    assert bulkup("run", file, *LOAD, "--dir", out).code == 1
    results = out / "results.csv"
    results.write_bytes(results.read_bytes().replace(b"none,", b"w@example.com,"))

    done = bulkup("run", results, *LOAD, "--dir", tmp_path / "again", "--json")

    assert done.code == 0
    assert done.document["rows"]["succeeded"] == 1
    assert done.document["rows"]["skipped"] == 1
    header, *_ = (tmp_path / "again" / "results.csv").read_text(encoding="utf-8").split("\n")
    assert header == (
        "\ufeffbulkup__Row,bulkup__Line,bulkup__Status,sf__Id,sf__Created,sf__Error,Email,LastName"
    )


def test_the_result_folder_is_kept_out_of_a_repository(
    bulkup: Bulkup, tmp_path: Path, home: Path
) -> None:
    file, out = tmp_path / "contacts.csv", tmp_path / "out"
    file.write_text(TEXT, encoding="utf-8")
    assert bulkup("run", file, *LOAD, "--dir", out).code == 1
    assert (out / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_a_gitignore_of_the_user_stays(bulkup: Bulkup, tmp_path: Path, home: Path) -> None:
    file, out = tmp_path / "contacts.csv", tmp_path / "out"
    file.write_text(TEXT, encoding="utf-8")
    out.mkdir()
    (out / ".gitignore").write_text("*.csv\n", encoding="utf-8")
    assert bulkup("run", file, *LOAD, "--dir", out).code == 1
    assert (out / ".gitignore").read_text(encoding="utf-8") == "*.csv\n"


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        (
            "LastName,Title\nAnn,Boss\nBob\nCid,Clerk,more\n",
            [["Ann", "Boss"], ["Bob", ""], ["Cid", "Clerk"]],
        ),
        (
            'LastName,Title\n"Lee, Ann"\n"Kim, Bob","a\nb"\n',
            [["Lee, Ann", ""], ["Kim, Bob", "a\nb"]],
        ),
    ],
    ids=["short and long", "a delimiter in a cell of a short row"],
)
def test_result_files_of_ragged_rows_have_the_width_of_the_header(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, text: str, cells: list[list[str]]
) -> None:
    served()
    file = tmp_path / "ragged.csv"
    file.write_text(text, encoding="utf-8")
    done = bulkup("run", file, "--object", "Contact", "--op", "insert", "--no-check", "--json")
    with Path(done.document["files"]["results"]).open(encoding="utf-8", newline="") as results:
        rows = list(csv.reader(results))
    assert [row[6:] for row in rows] == [["LastName", "Title"], *cells]
