"""Up to 200 rows of one job: read, checked, and written into the org's records."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bulkup.localorg import words
from bulkup.localorg.columns import Layout
from bulkup.localorg.jobs import Job
from bulkup.localorg.objects import OrgField, OrgObject
from bulkup.localorg.store import Record, Records, Values, spelled
from bulkup.localorg.uploads import Text
from bulkup.localorg.words import RowError

_EMPTIES = "#N/A"


@dataclass(slots=True)
class Row:
    """One row on its way: what it says, which record it is about, and why it is refused."""

    text: Text
    values: Values = field(default_factory=dict)
    parents: list[tuple[int, object]] = field(default_factory=list)
    id: str = ""
    created: bool = False
    before: Record | None = None
    error: RowError | None = None


class Slice:
    """The rows that Salesforce works on together: one after the other, none stops another."""

    def __init__(
        self,
        records: Records,
        objects: Mapping[str, OrgObject],
        job: Job,
        layout: Layout,
        user: str,
    ) -> None:
        self._records = records
        self._object = objects[job.object.lower()]
        self._objects = objects
        self._job = job
        self._layout = layout
        self._user = user
        self._key = self._object.fields[job.key.lower()] if job.key else None

    def apply(self, texts: Sequence[Text]) -> list[Row]:
        """Work on these records of the upload; says of each what became of it."""
        rows = [self._read(text) for text in texts]
        if self._job.operation == "upsert" and self._key and self._key.name != "Id":
            self._find_by_key(rows)
        else:
            self._find_by_id(rows)
        if self._job.operation in {"delete", "hardDelete"}:
            self._delete(rows)
            return rows
        self._find_parents(rows)
        self._check_references(rows)
        self._check_required(rows)
        self._check_unique(rows)
        self._write(rows)
        return rows

    def _read(self, text: Text) -> Row:
        row = Row(text)
        columns = self._layout.columns
        cells = text.cells or [""] * (len(columns) == 1)
        try:
            if text.problem:
                raise words.unreadable(text.problem)
            if len(cells) != len(columns):
                raise words.unreadable(f"{len(cells)} cells, expected {len(columns)}")
            self._convert(row, cells)
        except RowError as error:
            row.error = error
        return row

    def _convert(self, row: Row, cells: list[str]) -> None:
        values = row.values
        for at, (column, cell) in enumerate(zip(self._layout.columns, cells, strict=True)):
            if not cell:
                continue
            if cell == _EMPTIES:
                _check_emptied(column.field)
                values[column.field.name] = None
            elif column.parent:
                row.parents.append((at, column.convert(cell)))
            else:
                values[column.field.name] = column.convert(cell)

    # Which record a row is about.

    def _find_by_id(self, rows: list[Row]) -> None:
        operation = self._job.operation
        for row in rows:
            row.id = str(row.values.pop("Id", None) or "")
            if row.error:
                continue
            if operation == "insert":
                row.created = True
                if row.id:
                    message = "cannot specify Id in an insert call"
                    row.error = RowError("INVALID_FIELD_FOR_INSERT_UPDATE", message, "Id")
            elif not row.id and operation == "upsert":
                row.created = True
            elif not row.id:
                call = "delete" if operation in {"delete", "hardDelete"} else operation
                row.error = RowError("MISSING_ARGUMENT", f"Id not specified in an {call} call")
            elif not row.id.startswith(self._object.prefix):
                row.error = words.wrong_id(f"{self._object.label} ID", row.id, "Id")
        self._refuse_doubles(rows, {id(row): row.id for row in rows if not row.created}, "Id")
        self._fetch([row for row in rows if not row.created])

    def _find_by_key(self, rows: list[Row]) -> None:
        key = self._key
        if key is None:
            raise AssertionError  # upserts have one: create sees to it
        keys: dict[int, str] = {}
        for row in rows:
            if row.error:
                continue
            if "Id" in row.values:
                # Both Id and another key in one row: unconfirmed, refused.
                message = f"cannot specify Id in an upsert by {key.name}"
                row.error = RowError("INVALID_FIELD_FOR_INSERT_UPDATE", message, "Id")
            elif (value := row.values.get(key.name)) is None:
                row.error = RowError("MISSING_ARGUMENT", f"{key.name} not specified")
            else:
                keys[id(row)] = spelled(key, value)
        self._refuse_doubles(rows, keys, key.name)
        self._match(rows, keys, key)
        self._fetch([row for row in rows if not row.created])

    def _match(self, rows: list[Row], keys: Mapping[int, str], key: OrgField) -> None:
        found = self._records.find(self._object, key, set(keys.values()))
        for row in rows:
            if row.error:
                continue
            several = found.get(keys[id(row)], [])
            row.created = not several
            if len(several) > 1:
                row.error = RowError(
                    "DUPLICATE_EXTERNAL_ID",
                    f"{key.name}: more than one record found for external id field: "
                    f"[{', '.join(several)}]",
                )
            elif several:
                row.id = several[0]

    def _refuse_doubles(self, rows: list[Row], keys: Mapping[int, str], name: str) -> None:
        # All rows of a key, as one tool has seen it; not only the later ones.
        counts = Counter(key for key in keys.values() if key)
        if counts.total() == len(counts):
            return
        for row in rows:
            key = keys.get(id(row), "")
            if not row.error and counts[key] > 1:
                shown = row.values.get(name, key)
                message = f"Duplicate external id specified: {shown}"
                row.error = RowError("DUPLICATE_VALUE", message, name)

    def _fetch(self, rows: list[Row]) -> None:
        wanted = [row for row in rows if not row.error]
        held = self._records.get({row.id for row in wanted})
        for row in wanted:
            row.before = held.get(row.id)
            if row.before is None or row.before.object != self._object.name:
                row.error = words.no_such_reference()
            elif row.before.deleted and self._job.operation != "hardDelete":
                row.error = RowError("ENTITY_IS_DELETED", "entity is deleted")

    # What a row refers to.

    def _find_parents(self, rows: list[Row]) -> None:
        for at in self._layout.relations:
            column = self._layout.columns[at]
            parent, key = column.parent, column.parent_key
            if parent is None or key is None:
                continue
            asked = [
                (row, value)
                for row in rows
                if not row.error
                for position, value in row.parents
                if position == at
            ]
            spellings = {spelled(key, value) for _, value in asked}
            if key.name == "Id":
                live = self._records.live(spellings and {str(value) for _, value in asked})
                found: Mapping[str, list[str]] = {spelled(key, one): [one] for one in live}
            else:
                found = self._records.find(parent, key, spellings)
            for row, value in asked:
                several = found.get(spelled(key, value), [])
                if len(several) == 1:
                    row.values[column.field.name] = several[0]
                else:
                    row.error = words.no_such_parent(
                        value, key.name, parent.name, several=bool(several)
                    )

    def _check_references(self, rows: list[Row]) -> None:
        for reference in self._layout.references:
            prefixes = {
                one.prefix: one.name
                for name in reference.refers_to
                if (one := self._objects.get(name.lower()))
            }
            asked = [(row, str(row.values[reference.name])) for row in rows
                     if not row.error and row.values.get(reference.name)]  # fmt: skip
            live = self._records.live({id_ for _, id_ in asked})
            for row, id_ in asked:
                wanted = prefixes.get(id_[:3])
                if wanted is None and len(prefixes) == len(reference.refers_to):
                    row.error = words.wrong_id(reference.label, id_, reference.name)
                elif wanted is None or live.get(id_) != wanted:
                    row.error = words.no_such_reference(reference.name)

    # What a record must be.

    def _check_required(self, rows: list[Row]) -> None:
        required = [one.name for one in self._object.fields.values() if one.required]
        for row in rows:
            if row.created and not row.error:
                lacking = [name for name in required if row.values.get(name) is None]
                if lacking:
                    row.error = words.missing(lacking)

    def _check_unique(self, rows: list[Row]) -> None:
        for key in self._object.keys:
            if not key.unique:
                continue
            asked = [
                (row, spelled(key, value))
                for row in rows
                if not row.error and (value := row.values.get(key.name)) is not None
            ]
            if not asked:
                continue
            held = self._records.find(self._object, key, {value for _, value in asked})
            taken = {value: several[0] for value, several in held.items()}
            for row, value in asked:
                owner = taken.setdefault(value, row.id or f"row {id(row)}")
                if owner not in (row.id, f"row {id(row)}"):
                    shown = "<unknown>" if owner.startswith("row ") else owner
                    row.error = RowError(
                        "DUPLICATE_VALUE",
                        f"duplicate value found: {key.name} duplicates value on record "
                        f"with id: {shown}",
                    )

    # What is written.

    def _write(self, rows: list[Row]) -> None:
        good = [row for row in rows if not row.error]
        made = [row for row in good if row.created]
        if made:
            fresh = self._records.new_ids(self._object.prefix, len(made))
            presets = self._presets()
            for row, id_ in zip(made, fresh, strict=True):
                row.id = id_
                row.values = _without_empties({**presets, **row.values})
            self._records.insert(self._object, [(r.id, r.values) for r in made], self._job.id)
        changed = [
            (row.id, row.before.values, _without_empties({**row.before.values, **row.values}))
            for row in good
            if row.before
        ]
        if changed:
            self._records.update(self._object, changed, self._job.id)

    def _presets(self) -> Values:
        presets: Values = {
            one.name: one.default
            for one in self._object.fields.values()
            if one.createable and one.defaulted and one.default is not None
        }
        if "ownerid" in self._object.fields:
            presets["OwnerId"] = self._user
        return presets

    def _delete(self, rows: list[Row]) -> None:
        doomed = [row.before for row in rows if row.before and not row.error]
        hard = self._job.operation == "hardDelete"
        self._records.delete(self._object, doomed, self._job.id, hard=hard)


def _without_empties(values: Values) -> Values:
    return {name: value for name, value in values.items() if value is not None}


def _check_emptied(field_: OrgField) -> None:
    if field_.nillable or field_.name == "Id":
        return
    if field_.type == "boolean":
        # What Salesforce says of an emptied checkbox is unconfirmed: refused.
        message = f"{field_.label}: value not of required type: null"
        raise RowError("INVALID_TYPE_ON_FIELD_IN_RECORD", message, field_.name)
    raise words.missing([field_.name])
