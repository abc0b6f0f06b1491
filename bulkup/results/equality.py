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


def row_hash(cells: Mapping[str, Field | None]) -> str:
    """The SQL expression for the hash (128 bits, MD5) of what all cells of a record mean.

    `cells`: the SQL expressions of the cells, each with its field.
    """
    return _hash([meaning(cell, field) for cell, field in cells.items()])


def row_hash_exact(cells: Mapping[str, Field | None]) -> str:
    """As `row_hash`, but a record with a number that a double can't hold is hashed as text.

    Such numbers (from 2^53 on) look the same once Salesforce has rewritten them.
    """
    numbers = [
        f"abs(TRY_CAST({cell} AS DOUBLE))"
        for cell, field in cells.items()
        if field and field.type in _NUMBERS
    ]
    if not numbers:
        return row_hash(cells)
    text_hash = _hash([meaning(cell, None) for cell in cells])
    largest = numbers[0] if len(numbers) == 1 else f"greatest({', '.join(numbers)})"
    return (
        f"CASE WHEN coalesce({largest} >= 9e15, false) THEN {text_hash} ELSE {row_hash(cells)} END"
    )


def _hash(texts: Sequence[str]) -> str:
    """Hash texts; their lengths follow them, so that no two records are joined to one text.

    One call with all texts, because `a || b || c` nests: DuckDB refuses expressions that are
    nested 1,000 deep, and a chain copies the text once for each cell.
    """
    lengths = ", ".join(f"strlen({text})" for text in texts)
    return f"md5_number(concat({', '.join(texts)}, '|', concat_ws(',', {lengths})))"


def _read_as(value: str, cell: str) -> str:
    return f"coalesce(CAST({value} AS VARCHAR), {cell}, '')"


def _id(text: str) -> str:
    """Ids of 15 and 18 characters are the same if their first 15 are."""
    return f"CASE WHEN strlen({text}) = 18 THEN left({text}, 15) ELSE {text} END"
