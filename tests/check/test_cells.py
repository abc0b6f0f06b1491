import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkup.check.cells import record_ids
from bulkup.check.cells.cell_check import Checked, check
from bulkup.check.cells.suggestions import quote_value, suggest_value
from bulkup.check.columns import resolve
from bulkup.csvfile.numbered import NumberedCsv
from bulkup.csvfile.source import open_source
from bulkup.model import Field, Operation, Severity
from tests.check.checking import Checker
from tests.describes import describe

GOOD_ID = "0035g00000AbCdEAAV"


@pytest.fixture
def insert(tmp_path: Path) -> Checker:
    return Checker(tmp_path, "Contact", Operation.INSERT)


@pytest.fixture
def upsert(tmp_path: Path) -> Checker:
    return Checker(tmp_path, "Contact", Operation.UPSERT, "Email__c")


@pytest.fixture
def update(tmp_path: Path) -> Checker:
    return Checker(tmp_path, "Contact", Operation.UPDATE)


def with_field(checker: Checker, field: Field) -> Checker:
    fields = {**checker.info.fields, field.name: field}
    checker.info = replace(checker.info, fields=fields)
    return checker


def codes(checked: Checked) -> list[str]:
    return [one.code for one in checked.findings]


def test_good_rows_have_no_findings(insert: Checker) -> None:
    checked = insert.check(
        "LastName,Email,Birthdate,DoNotCall,LeadSource,AccountId,MailingCity\n"
        "Müller,a@example.com,2026-02-28,TRUE,Web,001000000000001AAA,São Paulo\n"
        "#N/A2,#N/A,2024-02-29,0,,001000000000001,\n"
    )
    assert checked.findings == ()
    assert (checked.rows, checked.invalid) == (2, 0)


@pytest.mark.parametrize(
    ("field", "value", "code", "form"),
    [
        ("Birthdate", "24.11.2026", "NOT_A_DATE", "write 2026-11-24"),
        ("Birthdate", "11/24/2026", "NOT_A_DATE", "write 2026-11-24"),
        ("Birthdate", "03/04/2026", "NOT_A_DATE", "write it like 2026-11-24"),
        ("Birthdate", "2026-02-30", "NOT_A_DATE", "write it like"),
        ("Birthdate", "2026-11-24T04:05:06Z", "NOT_A_DATE", "write 2026-11-24"),
        ("Birthdate", "1699-12-31", "NOT_A_DATE", "write"),
        ("Birthdate", "4001-01-01", "NOT_A_DATE", "write"),
        ("Birthdate", "24 November 2026", "NOT_A_DATE", "write 2026-11-24"),
        ("DoNotCall", "Ja", "NOT_A_BOOLEAN", "write true"),
        ("DoNotCall", "2", "NOT_A_BOOLEAN", "write true or false"),
        ("DoNotCall", "No", "BOOLEAN_IN_WORDS", "write false"),
        ("Email", "a@b", "NOT_AN_EMAIL", "write it like anna@example.com"),
        ("Email", "a b@example.com", "NOT_AN_EMAIL", "write ab@example.com"),
        ("Email", "a..b@example.com", "NOT_AN_EMAIL", "write it like"),
        ("Email", "<a@example.com>", "NOT_AN_EMAIL", "write a@example.com"),
        ("LeadSource", "web", "NEW_PICKLIST_VALUE", "the closest is Web"),
        ("LeadSource", "Zzz", "NEW_PICKLIST_VALUE", "they are Web, "),
        ("AccountId", "001", "MALFORMED_ID", "15 or 18"),
        ("AccountId", " 001000000000001", "MALFORMED_ID", "write 001000000000001AAA"),
        ("AccountId", "001000000000001AAB", "WRONG_ID_CHECKSUM", "last three characters"),
        ("AccountId", "001000000000001aaa", "WRONG_ID_CHECKSUM", "last three characters"),
        ("AccountId", "003000000000001AAA", "ID_OF_ANOTHER_OBJECT", "takes Account"),
        ("OwnerId", "00G000000000001EAA", "ID_OF_ANOTHER_OBJECT", "takes User"),
        ("OwnerId", "#N/A", "REQUIRED_CLEARED", "#N/A would empty it"),
        ("FirstName", "x" * 41, "TOO_LONG", "at most 40 characters, and one has 41"),
        ("FirstName", "é" * 41, "TOO_LONG", "at most 40 characters, and one has 41"),
        ("Description", "x" * 32_001, "TOO_LONG", "at most 32,000 characters"),
        ("FirstName", " Anna", "BLANKS_AROUND", "begins or ends with blanks"),
        ("FirstName", "Anna ", "BLANKS_AROUND", "begins or ends with blanks"),
        ("FirstName", "Anna\u00a0", "BLANKS_AROUND", "begins or ends with blanks"),
        ("FirstName", "JosÃ©", "WRONG_ENCODING", "export it again as UTF-8"),
        ("FirstName", "Jos\ufffd", "WRONG_ENCODING", "export it again as UTF-8"),
    ],
)
def test_what_is_wrong_with_a_value_and_how_to_write_it(
    insert: Checker, field: str, value: str, code: str, form: str
) -> None:
    said = insert.findings(f'LastName,{field}\nA,\nB,"{value}"\nC,"{value}"\n')
    one = said.pop((code, field))
    assert said == {}
    assert form in one.message
    assert (one.count, one.rows) == (2, (2, 3))


