"""The documents have one home, and README.md names each of them."""

import re
from pathlib import Path

from bulkup.report.document import Schema

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_names_each_schema_and_no_other() -> None:
    sentence = re.search(r'^(.*) print `\{"schema": "bulkup\.NAME/1"', README, re.MULTILINE)
    assert sentence
    listed = {f"bulkup.{name}/1" for name in re.findall(r"`([a-z]+)`", sentence[1])}
    named = set(re.findall(r"bulkup\.[a-z-]+/[0-9]+", README))
    assert named | (listed - {"bulkup.abort/1"}) == set(Schema)


def test_a_schema_is_named_in_no_other_module() -> None:
    # To be wired by the commands that list and retry runs.
    naming = {
        path.name
        for path in (ROOT / "bulkup").rglob("*.py")
        if re.search(r'"bulkup\.[a-z-]+/[0-9]+"', path.read_text(encoding="utf-8"))
    }
    assert naming == {"document.py"}
