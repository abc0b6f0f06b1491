"""The org's records, and the values by which they are found."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bulkup.localorg.data import ids
from bulkup.localorg.data.database import meta, set_meta
from bulkup.localorg.data.objects import OrgField, OrgObject

Values = dict[str, object]


@dataclass(slots=True)
class Record:
    """One record as it is held; an empty field has no entry in `values`."""

    id: str
    object: str
    values: Values
    deleted: bool


def spelled(field: OrgField, value: object) -> str:
    """A value as it is looked up: without regard to case unless the field has regard to it."""
    text = str(value)
    return text if field.case_sensitive else text.casefold()


class Records:
    """The records of all objects. Whoever calls says when to commit."""

    def __init__(self, database: sqlite3.Connection, objects: Mapping[str, OrgObject]) -> None:
        self._database = database
        for value in objects.values():
            self._index(value)

    def new_ids(self, prefix: str, count: int) -> list[str]:
        """The next Ids with this prefix."""
        name = f"last {prefix}"
        last = int(meta(self._database, name) or 0)
        set_meta(self._database, name, str(last + count))
        return [ids.make(prefix, number) for number in range(last + 1, last + count + 1)]

    def get(self, wanted: Iterable[str]) -> dict[str, Record]:
        """The records with these 18-character Ids, deleted ones too."""
        rows = self._select("SELECT id, object, data, deleted FROM record WHERE id IN (%s)", wanted)
        return {
            id_: Record(id_, object_, json.loads(data), bool(deleted))
            for id_, object_, data, deleted in rows
        }

    def live(self, wanted: Iterable[str]) -> dict[str, str]:
        """Which of these 18-character Ids belong to live records, and of which object."""
        rows = self._select(
            "SELECT id, object FROM record WHERE NOT deleted AND id IN (%s)", wanted
        )
        return dict(rows)

    def find(
        self, object_: OrgObject, field: OrgField, values: Iterable[str]
    ) -> Mapping[str, list[str]]:
        """The Ids of live records that have one of these values, by value as `spelled`."""
        result: dict[str, list[str]] = defaultdict(list)
        rows = self._select(
            "SELECT value, id FROM lookup WHERE object = ? AND field = ? AND value IN (%s)",
            values,
            object_.name,
            field.name,
        )
        for value, id_ in rows:
            result[value].append(id_)
        return result

    def _select(self, query: str, wanted: Iterable[str], *first: str) -> Iterator[Any]:
        several = list(wanted)
        for at in range(0, len(several), 500):
            some = several[at : at + 500]
            yield from self._database.execute(
                query % ",".join("?" * len(some)),  # question marks only
                (*first, *some),
            )

    def insert(self, object_: OrgObject, records: Sequence[tuple[str, Values]], job: str) -> None:
        """Keep new records, made by this job."""
        self._database.executemany(
            "INSERT INTO record VALUES (?, ?, ?, ?, ?, 0)",
            [(id_, object_.name, _dump(values), job, job) for id_, values in records],
        )
        self._add_lookups(object_, records)

    def update(
        self, object_: OrgObject, records: Sequence[tuple[str, Values, Values]], job: str
    ) -> None:
        """Keep records (Id, values before, values after) that this job has changed."""
        self._database.executemany(
            "UPDATE record SET data = ?, changed_by = ? WHERE id = ?",
            [(_dump(after), job, id_) for id_, _, after in records],
        )
        keys = [key.name for key in object_.keys]
        moved = [
            (id_, before, after)
            for id_, before, after in records
            if any(before.get(key) != after.get(key) for key in keys)
        ]
        self._drop_lookups(object_, [(id_, before) for id_, before, _ in moved])
        self._add_lookups(object_, [(id_, after) for id_, _, after in moved])

    def delete(
        self, object_: OrgObject, records: Sequence[Record], job: str, *, hard: bool
    ) -> None:
        """Delete records: into the recycle bin, or for good (`hard`)."""
        self._drop_lookups(object_, [(record.id, record.values) for record in records])
        if hard:
            query = "DELETE FROM record WHERE id = ?"
            self._database.executemany(query, [(record.id,) for record in records])
        else:
            query = "UPDATE record SET deleted = 1, changed_by = ? WHERE id = ?"
            self._database.executemany(query, [(job, record.id) for record in records])

    def all(self, object_: OrgObject) -> list[Values]:
        """All live records, oldest first, each with its Id."""
        rows = self._database.execute(
            "SELECT id, data FROM record WHERE object = ? AND NOT deleted ORDER BY id",
            (object_.name,),
        )
        return [{"Id": id_, **json.loads(data)} for id_, data in rows]

    def created_by(self, job: str) -> list[str]:
        """The Ids of the records that a job has made, oldest first."""
        query = "SELECT id FROM record WHERE created_by = ? ORDER BY id"
        return [id_ for (id_,) in self._database.execute(query, (job,))]

    def changed_by(self, job: str) -> list[str]:
        """The Ids of the records that a job was the last to make, change or delete."""
        query = "SELECT id FROM record WHERE changed_by = ? ORDER BY id"
        return [id_ for (id_,) in self._database.execute(query, (job,))]

    def _add_lookups(self, object_: OrgObject, records: Iterable[tuple[str, Values]]) -> None:
        self._database.executemany(
            "INSERT OR IGNORE INTO lookup VALUES (?, ?, ?, ?)", _lookups(object_, records)
        )

    def _drop_lookups(self, object_: OrgObject, records: Iterable[tuple[str, Values]]) -> None:
        self._database.executemany(
            "DELETE FROM lookup WHERE object = ? AND field = ? AND value = ? AND id = ?",
            _lookups(object_, records),
        )

    def _index(self, object_: OrgObject) -> None:
        # The describe may have been replaced by one with other keys since the last start.
        name = f"keys of {object_.name}"
        keys = ",".join(f"{key.name}:{key.case_sensitive}" for key in object_.keys)
        if meta(self._database, name) == keys:
            return
        self._database.execute("DELETE FROM lookup WHERE object = ?", (object_.name,))
        self._add_lookups(object_, [(str(item["Id"]), item) for item in self.all(object_)])
        set_meta(self._database, name, keys)


def _lookups(
    object_: OrgObject, records: Iterable[tuple[str, Values]]
) -> Iterator[tuple[str, str, str, str]]:
    keys = object_.keys
    for id_, values in records:
        for key in keys:
            if (value := values.get(key.name)) is not None:
                yield object_.name, key.name, spelled(key, value), id_


def _dump(values: Values) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))
