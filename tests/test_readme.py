"""README.md is the manual: it names every command and option, and its examples run as they are."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from bulkup.cli import app
from bulkup.cli.options import Blank
from bulkup.localorg import server
from bulkup.localorg.server import Running
from bulkup.model import Operation

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EVERYWHERE = {"--help", "-h"}


def section(title: str, level: int = 3) -> str:
    """The text under a heading, up to the next one of its level or above."""
    start = re.search(rf"^{'#' * level} {re.escape(title)}$", README, re.MULTILINE)
    assert start, f"README.md has no section {title}"
    rest = README[start.end() :]
    end = re.search(rf"^#{{1,{level}}} \S", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def commands() -> dict[str, Any]:
    """Every command by what a user types: `bulkup run`, `bulkup local serve`."""
    found: dict[str, Any] = {}

    def walk(path: str, command: Any) -> None:
        if not getattr(command, "commands", None) or command.invoke_without_command:
            found[path] = command
        for name, inner in getattr(command, "commands", {}).items():
            walk(f"{path} {name}", inner)

    for name in app.COMMANDS:
        walk(f"bulkup {name}", app.import_command(name))
    return found


COMMANDS = commands()


def cells(text: str) -> list[str]:
    """The first cells of the tables in a text."""
    rows = re.findall(r"^\| (`(?:[^|\\]|\\\|)+) \|", text, re.MULTILINE)
    return [row.replace("\\|", "|") for row in rows]


def options_in(text: str) -> set[str]:
    first = [name for cell in cells(text) for name in re.findall(r"`(--?[\w-]+)", cell)]
    also = re.search(r"^Also: (.*)\.$", text, re.MULTILINE)
    return {*first, *(re.findall(r"`(--?[\w-]+)`", also[1]) if also else [])}


def real_options(command: Any) -> set[str]:
    return {
        name
        for one in command.params
        if one.param_type_name == "option"
        for name in (*one.opts, *one.secondary_opts)
    }


def with_short_forms(names: set[str]) -> set[str]:
    """`Also:` names the long form of what stands in the table of all commands."""
    shorts = {"--quiet": "-q", "--verbose": "-v"}
    return names | {shorts[name] for name in names if name in shorts}


@pytest.mark.parametrize("path", COMMANDS)
def test_each_command_has_a_section_with_exactly_its_options(path: str) -> None:
    told = with_short_forms(options_in(section(f"`{path}`")))
    assert told | EVERYWHERE == real_options(COMMANDS[path]) | EVERYWHERE


@pytest.mark.parametrize("path", COMMANDS)
def test_each_argument_stands_there_as_help_shows_it(path: str) -> None:
    told = [cell.strip("`") for cell in cells(section(f"`{path}`")) if not cell.startswith("`-")]
    real = [one.metavar for one in COMMANDS[path].params if one.param_type_name == "argument"]
    assert [name.strip("[]{}") for name in told] == [
        str(name or "ALIAS").strip("[]{}") for name in real
    ]


@pytest.mark.parametrize("path", COMMANDS)
def test_values_of_options_are_called_as_help_calls_them(path: str) -> None:
    told = dict(re.findall(r"(--[\w-]+) ([^`]+)`", "\n".join(cells(section(f"`{path}`")))))
    named = {
        one.opts[0]: one.metavar
        for one in COMMANDS[path].params
        if one.param_type_name == "option" and one.metavar and one.opts[0] in told
    }
    assert {name: told[name] for name in named} == named


def test_there_is_no_section_for_a_command_that_does_not_exist() -> None:
    assert set(re.findall(r"^### `(bulkup [^`]+)`$", README, re.MULTILINE)) == set(COMMANDS)


def test_the_options_of_all_commands_and_of_bulkup_itself_stand_there() -> None:
    text = section("Commands", 2).partition("### ")[0]
    everywhere, itself = text.split("`bulkup` itself has")
    common = {"--org", "--api-version", "--json", "--quiet", "-q", "--verbose", "-v", "--no-color"}
    assert options_in(everywhere) == common | EVERYWHERE
    real = real_options(typer.main.get_command(app.app))
    assert options_in(itself) == real - EVERYWHERE


def test_every_option_named_anywhere_exists() -> None:
    real = {name for command in COMMANDS.values() for name in real_options(command)}
    real |= real_options(typer.main.get_command(app.app)) | EVERYWHERE
    named = set(re.findall(r"(?<![\w-])--[a-z][\w-]+", README))
    assert named <= real


def test_every_variable_of_the_environment_stands_there() -> None:
    text = section("Environment", 2)
    read = {
        str(one.envvar)
        for command in COMMANDS.values()
        for one in command.params
        if getattr(one, "envvar", None)
    }
    assert {name for name in read if f"`{name}`" not in text} == set()


def test_values_to_choose_from_are_all_named() -> None:
    run, made = section("`bulkup run`"), section("`bulkup create`")
    for operation in Operation:
        assert f"`{operation}`" in run
        assert f"`{operation}`" in made
    for name in (*Blank, "COMMA", "SEMICOLON", "TAB", "PIPE", "CARET", "BACKQUOTE", "LF", "CRLF"):
        assert f"`{name}`" in run


def test_every_exit_code_stands_there() -> None:
    from bulkup import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {kind.exit_code for kind in kinds if issubclass(kind, errors.BulkupError)}
    told = re.findall(r"^\| ([\d, ]+) \|", section("Exit codes", 2), re.MULTILINE)
    assert {int(code) for cell in told for code in cell.split(",")} == codes | {0, 1, 143}


def test_links_lead_somewhere() -> None:
    anchors = {
        re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    }
    for link in re.findall(r"\]\(([^)]+)\)", README):
        path, _, anchor = link.partition("#")
        assert not path or (ROOT / path).exists(), link
        assert path or anchor in anchors, link


# JSON.


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


DOCUMENTS = {document["schema"]: document for document in map(json.loads, blocks("json"))}


def test_the_json_examples_name_their_schema_once() -> None:
    assert len(DOCUMENTS) == len(blocks("json"))


# Examples.

SCRIPTS = blocks("sh")


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One org for all of them: that they can be run again belongs to what is shown."""
    with server.serve(tmp_path_factory.mktemp("org")) as running:
        yield running


