"""What becomes of single rows: values, refusals and Salesforce's words for them."""

import pytest

from bulkup.localorg.data import ids
from bulkup.localorg.data.objects import field_from
from bulkup.localorg.faults import FaultPlan, JobFault
from bulkup.localorg.jobs.cell_types import converter, rewritten
from bulkup.localorg.jobs.errors import RowError
from bulkup.localorg.org import Org
from tests.localorg.asking import Asker

ALIEN = ids.make("001", 999)


def only(org: Asker, name: str) -> dict[str, object]:
    (record,) = org.org.records(name)
    return record


def test_an_insert_holds_values_by_their_meaning(org: Asker) -> None:
    org.load(
        "Lead",
        "insert",
        "lastname,Company,AnnualRevenue,NumberOfEmployees,HasOptedOutOfEmail\nA,B,1e3,12,TRUE\n",
    )
    assert only(org, "Lead") == {
        "Id": ids.make("00Q", 1),
        "LastName": "A",
        "Company": "B",
        "AnnualRevenue": 1000.0,
        "NumberOfEmployees": 12,
        "HasOptedOutOfEmail": True,
        "DoNotCall": False,
        "Status": "Open - Not Contacted",
        "OwnerId": org.org.identity.user_id,
    }


@pytest.mark.parametrize(
    ("object_", "row", "error"),
    [
        (
            "Contact",
            {"FirstName": "A"},
            "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --",
        ),
        (
            "Lead",
            {"FirstName": "A"},
            (
                "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName, Company]"
                ":LastName,Company --"
            ),
        ),
        (
            "Contact",
            {"LastName": "#N/A"},
            "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --",
        ),
        (
            "Contact",
            {"LastName": "x" * 81},
            (
                f"STRING_TOO_LONG:Last Name: data value too large: {'x' * 81} (max length=80)"
                ":LastName --"
            ),
        ),
        (
            "Contact",
            {"LastName": "A", "Email": "ann@"},
            "INVALID_EMAIL_ADDRESS:Email: invalid email address: ann@:Email --",
        ),
        (
            "Lead",
            {"LastName": "A", "Company": "B", "Status": "Lost"},
            (
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST:Status: bad value for restricted picklist "
                "field: Lost:Status --"
            ),
        ),
        (
            "Campaign",
            {"Name": "A", "StartDate": "24.11.2026"},
            (
                "INVALID_FIELD:Failed to deserialize field at col 1. Due to, '24.11.2026' is not a "
                "valid value for the type xsd:date:StartDate --"
            ),
        ),
        (
            "Campaign",
            {"Name": "A", "StartDate": "2026-02-30"},
            (
                "INVALID_FIELD:Failed to deserialize field at col 1. Due to, '2026-02-30' is not a "
                "valid value for the type xsd:date:StartDate --"
            ),
        ),
        (
            "Campaign",
            {"Name": "A", "IsActive": "yes"},
            (
                "INVALID_FIELD:Failed to deserialize field at col 1. Due to, 'yes' is not a valid "
                "value for the type xsd:boolean:IsActive --"
            ),
        ),
        (
            "Campaign",
            {"Name": "A", "BudgetedCost": "1.000,00"},
            (
                "INVALID_FIELD:Failed to deserialize field at col 1. Due to, '1.000,00' is not a "
                "valid value for the type xsd:double:BudgetedCost --"
            ),
        ),
        (
            "Campaign",
            {"Name": "A", "ExpectedResponse": "1234567"},
            (
                "NUMBER_OUTSIDE_VALID_RANGE:Expected Response (%): value outside of valid range on "
                "numeric field: 1234567.0:ExpectedResponse --"
            ),
        ),
        (
            "Lead",
            {"LastName": "A", "Company": "B", "NumberOfEmployees": "1.5"},
            (
                "INVALID_FIELD:Failed to deserialize field at col 2. Due to, '1.5' is not a valid "
                "value for the type xsd:int:NumberOfEmployees --"
            ),
        ),
        (
            "Contact",
            {"LastName": "A", "HasOptedOutOfEmail": "#N/A"},
            (
                "INVALID_TYPE_ON_FIELD_IN_RECORD:Email Opt Out: value not of required type: null"
                ":HasOptedOutOfEmail --"
            ),
        ),
        (
            "Contact",
            {"LastName": "A", "AccountId": "12"},
            "MALFORMED_ID:Account ID: id value of incorrect type: 12:AccountId --",
        ),
        (
            "Contact",
            {"LastName": "A", "AccountId": ids.make("003", 1)},
            (
                f"MALFORMED_ID:Account ID: id value of incorrect type: {ids.make('003', 1)}"
                ":AccountId --"
            ),
        ),
        (
            "Contact",
            {"LastName": "A", "AccountId": ALIEN},
            "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:AccountId --",
        ),
        (
            "Contact",
            {"LastName": "A", "CreatedDate": "2026-11-24T00:00:00Z"},
            (
                "INVALID_FIELD_FOR_INSERT_UPDATE:Unable to create/update fields: CreatedDate. "
                "Please check the security settings of this field and verify that it is "
                "read/write for your profile or permission set.:CreatedDate --"
            ),
        ),
        (
            "Contact",
            {"LastName": "A", "Id": ids.make("003", 7)},
            "INVALID_FIELD_FOR_INSERT_UPDATE:cannot specify Id in an insert call:Id --",
        ),
        (
            "Contact",
            {"LastName": "A", "Account.External_Id__c": "x"},
            (
                "INVALID_FIELD:Foreign key external ID: x not found for field External_Id__c in "
                "entity Account:--"
            ),
        ),
    ],
)
def test_a_row_that_is_refused_says_why_in_salesforces_words(
    org: Asker, object_: str, row: dict[str, str], error: str
) -> None:
    body = ",".join(row) + "\n" + ",".join(f'"{cell}"' for cell in row.values()) + "\n"
    assert org.refused(object_, "insert", body) == error
    assert org.org.records(object_) == []


