"""SQL expressions for the meaning of cells: two cells of a field are equal if these texts are.

Salesforce rewrites some values in its results: numbers (`912260031` as `9.12260031E8`), and
perhaps dates, times and booleans. A value that can't be read as its type is compared as text.
"""

from collections.abc import Mapping, Sequence

from bulkup.model import Field

_NUMBERS = {"int", "double", "currency", "percent", "long"}
_IDS = {"id", "reference"}


def meaning(cell: str, field: Field | None) -> str:
    """The SQL expression for what `cell`, an SQL expression for text that may be NULL, means."""
    text = f"coalesce({cell}, '')"
    kind = field.type if field else "string"
    if kind in _NUMBERS:
        return _read_as(f"TRY_CAST({cell} AS DOUBLE) + 0.0", cell)
    if kind in _IDS:
        return _id(text)
    if kind == "boolean":
        return (
            f"CASE lower(trim({text})) WHEN '1' THEN 'true' WHEN '0' THEN 'false'"
            f" ELSE lower(trim({text})) END"
        )
    if kind in _TIMES:
        return _read_as(_TIMES[kind].format(cell=cell), cell)
    return text


def key_meaning(cell: str, field: Field | None) -> str:
    """As `meaning`, for the cell by which rows are matched: text without regard to case.

    Unless the field says that case matters to it.
    """
    kind = field.type if field else "string"
    if kind in _NUMBERS or kind in _IDS or (field and field.case_sensitive):
        return meaning(cell, field)
    return f"lower({meaning(cell, field)})"


_TIMES: Mapping[str, str] = {
    "date": "TRY_CAST({cell} AS DATE)",
    "datetime": "epoch_us(TRY_CAST({cell} AS TIMESTAMPTZ))",
    "time": "TRY_CAST(regexp_replace({cell}, '[zZ]$', '') AS TIME)",
}


def row_hash_query(
    relation: str, cells: Mapping[str, Field | None], others: Mapping[str, str]
) -> str:
    """The query for the hashes (128 bits, MD5) of all records of a relation, in its order.

    `cells`: the SQL expressions of the cells that are hashed, each with its field. `row_hash` is
    the hash of their meanings. `row_hash_exact` differs from it in records with numbers that a
    double can't hold (from 2^53 on): such numbers look the same once Salesforce has rewritten
    them, so they are hashed as text. `others` are more columns, each with its SQL expression.

    The meanings are columns of a subquery, and one call has all of them: DuckDB refuses
    expressions that are nested 1,000 deep, and is slow to plan long ones that repeat themselves.
    """
    columns = [f"{expression} AS {name}" for name, expression in others.items()]
    meanings, exact = [], []
    for index, (cell, field) in enumerate(cells.items()):
        meanings.append(f"meaning{index}")
        columns.append(f"{meaning(cell, field)} AS meaning{index}")
        exact.append(f"meaning{index}")
        if field and field.type in _NUMBERS:
            exact[-1] = f"exact{index}"
            columns.append(f"{_exact_number(cell, meaning(cell, field))} AS exact{index}")
    row_hash, row_hash_exact = _hash(meanings), "row_hash"
    if exact != meanings:
        row_hash_exact = _hash(exact)
    names = "".join(f"{name}, " for name in others)
    return (
        f"SELECT {names}{row_hash} AS row_hash, {row_hash_exact} AS row_hash_exact"
        f" FROM (SELECT {', '.join(columns)} FROM {relation})"
    )


def _exact_number(cell: str, meaning: str) -> str:
    too_large = f"coalesce(abs(TRY_CAST({cell} AS DOUBLE)) >= 9e15, false)"
    return f"CASE WHEN {too_large} THEN {cell} ELSE {meaning} END"


def _hash(texts: Sequence[str]) -> str:
    """Hash texts; their lengths follow them, so that no two records are joined to one text."""
    lengths = ", ".join(f"strlen({text})" for text in texts)
    return f"md5_number(concat({', '.join(texts)}, '|', concat_ws(',', {lengths})))"


def _read_as(value: str, cell: str) -> str:
    return f"coalesce(CAST({value} AS VARCHAR), {cell}, '')"


def _id(text: str) -> str:
    """Ids of 15 and 18 characters are the same if their first 15 are."""
    return f"CASE WHEN strlen({text}) = 18 THEN left({text}, 15) ELSE {text} END"
