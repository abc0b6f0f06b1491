"""From an alias, the environment or a stored login to an org that answers."""

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bulkup.cli.local import start
from bulkup.cli.output import Screen, duration
from bulkup.clock import RealClock
from bulkup.errors import CredentialsError
from bulkup.patience import RETRY_FOR, Patience
from bulkup.places import Places

if TYPE_CHECKING:
    from bulkup.salesforce.client import Client
    from bulkup.salesforce.credentials import Credentials

LOCAL = "local"
DEAD_HINT = "Stop the local org and start it again, for a new token: bulkup local serve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An org and a way to speak to it. `patience` bears faults of single calls."""

    credentials: "Credentials"
    client: "Client" = field(repr=False)
    patience: Patience = field(repr=False)

    @property
    def alias(self) -> str:
        """What the user calls the org; empty for one that only the environment names."""
        return self.credentials.alias

    @property
    def instance_url(self) -> str:
        """The org's own URL."""
        return self.credentials.instance_url

    def org_id(self) -> str:
        """The org's own id, which stays when its URL changes."""
        from bulkup.salesforce.describe import org_id

        return self.patience(lambda: org_id(self.client))


@contextmanager
def connected(
    org: str | None,
    api_version: str,
    screen: Screen,
    places: Places,
    *,
    retry_for: float = RETRY_FOR,
) -> Iterator[Connection]:
    """An org for as long as the block lasts.

    Raises:
        CredentialsError: there are no credentials for it.
    """
    from bulkup.salesforce.client import Client

    with ExitStack() as stack, _local_advice(org):
        # A patience of its own: credentials that were found are no answer of the org.
        credentials = _credentials(org, places, stack, screen, _patience(screen, retry_for))
        client = stack.enter_context(
            Client(
                instance_url=credentials.instance_url,
                auth=credentials.auth,
                api_version=api_version,
                log=screen.log if screen.verbose else None,
            )
        )
        yield Connection(
            credentials=credentials,
            client=client,
            patience=_patience(screen, retry_for),
        )


@contextmanager
def _local_advice(org: str | None) -> Iterator[None]:
    """The built-in org knows no logins: what to do about a token of its that was revoked."""
    try:
        yield
    except CredentialsError as error:
        if org == LOCAL:
            error.hint = (
                "Stop the local org and start it again, for a new token: bulkup local serve"
            )
        raise


def _patience(screen: Screen, retry_for: float) -> Patience:
    clock = RealClock()
    return Patience(
        clock,
        lambda seconds: clock.sleep(seconds, threading.Event()),
        retry_for=retry_for,
        first_contact=True,
        tell=lambda reason, seconds: screen.note(f"waiting {duration(seconds)}: {reason}"),
    )


def _credentials(
    org: str | None, places: Places, stack: ExitStack, screen: Screen, patience: Patience
) -> "Credentials":
    from bulkup.salesforce import credentials

    if org != LOCAL:
        return patience(
            lambda: credentials.find(
                org, os.environ, places.config, log=screen.log, tell=screen.note
            )
        )
    url, token = _local_org(places, stack)
    return credentials.ready(alias=LOCAL, instance_url=url, token=token)


def _local_org(places: Places, stack: ExitStack) -> tuple[str, str]:
    """The one that `local serve` runs, or one of our own for as long as the command lasts."""
    from bulkup.localorg import server

    if running := server.find_running(places.localorg):
        return running
    places.make()
    own = stack.enter_context(start(places.localorg))
    return own.url, own.token