@pytest.mark.parametrize("value", ["JOÃO", "Â", "é" * 40, "x" * 40, "#N/A", "#n/a", "a b", "Ñandú"])
def test_text_that_only_looks_odd_is_taken(insert: Checker, value: str) -> None:
    assert insert.findings(f"LastName,FirstName\nA,{value}\n") == {}


NUMBERS = Field(name="Size__c", type="currency", precision=6, scale=2)


@pytest.mark.parametrize(
    ("value", "code", "form"),
    [
        ("1.234,56", "NOT_A_NUMBER", "write 1234.56"),
        ("1,234,567.5", "NOT_A_NUMBER", "write 1234567.5"),
        ("1,234", "NOT_A_NUMBER", "write it like 1234.5"),
        ("12 €", "NOT_A_NUMBER", "write 12"),
        ("3,5", "NOT_A_NUMBER", "write 3.5"),
        ("abc", "NOT_A_NUMBER", "write it like 1234.5"),
        ("inf", "NOT_A_NUMBER", "write it like 1234.5"),
        ("1_0", "NOT_A_NUMBER", "write it like 1234.5"),
        ("10000", "OUTSIDE_PRECISION", "4 before the point"),
        ("-1e4", "OUTSIDE_PRECISION", "4 before the point"),
        ("1e999", "OUTSIDE_PRECISION", "4 before the point"),
    ],
)
def test_numbers_that_are_not_taken(insert: Checker, value: str, code: str, form: str) -> None:
    said = with_field(insert, NUMBERS).findings(f'LastName,Size__c\nA,"{value}"\n')
    assert [key[0] for key in said] == [code]
    assert form in said[code, "Size__c"].message


@pytest.mark.parametrize("value", ["9999", "-9999.999", "+1", ".5", "5.", "1e3", "1E-999", "0"])
def test_numbers_that_are_taken(insert: Checker, value: str) -> None:
    assert with_field(insert, NUMBERS).findings(f"LastName,Size__c\nA,{value}\n") == {}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2147483647", "MORE_DIGITS_THAN_DESCRIBED"),
        ("-2147483648", "MORE_DIGITS_THAN_DESCRIBED"),
        ("2147483648", "NOT_AN_INTEGER"),
        ("1.0", "NOT_AN_INTEGER"),
        ("99999999", ""),
        ("-00000000001", ""),
    ],
)
def test_whole_numbers(insert: Checker, value: str, code: str) -> None:
    field = Field(name="Size__c", type="int", digits=8)
    said = with_field(insert, field).findings(f"LastName,Size__c\nA,{value}\n")
    assert [key[0] for key in said] == [code] * bool(code)