@pytest.fixture
def desk(home: Path, org: Running, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the examples name, and an org in the environment."""
    loads = home / "loads"
    loads.mkdir()
    shutil.copytree(ROOT / "sample_data", loads / "sample_data")
    shutil.copy(ROOT / "sample_data" / "contacts.csv", loads / "contacts.csv")
    (loads / "bulkup.env").write_text(
        f"BULKUP_INSTANCE_URL={org.url}\nBULKUP_ACCESS_TOKEN='{org.token}'\n", encoding="utf-8"
    )
    monkeypatch.setenv("BULKUP_INSTANCE_URL", org.url)
    monkeypatch.setenv("BULKUP_ACCESS_TOKEN", org.token)
    monkeypatch.setenv(
        "PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    )
    monkeypatch.chdir(loads)
    return loads


def bash(script: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.skipif(os.name != "posix", reason="they are shell scripts")
@pytest.mark.parametrize("number", range(len(SCRIPTS)))
def test_an_example_runs_as_it_stands(desk: Path, number: int) -> None:
    done = bash(SCRIPTS[number])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(os.name != "posix", reason="they are shell scripts")
def test_the_commands_of_the_workflow_run_as_they_stand(desk: Path) -> None:
    (workflow,) = blocks("yaml")
    steps = re.findall(r"^ +- run: (bulkup .*)$", workflow, re.MULTILINE)
    assert [step.split()[1] for step in steps] == ["check", "run"]
    done = bash("\n".join(steps))
    assert done.returncode == 0, done.stderr
    assert (desk / "results" / "results.csv").exists()


EVERY_DOCUMENT = """\
mistakes="sample_data/contacts-with-mistakes.csv --object Contact --op insert --json"
JOB=$(bulkup create --object Contact --op insert)
bulkup upload "$JOB" contacts.csv
bulkup close "$JOB" --wait --json > job.json
bulkup results "$JOB" --json > results.json
bulkup check $mistakes > check.json || test $? -eq 3
bulkup run $mistakes --no-check > run.json || test $? -eq 1
bulkup status 750 --json > error.json || test $? -eq 2
"""


@pytest.mark.skipif(os.name != "posix", reason="they are shell scripts")
def test_the_documents_have_the_keys_that_the_examples_show(desk: Path) -> None:
    done = bash(EVERY_DOCUMENT)
    assert done.returncode == 0, done.stderr
    for name in ("job", "results", "run", "check", "error"):
        real = json.loads((desk / f"{name}.json").read_text(encoding="utf-8"))
        told = DOCUMENTS[real["schema"]]
        assert set(real) - {"error"} == set(told) - {"error"}, name
        for key, value in told.items():
            if isinstance(value, dict):
                assert set(real[key]) == set(value), f"{name}: {key}"
            elif isinstance(value, list) and real[key]:
                assert set(real[key][0]) == set(value[0]), f"{name}: {key}"
