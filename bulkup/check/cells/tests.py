"""What may be wrong with the cells of a field of each type, as SQL.

Each test is exact. A prefilter is what every row pays for: cheap, and true wherever a test may be.
Only the few rows that it lets through are tested.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bulkup.check.cells import record_ids
from bulkup.check.column import Column
from bulkup.check.requirements import PERSON_NAME, is_company_name
from bulkup.duckdb_tools.engine import quoted
from bulkup.model import Field, ObjectInfo, Operation

MOST_CHARACTERS = 131_072
"""What Salesforce takes in one field [limits pages: maximum number of characters in a field]."""

NULL = "#N/A"

EMAIL = (
    "[A-Za-z0-9!#$%&''*+/=?^_`{|}~-]+(?:\\.[A-Za-z0-9!#$%&''*+/=?^_`{|}~-]+)*"
    "@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\\.)+[A-Za-z0-9]{2,}"
)
_NUMBER = "[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_INTEGER = "[+-]?[0-9]{1,11}"
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,3})?"
_ZONE = "(?:Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])"
_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_SAFE_DATE = "(?:1[7-9]|2[0-9]|3[0-9])[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
# What the second byte of a letter in UTF-8 looks like, read as Windows-1252: `Ã©` for `é`.
_SECOND = bytes(range(0x80, 0xC0)).decode("cp1252", "ignore")
_GARBLED = f"Ã[{_SECOND}]|Â[{_SECOND}]|â€|\\x{{FFFD}}"
_GARBLED_SIGNS = "[ÃÂâ\\x{FFFD}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCondition:
    """One thing that may be wrong with a cell: SQL that is true where it is, for given cells."""

    code: str
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldTests:
    """The tests of one column, and prefilters, one of which is true wherever a test is."""

    tests: tuple[CellCondition, ...]
    prefilters: tuple[str, ...]

    @property
    def sql_length(self) -> int:
        """Characters of SQL."""
        return sum(len(test.sql) for test in self.tests) + sum(map(len, self.prefilters))


def tests_for(cell: str, field: Field, info: ObjectInfo) -> FieldTests:
    """What to test in the cells of a field. `cell` is SQL for text that is never NULL."""
    tests, prefilters = _KINDS.get(field.type, _length)(cell, field, info)
    for more in (_record_type, _place):
        for code, sql in more(cell, field, info).items():
            tests[code] = sql
            prefilters.append(f"{cell} <> '' AND ({sql})")
    return FieldTests(
        tests=tuple(CellCondition(code=code, sql=sql) for code, sql in tests.items()),
        prefilters=tuple(prefilters),
    )


SqlTests = tuple[dict[str, str], list[str]]
"""The SQL of each test by its code, and the prefilters."""


def _full(cell: str, pattern: str) -> str:
    return f"regexp_full_match({cell}, '{pattern}')"


def _unless(cell: str, pattern: str) -> str:
    """A prefilter: the cell is not empty and not of the form."""
    return f"NOT regexp_full_match({cell}, '(?:{pattern})?')"


def limit(field: Field) -> int:
    """The most characters that the field takes."""
    return min(field.length or MOST_CHARACTERS, MOST_CHARACTERS)


def _length(cell: str, field: Field, _info: ObjectInfo) -> SqlTests:
    longest = limit(field)
    return {"TOO_LONG": f"length({cell}) > {longest}"}, [f"strlen({cell}) > {longest}"]


def _record_type(cell: str, field: Field, info: ObjectInfo) -> dict[str, str]:
    """Whether the Id is that of a record type that the user may give to records."""
    ids = [item.id[:15] for item in info.record_types if item.available and item.id]
    if field.name != "RecordTypeId" or not ids:
        return {}
    shape = _full(cell, record_ids.SHAPE)
    known = ", ".join(map(quoted, ids))
    return {"RECORD_TYPE_NOT_AVAILABLE": f"{shape} AND left({cell}, 15) NOT IN ({known})"}


def _place(cell: str, field: Field, info: ObjectInfo) -> dict[str, str]:
    """Whether the text is a state or country of the org's lists, where it has such lists."""
    known = {name.lower() for name in places(field, info)}
    if not known:
        return {}
    return {
        "STATE_NOT_IN_PICKLIST": f"lower({cell}) NOT IN ({', '.join(map(quoted, sorted(known)))})"
    }


