"""The org's objects, from JSON files in the shape of Salesforce's describe."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from importlib.resources import files
from pathlib import Path
from typing import Any


class DescribeError(ValueError):
    """A file among the org's describes is none; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgField:
    """One field, as far as loading needs it. Lengths are in characters."""

    name: str
    label: str
    type: str
    length: int
    precision: int
    scale: int
    nillable: bool
    defaulted: bool
    createable: bool
    updateable: bool
    key: bool
    unique: bool
    case_sensitive: bool
    restricted: bool
    choices: frozenset[str]
    default: object
    refers_to: tuple[str, ...]
    relationship: str

    @property
    def required(self) -> bool:
        """Whether a record without a value is refused."""
        return (
            self.createable and not self.nillable and not self.defaulted and self.type != "boolean"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgObject:
    """One object: its describe as it is answered (`raw`), and its fields by lower-case name."""

    name: str
    label: str
    prefix: str
    raw: Mapping[str, Any] = field(repr=False)
    fields: Mapping[str, OrgField] = field(repr=False)
    keys: tuple[OrgField, ...] = field(repr=False)
    """Fields by which records are found: external ids, idLookup and unique ones, without Id."""
    changed: float
    """When the file was last written, in seconds since the epoch."""

    @property
    def last_modified(self) -> str:
        """The same as a HTTP date."""
        return formatdate(self.changed, usegmt=True)

    def relation(self, name: str) -> OrgField | None:
        """The reference field with this relationship name, in any case."""
        name = name.lower()
        return next((f for f in self.fields.values() if f.relationship.lower() == name), None)


def load(directory: Path | None) -> dict[str, OrgObject]:
    """All objects by lower-case name: the package's own, and over them `directory/objects`.

    Raises DescribeError for a file that is no describe.
    """
    result = [
        _read(Path(str(entry)), 0.0)
        for entry in files("bulkup.localorg.data").joinpath("definitions").iterdir()
        if entry.name.endswith(".json")
    ]
    own = directory / "objects" if directory else None
    if own is not None and own.is_dir():
        result += [_read(path, path.stat().st_mtime) for path in sorted(own.glob("*.json"))]
    return {item.name.lower(): item for item in result}


def _read(path: Path, changed: float) -> OrgObject:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        fields = [field_from(item) for item in raw["fields"]]
        return OrgObject(
            name=raw["name"],
            label=raw.get("label") or raw["name"],
            prefix=raw.get("keyPrefix") or "a00",
            raw=raw,
            fields={item.name.lower(): item for item in fields},
            keys=tuple(item for item in fields if (item.key or item.unique) and item.name != "Id"),
            changed=changed or path.stat().st_mtime,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DescribeError(f"{path} is no describe of an object ({error!r})") from error


def field_from(raw: Mapping[str, Any]) -> OrgField:
    """A field from its describe; only `name` and `type` must be there."""
    choices = [
        picklistValue
        for picklistValue in raw.get("picklistValues") or ()
        if picklistValue.get("active", True)
    ]
    preset = next((choice["value"] for choice in choices if choice.get("defaultValue")), None)
    return OrgField(
        name=raw["name"],
        label=raw.get("label") or raw["name"],
        type=raw["type"],
        length=raw.get("length") or 0,
        precision=raw.get("precision") or 0,
        scale=raw.get("scale") or 0,
        nillable=raw.get("nillable", True),
        defaulted=raw.get("defaultedOnCreate", False),
        createable=raw.get("createable", True),
        updateable=raw.get("updateable", True),
        key=bool(raw.get("externalId") or raw.get("idLookup")),
        unique=raw.get("unique", False),
        case_sensitive=raw.get("caseSensitive", False),
        restricted=raw.get("restrictedPicklist", False),
        choices=frozenset(choice["value"] for choice in choices),
        default=False if raw["type"] == "boolean" else preset,
        refers_to=tuple(raw.get("referenceTo") or ()),
        relationship=raw.get("relationshipName") or "",
    )
