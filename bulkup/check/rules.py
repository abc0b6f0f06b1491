"""Every code of the check, as one table: its severity, its meaning, what to do."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from bulkup.model import Finding, Severity

FIRST_ROWS = 20
"""How many row numbers a finding names."""


class Scope(StrEnum):
    """What a finding is about. `--skip-invalid` helps only with single rows."""

    LOAD = "load"
    COLUMN = "column"
    ROWS = "rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One code of the table. `firm` says why `--allow` can't let it pass; empty where it can.

    A code of single cells has a `sentence` about the first of them: a format that
    `cells.messages` fills with {value} and {length} of the cell; {field}, {limit}, {digits},
    {choices} and {objects} of its field; the {reference} that a relationship fills; {cells}, how
    many there are; {null}, what empties the field; and {form}, the form to write, which is `form`
    where none can be suggested.
    """

    severity: Severity
    scope: Scope
    meaning: str
    advice: str
    firm: str = ""
    sentence: str = ""
    form: str = ""


def _error(
    scope: Scope, meaning: str, advice: str, firm: str = "", *, sentence: str = "", form: str = ""
) -> Rule:
    return Rule(
        severity=Severity.ERROR,
        scope=scope,
        meaning=meaning,
        advice=advice,
        firm=firm,
        sentence=sentence,
        form=form,
    )


def _warning(
    scope: Scope, meaning: str, advice: str, *, sentence: str = "", form: str = ""
) -> Rule:
    return Rule(
        severity=Severity.WARNING,
        scope=scope,
        meaning=meaning,
        advice=advice,
        sentence=sentence,
        form=form,
    )


_CORRECT = "Correct the cells"
_FAILS_JOB = "Salesforce fails the whole job for it"

