from collections.abc import Callable
from pathlib import Path

import pytest

from bulkup.check.cells.sampling import sample
from bulkup.csvfile.source import open_source
from bulkup.model import Operation
from tests.check.checking import Checker

ROWS = 60_000


@pytest.fixture
def big(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A file of several MiB that counts as a big one; some of its rows may be others."""
    monkeypatch.setattr("bulkup.check.cells.sampling.EVERY_ROW", 1000)
    monkeypatch.setattr("bulkup.check.cells.sampling._PLACES", 4)

    def write(**others: str) -> Path:
        rows = [f"Smith,Anna,{'x' * 80},\n"] * ROWS
        for at, row in others.items():
            rows[int(at[1:])] = row + "\n"
        path = tmp_path / "rows.csv"
        path.write_text("LastName,FirstName,Description,Title\n" + "".join(rows), "utf-8")
        return path

    return write


def test_a_big_file_is_looked_at_in_several_places(big: Callable[..., Path]) -> None:
    source = open_source(big(r0=" Smith,Anna,x,", r59000="Smith,Anna ,x,"))
    seen = sample(source, {0, 1, 2, 3})
    assert seen.empty == (3,)
    assert seen.doubtful == {0}


def test_habits_are_searched_for_only_where_the_sample_shows_one(
    big: Callable[..., Path], tmp_path: Path
) -> None:
    path = big(r0=" Smith,Anna,x,", r50000=" Smith,Anna ,x,CFO", r50001=",Anna,x,")
    checker = Checker(tmp_path, "Contact", Operation.INSERT)
    said = checker.findings(path.read_bytes())
    del said["ROW_TWICE", ""]
    assert set(said) == {("BLANKS_AROUND", "LastName"), ("REQUIRED_EMPTY", "LastName")}
    assert said["BLANKS_AROUND", "LastName"].rows == (1, 50_001)
    assert said["REQUIRED_EMPTY", "LastName"].rows == (50_002,)


def test_a_file_of_few_records_is_looked_at_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b,c\n1,,\n2,x\n", encoding="utf-8")
    seen = sample(open_source(path, check_cells=False), {0, 1, 2})
    assert seen.empty == (2,)
    assert seen.doubtful == {0, 1, 2}


def test_blanks_beside_quotes_do_not_belong_to_the_value(tmp_path: Path) -> None:
    checker = Checker(tmp_path, "Contact", Operation.INSERT)
    said = checker.findings('LastName,Birthdate\nA,"2026-01-01" \nB,"2026-01-01"\n')
    assert ("NOT_A_DATE", "Birthdate") not in said
