"""Who the org is and who its one user is."""

import secrets
import sqlite3
from dataclasses import dataclass

from bulkup.localorg.data import ids
from bulkup.localorg.data.database import meta, set_meta
from bulkup.localorg.data.objects import OrgObject
from bulkup.localorg.data.records import Records

_USERNAME = "admin@localorg.example"
_ORGS = 62**10


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The org and its user; both Ids have 18 characters."""

    org_id: str
    user_id: str
    username: str


def identify(database: sqlite3.Connection, seed: int | None) -> Identity:
    """The org's identity, made once and kept. With a seed it is always the same."""
    org_id = meta(database, "org id")
    if org_id is None:
        number = secrets.randbelow(_ORGS) if seed is None else seed
        org_id = ids.make("00D", number)
        set_meta(database, "org id", org_id)
    return Identity(org_id=org_id, user_id=ids.make("005", 1), username=_USERNAME)


def add_user(records: Records, users: OrgObject, identity: Identity) -> None:
    """Make the org's user a record, so that others can refer to it."""
    if identity.user_id in records.live([identity.user_id]):
        return
    records.new_ids(users.prefix, 1)
    values: dict[str, object] = {
        "Username": identity.username,
        "LastName": "Admin",
        "Name": "Admin",
        "Alias": "admin",
        "Email": identity.username,
        "IsActive": True,
    }
    records.insert(users, [(identity.user_id, values)], "")