@pytest.mark.parametrize(
    ("type_", "value", "taken"),
    [
        ("datetime", "2026-11-24T04:05:06Z", True),
        ("datetime", "2026-11-24T04:05:06.123+01:00", True),
        ("datetime", "2026-11-24T04:05:06-0800", True),
        ("datetime", "2026-11-24T04:05:06", False),
        ("datetime", "2026-11-24 04:05:06Z", False),
        ("datetime", "2026-02-29T04:05:06Z", False),
        ("datetime", "2026-11-24T24:00:00Z", False),
        ("datetime", "2026-11-24", False),
        ("time", "04:05:06.000Z", True),
        ("time", "04:05:06", True),
        ("time", "4:05", False),
        ("time", "24:00:00Z", False),
    ],
)
def test_datetimes_and_times(insert: Checker, type_: str, value: str, taken: bool) -> None:
    field = Field(name="When__c", type=type_)
    said = with_field(insert, field).findings(f"LastName,When__c\nA,{value}\n")
    assert list(said) == [] if taken else [f"NOT_A_{type_.upper()}"] == [k[0] for k in said]


def test_a_multipicklist_is_looked_at_value_by_value(insert: Checker) -> None:
    field = Field(
        name="Likes__c", type="multipicklist", restricted_picklist=True, length=20,
        picklist_values=("Tea", "Coffee"),
    )  # fmt: skip
    said = with_field(insert, field).findings(
        "LastName,Likes__c\nA,Tea;Coffee\nB,Tea;Cofee\nC,Tea;\nD,Coffee;Tea\n"
    )
    one = said["NOT_IN_PICKLIST", "Likes__c"]
    assert one.rows == (2, 3)
    assert one.message == "'Tea;Cofee' is no value of Likes__c: the closest is Tea;Coffee"


def test_required_fields(insert: Checker, upsert: Checker, update: Checker) -> None:
    text = "LastName,Email__c\n,a@example.com\nB,b@example.com\n"
    assert insert.findings(text)["REQUIRED_EMPTY", "LastName"].rows == (1,)
    warning = upsert.findings(text)["REQUIRED_EMPTY_FOR_NEW", "LastName"]
    assert warning.severity is Severity.WARNING
    by_id = f"Id,LastName\n{GOOD_ID},\n"
    assert set(update.findings(by_id)) == {("COLUMN_EMPTY", "LastName")}


def test_empty_cells_that_are_sent_as_null(update: Checker) -> None:
    text = f"Id,LastName,FirstName\n{GOOD_ID},,\n{GOOD_ID[:14]}F,A,\n"
    findings = update.check(text, blank_null=True).findings
    assert [(finding.code, finding.rows) for finding in findings] == [
        ("REQUIRED_CLEARED", (1,)),
        ("FIELD_EMPTIED", (1, 2)),
        ("COLUMN_EMPTY", ()),
    ]


def test_cells_that_empty_a_field_are_counted(update: Checker, upsert: Checker) -> None:
    text = f"Id,FirstName,Phone\n{GOOD_ID},A,#N/A\n{GOOD_ID[:14]}F,,#N/A\n{GOOD_ID[:14]}G,B,1\n"
    findings = update.findings(text)
    assert set(findings) == {("FIELD_EMPTIED", "Phone")}
    finding = findings["FIELD_EMPTIED", "Phone"]
    assert finding.message == "2 cells would empty Phone: #N/A empties a field"
    assert (finding.severity, finding.count, finding.rows) == (Severity.WARNING, 2, (1, 2))
    by_key = "Email__c,LastName,Account.External_Id__c\na@example.com,A,#N/A\n"
    assert ("FIELD_EMPTIED", "Account.External_Id__c") in upsert.findings(by_key)


def test_blank_cells_empty_a_field_only_with_blank_null(update: Checker) -> None:
    text = f"Id,FirstName,Phone\n{GOOD_ID},A,\n{GOOD_ID[:14]}F,B,1\n"
    assert update.check(text).findings == ()
    (finding,) = update.check(text, blank_null=True).findings
    assert (finding.code, finding.column, finding.count) == ("FIELD_EMPTIED", "Phone", 1)
    assert finding.message == "1 cell would empty Phone: --blank null empties a field"


def test_nothing_is_emptied_by_other_words_or_in_new_records(
    update: Checker, insert: Checker
) -> None:
    words = f"Id,Phone\n{GOOD_ID},#n/a\n{GOOD_ID[:14]}F,N/A\n{GOOD_ID[:14]}G,#N/A!\n"
    assert update.findings(words) == {}
    new = "LastName,Phone\nA,#N/A\nB,\n"
    assert insert.findings(new) == {}
    assert insert.check(new, blank_null=True).findings == ()


