"""Keeping a login that was just made, and forgetting one: its secret and its entry together."""

import contextlib
import secrets as random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bulkup.auth.logins import Login, LoginFlow, Orgs, SecretLocation
from bulkup.auth.secret_store import Secrets, SecretStore
from bulkup.errors import BulkupError, CredentialsError, Refused
from bulkup.salesforce import describe, oauth
from bulkup.salesforce.bearer import TokenAuth
from bulkup.salesforce.client import Client
from bulkup.salesforce.oauth import Log


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Whom a token belongs to; empty where the org does not tell."""

    user: str = ""
    org_id: str = ""


def who(instance_url: str, token: str, log: Log | None = None) -> Who:
    """Ask the org whom a token belongs to, which tells as well whether it is good.

    Raises:
        CredentialsError: it is not. SalesforceError: the org can't be reached.
    """
    with Client(instance_url=instance_url, auth=TokenAuth(token), log=log) as client:
        try:
            user_info = describe.userinfo(client)
        except (CredentialsError, Refused):
            # A token without the scope for userinfo is good all the same if the API takes it.
            describe.limits(client)
            return Who(org_id=_org_id(client))
        user = str(user_info.get("preferred_username") or "")
        return Who(user=user, org_id=str(user_info.get("organization_id") or "") or _org_id(client))


def _org_id(client: Client) -> str:
    match = describe.ORG_ID.match(client.token.partition("!")[0])
    return match[1] if match else ""


def keep(login: Login, secrets: Secrets, config: Path) -> Login:
    """Keep a login and its secret in the place of an older one of that alias.

    The secret comes first and under a name of its own: whatever fails, the older login is whole.

    Raises:
        CredentialsError: the keyring does not take the secret. RunError: a file can't be written.
    """
    orgs, keychain = Orgs(config), SecretStore(config)
    before = next((each for each in orgs.all() if each.alias == login.alias), None)
    if login.kept is not SecretLocation.NOWHERE:
        login = replace(login, entry=f"{login.alias}-{random.token_hex(4)}")
        keychain.keep(login, secrets)
    orgs.keep(login)
    if before is not None:
        with contextlib.suppress(BulkupError):
            keychain.forget(before)
    return login


def forget(login: Login, config: Path, log: Log | None = None) -> Iterator[str]:
    """Revoke and forget a login; yields what went wrong on the way, and forgets all the same.

    Raises:
        RunError: `orgs.toml` can't be written. CredentialsError: it is damaged.
    """
    keychain = SecretStore(config)
    try:
        _revoke(login, keychain, log)
    except BulkupError as error:
        yield f"{login.alias} could not be revoked: {error.message}"
    try:
        keychain.forget(login)
    except (BulkupError, OSError) as error:
        words = error.message if isinstance(error, BulkupError) else type(error).__name__
        yield f"the secret of {login.alias} could not be removed: {words}"
    Orgs(config).forget(login.alias)


def _revoke(login: Login, keychain: SecretStore, log: Log | None) -> None:
    """A login of `sf` is `sf`'s own; a key and a client secret are not the org's to end."""
    if login.way in {LoginFlow.SF, LoginFlow.JWT}:
        return
    secrets = keychain.find(login)
    token = secrets.refresh or secrets.access
    if token:
        oauth.revoke(login.login_url or login.instance_url, token, log)