def test_one_refused_row_does_not_stop_the_others(org: Asker) -> None:
    job = org.load("Contact", "insert", "LastName,Email\nA,x\nB,b@example.com\nC,\n")
    assert [record["LastName"] for record in org.org.records("Contact")] == ["B", "C"]
    seen = org.look(job)
    assert (seen["numberRecordsProcessed"], seen["numberRecordsFailed"]) == (3, 1)
    assert len(org.org.created_by_job(job)) == 2


def test_an_upsert_creates_then_updates_without_regard_to_the_keys_case(org: Asker) -> None:
    first = org.load("Contact", "upsert", "Email__c,LastName\na@example.com,Ann\n", "Email__c")
    again = org.load("Contact", "upsert", "Email__c,LastName\nA@example.com,Bo\n", "email__c")
    assert [row["sf__Created"] for row in org.rows(first, "successfulResults")] == ["true"]
    assert [row["sf__Created"] for row in org.rows(again, "successfulResults")] == ["false"]
    assert only(org, "Contact")["LastName"] == "Bo"
    assert org.org.changed_by_job(again) == [only(org, "Contact")["Id"]]
    assert org.org.created_by_job(again) == []


def test_an_empty_cell_leaves_a_value_and_hash_na_empties_it(org: Asker) -> None:
    key = "External_Id__c"
    org.load("Contact", "upsert", f"{key},LastName,Title,Phone\n1,Ann,Dr,5\n", key)
    org.load("Contact", "upsert", f"{key},LastName,Title,Phone\n1,,#N/A,\n", key)
    held = only(org, "Contact")
    assert "Title" not in held
    assert (held["LastName"], held["Phone"]) == ("Ann", "5")


def test_an_upsert_without_a_key_is_refused_row_by_row(org: Asker) -> None:
    body = "Email__c,LastName\n,Ann\n"
    assert org.refused("Contact", "upsert", body, "Email__c") == (
        "MISSING_ARGUMENT:Email__c not specified:--"
    )
    assert org.refused("Contact", "upsert", "LastName\nAnn\n", "Email__c") == (
        "MISSING_ARGUMENT:Email__c not specified:--"
    )


def test_all_rows_of_a_key_that_is_twice_in_one_slice_are_refused(org: Asker) -> None:
    body = "Email__c,LastName\na@example.com,1\nA@EXAMPLE.com,2\nb@example.com,3\n"
    job = org.load("Contact", "upsert", body, "Email__c")
    assert org.errors(job) == [
        "DUPLICATE_VALUE:Duplicate external id specified: A@EXAMPLE.com:Email__c --",
        "DUPLICATE_VALUE:Duplicate external id specified: a@example.com:Email__c --",
    ]
    assert only(org, "Contact")["LastName"] == "3"


