"""What describes say beyond single fields: parents, people, labels, lists, record types."""

from dataclasses import replace
from pathlib import Path

import pytest

from bulkup.check.cells.record_ids import restore
from bulkup.check.columns import Columns, resolve
from bulkup.check.relationships import parent_object
from bulkup.model import Field, Operation, RecordType, Severity, Target
from bulkup.salesforce.describe import object_of
from tests.check.checking import Checker
from tests.describes import describe

CONTACT, ACCOUNT, USER, LEAD = map(describe, ("Contact", "Account", "User", "Lead"))
PARENTS = {"Account": ACCOUNT, "User": USER}
INSERT = Target(object="Contact", operation=Operation.INSERT)
RECORD_TYPE = object_of(
    {
        "name": "RecordType",
        "fields": [{"name": "Id", "type": "id"}, {"name": "Name"}, {"name": "DeveloperName"}],
    }
)
TYPES = (
    RecordType(id="012000000000001AAA", name="Firm", developer_name="Firm_x", available=True),
    RecordType(id="012000000000002AAA", name="Person", developer_name="Person_x", available=False),
)
RECORD_TYPE_ID = Field(
    name="RecordTypeId",
    type="reference",
    reference_to=("RecordType",),
    relationship_name="RecordType",
)


@pytest.fixture
def insert(tmp_path: Path) -> Checker:
    checker = Checker(tmp_path, "Contact", Operation.INSERT)
    checker.parents = PARENTS
    return checker


def with_fields(checker: Checker, *fields: Field, **more: object) -> Checker:
    known = {**checker.info.fields, **{field.name: field for field in fields}}
    checker.info = replace(checker.info, fields=known, **more)  # type: ignore[arg-type]
    return checker


def columns(*header: str) -> Columns:
    return resolve(header, CONTACT, INSERT, parents=PARENTS)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("Account.Name", "Account.Name finds no records: those that find records are Id, "),
        ("Owner.Name", "User.Name finds no records"),
        ("Account.Externl_Id__c", "did you mean Account.External_Id__c? (--map "),
        ("Account.Zzzzzz", "Account has no field 'Zzzzzz': those that find records are "),
    ],
)
def test_a_relationship_by_a_field_that_finds_no_records_is_an_error(
    column: str, words: str
) -> None:
    (found,) = columns("LastName", column).findings
    assert (found.code, found.column) == ("RELATIONSHIP_UNKNOWN", column)
    assert words in found.message


def test_a_relationship_by_a_key_of_its_object_has_no_finding_and_the_keys_own_spelling() -> None:
    made = columns("LastName", "account.external_id__c", "Owner.Username", "ReportsTo.Email")
    assert made.findings == ()
    assert made.names == (
        "LastName",
        "Account.External_Id__c",
        "Owner.Username",
        "ReportsTo.Email",
    )
    assert [column.parent_key and column.parent_key.length for column in made.as_sent] == [
        None,
        64,
        80,
        80,
    ]


def test_objects_of_columns_are_those_that_the_reference_points_to() -> None:
    assert parent_object("Account.External_Id__c", CONTACT) == "Account"
    assert parent_object("user:Owner.Email", LEAD) == "User"
    assert parent_object("Owner.Email", LEAD) == ""
    assert parent_object("Nobody.Email", LEAD) == ""
    assert parent_object("Email", LEAD) == ""


def test_record_types_are_found_by_their_names(insert: Checker) -> None:
    insert.parents = {**PARENTS, "RecordType": RECORD_TYPE}
    with_fields(insert, RECORD_TYPE_ID)
    for column in ("RecordType.DeveloperName", "RecordType.Name"):
        assert resolve([column, "LastName"], insert.info, INSERT, parents=insert.parents).names
        assert insert.findings(f"LastName,{column}\nA,Firm\n") == {}
    (found,) = insert.findings("LastName,RecordType.DeveloperNam\nA,Firm\n").values()
    assert "did you mean RecordType.DeveloperName?" in found.message


def test_the_key_of_a_parent_is_as_long_as_its_field_holds(insert: Checker) -> None:
    assert insert.findings(f"LastName,Account.External_Id__c\nA,{'x' * 64}\n") == {}
    found = insert.findings(f"LastName,Account.External_Id__c\nA,{'x' * 65}\n")
    message = found["TOO_LONG", "Account.External_Id__c"].message
    assert message == "External_Id__c takes at most 64 characters, and one has 65"


