"""What the check says against what the local org does, in both directions, for every type."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkup.check.cells.record_ids import whole
from bulkup.check.columns import resolve
from bulkup.csvfile.source import header_bytes
from bulkup.localorg.org import Org
from bulkup.model import DELIMITER_CHARS, Field, Operation, Severity
from tests.check.checking import Checker
from tests.describes import describe
from tests.localorg.asking import Asker

COVERED = {
    "STRING_TOO_LONG",
    "INVALID_EMAIL_ADDRESS",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    "NUMBER_OUTSIDE_VALID_RANGE",
    "MALFORMED_ID",
    "REQUIRED_FIELD_MISSING",
    "MISSING_ARGUMENT",
    "INVALID_TYPE_ON_FIELD_IN_RECORD",
    "DUPLICATE_VALUE",
}
"""Reasons for which the org may not refuse a row that the check has passed."""

DESERIALIZE = "Failed to deserialize field"
"""The same, for a bad date, number or boolean: its code is also that of other things."""

OBJECTS = ("Contact", "Lead", "Campaign")
ODD = ("", "#N/A", " ", "x", "é" * 3, "0", "null", "\u00a0")
CHARS = st.sampled_from("ab0189 .,-+:;/TZe@_#NA'\"é\n")


def near(*values: str) -> st.SearchStrategy[str]:
    """These values, those with one character more or less or another, and odd ones."""
    base = st.sampled_from(values)
    return st.one_of(
        base,
        st.sampled_from(ODD),
        st.builds(lambda text, at, char: text[:at] + char + text[at + 1 :], base,
                  st.integers(0, 25), CHARS),
        st.builds(lambda text, at, char: text[:at] + char + text[at:], base,
                  st.integers(0, 25), CHARS),
        st.builds(lambda text, at: text[:at] + text[at + 1 :], base, st.integers(0, 25)),
    )  # fmt: skip


def lengths(field: Field, char: str = "x") -> st.SearchStrategy[str]:
    most = field.length or 80
    return st.sampled_from([char, char * most, char * (most + 1)])


def cells(field: Field) -> st.SearchStrategy[str]:
    """Cells for a field: good ones, nearly good ones and nonsense."""
    kinds: Mapping[str, st.SearchStrategy[str]] = {
        "boolean": near("true", "FALSE", "1", "0", "yes", "No", "y"),
        "date": near("2026-11-24", "1700-01-01", "4000-12-31", "2024-02-29", "24.11.2026"),
        "datetime": near("2026-11-24T04:05:06Z", "2026-11-24T04:05:06.123+01:00"),
        "int": near("12", "-7", "2147483647", "-2147483648", "2147483648", "99999999999"),
        "double": near("1", "-1.5", "1e17", "1E18", "999999999999999999", ".5", "5.", "1e-3"),
        "email": near("a@example.com", "a.b+c@sub.example.co", "a@b", f"{'x' * 69}@example.com"),
        "reference": near(
            "001000000000001AAA", "003000000000001", "005000000000001AAA", "701000000000001EAA"
        ),
    }
    kinds = {**kinds, "currency": kinds["double"], "percent": kinds["double"]}
    if field.type in {"picklist", "multipicklist"}:
        return near(*field.picklist_values, "Nope")
    return kinds.get(field.type, st.one_of(near("Anna", "Müller"), lengths(field)))


def writable(name: str) -> dict[str, Field]:
    return {
        key: field
        for key, field in describe(name).fields.items()
        if field.createable and field.type != "address"
    }


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def file_of(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(",".join(map(quoted, row)) for row in [header, *rows]) + "\n"


def refusals(
    org: Org, name: str, operation: str, text: str, tag: str, key: str | None = None
) -> dict[str, str]:
    """Why the org refuses rows, by the value of their column `tag`."""
    asker = Asker(org)
    job = asker.load(name, operation, text, key)
    assert asker.look(job)["state"] == "JobComplete"
    return {row[tag]: row["sf__Error"] for row in asker.rows(job, "failedResults")}


def is_covered(error: str) -> bool:
    return error.split(":", 1)[0] in COVERED or DESERIALIZE in error


@pytest.mark.parametrize("name", OBJECTS)
@settings(
    max_examples=12, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(data=st.data())
def test_the_check_and_the_org_refuse_the_same_rows_for_reasons_that_both_know(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fields = writable(name)
    tag = "Description"  # tells rows apart in the org's answer
    chosen = data.draw(
        st.lists(st.sampled_from(sorted(set(fields) - {tag})), min_size=1, max_size=4, unique=True)
    )
    needed = [key for key, field in fields.items() if field.required and key not in chosen]
    header = [tag, *needed, *chosen]
    rows = [
        [f"row {at}", *("x" for _ in needed), *(data.draw(cells(fields[key])) for key in chosen)]
        for at in range(1, data.draw(st.integers(1, 20)) + 1)
    ]
    text = file_of(header, rows)
    folder = tmp_path_factory.mktemp("org")

    checked = Checker(folder, name, Operation.INSERT).check(text)
    org = Org(None, seed=1)
    refused = refusals(org, name, "insert", text, tag)
    org.close()

    ours = {
        f"row {row}": one for one in checked.findings for row in one.rows
        if one.severity is Severity.ERROR
    }  # fmt: skip
    for row, one in ours.items():
        assert row in refused, f"the org takes what the check refuses: {one} {text}"
    for row, error in refused.items():
        warned = any(
            row == f"row {at}" and one.code == "BOOLEAN_IN_WORDS"
            for one in checked.findings for at in one.rows
        )  # fmt: skip
        unique = "duplicates value on record" in error  # an insert's doubles are not looked for
        if is_covered(error) and not warned and not unique:
            assert row in ours, f"the check takes what the org refuses: {error} {text}"


def test_every_type_of_the_three_objects_is_tried() -> None:
    types = {field.type for name in OBJECTS for field in writable(name).values()}
    assert types == {
        "boolean", "currency", "date", "double", "email", "int", "percent", "phone", "picklist",
        "reference", "string", "textarea", "url",
    }  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(keys=st.lists(near("a@example.com", "b@example.com"), min_size=1, max_size=17))
def test_keys_of_an_upsert_that_the_check_refuses_are_refused_by_the_org(
    tmp_path_factory: pytest.TempPathFactory, keys: list[str]
) -> None:
    rows = [[key, "x", f"row {at}"] for at, key in enumerate(keys, 1)]
    text = file_of(["Email__c", "LastName", "Title"], rows)
    folder = tmp_path_factory.mktemp("keys")

    checked = Checker(folder, "Contact", Operation.UPSERT, "Email__c").check(text)
    org = Org(None, seed=1)
    refused = refusals(org, "Contact", "upsert", text, "Title", "Email__c")
    org.close()

    ours = {f"row {row}" for one in checked.findings for row in one.rows
            if one.severity is Severity.ERROR}  # fmt: skip
    assert ours == set(refused)


@settings(max_examples=12, deadline=None)
@given(st.lists(near("003000000000001AAA", "003000000000002", "001000000000001AAA"), max_size=17))
def test_ids_of_an_update_that_the_check_refuses_are_refused_by_the_org(
    tmp_path_factory: pytest.TempPathFactory, given_ids: list[str]
) -> None:
    org = Org(None, seed=1)
    asker = Asker(org)
    made = asker.load("Contact", "insert", "LastName\nA\nB\n")
    real = [row["sf__Id"] for row in asker.rows(made, "successfulResults")]
    wanted = [*given_ids, real[0], real[1][:15], whole(real[1][:15].swapcase())]
    text = file_of(["Id", "Title"], [[id_, f"row {at}"] for at, id_ in enumerate(wanted, 1)])
    folder = tmp_path_factory.mktemp("ids")

    checked = Checker(folder, "Contact", Operation.UPDATE).check(text)
    refused = refusals(org, "Contact", "update", text, "Title")
    org.close()

    ours = {f"row {row}" for one in checked.findings for row in one.rows
            if one.severity is Severity.ERROR}  # fmt: skip
    assert ours <= set(refused)
    assert {row for row, error in refused.items() if is_covered(error)} <= ours


PLAIN = st.text(st.sampled_from("ab \"',;|\t\né漢"), min_size=1, max_size=6)


@settings(max_examples=15, deadline=None)
@given(
    rows=st.lists(st.tuples(PLAIN, PLAIN), min_size=1, max_size=6),
    char=st.sampled_from([*DELIMITER_CHARS.values(), ":"]),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be"]),
)
def test_the_org_holds_what_stood_in_the_file_whatever_its_dialect(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str]],
    char: str,
    ending: str,
    encoding: str,
) -> None:
    lines = [(name, text, f"{at}") for at, (name, text) in enumerate(rows)]
    cells = [("lastname", "FIRSTNAME", "Title"), *lines]
    text = "".join(char.join(map(quoted, row)) + ending for row in cells)
    first = "" if char != ":" else f"sep=:{ending}"
    checker = Checker(tmp_path_factory.mktemp("dialects"), "Contact", Operation.INSERT)

    source = checker.csv_file((first + text).encode(encoding)).source
    names = resolve(source.header, checker.info, checker.target).names
    header = header_bytes(names, source.delimiter, source.line_ending)
    org = Org(None, seed=1)
    body = header + source.path.read_bytes()[source.start :]
    dialect = {"columnDelimiter": source.delimiter, "lineEnding": source.line_ending}
    Asker(org).load("Contact", "insert", body, **dialect)
    held = org.records("Contact")
    org.close()

    assert sorted((one["Title"], one["LastName"], one["FirstName"]) for one in held) == sorted(
        (title, name, first) for name, first, title in lines
    )
