from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkup.check.columns import Columns, resolve
from bulkup.check.rules import RULES, Scope, apply_overrides, finding, stopping
from bulkup.errors import InputError
from bulkup.model import Operation, Severity, Target
from tests.describes import describe

CONTACT = describe("Contact")
LEAD = describe("Lead")


def target(operation: Operation, key: str | None = None, name: str = "Contact") -> Target:
    return Target(object=name, operation=operation, external_id=key)


INSERT = target(Operation.INSERT)
UPDATE = target(Operation.UPDATE)
UPSERT = target(Operation.UPSERT, "Email__c")
DELETE = target(Operation.DELETE)


def said(columns: Columns) -> list[tuple[str, str]]:
    return [(one.code, one.column) for one in columns.findings]


def message(columns: Columns, code: str) -> str:
    return next(one.message for one in columns.findings if one.code == code)


def test_names_are_sent_in_the_case_of_the_describe() -> None:
    columns = resolve(["EMAIL__C", " lastname ", "FirstName"], CONTACT, UPSERT)
    assert columns.names == ("Email__c", "LastName", "FirstName")
    assert [one.source for one in columns.as_sent] == ["EMAIL__C", " lastname ", "FirstName"]
    assert columns.findings == ()
    assert columns.key
    assert columns.key.name == "Email__c"
    assert columns.fields["LastName"] == CONTACT.fields["LastName"]


def test_the_key_of_an_upsert_is_given_in_the_case_of_the_describe() -> None:
    asked = target(Operation.UPSERT, "email__C")
    assert resolve(["Email__c", "LastName"], CONTACT, asked).external_id == "Email__c"
    assert resolve(["Id", "LastName"], CONTACT, UPDATE).external_id is None


def test_a_name_with_a_slip_gets_the_nearest_one() -> None:
    columns = resolve(["Emial", "LastName"], CONTACT, INSERT)
    assert said(columns) == [("UNKNOWN_COLUMN", "Emial")]
    assert "did you mean Email? (--map Emial=Email, or --drop Emial)" in columns.findings[0].message


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("First-Name", "FirstName"), ("external_id", "External_Id__c"), ("Mailing  City", "")],
)
def test_blanks_hyphens_and_the_ending_of_custom_fields_do_not_hide_a_name(
    typed: str, meant: str
) -> None:
    text = message(resolve([typed, "LastName"], CONTACT, INSERT), "UNKNOWN_COLUMN")
    assert f"did you mean {meant or 'MailingCity'}?" in text


def test_a_name_like_no_other_gets_no_guess() -> None:
    text = message(resolve(["Zzz", "LastName"], CONTACT, INSERT), "UNKNOWN_COLUMN")
    assert "did you mean" not in text
    assert "--drop Zzz" in text


def test_a_label_gets_the_map_to_type() -> None:
    columns = resolve(["Last Name", "Email"], CONTACT, INSERT)
    assert said(columns)[0] == ("LABEL_NOT_NAME", "Last Name")
    assert "--map 'Last Name=LastName'" in message(columns, "LABEL_NOT_NAME")


def test_map_renames_and_drop_leaves_out() -> None:
    columns = resolve(
        ["E-mail", "Last Name", "Note"],
        CONTACT,
        INSERT,
        {"E-mail": ["email"], "Last Name": ["LastName"]},
        {"Note"},
    )
    assert columns.names == ("Email", "LastName")
    assert columns.left_out == ("Note",)
    assert columns.findings == ()


def test_map_to_a_field_that_does_not_exist_is_a_finding() -> None:
    columns = resolve(["a", "LastName"], CONTACT, INSERT, {"a": ["Emial"]})
    assert said(columns) == [("UNKNOWN_COLUMN", "a")]


def test_a_column_is_sent_as_each_field_that_it_is_given_to() -> None:
    columns = resolve(["Mail", "LastName"], CONTACT, UPSERT, {"Mail": ["Email", "Email__c"]})
    assert columns.findings == ()
    assert columns.names == ("Email", "Email__c", "LastName")
    assert columns.key == columns.as_sent[1]


def test_two_columns_that_are_given_to_one_field_contradict_each_other() -> None:
    with pytest.raises(InputError) as caught:
        resolve(["a", "b c"], CONTACT, INSERT, {"a": ["Email"], "b c": ["email", "Title"]})
    assert caught.value.message == "--map a=Email and --map 'b c=email' fill one field"


def test_map_and_drop_of_columns_that_the_file_does_not_have_are_said_together() -> None:
    renames = {"Emial": ["Email"], "x": ["Title"]}
    with pytest.raises(InputError) as caught:
        resolve(["Email", "x"], CONTACT, INSERT, renames, {"Note", "x"})
    assert caught.value.name == "UnknownColumn"
    assert "--map: the file has no column 'Emial', did you mean 'Email'?" in caught.value.message
    assert "--drop: the file has no column 'Note'" in caught.value.message
    assert "'x' is in --map and in --drop" in caught.value.message