def test_the_key_of_a_parent_has_the_form_of_its_field(insert: Checker) -> None:
    found = insert.findings("LastName,ReportsTo.Email,Owner.Id\nA,nobody,12\nB,a@x.com,\n")
    assert set(found) == {("NOT_AN_EMAIL", "ReportsTo.Email"), ("MALFORMED_ID", "Owner.Id")}


def test_two_parents_in_one_row_are_an_error_and_in_two_rows_are_not(insert: Checker) -> None:
    header = "LastName,AccountId,Account.External_Id__c\n"
    assert insert.findings(f"{header}A,001000000000001AAA,\nB,,k1\nC,,\n") == {}
    found = insert.findings(f"{header}A,001000000000001AAA,k1\nB,,k1\n")
    both = found["BOTH_REFERENCES", "Account.External_Id__c"]
    assert (both.severity, both.rows) == (Severity.ERROR, (1,))
    assert "another column fills AccountId in the same row" in both.message


def test_columns_far_apart_are_compared_all_the_same(insert: Checker) -> None:
    extra = [Field(name=f"F{n}__c", length=9) for n in range(600)]
    with_fields(insert, *extra)
    names = ",".join(field.name for field in extra)
    row = "001000000000001AAA," + ",".join("x" for _ in extra) + ",k1,A"
    found = insert.findings(f"AccountId,{names},Account.External_Id__c,LastName\n{row}\n")
    assert set(found) == {("BOTH_REFERENCES", "Account.External_Id__c")}


def test_a_file_can_not_be_loaded_into_a_field(insert: Checker) -> None:
    with_fields(insert, Field(name="Body", type="base64"))
    (found,) = insert.findings("LastName,Body\nA,QQ==\n").values()
    assert found.code == "COLUMN_NOT_LOADABLE"
    assert "holds a file, which Bulk API 2.0 does not take" in found.message


def people(folder: Path, operation: Operation = Operation.INSERT) -> Checker:
    """Accounts of an org with person accounts."""
    checker = Checker(folder, "Account", operation, key="External_Id__c")
    if operation is Operation.INSERT:
        checker.target = replace(checker.target, external_id=None)
    return with_fields(
        checker,
        Field(name="IsPersonAccount", type="boolean", createable=False, updateable=False),
        Field(name="LastName", length=80),
        Field(name="FirstName", length=40),
    )


def test_people_need_no_company_name(tmp_path: Path) -> None:
    accounts = people(tmp_path)
    assert accounts.findings("FirstName,LastName\nAnn,Lee\n") == {}
    assert accounts.findings("Name,LastName\nAcme,\n,Lee\n") == {}
    found = accounts.findings("Name,LastName,FirstName\nAcme,,\n,,Ann\n")
    assert found["REQUIRED_EMPTY", "Name"].rows == (2,)
    assert set(accounts.findings("Name,Phone\nAcme,1\n,2\n")) == {("REQUIRED_EMPTY", "Name")}
    assert set(accounts.findings("Phone\n1\n")) == {("REQUIRED_COLUMN_MISSING", "Name")}


def test_a_person_with_a_company_name_is_a_warning(tmp_path: Path) -> None:
    found = people(tmp_path).findings("Name,LastName\nAcme,Lee\n#N/A,Kim\n")
    assert set(found) >= {("BOTH_NAMES", "Name")}
    both = found["BOTH_NAMES", "Name"]
    assert (both.severity, both.rows) == (Severity.WARNING, (1,))


def test_an_upsert_of_people_warns_of_rows_with_neither_name(tmp_path: Path) -> None:
    upsert = people(tmp_path, Operation.UPSERT)
    found = upsert.findings("External_Id__c,Name,LastName\n1,Acme,\n2,,Lee\n3,,\n")
    assert found["REQUIRED_EMPTY_FOR_NEW", "Name"].rows == (3,)


def test_the_label_of_a_picklist_value_names_the_value_to_write(insert: Checker) -> None:
    code = Field(
        name="Country__c",
        type="picklist",
        restricted_picklist=True,
        picklist_values=("US", "DE"),
        length=255,
    )
    labels = {"Country__c": {"United States": "US", "Germany": "DE"}}
    with_fields(insert, code, picklist_labels=labels)
    assert insert.findings("LastName,Country__c\nA,US\n") == {}
    found = insert.findings("LastName,Country__c\nA,united states\n")
    message = found["NOT_IN_PICKLIST", "Country__c"].message
    assert message.endswith("it is the label of US: write US")
    several = replace(code, type="multipicklist")
    with_fields(insert, several)
    found = insert.findings("LastName,Country__c\nA,Germany;US\n")
    assert found["NOT_IN_PICKLIST", "Country__c"].message.endswith("write DE;US")