def places(field: Field, info: ObjectInfo) -> list[str]:
    """The names and codes that the text field of a state or country takes; empty for others.

    In an org with lists of them, `MailingState` stands beside the picklist `MailingStateCode`.
    """
    code = info.fields.get(f"{field.name}Code")
    if field.type != "string" or not field.name.endswith(("State", "Country")) or code is None:
        return []
    labels = info.picklist_labels.get(code.name, {})
    return [*labels, *code.picklist_values]


def is_text(field: Field) -> bool:
    """Whether people may write what they like in the field."""
    return field.type not in _KINDS


def style_tests(cell: str) -> FieldTests:
    """What is wrong with text by habit: not refused, but hardly meant."""
    blanks = f"regexp_matches({cell}, '^[\\s\\x{{A0}}]|[\\s\\x{{A0}}]$')"
    tests = (
        CellCondition(code="BLANKS_AROUND", sql=blanks),
        CellCondition(code="WRONG_ENCODING", sql=f"regexp_matches({cell}, '{_GARBLED}')"),
    )
    edges = f"({cell} > '' AND ({cell} < '!' OR suffix({cell}, ' ')))"
    signs = (
        f"CASE WHEN strlen({cell}) <> length({cell})"
        f" THEN regexp_matches({cell}, '{_GARBLED_SIGNS}|^\\x{{A0}}|\\x{{A0}}$') ELSE false END"
    )
    return FieldTests(tests=tests, prefilters=(edges, signs))


def _email(cell: str, field: Field, info: ObjectInfo) -> SqlTests:
    tests, prefilters = _length(cell, field, info)
    tests["NOT_AN_EMAIL"] = f"NOT {_full(cell, EMAIL)}"
    return tests, [*prefilters, _unless(cell, EMAIL)]


def _choice(cell: str, field: Field, info: ObjectInfo) -> SqlTests:
    tests, prefilters = _length(cell, field, info)
    if field.picklist_values:
        code = "NOT_IN_PICKLIST" if field.restricted_picklist else "NEW_PICKLIST_VALUE"
        values = ", ".join(quoted(picklist_value) for picklist_value in field.picklist_values)
        tests[code] = f"{cell} NOT IN ({values})"
        prefilters.append(f"{cell} NOT IN ('', {values})")
    return tests, prefilters


def _choices(cell: str, field: Field, info: ObjectInfo) -> SqlTests:
    tests, prefilters = _length(cell, field, info)
    if field.picklist_values:
        code = "NOT_IN_PICKLIST" if field.restricted_picklist else "NEW_PICKLIST_VALUE"
        values = ", ".join(quoted(picklist_value) for picklist_value in field.picklist_values)
        split = f"string_split({cell}, ';')"
        tests[code] = f"NOT list_has_all([{values}], {split})"
        prefilters.append(f"{cell} NOT IN ('', {values})")
    return tests, prefilters


def _boolean(cell: str, _field: Field, _info: ObjectInfo) -> SqlTests:
    lower = f"lower({cell})"
    words = "'yes', 'no', 'y', 'n'"
    return {
        "NOT_A_BOOLEAN": f"{lower} NOT IN ('true', 'false', '1', '0', {words})",
        "BOOLEAN_IN_WORDS": f"{lower} IN ({words})",
    }, [f"{cell} NOT IN ('true', 'false', '')"]


def _int(cell: str, field: Field, _info: ObjectInfo) -> SqlTests:
    value = f"TRY_CAST({cell} AS BIGINT)"
    fits = f"{_full(cell, _INTEGER)} AND {value} BETWEEN -2147483648 AND 2147483647"
    tests = {"NOT_AN_INTEGER": f"NOT coalesce({fits}, false)"}
    if field.digits:
        tests["MORE_DIGITS_THAN_DESCRIBED"] = (
            f"coalesce({fits} AND abs({value}) >= {10**field.digits}, false)"
        )
    return tests, [_unless(cell, f"[0-9]{{1,{min(field.digits or 9, 9)}}}")]