def test_keys_that_are_empty_or_doubled(upsert: Checker) -> None:
    said = upsert.findings(
        "Email__c,LastName\nA@example.com,A\n,B\nc@example.com,C\n#N/A,D\na@EXAMPLE.com,E\n,F\n"
    )
    assert said["KEY_EMPTY", "Email__c"].rows == (2, 4, 6)
    assert said["KEY_TWICE", "Email__c"].rows == (1, 5)
    assert "'A@example.com'" in said["KEY_TWICE", "Email__c"].message


def test_ids_are_the_same_by_their_first_15_characters(update: Checker) -> None:
    said = update.findings(f"Id,Title\n{GOOD_ID},a\n{GOOD_ID[:15]},b\n{GOOD_ID[:15].lower()},c\n")
    assert said["KEY_TWICE", "Id"].rows == (1, 2)


def test_keys_of_numbers_are_the_same_by_value(insert: Checker) -> None:
    field = Field(name="No__c", type="double", external_id=True, precision=18)
    insert.target = replace(insert.target, operation=Operation.UPSERT, external_id="No__c")
    said = with_field(insert, field).findings("No__c,LastName\n1,A\n1.0,B\n2,C\n")
    assert said["KEY_TWICE", "No__c"].rows == (1, 2)


def test_keys_with_case_are_told_apart(insert: Checker) -> None:
    field = Field(name="No__c", external_id=True, case_sensitive=True)
    insert.target = replace(insert.target, operation=Operation.UPSERT, external_id="No__c")
    assert with_field(insert, field).findings("No__c,LastName\na,A\nA,B\n") == {}


def test_rows_that_are_the_same_all_over(insert: Checker) -> None:
    said = insert.findings("LastName,FirstName\nA,a\nA,b\nA,a\n")
    assert said["ROW_TWICE", ""].rows == (1, 3)


def test_many_doubles_are_looked_for_in_turns(
    upsert: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bulkup.check.cells.hits._HASHES_AT_ONCE", 100)
    keys = [f"u{at % 900}@example.com,x" for at in range(1000)]
    one = upsert.findings("Email__c,LastName\n" + "\n".join(keys))["KEY_TWICE", "Email__c"]
    assert one.count == 200
    assert one.rows == tuple(range(1, 21))


def test_only_columns_without_a_single_value_are_empty(insert: Checker) -> None:
    rows = "A,,\n" * 200_000
    said = insert.findings(f"LastName,Title,FirstName\n{rows}B,,Anna\n")
    assert ("COLUMN_EMPTY", "Title") in said
    assert ("COLUMN_EMPTY", "FirstName") not in said
    assert said["COLUMN_EMPTY", "Title"].count == 200_001


def test_a_relationship_column_to_an_unknown_object_is_only_measured(insert: Checker) -> None:
    said = insert.findings(f"LastName,Account.External_Id__c\nA, x \nB,{'x' * 131_073}\n")
    assert set(said) == {("TOO_LONG", "Account.External_Id__c")}


def test_a_delete_looks_only_at_its_ids(tmp_path: Path) -> None:
    delete = Checker(tmp_path, "Contact", Operation.DELETE)
    assert delete.check(f"Id\n{GOOD_ID}\n").findings == ()
    assert set(delete.findings(f"Id,Email\n{GOOD_ID},nonsense\n001000000000001AAA,\n")) == {
        ("ONLY_ID_FOR_DELETE", "Email"),
        ("ID_OF_ANOTHER_OBJECT", "Id"),
        ("COLUMN_EMPTY", "Email"),
    } - {("COLUMN_EMPTY", "Email")}


def test_a_column_with_an_error_of_its_own_is_not_looked_into(insert: Checker) -> None:
    said = insert.findings("LastName,Emial\nA,nonsense \n")
    assert list(said) == [("UNKNOWN_COLUMN", "Emial")]


def test_no_column_at_all(insert: Checker) -> None:
    assert "NO_COLUMN_LEFT" in codes(insert.check("sf__Id\nx\n"))


def test_a_file_without_records_has_only_its_header_to_check(insert: Checker) -> None:
    path = insert.folder / "none.csv"
    path.write_text("FirstName\n", encoding="utf-8")
    csv_file = NumberedCsv(source=open_source(path, allow_empty=True))
    columns = resolve(csv_file.source.header, insert.info, insert.target)
    checked = check(csv_file, columns, insert.info, insert.target, work=insert.folder)
    assert codes(checked) == ["REQUIRED_COLUMN_MISSING"]


def test_more_tests_than_one_number_has_bits(insert: Checker) -> None:
    for at in range(60):
        insert = with_field(insert, Field(name=f"F{at}__c", length=5))
    header = ",".join(f"F{at}__c" for at in range(60))
    said = insert.findings(f"LastName,{header}\nA{',toolong' * 60}\n")
    assert sum(code == "TOO_LONG" for code, _ in said) == 60


def test_allow_and_strict(insert: Checker) -> None:
    text = "LastName,Email,FirstName\nA,nope, x\n"
    allowed = insert.check(text, allow=("NOT_AN_EMAIL",))
    assert {one.severity for one in allowed.findings} == {Severity.WARNING}
    strict = insert.check(text, strict=True)
    assert {one.severity for one in strict.findings} == {Severity.ERROR}


def test_rows_and_lines_are_those_of_the_users_file(insert: Checker, tmp_path: Path) -> None:
    findings = tmp_path / "findings.csv"
    text = 'sep=;\r\nLastName;Email;\r\n\r\n"A\nA";ok@example.com;\r\nB;"no;pe";\r\n;;\r\n'
    checked = insert.check(text, findings_csv=findings)
    assert [(one.code, one.rows) for one in checked.findings] == [("NOT_AN_EMAIL", (2,))]
    with findings.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            ["row", "line", "column", "value", "code"],
            ["2", "6", "Email", "no;pe", "NOT_AN_EMAIL"],
        ]


