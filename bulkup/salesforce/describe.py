"""What an org says of its objects, its limits and its users."""

import difflib
import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from bulkup.errors import Gone, InputError, NotWritable, Refused, SalesforceError
from bulkup.files import write_private
from bulkup.model import Field, ObjectInfo
from bulkup.salesforce.client import NOT_MODIFIED, Client

ORG_ID = re.compile(r"(00D[0-9A-Za-z]{12})(?:[0-9A-Za-z]{3})?")
SUGGEST_FROM = 0.6


def describe(client: Client, name: str, cache: Path | None = None) -> ObjectInfo:
    """An object, as the org describes it now.

    `cache` is a folder where the last answer is kept: the org is asked all the same, and says
    whether it still holds (`If-Modified-Since`).

    Raises:
        InputError: the org does not know the object, or the user may not see it; or the org does
            not offer the version of the API.
    """
    return object_of(describe_raw(client, name, cache))


def describe_raw(client: Client, name: str, cache: Path | None = None) -> dict[str, Any]:
    """Salesforce's own JSON of an object; see `describe`."""
    if not re.fullmatch(r"\w+", name, re.ASCII):
        raise InputError(f"{name!r} is no API name of an object", HINT, name="UnknownObject")
    kept, since = _kept(client, name, cache)
    headers = {"If-Modified-Since": since} if since else {}
    try:
        response = client.request("GET", client.data(f"sobjects/{name}/describe"), headers=headers)
    except Gone as error:
        _refuse_version(client)
        raise InputError(
            f"The org has no object {name!r}, or you may not see it",
            _suggestion(client, name),
            name="UnknownObject",
        ) from error
    if response.status_code == NOT_MODIFIED and kept is not None:
        return kept
    data: dict[str, Any] = client.read(response)
    if cache is not None and (modified := response.headers.get("last-modified")):
        user = _user(client)
        _keep(client, name, cache, {"user": user, "modified": modified, "describe": data})
    return data


def _refuse_version(client: Client) -> None:
    """Look whether it is the version, and not the object, that the org does not have."""
    try:
        offered = versions(client)
    except SalesforceError:
        return
    if offered and client.api_version not in offered:
        raise InputError(
            f"The org does not offer version {client.api_version} of the API; "
            f"its newest is {offered[-1]}",
            f"Say --api-version {offered[-1]}, or leave it out.",
            name="UnknownApiVersion",
        )


HINT = "Write it as Setup, Object Manager shows it: Contact, Lead, Invoice__c."


def _suggestion(client: Client, name: str) -> str:
    try:
        objects = client.get(client.data("sobjects")).get("sobjects") or ()
    except Refused:
        return HINT
    names = {str(one.get("name")).lower(): str(one.get("name")) for one in objects}
    close = difflib.get_close_matches(name.lower(), list(names), n=1, cutoff=SUGGEST_FROM)
    return f"Did you mean {names[close[0]]}? {HINT}" if close else HINT


def _file(client: Client, name: str, cache: Path) -> Path:
    host = re.sub(r"[^\w.-]", "_", client.host)
    return cache / f"{host}-v{client.api_version}-{name.lower()}.json"


def _kept(client: Client, name: str, cache: Path | None) -> tuple[dict[str, Any] | None, str]:
    if cache is None:
        return None, ""
    try:
        data = msgspec.json.decode(_file(client, name, cache).read_bytes())
        if data["user"] != _user(client):
            return None, ""
        return dict(data["describe"]), str(data["modified"])
    except (OSError, ValueError, KeyError, TypeError):
        return None, ""


def _user(client: Client) -> str:
    """Whose answer it was: two users of an org need not see the same fields."""
    return hashlib.sha256(client.token.encode()).hexdigest()[:12]


def _keep(client: Client, name: str, cache: Path, data: Mapping[str, Any]) -> None:
    """Losing a cache is no harm, so a disk that does not take it is none either."""
    file = _file(client, name, cache)
    with suppress(NotWritable):
        write_private(file, msgspec.json.encode(data))


def object_of(data: Mapping[str, Any]) -> ObjectInfo:
    """An object from Salesforce's JSON."""
    fields = [_field(one) for one in data.get("fields") or ()]
    return ObjectInfo(
        name=str(data.get("name", "")),
        label=str(data.get("label") or ""),
        createable=bool(data.get("createable", True)),
        updateable=bool(data.get("updateable", True)),
        deletable=bool(data.get("deletable", True)),
        key_prefix=str(data.get("keyPrefix") or ""),
        fields={one.name: one for one in fields},
    )


def _field(data: Mapping[str, Any]) -> Field:
    values = data.get("picklistValues") or ()
    return Field(
        name=str(data.get("name", "")),
        label=str(data.get("label") or ""),
        type=str(data.get("type") or "string"),
        length=int(data.get("length") or 0),
        precision=int(data.get("precision") or 0),
        scale=int(data.get("scale") or 0),
        digits=int(data.get("digits") or 0),
        nillable=bool(data.get("nillable", True)),
        defaulted_on_create=bool(data.get("defaultedOnCreate")),
        createable=bool(data.get("createable", True)),
        updateable=bool(data.get("updateable", True)),
        external_id=bool(data.get("externalId")),
        id_lookup=bool(data.get("idLookup")),
        unique=bool(data.get("unique")),
        case_sensitive=bool(data.get("caseSensitive")),
        calculated=bool(data.get("calculated")),
        auto_number=bool(data.get("autoNumber")),
        restricted_picklist=bool(data.get("restrictedPicklist")),
        picklist_values=tuple(str(v.get("value")) for v in values if v.get("active", True)),
        reference_to=tuple(map(str, data.get("referenceTo") or ())),
        relationship_name=str(data.get("relationshipName") or ""),
        polymorphic=bool(data.get("polymorphicForeignKey")),
    )


def limits(client: Client) -> dict[str, dict[str, int]]:
    """What is left of the org's allocations: name -> `Max`, `Remaining`."""
    data: dict[str, dict[str, int]] = client.get(client.data("limits"))
    return data


def versions(client: Client) -> list[str]:
    """The API versions that the org offers, oldest first, as `60.0`."""
    return [str(one.get("version")) for one in client.get("/services/data/", expect=list)]


def userinfo(client: Client) -> dict[str, Any]:
    """Who the token belongs to: `preferred_username`, `organization_id`, `user_id`."""
    data: dict[str, Any] = client.get("/services/oauth2/userinfo")
    return data


def org_id(client: Client, token: str | None = None) -> str:
    """The first 15 characters of the org's id: from the token, else asked for."""
    if found := ORG_ID.match((token or client.token).partition("!")[0]):
        return found[1]
    return str(userinfo(client).get("organization_id", ""))[:15]
