"""What an org says of its objects, its limits and its users."""

import difflib
import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from bulkup.errors import Gone, InputError, NotWritable, Refused, SalesforceError, Transient
from bulkup.files import write_private
from bulkup.model import Field, ObjectInfo, RecordType
from bulkup.salesforce.client import NOT_MODIFIED, Client
from bulkup.salesforce.errors import PASSING_HINT
from bulkup.salesforce.shapes import (
    flag,
    objects,
    objects_of,
    text,
    texts,
    unexpected,
    whole_number,
)

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
    described = object_of(data)  # what can't be read is neither kept nor given away
    # An org with a namespace of its own knows its objects without it, and names them with it.
    if not f"__{described.name}".casefold().endswith(f"__{name}".casefold()):
        raise Transient(
            f"Salesforce's answer about object {name} names another: {described.name!r}",
            PASSING_HINT,
        )
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
        entries = objects(client.get(client.data("sobjects")), "sobjects")
        names = {text(entry, "name").lower(): text(entry, "name") for entry in entries}
    except Refused:
        return HINT
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
        object_of(data["describe"])
        return dict(data["describe"]), str(data["modified"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, Transient):
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
    """An object from Salesforce's JSON.

    Raises:
        Transient: a value is of another kind than Salesforce's.
    """
    entries = objects_of(data.get("fields"), "fields")
    fields = [_field(entry) for entry in entries]
    return ObjectInfo(
        name=text(data, "name"),
        label=text(data, "label"),
        createable=flag(data, "createable", default=True),
        updateable=flag(data, "updateable", default=True),
        deletable=flag(data, "deletable", default=True),
        key_prefix=text(data, "keyPrefix"),
        fields={field.name: field for field in fields},
        picklist_labels={
            text(entry, "name"): labels for entry in entries if (labels := _picklist_labels(entry))
        },
        record_types=tuple(map(_record_type, objects(data, "recordTypeInfos"))),
    )


def _active_values(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries of a picklist that may be given to records."""
    values = objects(data, "picklistValues")
    return [value for value in values if flag(value, "active", default=True)]


def _picklist_labels(data: Mapping[str, Any]) -> dict[str, str]:
    """The value of each label, where the two differ."""
    labels = {text(value, "label"): text(value, "value") for value in _active_values(data)}
    return {label: value for label, value in labels.items() if label not in {"", value}}


def _record_type(data: Mapping[str, Any]) -> RecordType:
    return RecordType(
        id=text(data, "recordTypeId"),
        name=text(data, "name"),
        developer_name=text(data, "developerName"),
        available=flag(data, "available", default=True) and flag(data, "active", default=True),
    )


def _field(data: Mapping[str, Any]) -> Field:
    return Field(
        name=text(data, "name"),
        label=text(data, "label"),
        type=text(data, "type") or "string",
        length=whole_number(data, "length"),
        precision=whole_number(data, "precision"),
        scale=whole_number(data, "scale"),
        digits=whole_number(data, "digits"),
        nillable=flag(data, "nillable", default=True),
        defaulted_on_create=flag(data, "defaultedOnCreate"),
        createable=flag(data, "createable", default=True),
        updateable=flag(data, "updateable", default=True),
        external_id=flag(data, "externalId"),
        id_lookup=flag(data, "idLookup"),
        unique=flag(data, "unique"),
        case_sensitive=flag(data, "caseSensitive"),
        calculated=flag(data, "calculated"),
        auto_number=flag(data, "autoNumber"),
        restricted_picklist=flag(data, "restrictedPicklist"),
        picklist_values=tuple(text(value, "value") for value in _active_values(data)),
        reference_to=texts(data, "referenceTo"),
        relationship_name=text(data, "relationshipName"),
        polymorphic=flag(data, "polymorphicForeignKey"),
    )


def limits(client: Client) -> dict[str, dict[str, int]]:
    """What is left of the org's allocations: name -> `Max`, `Remaining`.

    Raises:
        Transient: the answer has another shape.
    """
    data: dict[str, Any] = client.get(client.data("limits"))
    return {name: _limit(name, entry) for name, entry in data.items()}


def _limit(name: str, entry: object) -> dict[str, int]:
    if not isinstance(entry, dict):
        raise unexpected(name, "an object with Max and Remaining", entry)
    # Older versions have the allocations of single apps among them.
    return {key: whole_number(entry, key) for key in ("Max", "Remaining") if key in entry}


def versions(client: Client) -> list[str]:
    """The API versions that the org offers, oldest first, as `60.0`."""
    entries = objects_of(client.get("/services/data/", expect=list), "versions")
    return [text(entry, "version") for entry in entries]


def userinfo(client: Client) -> dict[str, str]:
    """Who the token belongs to: `preferred_username`, `organization_id`, `user_id`."""
    data: dict[str, Any] = client.get("/services/oauth2/userinfo")
    return {key: text(data, key) for key in ("preferred_username", "organization_id", "user_id")}


def org_id(client: Client, token: str | None = None) -> str:
    """The first 15 characters of the org's id: from the token, else asked for."""
    if match := ORG_ID.match((token or client.token).partition("!")[0]):
        return match[1]
    return userinfo(client)["organization_id"][:15]