def test_a_key_that_comes_again_200_rows_later_updates(org: Asker) -> None:
    rows = [f"{i % 200}@example.com,N{i}" for i in range(400)]
    job = org.load("Contact", "upsert", "Email__c,LastName\n" + "\n".join(rows), "Email__c")
    assert org.look(job)["numberRecordsFailed"] == 0
    names = {str(record["LastName"]) for record in org.org.records("Contact")}
    assert names == {f"N{i}" for i in range(200, 400)}


def test_an_upsert_by_a_lookup_field_that_several_records_have_is_refused(org: Asker) -> None:
    job = org.load("Contact", "insert", "LastName,Email\nA,a@example.com\nB,a@example.com\n")
    both = sorted(org.org.created_by_job(job))
    error = org.refused("Contact", "upsert", "Email,LastName\na@example.com,C\n", "Email")
    assert error == (
        "DUPLICATE_EXTERNAL_ID:Email: more than one record found for external id field: "
        f"[{both[0]}, {both[1]}]:--"
    )


def test_a_value_of_a_unique_field_is_taken_once(org: Asker) -> None:
    job = org.load("Contact", "insert", "LastName,Email__c\nA,a@example.com\nB,a@example.com\n")
    assert org.errors(job) == [
        (
            "DUPLICATE_VALUE:duplicate value found: Email__c duplicates value on record with id: "
            "<unknown>:--"
        )
    ]
    held = only(org, "Contact")["Id"]
    assert org.refused("Contact", "insert", "LastName,Email__c\nC,A@example.com\n") == (
        f"DUPLICATE_VALUE:duplicate value found: Email__c duplicates value on record with id: "
        f"{held}:--"
    )


def test_a_unique_value_is_free_again_when_its_record_gives_it_up(org: Asker) -> None:
    org.load("Contact", "insert", "LastName,Email__c\nA,a@example.com\n")
    id_ = only(org, "Contact")["Id"]
    org.load("Contact", "update", f"Id,Email__c\n{id_},#N/A\n")
    job = org.load("Contact", "insert", "LastName,Email__c\nB,a@example.com\n")
    assert org.errors(job) == []


def test_an_update_takes_ids_of_15_and_18_characters(org: Asker) -> None:
    org.load("Contact", "insert", "LastName\nA\nB\n")
    long, short = (str(record["Id"]) for record in org.org.records("Contact"))
    job = org.load("Contact", "update", f"Id,LastName\n{long},X\n{short[:15]},Y\n")
    assert org.errors(job) == []
    assert [record["LastName"] for record in org.org.records("Contact")] == ["X", "Y"]
    assert {row["sf__Id"] for row in org.rows(job, "successfulResults")} == {long, short}


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("", "MISSING_ARGUMENT:Id not specified in an update call:--"),
        ("3", "MALFORMED_ID:Contact ID: id value of incorrect type: 3:Id --"),
        (ALIEN, f"MALFORMED_ID:Contact ID: id value of incorrect type: {ALIEN}:Id --"),
        (ids.make("003", 9), "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--"),
        (
            ids.make("003", 9)[:17] + "5",
            (
                f"MALFORMED_ID:Contact ID: id value of incorrect type: {ids.make('003', 9)[:17]}5"
                ":Id --"
            ),
        ),
    ],
)
def test_an_update_of_no_such_record_is_refused(org: Asker, cell: str, error: str) -> None:
    assert org.refused("Contact", "update", f"Id,LastName\n{cell},X\n") == error


def test_an_update_without_an_id_column_is_refused_row_by_row(org: Asker) -> None:
    assert org.refused("Contact", "update", "LastName\nX\n") == (
        "MISSING_ARGUMENT:Id not specified in an update call:--"
    )


def test_the_same_id_twice_in_one_slice_is_refused(org: Asker) -> None:
    org.load("Contact", "insert", "LastName\nA\n")
    id_ = only(org, "Contact")["Id"]
    job = org.load("Contact", "update", f"Id,LastName\n{id_},X\n{id_},Y\n")
    assert org.errors(job) == [f"DUPLICATE_VALUE:Duplicate external id specified: {id_}:Id --"] * 2


def test_an_upsert_on_id_without_an_id_column_inserts_every_row(org: Asker) -> None:
    org.load("Contact", "upsert", "LastName\nA\nB\n", "Id")
    assert len(org.org.records("Contact")) == 2


