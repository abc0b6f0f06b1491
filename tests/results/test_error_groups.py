from pathlib import Path

import pytest

from bulkup.duckdb_tools.engine import engine
from bulkup.results import error_groups
from bulkup.results.error_groups import Groups
from bulkup.results.totals import ErrorGroup


def grouped(folder: Path, *texts: str) -> tuple[ErrorGroup, ...]:
    groups = Groups()
    with engine(folder) as connection:
        connection.execute("CREATE TABLE failed (row BIGINT, error VARCHAR)")
        connection.executemany("INSERT INTO failed VALUES (?, ?)", list(enumerate(texts, 1)))
        groups.add(connection, "failed")
    return groups.sorted_groups(lambda code: f"({code})")


# Salesforce's words, then code, field and message of their group
CASES = """
REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --
REQUIRED_FIELD_MISSING|LastName|Required fields are missing: [LastName]
INVALID_FIELD:Failed to deserialize field at col 3. Due to, 'x:y' is not a valid value:CloseDate --
INVALID_FIELD|CloseDate|Failed to deserialize field at col 3. Due to, '…' is not a valid value
INVALID_FIELD:Foreign key external ID: a b not found for field Ext__c in entity Account:--
INVALID_FIELD||Foreign key external ID: … not found for field Ext__c in entity Account
DUPLICATE_EXTERNAL_ID:Ext__c: more than one: [003000000000001AAA, 003000000000002AAA]:--
DUPLICATE_EXTERNAL_ID||Ext__c: more than one: […]
DUPLICATE_VALUE:Duplicate external id specified: x⏎y:Ext__c --
DUPLICATE_VALUE|Ext__c|Duplicate external id specified: …
INVALID_EMAIL_ADDRESS:Email: invalid email address: a@b:Email --
INVALID_EMAIL_ADDRESS|Email|Email: invalid email address: …
STRING_TOO_LONG:Name: data value too large: Ann (max length=80):Name --
STRING_TOO_LONG|Name|Name: data value too large: … (max length=80)
CANNOT_EXECUTE_FLOW_TRIGGER:Flow Sum: first error: UNABLE_TO_LOCK_ROW, busy:AccountId --
UNABLE_TO_LOCK_ROW|AccountId|busy
CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY:T: first error: UNABLE_TO_LOCK_ROW, busy: []:--
UNABLE_TO_LOCK_ROW||busy
CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY:T: first error: STRING_TOO_LONG, x:--
CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY||T: first error: STRING_TOO_LONG, x
something else: 12345
||something else: …
""".strip().split("\n")


@pytest.mark.parametrize(("text", "expected"), [*zip(CASES[::2], CASES[1::2], strict=True)])
def test_an_error_is_parted_and_its_varying_words_are_out(
    tmp_path: Path, text: str, expected: str
) -> None:
    (group,) = grouped(tmp_path, text.replace("⏎", "\n"))
    assert [group.code, group.field, group.message] == expected.split("|")


def test_the_most_frequent_group_is_first_and_names_its_first_rows(tmp_path: Path) -> None:
    texts = ["A:x:--", *(f"B:'{at}':F --" for at in range(30)), "A:x:--"]
    first, second = grouped(tmp_path, *texts)
    assert (first.code, first.count, first.rows) == ("B", 30, tuple(range(2, 22)))
    assert (second.code, second.count, second.rows) == ("A", 2, (1, 32))
    assert first.share == 30 / 32
    assert second.explanation == "(A)"


def test_messages_without_end_become_one_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(error_groups, "MOST_GROUPS", 2)
    groups = grouped(tmp_path, *(f"A:{word}:--" for word in "pqrst"))
    assert sum(group.count for group in groups) == 5
    assert groups[0].message == "…"
    assert groups[0].count == 3


def test_no_failed_rows_are_no_groups() -> None:
    assert Groups().sorted_groups(str) == ()