def test_our_own_columns_and_those_of_salesforce_results_are_not_sent() -> None:
    header = ["bulkup__Row", "sf__Id", "SF__Error", "Id", "LastName"]
    columns = resolve(header, CONTACT, UPDATE)
    assert columns.names == ("Id", "LastName")
    assert columns.left_out == ("bulkup__Row", "sf__Id", "SF__Error")
    assert columns.findings == ()


def test_columns_that_an_insert_can_not_write() -> None:
    header = ["LastName", "CreatedDate", "MailingAddress", "Id"]
    assert said(resolve(header, CONTACT, INSERT)) == [
        ("COLUMN_NOT_LOADABLE", "CreatedDate"),
        ("COLUMN_NOT_LOADABLE", "MailingAddress"),
        ("COLUMN_NOT_LOADABLE", "Id"),
    ]


def test_a_field_that_only_an_insert_writes() -> None:
    once = replace(CONTACT.fields["Title"], updateable=False)
    info = replace(CONTACT, fields={**CONTACT.fields, "Title": once})
    assert resolve(["LastName", "Title"], info, INSERT).findings == ()
    half = resolve(["Email__c", "LastName", "Title"], info, UPSERT)
    assert said(half) == [("COLUMN_NOT_FOR_ALL_ROWS", "Title")]
    assert half.findings[0].severity is Severity.WARNING
    assert half.findings[0].message.endswith("rows that find their record may fail")
    assert said(resolve(["Id", "Title"], info, UPDATE)) == [("COLUMN_NOT_LOADABLE", "Title")]


def test_why_a_field_can_not_be_written() -> None:
    fixed = replace(CONTACT.fields["Title"], createable=False, updateable=False)
    for field, reason in [
        (replace(fixed, calculated=True), "is calculated"),
        (replace(fixed, auto_number=True), "is numbered"),
        (fixed, "can't be written by an insert"),
    ]:
        info = replace(CONTACT, fields={**CONTACT.fields, "Title": field})
        columns = resolve(["LastName", "Title"], info, INSERT)
        assert reason in message(columns, "COLUMN_NOT_LOADABLE")


def test_an_upsert_by_a_key_takes_no_id_beside_it() -> None:
    columns = resolve(["Email__c", "Id", "LastName"], CONTACT, UPSERT)
    assert said(columns) == [("COLUMN_NOT_LOADABLE", "Id")]


@pytest.mark.parametrize("operation", [Operation.UPDATE, Operation.DELETE, Operation.HARD_DELETE])
def test_operations_by_id_need_an_id_column(operation: Operation) -> None:
    columns = resolve(["LastName"], CONTACT, target(operation))
    assert ("KEY_COLUMN_MISSING", "Id") in said(columns)
    assert f"every {operation} needs" in message(columns, "KEY_COLUMN_MISSING")
    assert columns.key is None


def test_an_upsert_needs_its_key_column() -> None:
    columns = resolve(["Email", "LastName"], CONTACT, UPSERT)
    assert said(columns) == [("KEY_COLUMN_MISSING", "Email__c")]


def test_an_upsert_by_id_without_ids_would_insert_every_row() -> None:
    columns = resolve(["LastName"], CONTACT, target(Operation.UPSERT, "id"))
    assert "every row would be inserted anew" in message(columns, "KEY_COLUMN_MISSING")


@pytest.mark.parametrize("key", ["Id", "Email", "Email__c", "External_Id__c"])
def test_ids_external_ids_and_lookup_fields_are_keys(key: str) -> None:
    header = [key, "LastName"]
    assert resolve(header, CONTACT, target(Operation.UPSERT, key)).findings == ()


@pytest.mark.parametrize(
    ("key", "reason"), [("Title", "Title is no key"), ("Nope", "no field 'Nope'"), (None, "''")]
)
def test_a_field_that_is_no_key_gets_the_list_of_those_that_are(
    key: str | None, reason: str
) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        resolve(["Title", "LastName"], CONTACT, target(Operation.UPSERT, key))
    assert caught.value.name == "KeyNotAllowed"
    assert caught.value.message.endswith(
        "an upsert finds records by Id, Email, Email__c, External_Id__c"
    )
    assert "--external-id" in caught.value.hint


def test_the_key_that_was_probably_meant_is_told() -> None:
    with pytest.raises(InputError) as caught:
        resolve(["Email"], CONTACT, target(Operation.UPSERT, "External_Id"))
    assert caught.value.hint == "Did you mean --external-id External_Id__c?"


