"""Nothing that is to be copied is cut, whatever the width of the terminal."""

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from bulkup.cli.display import tables
from bulkup.cli.display.wrapping import width_of, wrap
from tests.stories.conftest import Bulkup

NAME = "20261124T101500-contacts-2026-11-upsert"
COMMAND = f"bulkup resume {NAME}"
HEAD = ("run", "object", "state", "how to go on")


def shown(width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    rows = [(NAME, "Contact", "killed", COMMAND), (NAME, "Lead", "complete", "")]
    tables.show(console, HEAD, rows, whole=(0, 3), apart=(0, 3))
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [20, 60, 100, 130, 200])
def test_names_and_commands_stand_whole_at_every_width(width: int) -> None:
    told = shown(width)
    assert sum(NAME in line for line in told) == (3 if width < 130 else 2)
    assert any(line.strip().endswith(COMMAND) for line in told)


def test_a_row_becomes_lines_where_a_table_has_no_room() -> None:
    assert shown(60) == [
        NAME,
        "  Contact  killed",
        f"  {COMMAND}",
        NAME,
        "  Lead  complete",
    ]


def test_a_table_is_as_wide_as_its_cells_in_a_pipe(bulkup: Bulkup, tmp_path: Path) -> None:
    long = "x" * 300
    file = tmp_path / "contacts.csv"
    file.write_text(f"LastName,{long}\nA,1\n", encoding="utf-8")
    done = bulkup("check", file, "--object", "Contact", "--op", "insert", "--org", "local")
    row = next(line for line in done.out.splitlines() if "UNKNOWN_COLUMN" in line)
    assert row.count(long) == 3  # the column, the message, what to type


def test_prose_is_broken_between_words_and_commands_are_not() -> None:
    text = f"  Interrupted after a while; nothing is lost. Go on with: {COMMAND} --max-failed 10"
    assert wrap(text, 40).split("\n") == [
        "  Interrupted after a while; nothing is",
        "  lost. Go on with:",
        f"  {COMMAND} --max-failed 10",
    ]
    assert wrap(text, 0) == text


def test_what_is_broken_off_may_hang_and_blanks_inside_a_line_stay() -> None:
    assert wrap("ok      token: it is taken by the org\n\nb", 20, 4).split("\n") == [
        "ok      token: it is",
        "    taken by the org",
        "",
        "b",
    ]


class Terminal(io.StringIO):
    """A stream that ends in a terminal, of which the system can't tell the width."""

    def isatty(self) -> bool:
        return True


def test_the_width_is_what_is_told_or_that_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    assert width_of(Terminal()) == 72
    assert width_of(io.StringIO()) == 0
    monkeypatch.setenv("COLUMNS", "0")
    assert width_of(Terminal()) == 80
    monkeypatch.setattr(Terminal, "fileno", lambda _self: 1)
    monkeypatch.setattr(os, "get_terminal_size", lambda _stream: os.terminal_size((91, 20)))
    assert width_of(Terminal()) == 91


@pytest.mark.parametrize("command", ["runs", "jobs", "orgs"])
def test_where_there_is_nothing_no_empty_table_is_shown(
    bulkup: Bulkup, home: Path, command: str
) -> None:
    done = bulkup(command, *(["--org", "local"] if command == "jobs" else []))
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("no ")
