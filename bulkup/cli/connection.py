"""From an alias, the environment or a stored login to an org that answers."""

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bulkup.auth import credentials as auth_credentials
from bulkup.auth.connection import Connection
from bulkup.auth.credentials import Credentials
from bulkup.cli.output import Output
from bulkup.clock import RealClock
from bulkup.errors import CredentialsError, WaitTimeout
from bulkup.retry import RETRY_FOR, RetryPolicy
from bulkup.salesforce.client import Client
from bulkup.salesforce.deadline import Remaining, no_limit
from bulkup.state_dir import StateDir
from bulkup.text import duration

LOCAL = "local"
DEAD_HINT = "Stop the local org and start it again, for a new token: bulkup local serve"


@contextmanager
def connect(
    org: str | None,
    api_version: str,
    screen: Output,
    places: StateDir,
    *,
    retry_for: float = RETRY_FOR,
    remaining: Remaining = no_limit,
) -> Iterator[Connection]:
    """An org for as long as the block lasts.

    `remaining`: the seconds that are left for its requests and the waits between them.

    Raises:
        CredentialsError: there are no credentials for it. WaitTimeout: no time remains to try
            again after a temporary error.
    """
    with ExitStack() as stack, _local_advice(org):
        # A patience of its own: credentials that were found are no answer of the org.
        credentials = _credentials(
            org, places, stack, screen, _retry_policy(screen, retry_for, remaining)
        )
        client = stack.enter_context(
            Client(
                instance_url=credentials.instance_url,
                auth=credentials.auth,
                api_version=api_version,
                log=screen.log if screen.verbose else None,
                remaining=remaining,
            )
        )
        yield Connection(
            credentials=credentials,
            client=client,
            retry=_retry_policy(screen, retry_for, remaining),
        )


@contextmanager
def _local_advice(org: str | None) -> Iterator[None]:
    """The built-in org knows no logins: what to do about a token of its that was revoked."""
    try:
        yield
    except CredentialsError as error:
        if org == LOCAL:
            raise error.with_hint(DEAD_HINT) from error
        raise


def _retry_policy(screen: Output, retry_for: float, remaining: Remaining) -> RetryPolicy:
    clock = RealClock()

    def pause(seconds: float) -> None:
        left = remaining()
        clock.sleep(seconds if left is None else max(0.0, min(seconds, left)), threading.Event())
        if left is not None and left <= seconds:
            raise WaitTimeout(
                "The time is over, and the org has not answered",
                "Jobs go on at Salesforce. See how one stands with: bulkup status JOB",
            )

    return RetryPolicy(
        clock,
        pause,
        retry_for=retry_for,
        first_contact=True,
        tell=lambda reason, seconds: screen.note(f"waiting {duration(seconds)}: {reason}"),
    )


def _credentials(
    org: str | None, places: StateDir, stack: ExitStack, screen: Output, retry: RetryPolicy
) -> Credentials:
    if org != LOCAL:
        return retry(
            lambda: auth_credentials.find(
                org, os.environ, places.config, log=screen.log, tell=screen.note
            )
        )
    url, token = _local_org(places, stack)
    return auth_credentials.ready(alias=LOCAL, instance_url=url, token=token)


def _local_org(places: StateDir, stack: ExitStack) -> tuple[str, str]:
    """The one that `local serve` runs, or one of our own for as long as the command lasts."""
    # Only `--org local` needs the server, which takes longer to import than the rest.
    from bulkup.cli.commands.local import start  # noqa: PLC0415
    from bulkup.localorg import server  # noqa: PLC0415

    if running := server.find_running(places.localorg):
        return running
    places.make()
    own = stack.enter_context(start(places.localorg))
    return own.url, own.token