def test_an_upsert_on_id_updates_where_there_is_one_and_inserts_where_not(org: Asker) -> None:
    org.load("Contact", "insert", "LastName\nA\n")
    id_ = only(org, "Contact")["Id"]
    job = org.load("Contact", "upsert", f"Id,LastName\n{id_},X\n,Y\n", "Id")
    assert sorted(row["sf__Created"] for row in org.rows(job, "successfulResults")) == [
        "false",
        "true",
    ]
    assert [record["LastName"] for record in org.org.records("Contact")] == ["X", "Y"]


def test_id_and_another_key_in_one_row_are_refused(org: Asker) -> None:
    body = f"Id,Email__c,LastName\n{ids.make('003', 1)},a@example.com,A\n"
    assert org.refused("Contact", "upsert", body, "Email__c").startswith(
        "INVALID_FIELD_FOR_INSERT_UPDATE:"
    )


def test_a_deleted_record_is_deleted_and_only_a_hard_delete_takes_it_again(org: Asker) -> None:
    org.load("Contact", "insert", "LastName,Email__c\nA,a@example.com\n")
    id_ = only(org, "Contact")["Id"]
    gone = org.load("Contact", "delete", f"Id\n{id_}\n")
    assert [row["sf__Created"] for row in org.rows(gone, "successfulResults")] == ["false"]
    assert org.org.records("Contact") == []
    assert org.refused("Contact", "delete", f"Id\n{id_}\n") == (
        "ENTITY_IS_DELETED:entity is deleted:--"
    )
    assert org.refused("Contact", "update", f"Id,LastName\n{id_},X\n").startswith("ENTITY_IS_D")
    assert org.errors(org.load("Contact", "hardDelete", f"Id\n{id_}\n")) == []
    assert org.refused("Contact", "hardDelete", f"Id\n{id_}\n") == (
        "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--"
    )
    assert org.refused("Contact", "delete", 'Id\n""\n') == (
        "MISSING_ARGUMENT:Id not specified in a delete call:--"
    )


def test_a_reference_is_filled_by_id_and_by_a_relationship_column(org: Asker) -> None:
    org.load("Account", "insert", "Name,External_Id__c\nAcme,acme\n")
    account = only(org, "Account")["Id"]
    body = f"LastName,AccountId\nA,{str(account)[:15]}\n"
    assert org.errors(org.load("Contact", "insert", body)) == []
    org.load("Contact", "insert", "LastName,account.external_id__c\nB,ACME\n")
    assert [record["AccountId"] for record in org.org.records("Contact")] == [account] * 2


def test_a_relationship_column_by_id_finds_records_of_that_object_only(org: Asker) -> None:
    org.load("Account", "insert", "Name\nAcme\n")
    account = only(org, "Account")["Id"]
    org.load("Contact", "insert", f"LastName,Account.Id\nA,{account}\n")
    assert only(org, "Contact")["AccountId"] == account
    error = org.refused("Contact", "insert", f"LastName,ReportsTo.Id\nB,{account}\n")
    assert error.startswith("INVALID_FIELD:Foreign key external ID:")


def test_hash_na_in_a_relationship_column_empties_the_reference(org: Asker) -> None:
    org.load("Account", "insert", "Name,External_Id__c\nAcme,acme\n")
    key = "Email__c"
    org.load(
        "Contact", "upsert", f"{key},LastName,Account.External_Id__c\na@b.example,A,acme\n", key
    )
    org.load("Contact", "upsert", f"{key},Account.External_Id__c\na@b.example,#N/A\n", key)
    assert "AccountId" not in only(org, "Contact")


def test_a_parent_that_several_records_could_be_is_refused(org: Asker) -> None:
    org.load("Contact", "insert", "LastName,Email\nA,a@example.com\nB,a@example.com\n")
    error = org.refused("Contact", "insert", "LastName,ReportsTo.Email\nC,a@example.com\n")
    assert error.startswith("INVALID_FIELD:More than one record found for external ID")


def test_a_polymorphic_reference_needs_its_object_in_front(org: Asker) -> None:
    email = org.org.identity.username
    org.load("Lead", "insert", f"LastName,Company,User:Owner.Email\nA,B,{email}\n")
    assert only(org, "Lead")["OwnerId"] == org.org.identity.user_id
    assert org.failed("Lead", "insert", "LastName,Company,Owner.Email\nA,B,x@y.example\n") == (
        "InvalidBatch : Unable to find relationship: Owner"
    )
    assert org.failed("Campaign", "insert", "Name,User:Owner.Email\nA,x@y.example\n") == (
        "InvalidBatch : type is not needed for non polymorphic foreign key references: Owner"
    )