RULES: Mapping[str, Rule] = {
    "OBJECT_NOT_LOADABLE": _error(
        Scope.LOAD,
        "You may not insert, update or delete records of this object",
        "Ask your administrator for the permission, or load another object",
        "Salesforce refuses all of it",
    ),
    "KEY_COLUMN_MISSING": _error(
        Scope.LOAD,
        "The file has no column for the key by which records are found",
        "Add the column, or name it with `--map`",
        "no record can be found without it, and rows might be inserted anew",
    ),
    "NOTHING_BUT_KEYS": _error(
        Scope.LOAD,
        "There is no column that would change anything",
        "Add columns to load, or drop fewer",
    ),
    "NO_COLUMN_LEFT": _error(
        Scope.LOAD,
        "No column of the file would be sent",
        "Add columns to load, or drop fewer",
        _FAILS_JOB,
    ),
    "REQUIRED_COLUMN_MISSING": _error(
        Scope.LOAD,
        "A field that an insert needs has no column",
        "Add the column, or name it with `--map`",
    ),
    "REQUIRED_FOR_NEW": _warning(
        Scope.LOAD,
        "A field that new records need has no column in an upsert",
        "Nothing, if every row finds its record",
    ),
    "MORE_THAN_DAILY_LIMIT": _error(
        Scope.LOAD,
        "The load has more rows than the org takes in a day",
        "Load the file in parts on several days",
    ),
    "MORE_THAN_REMAINING_LIMIT": _warning(
        Scope.LOAD,
        "The load needs more than what is left of the org's allocation of the last 24 hours",
        "Wait, or load it in parts: a run that meets the limit can be resumed",
    ),
    "ENCODING_GUESSED": _warning(
        Scope.LOAD,
        "The file does not tell its encoding, and it is not UTF-8: it was guessed",
        "See whether the value that the message shows is right, and name the encoding with "
        "`--encoding`",
    ),
    "QUOTES_CORRECTED": _warning(
        Scope.ROWS,
        "Quotes are not where CSV has them, and their meaning is clear: these rows were written "
        "anew",
        "Nothing; to end it, let the program that writes the file double the quotes in a value "
        "and quote the whole value",
    ),
    "QUOTES_UNCLEAR": _error(
        Scope.ROWS,
        'Text stands beside a quoted part, as in `"Hello" world`: Salesforce refuses it, and what '
        "is meant is not clear",
        'Quote the whole cell and double the quotes of its text, as in `"""Hello"" world"`',
    ),
    "PARENTS_IN_CIRCLE": _warning(
        Scope.LOAD,
        "Rows name each other, or themselves, as parents: no order lets each find its parent",
        "Nothing, if the records are in the org already; else load the rows without the column "
        "first",
    ),
    "UNKNOWN_COLUMN": _error(
        Scope.COLUMN,
        "The object has no field of this name",
        "Name the field with `--map`, or leave the column out with `--drop`",
        _FAILS_JOB,
    ),
    "LABEL_NOT_NAME": _error(
        Scope.COLUMN,
        "The column has a field's label, and Salesforce takes only its name",
        "Type the `--map` that the message shows",
        _FAILS_JOB,
    ),
    "COLUMN_NOT_LOADABLE": _error(
        Scope.COLUMN,
        "The field can't be written by this operation",
        "Leave the column out with `--drop`",
        "Salesforce fails the rows that fill it, or the whole job",
    ),
    "COLUMN_NOT_FOR_ALL_ROWS": _warning(
        Scope.COLUMN,
        "An upsert writes a field that can be written only in new records, or only in old ones",
        "Nothing, if all rows are new, or none is; else load them apart",
    ),
    "COLUMN_TWICE": _error(
        Scope.COLUMN,
        "Two columns fill the same field",
        "Leave one of them out with `--drop`",
        _FAILS_JOB,
    ),
    "ONLY_ID_FOR_DELETE": _error(
        Scope.COLUMN,
        "A delete takes the Id and nothing else",
        "Leave the other columns out with `--drop`",
        _FAILS_JOB,
    ),
    "RELATIONSHIP_UNKNOWN": _error(
        Scope.COLUMN,
        "The object has no relationship of this name, or its key finds no records",
        "Write Relationship.Field, with a relationship that the message names",
        _FAILS_JOB,
    ),
    "RELATIONSHIP_NEEDS_OBJECT": _error(
        Scope.COLUMN,
        "The reference may point to several objects, and the column does not say to which",
        "Put the object in front, as in User:Owner.Email",
        _FAILS_JOB,
    ),
    "RELATIONSHIP_TAKES_NO_OBJECT": _error(
        Scope.COLUMN,
        "The reference points to one object only, which must not stand in front",
        "Take the object and the colon away",
        _FAILS_JOB,
    ),
    "COLUMN_EMPTY": _warning(
        Scope.COLUMN,
        "Every cell of the column is empty",
        "Nothing, or leave it out with `--drop`",
    ),
    "KEY_EMPTY": _error(
        Scope.ROWS,
        "A row has no value in the key column",
        "Fill the cells, or take the rows out",
        "such a row fails or, in an upsert by Id, is inserted anew",
        sentence="{field} is empty, and records are found by it",
    ),
    "KEY_TWICE": _error(
        Scope.ROWS,
        "Several rows have the same key, and which of them wins is up to Salesforce",
        "Keep one row for each key",
    ),
    "REQUIRED_EMPTY": _error(
        Scope.ROWS,
        "A field that an insert needs is empty",
        "Fill the cells",
        sentence="{field} is required, and is empty",
    ),
    "REQUIRED_EMPTY_FOR_NEW": _warning(
        Scope.ROWS,
        "A field that new records need is empty in an upsert",
        "Nothing, if these rows find their records",
        sentence="{field} is empty: a row that finds no record will fail",
    ),
    "REQUIRED_CLEARED": _error(
        Scope.ROWS,
        "`#N/A` would empty a field that can't be empty",
        "Put a value in its place",
        sentence="{field} can't be empty, and {null} would empty it",
    ),
    "FIELD_EMPTIED": _warning(
        Scope.ROWS,
        "Cells empty their field: they are `#N/A`, or blank with `--blank null`",
        "Nothing, if that is meant; `#N/A` may also be a lookup that failed in a spreadsheet",
        sentence="{cells} would empty {field}: {null} empties a field",
    ),
    "TOO_LONG": _error(
        Scope.ROWS,
        "The value has more characters than the field holds",
        "Shorten the values",
        sentence="{field} takes at most {limit} characters, and one has {length}",
    ),
    "RECORD_TOO_LONG": _error(
        Scope.ROWS,
        "The record has more than 400,000 characters",
        "Shorten its values",
    ),
    "NOT_A_NUMBER": _error(
        Scope.ROWS,
        "The value is no number that Salesforce takes",
        "Write digits and a decimal point, as in 1234.5",
        sentence="{value} is no number: {form}",
        form="write it like 1234.5",
    ),
    "NOT_AN_INTEGER": _error(
        Scope.ROWS,
        "The value is no whole number of at most 2,147,483,647",
        "Write digits only",
        sentence="{value} is no whole number that fits: {form}",
        form="write it like 1234",
    ),
    "OUTSIDE_PRECISION": _error(
        Scope.ROWS,
        "The number has more digits than the field holds",
        _CORRECT,
        sentence="{value} has more digits than {field} holds{digits}",
    ),
    "MORE_DIGITS_THAN_DESCRIBED": _warning(
        Scope.ROWS,
        "The whole number has more digits than the field is described with",
        _CORRECT,
        sentence="{value} has more digits than {field} is made for",
    ),
    "NOT_A_DATE": _error(
        Scope.ROWS,
        "The value is no date that Salesforce takes",
        "Write 2026-11-24",
        sentence="{value} is no date that Salesforce takes: {form}",
        form="write it like 2026-11-24",
    ),
    "DATE_WITH_ZONE": _warning(
        Scope.ROWS,
        "A date ends in a time zone, and whether Salesforce takes it is not sure",
        "Write 2026-11-24",
        sentence="{value} may not be taken as a date: {form}",
        form="write it like 2026-11-24",
    ),
    "NOT_A_DATETIME": _error(
        Scope.ROWS,
        "The value is no date and time that Salesforce takes",
        "Write 2026-11-24T04:05:06 and your offset, as +01:00; Z is UTC",
        sentence="{value} is no date and time that Salesforce takes: {form}",
        form="write it like 2026-11-24T04:05:06+01:00; Z is UTC",
    ),
    "NOT_A_TIME": _error(
        Scope.ROWS,
        "The value is no time that Salesforce takes",
        "Write 04:05:06.000Z",
        sentence="{value} is no time that Salesforce takes: {form}",
        form="write it like 04:05:06.000Z",
    ),
    "NOT_A_BOOLEAN": _error(
        Scope.ROWS,
        "The value is neither true nor false",
        "Write true or false",
        sentence="{value} is neither true nor false: {form}",
        form="write true or false",
    ),
    "BOOLEAN_IN_WORDS": _warning(
        Scope.ROWS,
        "A boolean is written as yes, no, y or n, and whether Salesforce takes it is not sure",
        "Write true or false",
        sentence="{value} may not be taken as a boolean: {form}",
        form="write true or false",
    ),
    "NOT_IN_PICKLIST": _error(
        Scope.ROWS,
        "The restricted picklist has no such value",
        "Take one of its values",
        sentence="{value} is no value of {field}: {choices}",
    ),
    "STATE_NOT_IN_PICKLIST": _warning(
        Scope.ROWS,
        "The org has lists of states and countries, and the text is not in them",
        "Write the state's or country's name as Setup shows it, or load the field that ends in "
        "Code with its code",
        sentence="{value} is not in the org's list for {field}: {choices}",
    ),
    "NEW_PICKLIST_VALUE": _warning(
        Scope.ROWS,
        "The picklist has no such value yet; Salesforce takes it all the same",
        "Nothing, or take one of its values",
        sentence="{value} is not yet a value of {field}: {choices}",
    ),
    "NOT_AN_EMAIL": _error(
        Scope.ROWS,
        "The value is no email address",
        _CORRECT,
        sentence="{value} is no email address: {form}",
        form="write it like anna@example.com",
    ),
    "MALFORMED_ID": _error(
        Scope.ROWS,
        "An Id is not 15 or 18 letters and digits",
        _CORRECT,
        sentence="{value} is no Id: {form}",
        form="an Id has 15 or 18 letters and digits",
    ),
    "WRONG_ID_CHECKSUM": _error(
        Scope.ROWS,
        "The last three characters of an Id do not fit the rest: its capitals were changed",
        "Export the Ids again; a spreadsheet may have changed them",
        sentence="{value} is no Id: its last three characters do not fit the rest: {form}",
        form="export it again; a spreadsheet may have changed capitals",
    ),
    "RECORD_TYPE_NOT_AVAILABLE": _error(
        Scope.ROWS,
        "The object has no such record type, or your user may not give it to records",
        "Take another, or have it assigned to your profile",
        sentence="{value} is no record type that you may give: {choices}",
    ),
    "BOTH_REFERENCES": _error(
        Scope.ROWS,
        "Two columns name the parent of a row, by its Id and by a key, or by two keys",
        "Empty one of the two cells, or leave a column out with `--drop`",
        sentence="{value} is not the only parent: another column fills {reference} in the same row",
    ),
    "BOTH_NAMES": _warning(
        Scope.ROWS,
        "An account has the name of a company and that of a person",
        "Leave one of them empty: Name is for companies, LastName for people",
        sentence="{value} is a company's name, and LastName makes the account a person's",
    ),
    "ID_OF_ANOTHER_OBJECT": _error(
        Scope.ROWS,
        "The Id belongs to a record of another object",
        _CORRECT,
        sentence="{value} is the Id of another object: {field} takes {objects}",
    ),
    "BLANKS_AROUND": _warning(
        Scope.ROWS,
        "Values begin or end with blanks, which Salesforce keeps",
        "Trim them if they are not meant",
        sentence="{value} begins or ends with blanks: Salesforce keeps them",
    ),
    "WRONG_ENCODING": _warning(
        Scope.ROWS,
        "Values look as if they were read in a wrong encoding, like `Ã©` for `é`; an error in a "
        "result file of ours, which was right when it was written",
        "Export the file again, as UTF-8",
        sentence="{value} looks as if it was read in a wrong encoding: export it again as UTF-8",
    ),
    "ROW_TWICE": _warning(
        Scope.ROWS, "Several rows are the same in every column", "Keep one of them"
    ),
}


