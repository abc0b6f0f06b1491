"""In which order rows are sent whose parents stand in the same file."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bulkup.check.column import Column
from bulkup.csvfile.numbered import NumberedCsv, write_numbers
from bulkup.errors import InputError
from bulkup.model import Field, Operation, Target
from bulkup.planning.levels import (
    MAX_LEVELS,
    ParentLink,
    check_levels,
    describe_levels,
    find_levels,
    parent_links,
)
from tests.results.org import source

KEY = Field(name="Key__c", external_id=True)
PARENT = Field(
    name="ParentId", type="reference", reference_to=("Account",), relationship_name="Parent"
)
OWNER = Field(
    name="OwnerId",
    type="reference",
    reference_to=("Group", "User"),
    relationship_name="Owner",
    polymorphic=True,
)
COLUMNS = (
    Column(source="Key", name="Key__c", field=KEY),
    Column(source="Boss", name="Parent.Key__c", reference=PARENT),
)
LINK = ParentLink(parent=1, key=0, case_sensitive=False)
HEADER = ["Key", "Boss"]


def target(object_name: str = "Account", operation: Operation = Operation.UPSERT) -> Target:
    return Target(object=object_name, operation=operation, external_id="Key__c")


def levels_of(
    folder: Path,
    records: Sequence[str],
    links: Sequence[ParentLink] = (LINK,),
    *,
    header: Sequence[str] = HEADER,
    rows: Path | None = None,
    numbers: Path | None = None,
) -> tuple[list[list[int]], int]:
    """The rows of each level, and how many rows are in circles."""
    csv_file = NumberedCsv(source=source(folder / "in.csv", header, records), numbers=numbers)
    with find_levels(csv_file, links, folder / "work", rows=rows) as levels:
        found = [list(levels.rows(number)) for number in range(1, len(levels.counts) + 1)]
        assert [len(level) for level in found] == levels.counts
        return found, levels.circular


def test_a_row_goes_after_the_row_that_it_names_as_its_parent(tmp_path: Path) -> None:
    assert levels_of(tmp_path, ["C,B", "A,", "B,A", "D,Z"]) == ([[2, 4], [3], [1]], 0)


def test_keys_are_compared_as_salesforce_does(tmp_path: Path) -> None:
    records = ["a@x.com,", "B, A@X.COM ", '"c\nd",b', "e,#N/A"]
    assert levels_of(tmp_path, records) == ([[1, 4], [2], [3]], 0)


def test_keys_of_a_case_sensitive_field_are_not_folded(tmp_path: Path) -> None:
    link = ParentLink(parent=1, key=0, case_sensitive=True)
    assert levels_of(tmp_path, ["a,", "B,A", "C,a"], [link]) == ([[1, 2], [3]], 0)


def test_a_row_with_two_parents_waits_for_both(tmp_path: Path) -> None:
    links = [LINK, ParentLink(parent=2, key=0, case_sensitive=False)]
    records = ["C,A,B", "A,,", "B,A,"]
    found = levels_of(tmp_path, records, links, header=["Key", "Boss", "Old"])
    assert found == ([[2], [3], [1]], 0)


def test_a_key_that_stands_twice_is_there_with_its_first_row(tmp_path: Path) -> None:
    assert levels_of(tmp_path, ["A,", "B,A", "A,B"]) == ([[1], [2], [3]], 0)


def test_rows_of_a_circle_go_last(tmp_path: Path) -> None:
    assert levels_of(tmp_path, ["A,B", "B,A", "C,C", "D,", "E,D", "F,A"]) == (
        [[4], [5], [1, 2, 3, 6]],
        4,
    )


def test_a_circle_is_a_warning_that_names_its_rows(tmp_path: Path) -> None:
    csv_file = NumberedCsv(source=source(tmp_path / "in.csv", HEADER, ["A,A", "B,", "C,C"]))
    counts, (circle,) = check_levels(csv_file, [LINK], tmp_path / "work")
    assert counts == [1, 2]
    assert (circle.severity, circle.code, circle.column) == ("warning", "PARENTS_IN_CIRCLE", "Boss")
    assert (circle.count, circle.rows) == (2, (1, 3))


def test_a_file_without_parents_in_it_has_one_level_and_no_finding(tmp_path: Path) -> None:
    csv_file = NumberedCsv(source=source(tmp_path / "in.csv", HEADER, ["A,X", "B,Y"]))
    assert check_levels(csv_file, [LINK], tmp_path / "work") == ([2], [])
    assert check_levels(csv_file, [], tmp_path / "work") == ([2], [])


def test_a_parent_that_is_not_sent_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_bytes(b"2\n3\n")
    found = levels_of(tmp_path, ["A,", "B,A", "C,B"], rows=tmp_path / "rows.txt")
    assert found == ([[2], [3]], 0)


def test_rows_are_those_of_the_users_file(tmp_path: Path) -> None:
    write_numbers(tmp_path / "numbers.csv", [(3, 4), (5, 9), (8, 12)])
    found = levels_of(tmp_path, ["B,A", "A,", "C,A"], numbers=tmp_path / "numbers.csv")
    assert found == ([[5], [3, 8]], 0)


def test_a_chain_of_parents_may_be_long_but_not_endless(tmp_path: Path) -> None:
    records = [f"K{n},K{n - 1}" for n in range(MAX_LEVELS)]
    found, _ = levels_of(tmp_path, records)
    assert [len(level) for level in found] == [1] * MAX_LEVELS
    with pytest.raises(InputError) as caught:
        levels_of(tmp_path, [*records, f"K{MAX_LEVELS},K{MAX_LEVELS - 1}"])
    assert caught.value.name == "TooManyLevels"


def test_links_are_relationships_to_the_object_itself_by_a_column_of_the_file() -> None:
    assert parent_links(HEADER, COLUMNS, target()) == [LINK]
    assert parent_links(HEADER, COLUMNS, target(operation=Operation.INSERT)) == [LINK]
    assert parent_links(HEADER, COLUMNS, target(operation=Operation.UPDATE)) == []
    assert parent_links(HEADER, COLUMNS, target("Contact")) == []
    assert parent_links(HEADER, COLUMNS[1:], target()) == []


def test_a_link_of_several_objects_names_the_one_it_means() -> None:
    key = Column(source="Key", name="Key__c", field=KEY)
    boss = Column(source="Boss", name="User:Owner.Key__c", reference=OWNER)
    assert parent_links(HEADER, [key, boss], target("User")) == [LINK]
    assert parent_links(HEADER, [key, boss], target("Group")) == []


def test_the_levels_are_described_with_their_rows() -> None:
    assert describe_levels([1200, 30]) == (
        "rows have their parents in this file: they go in 2 levels, one after another "
        "(1,200, 30 rows)"
    )
