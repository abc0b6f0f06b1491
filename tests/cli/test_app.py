"""The table of commands: what it lists is what there is, and nothing is imported too early."""

import subprocess
import sys

import pytest
import typer

from bulkup.cli import app
from tests.stories.conftest import Bulkup

HEAVY = ("duckdb", "httpx", "keyring", "starlette", "uvicorn", "bulkup.execution")


def modules_after(*arguments: str) -> set[str]:
    code = (
        "import sys\n"
        "from bulkup.cli.app import app\n"
        "try:\n"
        f"    app({list(arguments)!r}, prog_name='bulkup')\n"
        "except SystemExit:\n"
        "    print('\\n'.join(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("name", app.COMMANDS)
def test_the_table_carries_the_help_line_of_each_command(name: str) -> None:
    command = app.import_command(name)
    assert app.COMMANDS[name].help == " ".join(command.help.split("\n\n")[0].split())
    assert command.name == name


def test_help_imports_no_command_and_nothing_heavy() -> None:
    loaded = modules_after("--help")
    assert not {name for name in loaded if name.startswith("bulkup.cli.commands.")}
    assert not loaded & set(HEAVY)


def test_a_named_command_is_the_only_one_that_is_imported() -> None:
    loaded = modules_after("limits", "--help")
    commands = {name for name in loaded if name.startswith("bulkup.cli.commands.")}
    assert commands == {"bulkup.cli.commands.limits"}
    assert "duckdb" not in loaded


def test_help_lists_each_command_with_its_line(bulkup: Bulkup) -> None:
    shown = " ".join(bulkup("-h").out.replace("│", " ").split())
    for name, entry in app.COMMANDS.items():
        assert f"{name} {entry.help}" in shown


def test_completion_lists_each_command() -> None:
    group = typer.main.get_command(app.app)
    context = group.make_context("bulkup", ["limits"], resilient_parsing=True)
    items = group.shell_complete(context, "l")
    assert [item.value for item in items] == ["limits", "login", "logout", "local"]


def test_a_command_that_does_not_exist_is_one_line_with_a_suggestion(bulkup: Bulkup) -> None:
    done = bulkup("limit")
    assert done.code == 2
    assert "No such command 'limit'" in done.err