def finding(
    code: str, message: str, *, column: str = "", count: int = 0, rows: Iterable[int] = ()
) -> Finding:
    """A finding with the severity of its rule."""
    return Finding(
        severity=RULES[code].severity,
        code=code,
        message=message,
        column=column,
        count=count,
        rows=tuple(rows),
    )


def effective_severity(
    severity: Severity,
    code: str,
    *,
    allow: Collection[str],
    strict: bool,
    errors: Collection[str] = (),
) -> Severity:
    """The severity for this user: `--allow` beats `--strict`, which beats the table.

    A firm code can't be allowed. `errors` are codes that are errors in this file.
    """
    if code in allow and not RULES[code].firm:
        return Severity.WARNING
    return Severity.ERROR if strict or code in errors else severity


def apply_overrides(
    findings: Iterable[Finding],
    *,
    allow: Collection[str] = (),
    strict: bool = False,
    errors: Collection[str] = (),
) -> tuple[Finding, ...]:
    """The findings with `--allow`, `--strict` and the file's own `errors` applied, errors first."""
    overridden = [
        replace(
            item,
            severity=effective_severity(
                item.severity, item.code, allow=allow, strict=strict, errors=errors
            ),
        )
        for item in findings
    ]
    return tuple(sorted(overridden, key=lambda item: item.severity is not Severity.ERROR))


def stopping(findings: Iterable[Finding], *, skip_invalid: bool = False) -> tuple[Finding, ...]:
    """The findings that stop the load; with `--skip-invalid`, those of single rows do not."""
    return tuple(
        item
        for item in findings
        if item.severity is Severity.ERROR
        and not (skip_invalid and RULES[item.code].scope is Scope.ROWS)
    )
