"""The stand-in org's objects as the client knows them."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from bulkup.model import Field, ObjectInfo

OBJECTS = Path(__file__).parent.parent / "bulkup" / "localorg" / "objects"


@cache
def describe(name: str) -> ObjectInfo:
    raw = json.loads((OBJECTS / f"{name}.json").read_text(encoding="utf-8"))
    return ObjectInfo(
        name=raw["name"],
        label=raw["label"],
        key_prefix=raw["keyPrefix"],
        fields={one["name"]: _field(one) for one in raw["fields"]},
    )


def _field(raw: dict[str, Any]) -> Field:
    active = [one["value"] for one in raw.get("picklistValues") or () if one.get("active", True)]
    return Field(
        name=raw["name"],
        label=raw["label"],
        type=raw["type"],
        length=raw.get("length") or 0,
        precision=raw.get("precision") or 0,
        scale=raw.get("scale") or 0,
        digits=raw.get("digits") or 0,
        nillable=raw["nillable"],
        defaulted_on_create=raw.get("defaultedOnCreate", False),
        createable=raw["createable"],
        updateable=raw["updateable"],
        external_id=raw.get("externalId", False),
        id_lookup=raw.get("idLookup", False),
        unique=raw.get("unique", False),
        case_sensitive=raw.get("caseSensitive", False),
        restricted_picklist=raw.get("restrictedPicklist", False),
        picklist_values=tuple(active),
        reference_to=tuple(raw.get("referenceTo") or ()),
        relationship_name=raw.get("relationshipName") or "",
        polymorphic=raw.get("polymorphicForeignKey") or False,
    )