def _number(cell: str, field: Field, _info: ObjectInfo) -> SqlTests:
    tests = {"NOT_A_NUMBER": f"NOT {_full(cell, _NUMBER)}"}
    whole = field.precision - field.scale
    if field.precision:
        value = f"abs(TRY_CAST(ltrim({cell}, '+') AS DOUBLE))"
        huge = f"coalesce({value} >= 1e{whole}, NOT regexp_matches({cell}, '[eE]-'))"
        tests["OUTSIDE_PRECISION"] = f"{_full(cell, _NUMBER)} AND {huge}"
    digits = min(whole, 15) if field.precision else 15
    return tests, [_unless(cell, f"-?[0-9]{{1,{max(digits, 1)}}}(?:\\.[0-9]+)?")]


def _day(text: str) -> str:
    """SQL: the text begins with a day that there is, in the years that Salesforce takes."""
    year = f"left({text}, 4) BETWEEN '1700' AND '4000'"
    return f"TRY_CAST(left({text}, 10) AS DATE) IS NOT NULL AND {year}"


def _date(cell: str, _field: Field, _info: ObjectInfo) -> SqlTests:
    right = f"{_full(cell, f'{_DATE}(?:{_ZONE})?')} AND {_day(cell)}"
    return {
        "NOT_A_DATE": f"NOT ({right})",
        "DATE_WITH_ZONE": f"{right} AND strlen({cell}) > 10",
    }, [_unless(cell, _SAFE_DATE)]


def _datetime(cell: str, _field: Field, _info: ObjectInfo) -> SqlTests:
    right = f"{_full(cell, f'{_DATE}T{_CLOCK}{_ZONE}')} AND {_day(cell)}"
    return {"NOT_A_DATETIME": f"NOT ({right})"}, [_unless(cell, f"{_SAFE_DATE}T{_CLOCK}{_ZONE}")]


def _time(cell: str, _field: Field, _info: ObjectInfo) -> SqlTests:
    return {"NOT_A_TIME": f"NOT {_full(cell, f'{_CLOCK}Z?')}"}, [_unless(cell, f"{_CLOCK}Z?")]


def _id(cell: str, field: Field, info: ObjectInfo) -> SqlTests:
    shape = _full(cell, record_ids.SHAPE)
    tests = {
        "MALFORMED_ID": f"NOT {shape}",
        "WRONG_ID_CHECKSUM": f"{shape} AND {record_ids.wrong_checksum(cell)}",
    }
    prefilters = [_unless(cell, record_ids.SHAPE), record_ids.wrong_checksum(cell)]
    if starts := record_ids.prefixes(field, info):
        other = f"left({cell}, 3) NOT IN ({', '.join(map(quoted, starts))})"
        tests["ID_OF_ANOTHER_OBJECT"] = f"{shape} AND {other}"
        prefilters.append(f"{cell} <> '' AND {other}")
    return tests, prefilters


def _nothing(_cell: str, _field: Field, _info: ObjectInfo) -> SqlTests:
    return {}, []


_KINDS: Mapping[str, Callable[[str, Field, ObjectInfo], SqlTests]] = {
    "email": _email,
    "picklist": _choice,
    "multipicklist": _choices,
    "boolean": _boolean,
    "int": _int,
    "long": _int,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "date": _date,
    "datetime": _datetime,
    "time": _time,
    "id": _id,
    "reference": _id,
    "base64": _nothing,
    "address": _nothing,
}


def relation_tests(cell: str, column: Column, info: ObjectInfo) -> FieldTests:
    """What may be wrong with the cells of a relationship column, by the key that it holds."""
    key = column.parent_key
    if key is None:
        sql = f"length({cell}) > {MOST_CHARACTERS}"
        return FieldTests(tests=(CellCondition(code="TOO_LONG", sql=sql),), prefilters=(sql,))
    if _names_record_type(column) and info.record_types:
        return _record_type_names(cell, key, info)
    if key.type in {"id", "reference"}:
        sql = f"NOT {_full(cell, record_ids.SHAPE)}"
        return FieldTests(
            tests=(CellCondition(code="MALFORMED_ID", sql=sql),),
            prefilters=(_unless(cell, record_ids.SHAPE),),
        )
    return tests_for(cell, key, info)