def test_a_delete_takes_only_the_id() -> None:
    assert resolve(["Id"], CONTACT, DELETE).findings == ()
    columns = resolve(["Id", "Last Name", "Nope"], CONTACT, DELETE, {"Last Name": ["LastName"]})
    text = message(columns, "ONLY_ID_FOR_DELETE")
    assert text == "A delete takes only the Id: --drop 'Last Name' --drop Nope"
    assert resolve(["Id", "Nope"], CONTACT, DELETE, drops={"Nope"}).findings == ()


def test_two_columns_for_one_field() -> None:
    columns = resolve(["LastName", "lastname", "Email"], CONTACT, INSERT)
    assert said(columns) == [("COLUMN_TWICE", "lastname")]
    mapped = resolve(["LastName", "x"], CONTACT, INSERT, {"x": ["LastName"]})
    assert "'LastName' and 'x' would both be sent as LastName" in mapped.findings[0].message


def test_nothing_but_keys() -> None:
    assert said(resolve(["Id"], CONTACT, UPDATE)) == [("NOTHING_BUT_KEYS", "")]
    assert ("NOTHING_BUT_KEYS", "") in said(resolve(["Email__c"], CONTACT, UPSERT))
    nothing = resolve(["sf__Id"], CONTACT, INSERT)
    assert "No column would be sent" in message(nothing, "NO_COLUMN_LEFT")


def test_required_fields_without_a_column() -> None:
    insert = resolve(["Title"], LEAD, target(Operation.INSERT, name="Lead"))
    assert said(insert) == [
        ("REQUIRED_COLUMN_MISSING", "LastName"),
        ("REQUIRED_COLUMN_MISSING", "Company"),
    ]
    upsert = resolve(["Email__c", "Title"], CONTACT, UPSERT)
    assert said(upsert) == [("REQUIRED_FOR_NEW", "LastName")]
    assert upsert.findings[0].severity is Severity.WARNING
    assert resolve(["Id", "Title"], CONTACT, UPDATE).findings == ()


def test_a_required_reference_may_be_filled_by_a_relationship() -> None:
    owner = replace(CONTACT.fields["AccountId"], nillable=False)
    info = replace(CONTACT, fields={**CONTACT.fields, "AccountId": owner})
    assert resolve(["LastName", "Account.External_Id__c"], info, INSERT).findings == ()


def test_relationship_columns_in_the_case_of_the_describe() -> None:
    columns = resolve(["LastName", "account.External_Id__c", "reportsto.email"], CONTACT, INSERT)
    assert columns.names == ("LastName", "Account.External_Id__c", "ReportsTo.Email")
    assert columns.findings == ()
    assert columns.as_sent[1].field is None
    assert columns.as_sent[1].reference == CONTACT.fields["AccountId"]


def test_a_reference_to_several_objects_needs_the_object_in_front() -> None:
    into = target(Operation.INSERT, name="Lead")
    header = ["LastName", "Company", "Owner.Email"]
    columns = resolve(header, LEAD, into)
    assert said(columns) == [("RELATIONSHIP_NEEDS_OBJECT", "Owner.Email")]
    assert "write Group:Owner.Email or User:Owner.Email" in columns.findings[0].message
    assert said(resolve([*header[:2], "Account:Owner.Email"], LEAD, into))[0][0] == (
        "RELATIONSHIP_NEEDS_OBJECT"
    )
    right = resolve([*header[:2], "user:owner.Email"], LEAD, into)
    assert right.findings == ()
    assert right.names[-1] == "User:Owner.Email"


def test_a_reference_to_one_object_must_not_name_it() -> None:
    columns = resolve(["LastName", "User:Owner.Email"], CONTACT, INSERT)
    assert said(columns) == [("RELATIONSHIP_TAKES_NO_OBJECT", "User:Owner.Email")]
    assert "--map User:Owner.Email=Owner.Email" in columns.findings[0].message


@pytest.mark.parametrize(
    ("column", "hint"),
    [
        ("Acount.External_Id__c", "did you mean Account?"),
        ("AccountId.External_Id__c", "did you mean Account?"),
        ("Zzz.Qqq", "those that can be loaded: Account, Owner, ReportsTo"),
        ("A.B.C", "those that can be loaded"),
        (".Email", "those that can be loaded"),
        ("Account.", "did you mean Account?"),
        ("ReportsTo.Title", "those that find records are Id, Email, Email__c, External_Id__c"),
    ],
)
def test_relationships_that_do_not_resolve(column: str, hint: str) -> None:
    columns = resolve(["LastName", column], CONTACT, INSERT)
    assert said(columns) == [("RELATIONSHIP_UNKNOWN", column)]
    assert hint in columns.findings[0].message


