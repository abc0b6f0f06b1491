"""What to ask of each cell of a file: the tests of all its columns, as one SQL query."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from bulkup.check.cells.tests import (
    NULL,
    CellCondition,
    FieldTests,
    is_text,
    relation_tests,
    style_tests,
    tests_for,
)
from bulkup.check.column import Column
from bulkup.check.columns import Columns
from bulkup.model import Field, ObjectInfo, Operation, Target

BITS = 62
"""Tests that one number of marks holds, a bit each."""

_NEW_RECORDS = {Operation.INSERT: "REQUIRED_EMPTY", Operation.UPSERT: "REQUIRED_EMPTY_FOR_NEW"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CellTest:
    """One test of one column; its answer is the bit `bit` of the number m`mask`."""

    column: Column
    at: int
    test: CellCondition
    mask: int
    bit: int

    @property
    def field(self) -> Field | None:
        """The field whose form the cell should have."""
        return self.column.field


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """All tests, and what is selected of each record: m0, m1, …, and h, by which doubles meet.

    `doubles` is the finding that two records with the same `h` are, or nothing.
    """

    asked: tuple[CellTest, ...]
    select: str
    masks: int
    doubles: str
    key: Column | None
    key_at: int

    def query(self, relation: str) -> str:
        """One row for each record of the relation with the columns c0, c1, …."""
        return f"SELECT {self.select} FROM {relation}"


def build_query(
    header: Sequence[str],
    columns: Columns,
    info: ObjectInfo,
    target: Target,
    *,
    watched: Collection[int] = (),
    doubtful: Collection[int] = (),
    blank_null: bool = False,
) -> Questions:
    """What to ask of a file with this header.

    `watched` columns also tell if they hold anything; texts of `doubtful` ones are looked at for
    blanks and wrong encodings too. With `blank_null`, empty cells empty their fields.
    """
    broken = {one.column for one in columns.findings}
    tested: list[tuple[Column, int, FieldTests]] = []
    for column in columns.as_sent:
        at = header.index(column.source)
        if column == columns.key or column.source not in broken:
            tests = _kind(column, at, columns.key, info, target, blank_null=blank_null)
            if at in doubtful and column.field and is_text(column.field):
                tests = _with_habits(tests, at)
            tested.append((column, at, tests))
    asked, masks = _numbered(tested)
    select = [*masks, *(f"c{at} <> '' AS e{at}" for at in watched)]
    doubles, by = _doubles(columns, header, target)
    if doubles:
        select.append(f"{by} AS h")
    return Questions(
        asked=tuple(asked),
        select=", ".join(select or ["0 AS m0"]),
        masks=len(masks),
        doubles=doubles,
        key=columns.key,
        key_at=header.index(columns.key.source) if columns.key else 0,
    )


def _kind(
    column: Column,
    at: int,
    key: Column | None,
    info: ObjectInfo,
    target: Target,
    *,
    blank_null: bool = False,
) -> FieldTests:
    cell, raw = f"coalesce(c{at}, '')", f"c{at}"
    empty = f"({raw} IS NULL OR {raw} = '')"
    cleared = f"{raw} = '{NULL}'"
    tests, glances = _of_type(column, cell, raw, info)
    field = column.field or column.reference
    if column == key:
        tests.append(CellCondition(code="KEY_EMPTY", sql=f"{empty} OR {cleared}"))
        glances += [empty, cleared]
    elif field and not field.nillable and blank_null:
        tests.append(CellCondition(code="REQUIRED_CLEARED", sql=f"{empty} OR {cleared}"))
        glances += [empty, cleared]
    elif field and not field.nillable:
        tests.append(CellCondition(code="REQUIRED_CLEARED", sql=f"coalesce({cleared}, false)"))
        glances.append(cleared)
        if field.required and target.operation in _NEW_RECORDS:
            tests.append(CellCondition(code=_NEW_RECORDS[target.operation], sql=empty))
            glances.append(empty)
    return FieldTests(tests=tuple(tests), glances=tuple(glances))


def _with_habits(kind: FieldTests, at: int) -> FieldTests:
    more, glances = style_tests(f"coalesce(c{at}, '')").tests, style_tests(f"c{at}").glances
    return FieldTests(tests=(*kind.tests, *more), glances=(*kind.glances, *glances))


def _of_type(
    column: Column, cell: str, raw: str, info: ObjectInfo
) -> tuple[list[CellCondition], list[str]]:
    if column.field is None:
        tests = tuple(relation_tests(cell))
        return list(tests), [test.sql for test in relation_tests(raw)]
    glances = tests_for(raw, column.field, info).glances
    given = f"{cell} NOT IN ('', '{NULL}')"
    tests = tuple(
        CellCondition(code=test.code, sql=f"CASE WHEN {given} THEN {test.sql} ELSE false END")
        for test in tests_for(cell, column.field, info).tests
    )
    return list(tests), list(glances)


def _numbered(tested: Sequence[tuple[Column, int, FieldTests]]) -> tuple[list[CellTest], list[str]]:
    """Each test gets a bit; the tests of one column stay in one number."""
    asked: list[CellTest] = []
    masks: list[str] = []
    for group in _groups(tested):
        bits = [
            CellTest(column=column, at=at, test=test, mask=len(masks), bit=0)
            for column, at, tests in group
            for test in tests.tests
        ]
        numbered = [
            CellTest(column=one.column, at=one.at, test=one.test, mask=one.mask, bit=1 << number)
            for number, one in enumerate(bits)
        ]
        glances = " OR ".join(f"({text})" for *_, tests in group for text in tests.glances)
        total = " + ".join(
            f"CASE WHEN {one.test.sql} THEN {one.bit} ELSE 0 END" for one in numbered
        )
        masks.append(
            f"CASE WHEN {glances} THEN CAST({total} AS BIGINT) ELSE 0 END AS m{len(masks)}"
        )
        asked += numbered
    return asked, masks


def _groups(
    tested: Sequence[tuple[Column, int, FieldTests]],
) -> Iterator[list[tuple[Column, int, FieldTests]]]:
    group: list[tuple[Column, int, FieldTests]] = []
    size = 0
    for one in tested:
        if not one[2].tests:
            continue
        if size + len(one[2].tests) > BITS:
            yield group
            group, size = [], 0
        group.append(one)
        size += len(one[2].tests)
    if group:
        yield group


def _doubles(columns: Columns, header: Sequence[str], target: Target) -> tuple[str, str]:
    """By what two records are the same: by their key, or else by all that is sent."""
    if target.operation is Operation.INSERT:
        cells = ", ".join(f"c{header.index(one.source)}" for one in columns.as_sent)
        return ("ROW_TWICE", f"hash({cells})") if cells else ("", "")
    if columns.key is None or columns.key.field is None:
        return "", ""
    field, cell = columns.key.field, f"c{header.index(columns.key.source)}"
    if field.type in {"id", "reference"}:
        cell = f"left({cell}, 15)"
    elif field.type in {"int", "long", "double", "currency", "percent"}:
        cell = f"coalesce(CAST(TRY_CAST({cell} AS DOUBLE) AS VARCHAR), {cell})"
    elif not field.case_sensitive:
        cell = f"lower({cell})"
    return "KEY_TWICE", f"hash({cell})"