def _names_record_type(column: Column) -> bool:
    key, reference = column.parent_key, column.reference
    is_name = key is not None and key.name in {"Name", "DeveloperName"}
    return is_name and reference is not None and reference.name == "RecordTypeId"


def record_type_names(key: Field | None, info: ObjectInfo) -> list[str]:
    """The record types that the user may give, by the name that `key` holds."""
    return [
        item.name if key and key.name == "Name" else item.developer_name
        for item in info.record_types
        if item.available
    ]


def _record_type_names(cell: str, key: Field, info: ObjectInfo) -> FieldTests:
    names = ["", *map(str.lower, record_type_names(key, info))]
    sql = f"lower({cell}) NOT IN ({', '.join(map(quoted, names))})"
    condition = CellCondition(code="RECORD_TYPE_NOT_AVAILABLE", sql=sql)
    return FieldTests(tests=(condition,), prefilters=(sql,))


def pair_tests(
    column: Column,
    sent: Sequence[Column],
    positions: Mapping[str, int],
    info: ObjectInfo,
    operation: Operation,
) -> tuple[FieldTests, tuple[int, ...]]:
    """What may be wrong with a cell because of another in its row, and the others' positions."""
    conditions: dict[str, str] = {}
    others: list[int] = []
    position = positions[column.source]
    if column.reference:
        others = [
            positions[other.source]
            for other in sent
            if other != column and column.reference in (other.field, other.reference)
        ]
        if others:
            filled = " OR ".join(f"c{other} <> ''" for other in others)
            conditions["BOTH_REFERENCES"] = _given(position, filled)
    elif column.field and is_company_name(column.field, info):
        people = [c for c in sent if c.field and c.field.name == PERSON_NAME]
        others = [positions[person.source] for person in people]
        no_person = " AND ".join(f"coalesce(c{other}, '') = ''" for other in others) or "true"
        if operation in _REQUIRED_EMPTY:
            empty = f"coalesce(c{position}, '') = '' AND {no_person}"
            conditions[_REQUIRED_EMPTY[operation]] = empty
        if people:
            conditions["BOTH_NAMES"] = _given(position, f"NOT ({no_person})")
    tests = tuple(CellCondition(code=code, sql=sql) for code, sql in conditions.items())
    return FieldTests(tests=tests, prefilters=tuple(conditions.values())), tuple(others)


def _given(position: int, condition: str) -> str:
    """SQL: the cell has a value, and the condition holds."""
    return f"coalesce(c{position} NOT IN ('', '{NULL}') AND ({condition}), false)"


_REQUIRED_EMPTY = {
    Operation.INSERT: "REQUIRED_EMPTY",
    Operation.UPSERT: "REQUIRED_EMPTY_FOR_NEW",
}
_CHANGES_RECORDS = {Operation.UPDATE, Operation.UPSERT}


def empty_tests(
    cell: str, field: Field | None, operation: Operation, *, is_key: bool, blank_null: bool
) -> FieldTests:
    """What may be wrong with empty cells and with those that empty the field.

    `cell` is SQL for text, or NULL where the cell is empty. With `blank_null` an empty cell
    empties the field as `#N/A` does.
    """
    empty = f"({cell} IS NULL OR {cell} = '')"
    null = f"coalesce({cell} = '{NULL}', false)"
    clears = f"({empty} OR {null})" if blank_null else null
    conditions: dict[str, str] = {}
    if is_key:
        conditions["KEY_EMPTY"] = f"{empty} OR {null}"
    elif field and not field.nillable:
        conditions["REQUIRED_CLEARED"] = clears
        if field.required and operation in _REQUIRED_EMPTY and not blank_null:
            conditions[_REQUIRED_EMPTY[operation]] = empty
    elif field and operation in _CHANGES_RECORDS:
        conditions["FIELD_EMPTIED"] = clears
    return FieldTests(
        tests=tuple(CellCondition(code=code, sql=sql) for code, sql in conditions.items()),
        prefilters=tuple(conditions.values()),
    )
