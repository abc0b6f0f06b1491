"""Up to 200 rows of one job: read, checked, and written into the org's records."""

from collections.abc import Mapping, Sequence

from bulkup.localorg.data.objects import OrgField, OrgObject
from bulkup.localorg.data.records import Records, Values
from bulkup.localorg.jobs import errors, record_lookup, validation
from bulkup.localorg.jobs.errors import RowError
from bulkup.localorg.jobs.layout import Column, Layout
from bulkup.localorg.jobs.row import Row
from bulkup.localorg.jobs.store import Job
from bulkup.localorg.jobs.upload_reader import Text

_EMPTIES = "#N/A"


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
        self._find_records(rows)
        if self._job.operation in {"delete", "hardDelete"}:
            self._delete(rows)
            return rows
        validation.find_parents(rows, self._layout, self._records)
        validation.check_references(rows, self._layout, self._objects, self._records)
        validation.check_required(rows, self._object)
        validation.check_unique(rows, self._object, self._records)
        self._write(rows)
        return rows

    def refuse(self, texts: Sequence[Text], error: RowError) -> list[Row]:
        """Refuse these records of the upload; the rows know the records that they are about."""
        rows = [self._read(text) for text in texts]
        for row in rows:
            row.error = error
        self._find_records(rows)
        return rows

    def _find_records(self, rows: Sequence[Row]) -> None:
        operation = self._job.operation
        if self._key and self._key.name != "Id":
            record_lookup.by_key(rows, self._object, self._key, operation, self._records)
        else:
            record_lookup.by_id(rows, self._object, operation, self._records)

    def _read(self, text: Text) -> Row:
        row = Row(text)
        columns = self._layout.columns
        # Whether Salesforce passes over blank lines is unconfirmed: here each is a record.
        cells = text.cells or [""] * (len(columns) == 1)
        try:
            if text.problem:
                raise errors.unreadable(text.problem)
            if len(cells) != len(columns):
                raise errors.unreadable(f"{len(cells)} cells, expected {len(columns)}")
            self._convert(row, cells)
        except RowError as error:
            row.error = error
        return row

    def _convert(self, row: Row, cells: list[str]) -> None:
        """Fill the row's values from all cells that can be read, then raise the first error.

        A refused row needs its Id or key too: its result has the Id of the record.
        """
        first_error: RowError | None = None
        for index, (column, cell) in enumerate(zip(self._layout.columns, cells, strict=True)):
            try:
                self._convert_cell(row, index, column, cell)
            except RowError as error:
                first_error = first_error or error
        if first_error:
            raise first_error

    def _convert_cell(self, row: Row, index: int, column: Column, cell: str) -> None:
        if not cell:
            return
        if cell == _EMPTIES:
            _check_emptied(column.field)
            row.values[column.field.name] = None
        elif column.parent:
            row.parents[index] = column.convert(cell)
        else:
            row.values[column.field.name] = column.convert(cell)

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
            value.name: value.default
            for value in self._object.fields.values()
            if value.createable and value.defaulted and value.default is not None
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
    raise errors.missing([field_.name])