def test_a_relationship_whose_reference_can_not_be_written() -> None:
    columns = resolve(["LastName", "CreatedBy.Email"], CONTACT, INSERT)
    assert said(columns) == [("COLUMN_NOT_LOADABLE", "CreatedBy.Email")]


@pytest.mark.parametrize("operation", list(Operation))
def test_an_object_that_the_user_may_not_load(operation: Operation) -> None:
    info = replace(CONTACT, createable=False, updateable=False, deletable=False)
    columns = resolve(["Id"], info, target(operation, "Id"))
    assert columns.findings[0].code == "OBJECT_NOT_LOADABLE"
    assert f"may not {operation}" in columns.findings[0].message


@given(st.lists(st.text(max_size=12), max_size=6, unique=True), st.sampled_from(list(Operation)))
def test_any_header_is_answered_and_every_column_is_sent_or_left_out(
    header: list[str], operation: Operation
) -> None:
    columns = resolve(header, CONTACT, target(operation, "Email__c"))
    assert sorted([one.source for one in columns.as_sent] + list(columns.left_out)) == sorted(
        header
    )
    assert all(one.code in RULES for one in columns.findings)


def test_allow_beats_strict_and_strict_beats_the_table() -> None:
    found = [finding("COLUMN_EMPTY", "x"), finding("TOO_LONG", "y"), finding("ROW_TWICE", "z")]
    weighed = apply_overrides(found, allow={"TOO_LONG", "ROW_TWICE"}, strict=True)
    assert [(one.code, one.severity) for one in weighed] == [
        ("COLUMN_EMPTY", Severity.ERROR),
        ("TOO_LONG", Severity.WARNING),
        ("ROW_TWICE", Severity.WARNING),
    ]


def test_a_firm_code_is_let_pass_by_nobody() -> None:
    firm = [code for code, rule in RULES.items() if rule.firm]
    weighed = apply_overrides([finding(code, "x") for code in firm], allow=set(RULES))
    assert {one.severity for one in weighed} == {Severity.ERROR}
    assert {"KEY_COLUMN_MISSING", "KEY_EMPTY", "UNKNOWN_COLUMN", "COLUMN_TWICE"} <= set(firm)
    assert not {"KEY_TWICE", "REQUIRED_COLUMN_MISSING", "NOTHING_BUT_KEYS"} & set(firm)


def test_skip_invalid_stops_only_for_what_is_not_about_single_rows() -> None:
    found = apply_overrides(
        [finding("ROW_TWICE", "z"), finding("TOO_LONG", "y"), finding("COLUMN_TWICE", "")]
    )
    assert [one.code for one in stopping(found)] == ["TOO_LONG", "COLUMN_TWICE"]
    assert [one.code for one in stopping(found, skip_invalid=True)] == ["COLUMN_TWICE"]


def test_every_code_has_a_sentence_for_the_user() -> None:
    for code, rule in RULES.items():
        assert code.isupper()
        assert rule.meaning
        assert rule.advice
        assert rule.scope in Scope


def test_columns_of_other_tools_are_left_out_unless_the_object_has_them() -> None:
    header = ["_", "__Status", "__Id", "__Action", "__Errors", "LastName", "STATUS", "ERROR"]
    columns = resolve(header, CONTACT, INSERT)
    assert columns.findings == ()
    assert columns.names == ("LastName",)
    lead = resolve(["LastName", "Company", "STATUS"], LEAD, target(Operation.INSERT, name="Lead"))
    assert lead.names == ("LastName", "Company", "Status")


@pytest.mark.parametrize("operation", [Operation.UPDATE, Operation.DELETE, Operation.HARD_DELETE])
def test_the_id_of_our_own_result_file_is_the_id(operation: Operation) -> None:
    columns = resolve(["sf__Id", "bulkup__Row"], CONTACT, target(operation))
    assert columns.names == ("Id",)
    assert columns.key == columns.as_sent[0]
    assert columns.left_out == ("bulkup__Row",)
    both = resolve(["sf__Id", "id"], CONTACT, target(operation))
    assert both.names == ("Id",)
    assert both.as_sent[0].source == "id"


def test_an_insert_leaves_the_id_of_our_own_result_file_out() -> None:
    assert resolve(["sf__Id", "LastName"], CONTACT, INSERT).names == ("LastName",)


def test_what_can_not_be_loaded_is_known_by_its_columns() -> None:
    header = ["LastName", "Emial", "Last Name", "CreatedDate", "Account.Nope"]
    parents = {"Account": describe("Account")}
    columns = resolve(header, CONTACT, INSERT, parents=parents)
    assert columns.not_loadable == {"Emial", "CreatedDate", "Account.Nope"}
    assert resolve(["Id", "Email"], CONTACT, DELETE).not_loadable == {"Email"}
    assert resolve(["Id", "Email"], CONTACT, UPDATE).not_loadable == set()