def test_what_is_wrong_with_columns_and_the_load_is_written_before_the_cells(
    insert: Checker, tmp_path: Path
) -> None:
    findings = tmp_path / "findings.csv"
    insert.check("Email,Fone,Title\nnope,1,\n", findings_csv=findings)
    with findings.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1:] == [
            ["", "", "Fone", "", "UNKNOWN_COLUMN"],
            ["", "", "LastName", "", "REQUIRED_COLUMN_MISSING"],
            ["", "", "Title", "", "COLUMN_EMPTY"],
            ["1", "2", "Email", "nope", "NOT_AN_EMAIL"],
        ]


def test_where_no_cell_is_looked_at_the_findings_of_the_header_are_written(
    insert: Checker, tmp_path: Path
) -> None:
    findings = tmp_path / "findings.csv"
    insert.check("sf__Id\nx\n", findings_csv=findings)
    with findings.open(encoding="utf-8", newline="") as file:
        assert [row["code"] for row in csv.DictReader(file)] == [
            "NO_COLUMN_LEFT",
            "REQUIRED_COLUMN_MISSING",
        ]


def test_every_found_cell_is_written_for_a_spreadsheet(upsert: Checker, tmp_path: Path) -> None:
    findings = tmp_path / "findings.csv"
    upsert.check(
        "Email__c,LastName,FirstName\na@example.com,A, x\nA@example.com,B,JosÃ© \n,C,c\n",
        findings_csv=findings,
    )
    with findings.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1:] == [
            ["1", "2", "FirstName", " x", "BLANKS_AROUND"],
            ["1", "2", "Email__c", "a@example.com", "KEY_TWICE"],
            ["2", "3", "FirstName", "JosÃ© ", "BLANKS_AROUND"],
            ["2", "3", "FirstName", "JosÃ© ", "WRONG_ENCODING"],
            ["2", "3", "Email__c", "A@example.com", "KEY_TWICE"],
            ["3", "4", "Email__c", "", "KEY_EMPTY"],
        ]


