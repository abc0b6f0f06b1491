from pathlib import Path

from bulkup.check.rules import RULES

DOC = Path(__file__).parents[2] / "docs" / "check.md"


def test_the_table_for_users_is_the_table_of_the_code() -> None:
    text = DOC.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `") and line.count("|") == 7]
    assert rows == [
        f"| `{code}` | {rule.severity} | {rule.scope} | {'no' if rule.firm else 'yes'} "
        f"| {rule.meaning} | {rule.advice} |"
        for code, rule in RULES.items()
    ]
