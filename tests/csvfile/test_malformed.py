import tomllib
from pathlib import Path
from typing import Any

import pytest

from bulkup.check.cells.cell_check import check
from bulkup.check.columns import resolve
from bulkup.check.rules import stopping
from bulkup.csvfile.normalize import detect, prepare
from bulkup.csvfile.numbered import NumberedCsv
from bulkup.csvfile.source import open_source
from bulkup.errors import InputError
from bulkup.model import Operation, Target
from tests.describes import describe

DATA = Path(__file__).parent.parent / "data"
FILES: list[dict[str, Any]] = tomllib.loads((DATA / "malformed.toml").read_text(encoding="utf-8"))[
    "file"
]


def said(file: dict[str, Any], folder: Path) -> list[str]:
    """All that stops a load of the file, a line each."""
    name = file["name"]
    try:
        found = detect(DATA / "malformed" / name, name=name, encoding=file.get("encoding"))
        done = prepare(found, folder)
        source = open_source(
            done.path, name=name, delimiter=done.delimiter, line_ending=done.line_ending
        )
        operation = Operation(file.get("operation", "insert"))
        target = Target(object=file["object"], operation=operation, external_id=file.get("key"))
        info = describe(target.object)
        columns = resolve(source.header, info, target)
    except InputError as error:
        return error.message.splitlines()
    csv_file = NumberedCsv(source=source, numbers=done.numbers)
    findings = check(csv_file, columns, info, target, work=folder / "work").findings
    return [
        f"{one.code} {one.column}: {one.message} {list(one.rows) or ''}".strip()
        for one in stopping(findings)
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["name"])
def test_a_malformed_file_is_refused_with_the_line_that_helps(
    file: dict[str, Any], tmp_path: Path
) -> None:
    assert said(file, tmp_path) == file["says"]


def test_all_sixty_malformed_files_are_tried() -> None:
    names = [file["name"] for file in FILES]
    assert sorted(names) == sorted(path.name for path in (DATA / "malformed").iterdir())
    assert len(names) >= 60
