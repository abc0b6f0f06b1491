"""The stand-in org's objects as the client knows them."""

import json
from functools import cache
from pathlib import Path

from bulkup.model import ObjectInfo
from bulkup.salesforce.describe import object_of

OBJECTS = Path(__file__).parent.parent / "bulkup" / "localorg" / "data" / "definitions"


@cache
def describe(name: str) -> ObjectInfo:
    return object_of(json.loads((OBJECTS / f"{name}.json").read_text(encoding="utf-8")))
