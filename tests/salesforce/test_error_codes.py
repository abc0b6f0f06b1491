"""The table of Salesforce's codes: complete, plain, and the few that pass by themselves."""

import re
from importlib import resources

import duckdb
import pytest

from bulkup.salesforce import error_codes

FACTS = [
    "INVALID_FIELD",
    "MISSING_ARGUMENT",
    "CANNOT_UPDATE_CONVERTED_LEAD",
    "REQUIRED_FIELD_MISSING",
    "STRING_TOO_LONG",
    "INVALID_EMAIL_ADDRESS",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    "MALFORMED_ID",
    "INVALID_CROSS_REFERENCE_KEY",
    "INVALID_ID_FIELD",
    "ENTITY_IS_DELETED",
    "DUPLICATE_VALUE",
    "DUPLICATE_EXTERNAL_ID",
    "DUPLICATES_DETECTED",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
    "INSUFFICIENT_ACCESS_OR_READONLY",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    "INVALID_FIELD_FOR_INSERT_UPDATE",
    "NUMBER_OUTSIDE_VALID_RANGE",
    "INVALID_TYPE_ON_FIELD_IN_RECORD",
    "STORAGE_LIMIT_EXCEEDED",
    "TXN_SECURITY_NO_ACCESS",
    "UNABLE_TO_LOCK_ROW",
    "REQUEST_LIMIT_EXCEEDED",
    "API_DISABLED_FOR_ORG",
    "INVALID_SESSION_ID",
    "INVALIDJOB",
    "INVALIDJOBSTATE",
]


@pytest.mark.parametrize("code", [*FACTS, *sorted(error_codes.PASSING)])
def test_each_code_worth_knowing_is_explained(code: str) -> None:
    assert len(error_codes.explain(code).split()) > 4
    assert error_codes.explain(code.lower()) == error_codes.explain(code)


def test_a_code_nobody_knows_has_no_explanation() -> None:
    assert error_codes.explain("SOMETHING_ELSE") == ""
    assert error_codes.explain("") == ""


def test_each_code_stands_once_and_is_told_in_one_line() -> None:
    text = (
        resources.files("bulkup.salesforce")
        .joinpath("error_codes.toml")
        .read_text(encoding="utf-8")
    )
    entries = re.findall(r"^([A-Z_0-9]+) = \"(.+)\"$", text, re.MULTILINE)
    assert len(entries) == len(text.strip().splitlines()) - 2
    assert len(entries) >= 50
    assert all(len(words) < 200 for _, words in entries)


def test_what_passes_once_is_among_what_passes() -> None:
    assert error_codes.PASSING_ONCE < error_codes.PASSING


LOCK = "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--"
BY_TRIGGER = (
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY:dlrs_ContactTrigger: execution of AfterInsert\n\n"
    "caused by: System.DmlException: Update failed. First exception on row 0 with id "
    "001000000000001AAA; first error: UNABLE_TO_LOCK_ROW, "
    "unable to obtain exclusive access to this record: []:--"
)
BY_FLOW = (
    "CANNOT_EXECUTE_FLOW_TRIGGER:We can't save this record because the 'Sum' process failed. "
    "first error: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access to this record:--"
)


@pytest.mark.parametrize(
    ("error", "temporary"),
    [
        (LOCK, True),
        ("UNABLE_TO_LOCK_ROW", True),
        ("UNABLE_TO_LOCK_ROW_X:no such code:--", False),
        (BY_TRIGGER, True),
        (BY_FLOW, True),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY:T: first error: INVALID_FIELD, x: []:--", False),
        ("CANNOT_EXECUTE_FLOW_TRIGGER:x:--", False),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION:say UNABLE_TO_LOCK_ROW:Name --", False),
        ("", False),
    ],
)
def test_an_error_passes_by_its_code_or_by_the_code_in_a_triggers_text(
    error: str, temporary: bool
) -> None:
    for_python = re.search(error_codes.temporary_pattern(error_codes.PASSING), error, re.DOTALL)
    assert bool(for_python) is temporary
    assert not re.search(error_codes.temporary_pattern(()), error, re.DOTALL)
    (in_sql,) = duckdb.execute(
        "SELECT regexp_matches(?, ?, 's')",
        [error, error_codes.temporary_pattern(error_codes.PASSING)],
    ).fetchall()[0]
    assert in_sql is temporary


@pytest.mark.parametrize("error", [LOCK, BY_TRIGGER, BY_FLOW])
def test_a_lock_in_a_trigger_is_grouped_like_a_lock(error: str) -> None:
    ((unwrapped,),) = duckdb.execute(
        "SELECT regexp_replace(?, ?, ?, 's')",
        [error, error_codes.unwrap_pattern(), error_codes.UNWRAPPED],
    ).fetchall()
    assert unwrapped == LOCK