def test_rows_with_errors_are_written_as_left_out_with_their_reasons(
    upsert: Checker, tmp_path: Path
) -> None:
    left = tmp_path / "left.csv"
    text = "Email__c,LastName,FirstName\na@example.com,A, x\nnope,B,b\nc@example.com,C,c\n"
    assert upsert.check(text, left_out=left).invalid == 1
    with left.open(encoding="utf-8", newline="") as file:
        (one,) = csv.DictReader(file)
    assert (one["row"], one["status"]) == ("2", "not_sent")
    assert one["error"].startswith("bulkup: NOT_AN_EMAIL:Email__c: 'nope' is no email address")
    assert upsert.check(text, left_out=left, allow=("NOT_AN_EMAIL",)).invalid == 0
    assert upsert.check(text, left_out=left, strict=True).invalid == 2


def test_nothing_is_left_in_the_folder_for_work(insert: Checker, tmp_path: Path) -> None:
    insert.check('LastName,FirstName\nA, "x" \nB,"b""" \n')
    assert list((tmp_path / "work").iterdir()) == []


def test_an_18_character_id_of_any_15(tmp_path: Path) -> None:
    assert record_ids.whole("0035g00000AbCdE") == GOOD_ID


@settings(max_examples=10, deadline=None)
@given(st.lists(st.from_regex(r"\A003[0-9A-Za-z]{12}\Z"), min_size=1, max_size=20, unique=True))
def test_every_checksum_of_its_own_is_right_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, shorts: list[str]
) -> None:
    update = Checker(tmp_path_factory.mktemp("ids"), "Contact", Operation.UPDATE)
    good = "".join(f"{record_ids.whole(one)},x\n" for one in shorts)
    assert update.findings(f"Id,Title\n{good}") == {}
    bad = "".join(f"{one}{_other(record_ids.whole(one)[15:])},x\n" for one in shorts)
    said = update.findings(f"Id,Title\n{bad}")
    assert said["WRONG_ID_CHECKSUM", "Id"].count == len(shorts)


def _other(checksum: str) -> str:
    return checksum[:2] + ("B" if checksum[2] == "A" else "A")


def test_long_values_are_cut_and_stand_on_one_line() -> None:
    assert quote_value("a\nb") == "'a b'"
    assert quote_value("x" * 100) == f"'{'x' * 60}…'"


def in_own_zone(local: str) -> str:
    return f"{local} and your offset, as in {local}+01:00 (Z is UTC)"


def test_datetimes_get_the_form_that_is_taken() -> None:
    field = describe("Contact").fields["CreatedDate"]
    for value, form in [
        ("2026-11-24", in_own_zone("2026-11-24T00:00:00")),
        ("2026-11-24 04:05:06", in_own_zone("2026-11-24T04:05:06")),
        ("2026-11-24 04:05:06Z", "2026-11-24T04:05:06Z"),
        ("2026-11-24 04:05:06+01:00", "2026-11-24T04:05:06+01:00"),
        ("24.11.2026 4:05", in_own_zone("2026-11-24T04:05:00")),
        ("24.11.2026", in_own_zone("2026-11-24T00:00:00")),
        ("soon", ""),
    ]:
        assert suggest_value("NOT_A_DATETIME", value, field) == form
    assert suggest_value("NOT_A_TIME", "4:05 PM", field) == "16:05:00.000Z"
    assert suggest_value("NOT_A_TIME", "noon", field) == ""
    assert suggest_value("NOT_AN_INTEGER", "1.0", field) == "1"
    assert suggest_value("NOT_AN_INTEGER", "1.234,00", field) == "1234"
    assert suggest_value("TOO_LONG", "x", field) == ""


def test_garbled_text_is_an_error_in_a_result_file_of_ours(insert: Checker) -> None:
    garbled = "LastName,bulkup__Status\nJÃ¼rgen,failed\nJürgen,failed\n"
    (found,) = insert.check(garbled).findings
    assert (found.code, found.severity, found.rows) == ("WRONG_ENCODING", Severity.ERROR, (1,))
    (allowed,) = insert.check(garbled, allow=("WRONG_ENCODING",)).findings
    assert allowed.severity is Severity.WARNING
    (elsewhere,) = insert.check("LastName\nJÃ¼rgen\n").findings
    assert elsewhere.severity is Severity.WARNING
    left_out = insert.folder / "left_out.csv"
    assert insert.check(garbled, left_out=left_out).invalid == 1