@pytest.mark.parametrize(
    ("cells", "held"),
    [
        ("2026-11-24T04:05:06.000Z", "2026-11-24T04:05:06.000Z"),
        ("2026-11-24T04:05:06+01:00", "2026-11-24T03:05:06.000Z"),
        ("2026-11-24T04:05:06.5+0130", "2026-11-24T02:35:06.500Z"),
    ],
)
def test_a_datetime_is_held_in_utc(cells: str, held: str) -> None:
    assert convert("datetime", cells) == held
    rewrite = rewritten(field_from({"name": "F", "type": "datetime"}))
    assert rewrite
    assert rewrite(cells) == held


@pytest.mark.parametrize(
    ("type_", "cell", "xsd"),
    [
        ("datetime", "2026-11-24T04:05:06", "dateTime"),
        ("datetime", "2026-13-24T04:05:06Z", "dateTime"),
        ("datetime", "0001-01-01T04:05:06Z", "dateTime"),
        ("date", "1600-01-01", "date"),
        ("time", "25:00:00Z", "time"),
        ("int", "3000000000", "int"),
        ("double", "NaN", "double"),
    ],
)
def test_a_cell_of_another_type_can_not_be_read(type_: str, cell: str, xsd: str) -> None:
    with pytest.raises(RowError) as caught:
        convert(type_, cell)
    assert str(caught.value) == (
        f"INVALID_FIELD:Failed to deserialize field at col 4. Due to, '{cell}' is not a valid "
        f"value for the type xsd:{xsd}:F --"
    )


def test_each_value_of_a_multipicklist_is_checked() -> None:
    facts = {
        "restrictedPicklist": True,
        "length": 100,
        "picklistValues": [{"value": "a"}, {"value": "b"}, {"value": "c", "active": False}],
    }
    assert convert("multipicklist", "a;b", **facts) == "a;b"
    with pytest.raises(RowError, match="bad value for restricted picklist field: c"):
        convert("multipicklist", "a;c", **facts)


def test_a_time_and_a_long_refused_text() -> None:
    assert convert("time", "04:05:06.000Z") == "04:05:06.000Z"
    with pytest.raises(RowError) as caught:
        convert("textarea", "y" * 300, length=255)
    assert f"too large: {'y' * 80}... (max length=255)" in str(caught.value)


def convert(type_: str, cell: str, **facts: object) -> object:
    return converter(field_from({"name": "F", "label": "F", "type": type_, **facts}), 4)(cell)


@pytest.mark.parametrize(
    ("operation", "key", "header", "row"),
    [
        ("update", None, "Email,Id", "nope,{id}"),
        ("update", None, "LastName,Id", "#N/A,{id}"),
        ("upsert", "Email__c", "Email,Email__c", "nope,a@example.com"),
        ("upsert", "Email__c", "Birthdate,Email__c", "nope,a@example.com"),
        ("upsert", "Id", "Birthdate,Id", "nope,{id}"),
    ],
)
def test_a_refused_row_about_a_record_that_is_there_has_its_id(
    org: Asker, operation: str, key: str | None, header: str, row: str
) -> None:
    org.load("Contact", "insert", "LastName,Email__c\nA,a@example.com\n")
    (record,) = org.org.records("Contact")
    job = org.load("Contact", operation, f"{header}\n{row.format(id=record['Id'])}\n", key)
    (failed,) = org.rows(job, "failedResults")
    assert failed["sf__Id"] == record["Id"]


def test_a_refused_row_about_no_record_has_no_id(org: Asker) -> None:
    body = "LastName,Birthdate,Email__c\nA,nope,a@example.com\n"
    (failed,) = org.rows(org.load("Contact", "upsert", body, "Email__c"), "failedResults")
    assert failed["sf__Id"] == ""


def test_a_locked_row_about_a_record_that_is_there_has_its_id() -> None:
    faults = FaultPlan(jobs=[JobFault(operation="upsert", locked=1.0)])
    org = Asker(Org(None, faults=faults))
    org.load("Contact", "insert", "LastName,Email__c\nA,a@example.com\n")
    (record,) = org.org.records("Contact")
    body = "LastName,Email__c\nA,a@example.com\nB,b@example.com\n"
    rows = org.rows(org.load("Contact", "upsert", body, "Email__c"), "failedResults")
    assert {row["LastName"]: row["sf__Id"] for row in rows} == {"A": record["Id"], "B": ""}
    org.org.close()
