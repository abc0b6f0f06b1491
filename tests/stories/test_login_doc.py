"""docs/login.md says what the program does."""

import re
from pathlib import Path

import pytest

from bulkup.auth.authorization_code import callback
from bulkup.auth.credentials import find
from bulkup.auth.environment import SETS
from bulkup.errors import CredentialsError
from tests.stories.conftest import Bulkup

TEXT = (Path(__file__).parents[2] / "docs" / "login.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"bulkup (login|logout|orgs|doctor|resume|run)\b([^`\n#|]*)")
COMMANDS = sorted(set(COMMAND.findall(TEXT)))


@pytest.mark.parametrize(("command", "rest"), COMMANDS)
def test_each_option_in_the_text_is_one_of_its_command(
    bulkup: Bulkup, command: str, rest: str
) -> None:
    shown = bulkup(command, "--help").out
    for option in re.findall(r"--[a-z-]+", rest):
        assert option in shown


def test_the_sets_of_variables_in_the_text_are_those_that_are_read(tmp_path: Path) -> None:
    rows = re.findall(r"^\| (`BULKUP_[^|]+) \|", TEXT, re.MULTILINE)
    assert [tuple(re.findall(r"BULKUP_\w+", row)) for row in rows] == [one.names for one in SETS]
    for one in SETS:
        with pytest.raises(CredentialsError) as caught:
            find(None, {one.names[-1]: "x"}, tmp_path)
        assert caught.value.name == "HalfSet"


def test_the_callback_url_in_the_text_is_the_one_that_is_sent() -> None:
    assert callback(1717) in TEXT


def test_the_ways_in_the_text_are_linked_to_what_is_there() -> None:
    links = re.findall(r"\]\(#([\w-]+)\)", TEXT)
    heads = [
        re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-")
        for head in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    ]
    assert links
    assert set(links) <= set(heads)
