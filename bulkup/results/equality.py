"""What a cell means, as SQL: two cells of a field mean the same if these texts are the same.

Salesforce writes some values anew in its results: numbers (`912260031` as `9.12260031E8`), and
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


def record_meaning(cells: Mapping[str, Field | None]) -> str:
    """One SQL number (128 bits, MD5) for what all cells of a record mean.

    `cells`: the SQL expressions of the cells, each with its field.
    """
    return _fingerprint([meaning(cell, field) for cell, field in cells.items()])


def record_text(cells: Mapping[str, Field | None]) -> str:
    """As `record_meaning`, but records with numbers that a double can't hold differ as text.

    Such numbers (from 2^53 on) look the same once Salesforce has written them anew.
    """
    coarse = [
        f"abs(TRY_CAST({cell} AS DOUBLE)) >= 9e15"
        for cell, field in cells.items()
        if field and field.type in _NUMBERS
    ]
    whole = record_meaning(cells)
    if not coarse:
        return whole
    plain = _fingerprint([meaning(cell, None) for cell in cells])
    tests = " OR ".join(f"coalesce({test}, false)" for test in coarse)
    return f"CASE WHEN {tests} THEN {plain} ELSE {whole} END"


def _fingerprint(texts: Sequence[str]) -> str:
    """The lengths stand behind the texts, so that no two records run together as one text."""
    told = " || ".join(texts)
    lengths = " || ',' || ".join(f"strlen({text})" for text in texts)
    return f"md5_number({told} || '|' || {lengths})"


def _read_as(value: str, cell: str) -> str:
    return f"coalesce(CAST({value} AS VARCHAR), {cell}, '')"


def _id(text: str) -> str:
    """Ids of 15 and 18 characters are the same if their first 15 are."""
    return f"CASE WHEN strlen({text}) = 18 THEN left({text}, 15) ELSE {text} END"
