"""The tests of all cells of a file as SQL: one query for each group of columns."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bulkup.check.cells.choices import Choices, choices_of
from bulkup.check.cells.tests import (
    NULL,
    CellCondition,
    FieldTests,
    empty_tests,
    is_text,
    pair_tests,
    relation_tests,
    style_tests,
    tests_for,
)
from bulkup.check.column import Column
from bulkup.check.columns import Columns
from bulkup.check.requirements import is_company_name
from bulkup.model import ObjectInfo, Operation, Target

BITS = 62
"""Tests whose results fit into one mask, a bit each."""

GROUP_COLUMNS = 250
"""Columns that one query tests at most. What DuckDB needs grows with them."""

GROUP_SQL = 200_000
"""Characters of SQL that test the columns of one query, about. Patterns and lists of values take
memory that DuckDB does not count: 250 columns of Ids, 835,000 characters, took 457 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellTest:
    """One test of one column. It sets the bit `bit` of the number m`mask`.

    `position` is that of the column in the file (0 = first).
    """

    column: Column
    position: int
    condition: CellCondition
    choices: Choices
    mask: int
    bit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnGroup:
    """Columns that one query tests, by their positions in the file.

    Those at the end may be columns that only help to test others. The query selects a number m0,
    m1, … for each of `masks`, a boolean e0, e1, … for each of `watched` (whether that column has a
    value), and the number `hash_name`, if it has a name.
    """

    positions: tuple[int, ...]
    masks: tuple[int, ...]
    watched: tuple[int, ...]
    hash_name: str
    select: str

    def query(self, relation: str) -> str:
        """One row for each record of the relation with the columns c0, c1, … of the file."""
        return f"SELECT {self.select} FROM {relation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckQuery:
    """All tests of a file, and the groups of columns that they are asked in.

    Records with the same hash, over all groups, are duplicates; `duplicate_code` is the code of
    that finding, empty where duplicates do not matter. Masks are numbered across the groups.
    """

    tests: tuple[CellTest, ...]
    groups: tuple[ColumnGroup, ...]
    duplicate_code: str
    key: Column | None
    key_position: int

    @property
    def masks(self) -> int:
        """How many masks there are in all groups."""
        return sum(len(group.masks) for group in self.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class _TestedColumn:
    """A column with its tests; `others` are positions of columns that these look at too."""

    column: Column
    position: int
    tests: FieldTests
    choices: Choices
    others: tuple[int, ...] = ()


def build_query(
    header: Sequence[str],
    columns: Columns,
    info: ObjectInfo,
    target: Target,
    *,
    watched: Collection[int] = (),
    doubtful: Collection[int] = (),
    blank_null: bool = False,
) -> CheckQuery:
    """Build the query for a file with this header.

    For `watched` columns it also says whether they have any value; texts of `doubtful` ones are
    tested for blanks around them and wrong encodings too. With `blank_null`, empty cells empty
    their fields.
    """
    positions = {name: position for position, name in reversed(list(enumerate(header)))}
    broken = {finding.column for finding in columns.findings}
    tested = []
    for column in columns.as_sent:
        position = positions[column.source]
        tests, others = FieldTests(tests=(), prefilters=()), tuple[int, ...]()
        if column == columns.key or column.source not in broken:
            tests = _tests_of_column(
                column, position, columns.key, info, target, blank_null=blank_null
            )
            paired, others = pair_tests(column, columns.as_sent, positions, info, target.operation)
            tests = _joined(tests, paired)
            if position in doubtful and column.field and is_text(column.field):
                tests = _with_style_tests(tests, position)
        tested.append(
            _TestedColumn(
                column=column,
                position=position,
                tests=tests,
                choices=choices_of(column, info),
                others=others,
            )
        )
    code, hashed = _duplicates(columns, positions, target)
    cell_tests: list[CellTest] = []
    groups: list[ColumnGroup] = []
    first_mask = 0
    for members in _group_columns(tested):
        group, tests_of_group = _build_group(members, watched, hashed, len(groups), first_mask)
        groups.append(group)
        cell_tests += tests_of_group
        first_mask += len(group.masks)
    return CheckQuery(
        tests=tuple(cell_tests),
        groups=tuple(groups),
        duplicate_code=code,
        key=columns.key,
        key_position=positions[columns.key.source] if columns.key else 0,
    )


def _group_columns(tested: Sequence[_TestedColumn]) -> Iterator[list[_TestedColumn]]:
    members: list[_TestedColumn] = []
    size = 0
    for column in tested:
        length = column.tests.sql_length
        if members and (len(members) == GROUP_COLUMNS or size + length > GROUP_SQL):
            yield members
            members, size = [], 0
        members.append(column)
        size += length
    if members:
        yield members


def _build_group(
    members: Sequence[_TestedColumn],
    watched: Collection[int],
    hashed: Mapping[int, str],
    number: int,
    first_mask: int,
) -> tuple[ColumnGroup, list[CellTest]]:
    cell_tests: list[CellTest] = []
    select: list[str] = []
    for mask, sharing in enumerate(_share_masks(members), first_mask):
        numbered = _number_tests(sharing, mask)
        select.append(_mask_sql(sharing, numbered, mask))
        cell_tests += numbered
    masks = tuple(range(first_mask, first_mask + len(select)))
    positions = tuple(dict.fromkeys(member.position for member in members))
    empty = tuple(position for position in positions if position in watched)
    select += [f"c{position} <> '' AS e{position}" for position in empty]
    cells = [hashed[position] for position in positions if position in hashed]
    if cells:
        select.append(f"hash({', '.join(cells)}) AS h{number}")
    others = {position for member in members for position in member.others}
    group = ColumnGroup(
        positions=(*positions, *sorted(others - set(positions))),
        masks=masks,
        watched=empty,
        hash_name=f"h{number}" if cells else "",
        select=", ".join(select or ["0 AS nothing"]),
    )
    return group, cell_tests


def _tests_of_column(
    column: Column,
    position: int,
    key: Column | None,
    info: ObjectInfo,
    target: Target,
    *,
    blank_null: bool,
) -> FieldTests:
    raw = f"c{position}"
    of_type = _tests_of_type(column, f"coalesce({raw}, '')", raw, info)
    field = column.field or column.reference
    of_empty = empty_tests(
        raw,
        # a person has no name of a company: `pair_tests` looks for rows without either
        replace(field, nillable=True) if field and is_company_name(field, info) else field,
        target.operation,
        is_key=column == key,
        blank_null=blank_null,
    )
    return _joined(of_type, of_empty)


def _joined(first: FieldTests, second: FieldTests) -> FieldTests:
    return FieldTests(
        tests=(*first.tests, *second.tests),
        prefilters=(*first.prefilters, *second.prefilters),
    )


def _with_style_tests(tests: FieldTests, position: int) -> FieldTests:
    exact = style_tests(f"coalesce(c{position}, '')").tests
    prefilters = style_tests(f"c{position}").prefilters
    return _joined(tests, FieldTests(tests=exact, prefilters=prefilters))


def _tests_of_type(column: Column, cell: str, raw: str, info: ObjectInfo) -> FieldTests:
    def tests_on(sql: str) -> FieldTests:
        if column.field is None:
            return relation_tests(sql, column, info)
        return tests_for(sql, column.field, info)

    given = f"{cell} NOT IN ('', '{NULL}')"
    tests = tuple(
        CellCondition(code=test.code, sql=f"CASE WHEN {given} THEN {test.sql} ELSE false END")
        for test in tests_on(cell).tests
    )
    return FieldTests(tests=tests, prefilters=tests_on(raw).prefilters)


def _share_masks(members: Sequence[_TestedColumn]) -> Iterator[list[_TestedColumn]]:
    """Columns whose tests fit into one mask together. The tests of a column are not parted."""
    sharing: list[_TestedColumn] = []
    size = 0
    for member in members:
        count = len(member.tests.tests)
        if not count:
            continue
        if size + count > BITS:
            yield sharing
            sharing, size = [], 0
        sharing.append(member)
        size += count
    if sharing:
        yield sharing


def _number_tests(sharing: Sequence[_TestedColumn], mask: int) -> list[CellTest]:
    conditions = [(member, condition) for member in sharing for condition in member.tests.tests]
    return [
        CellTest(
            column=member.column,
            position=member.position,
            condition=condition,
            choices=member.choices,
            mask=mask,
            bit=1 << number,
        )
        for number, (member, condition) in enumerate(conditions)
    ]


def _mask_sql(sharing: Sequence[_TestedColumn], tests: Sequence[CellTest], mask: int) -> str:
    prefilters = " OR ".join(f"({text})" for item in sharing for text in item.tests.prefilters)
    bits = " + ".join(
        f"CASE WHEN {test.condition.sql} THEN {test.bit} ELSE 0 END" for test in tests
    )
    return f"CASE WHEN {prefilters} THEN CAST({bits} AS BIGINT) ELSE 0 END AS m{mask}"


def _duplicates(
    columns: Columns, positions: Mapping[str, int], target: Target
) -> tuple[str, dict[int, str]]:
    """The code of the finding, and by which cells records are the same: SQL by position.

    They are the same by their key, or in an insert by all that is sent.
    """
    if target.operation is Operation.INSERT:
        sent = [positions[column.source] for column in columns.as_sent]
        return "ROW_TWICE", {position: f"c{position}" for position in sent}
    if columns.key is None or columns.key.field is None:
        return "", {}
    field, position = columns.key.field, positions[columns.key.source]
    cell = f"c{position}"
    if field.type in {"id", "reference"}:
        cell = f"left({cell}, 15)"
    elif field.type in {"int", "long", "double", "currency", "percent"}:
        cell = f"coalesce(CAST(TRY_CAST({cell} AS DOUBLE) AS VARCHAR), {cell})"
    elif not field.case_sensitive:
        cell = f"lower({cell})"
    return "KEY_TWICE", {position: cell}