def test_labels_come_from_the_describe() -> None:
    values = [
        {"value": "US", "label": "United States", "active": True},
        {"value": "DD", "label": "East Germany", "active": False},
        {"value": "DE", "label": "DE", "active": True},
    ]
    info = object_of({"name": "X", "fields": [{"name": "C", "picklistValues": values}]})
    assert info.picklist_labels == {"C": {"United States": "US"}}


def test_states_and_countries_are_those_of_the_orgs_lists(insert: Checker) -> None:
    assert insert.findings("LastName,MailingState\nA,Anywhere\n") == {}
    codes = Field(name="MailingStateCode", type="picklist", picklist_values=("BY", "BE"))
    labels = {"MailingStateCode": {"Bavaria": "BY", "Berlin": "BE"}}
    with_fields(insert, codes, picklist_labels=labels)
    assert insert.findings("LastName,MailingState\nA,bavaria\nB,BE\nC,\n") == {}
    (found,) = insert.findings("LastName,MailingState\nA,Bayern\n").values()
    assert found.code == "STATE_NOT_IN_PICKLIST"
    assert found.severity is Severity.WARNING
    assert found.message.endswith("they are Bavaria, Berlin")


def test_a_record_type_that_the_user_has_not_is_an_error(insert: Checker) -> None:
    header = "LastName,RecordTypeId\n"
    assert insert.findings(f"{header}A,012000000000002AAA\n").keys() <= {
        ("UNKNOWN_COLUMN", "RecordTypeId")
    }
    with_fields(insert, RECORD_TYPE_ID, record_types=TYPES)
    assert insert.findings(f"{header}A,012000000000001\nB,012000000000001AAA\nC,\n") == {}
    found = insert.findings(f"{header}A,012000000000002AAA\n")
    message = found["RECORD_TYPE_NOT_AVAILABLE", "RecordTypeId"].message
    assert message.endswith("they are 012000000000001AAA (Firm)")


def test_a_record_type_by_a_name_that_the_user_has_not_is_an_error(insert: Checker) -> None:
    insert.parents = {"RecordType": RECORD_TYPE}
    with_fields(insert, RECORD_TYPE_ID, record_types=TYPES)
    assert insert.findings("LastName,RecordType.DeveloperName\nA,firm_X\nB,\n") == {}
    found = insert.findings("LastName,RecordType.DeveloperName\nA,Person_x\n")
    message = found["RECORD_TYPE_NOT_AVAILABLE", "RecordType.DeveloperName"].message
    assert message.endswith("they are Firm_x")
    assert insert.findings("LastName,RecordType.Name\nA,Firm\n") == {}


def test_record_types_come_from_the_describe() -> None:
    entry = {
        "recordTypeId": "012000000000001AAA",
        "name": "Firm",
        "developerName": "Firm_x",
        "available": True,
        "active": False,
    }
    info = object_of({"name": "X", "fields": [], "recordTypeInfos": [entry]})
    assert info.record_types == (replace(TYPES[0], available=False),)


def test_a_date_with_a_zone_is_a_warning(insert: Checker) -> None:
    found = insert.findings("LastName,Birthdate\nA,1940-06-07Z\nB,1940-06-07+01:00\nC,1940-06-07\n")
    assert set(found) == {("DATE_WITH_ZONE", "Birthdate")}
    zone = found["DATE_WITH_ZONE", "Birthdate"]
    assert (zone.severity, zone.rows) == (Severity.WARNING, (1, 2))
    assert "write 1940-06-07" in zone.message


@pytest.mark.parametrize("spoilt", ["0035g00000abcdeaav", "0035G00000ABCDEAAV"])
def test_an_id_whose_capitals_are_lost_is_shown_right(insert: Checker, spoilt: str) -> None:
    found = insert.findings(f"LastName,ReportsToId\nA,{spoilt}\n")
    message = found["WRONG_ID_CHECKSUM", "ReportsToId"].message
    assert message.endswith("write 0035g00000AbCdEAAV")


def test_only_an_id_whose_end_fits_is_restored() -> None:
    assert restore("0035g00000abcdeaav") == "0035g00000AbCdEAAV"
    assert restore("0035g00000abcde") == ""
    assert restore("0035g00000abcde999") == ""
    assert restore("003000000012345aab") == ""
