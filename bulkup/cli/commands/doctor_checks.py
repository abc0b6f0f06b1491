"""The steps of `bulkup doctor`: each looks at one thing and says what to do about it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bulkup.auth import secret_store
from bulkup.auth.connection import Connection
from bulkup.auth.environment import login_in
from bulkup.auth.logins import Login, Orgs, SecretLocation
from bulkup.cli.connection import DEAD_HINT, LOCAL
from bulkup.errors import BulkupError, CredentialsError
from bulkup.salesforce import clock_skew, describe
from bulkup.salesforce.ingest import IngestJobs
from bulkup.text import amount

OK, WARNING, FAILED = "ok", "warning", "failed"
MOST_SKEW = 60.0
"""Seconds that this machine's clock may differ: a JWT assertion is good for three minutes."""
FEW = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one step found. `code` is the exit code of a failure."""

    name: str
    state: str
    message: str
    hint: str = ""
    code: int = 0

    def entry(self) -> dict[str, object]:
        """For JSON."""
        hint = self.hint or None
        return {"step": self.name, "state": self.state, "message": self.message, "hint": hint}


def ok(name: str, message: str) -> Step:
    """A step that found nothing wrong."""
    return Step(name=name, state=OK, message=message)


def warning(name: str, message: str, hint: str) -> Step:
    """A step that found something that may be wrong."""
    return Step(name=name, state=WARNING, message=message, hint=hint)


def failed(name: str, error: BulkupError) -> Step:
    """A step that failed, with the exit code of what went wrong."""
    return Step(
        name=name, state=FAILED, message=error.message, hint=error.hint, code=error.exit_code
    )


def guarded(name: str, probe: Callable[[], Step]) -> Step:
    """Take a step, whatever comes of it."""
    try:
        return probe()
    except BulkupError as error:
        return failed(name, error)


# On this machine.


def here(org: str | None, environment: Mapping[str, str], config: Path) -> Iterator[Step]:
    """What can be known without asking anybody: configuration and keyring."""
    yield guarded("configuration", lambda: _configuration(config))
    yield guarded("keyring", lambda: _keyring(_chosen(org, environment, config)))


def _configuration(config: Path) -> Step:
    orgs = Orgs(config)
    logins = orgs.all()
    if not logins:
        return ok("configuration", f"no login is kept in {orgs.file}")
    chosen = orgs.default()
    default = f", the default is {chosen.alias}" if chosen else ""
    return ok("configuration", f"{amount(len(logins), 'login')} in {orgs.file}{default}")


def _chosen(org: str | None, environment: Mapping[str, str], config: Path) -> Login | None:
    """The stored login that a command would use now."""
    try:
        if org == LOCAL or (not org and login_in(environment)):
            return None
        return Orgs(config).get(org) if org else Orgs(config).default()
    except BulkupError:
        return None  # told by another step


def _keyring(login: Login | None) -> Step:
    chain = secret_store.SecretStore(Path())
    if login is not None and login.kept is SecretLocation.KEYRING:
        return ok("keyring", chain.backend())
    try:
        return ok("keyring", f"{chain.backend()} (not needed now)")
    except BulkupError as error:
        hint = "Not needed now. 'bulkup login' would need it, or --insecure-storage."
        return warning("keyring", error.message, hint)


# At the org.


def there(connection: Connection, object_: str | None, api_version: str) -> Iterator[Step]:
    """What the org has to say. After a token that is not taken there is nothing more to ask."""
    yield ok("credentials", f"from {connection.credentials.place or 'the built-in org'}")
    token = guarded("token", lambda: _token(connection))
    yield token
    if token.state == FAILED:
        if token.code == CredentialsError.exit_code:
            yield guarded("clock", lambda: _clock(connection.instance_url))
        return
    probes: dict[str, Callable[[], Step]] = {
        "API version": lambda: _version(connection, api_version),
        "Bulk API": lambda: _bulk(connection),
        "limits": lambda: _limits(connection),
        "clock": lambda: _clock(connection.instance_url),
    }
    if object_:
        probes["object"] = lambda: _object(connection, object_)
    for name, probe in probes.items():
        yield guarded(name, probe)


def _token(connection: Connection) -> Step:
    try:
        sentence = describe.userinfo(connection.client)
    except CredentialsError as error:
        if connection.alias == LOCAL:
            raise error.with_hint(DEAD_HINT) from error
        raise
    user = sentence.get("preferred_username") or "a user without a name"
    return ok("token", f"{connection.instance_url} takes it, for {user}")


def _version(connection: Connection, wanted: str) -> Step:
    offered = describe.versions(connection.client)
    if wanted in offered:
        return ok("API version", f"{wanted} is offered, the newest is {offered[-1]}")
    newest = offered[-1] if offered else "none"
    return Step(
        name="API version",
        state=FAILED,
        message=f"The org does not offer {wanted}; the newest is {newest}",
        hint=f"Type: bulkup … --api-version {newest}, or set BULKUP_API_VERSION",
        code=5,
    )


def _bulk(connection: Connection) -> Step:
    next(iter(IngestJobs(connection.client).jobs()), None)
    return ok("Bulk API", "the user may use it")


def _limits(connection: Connection) -> Step:
    limits = describe.limits(connection.client)
    parts, scarce = [], False
    for name in ("DailyApiRequests", "DailyBulkApiBatches"):
        left, most = limits.get(name, {}).get("Remaining"), limits.get(name, {}).get("Max")
        if left is not None and most:
            parts.append(f"{name} {left:,} of {most:,}")
            scarce = scarce or left < most * FEW
    message = f"left: {', '.join(parts) or 'the org does not tell'}"
    if scarce:
        return warning("limits", message, "Wait until they come back: within 24 hours.")
    return ok("limits", message)


def clock_of(org: str | None, environment: Mapping[str, str], config: Path) -> Iterator[Step]:
    """The clock, where the login itself was refused: a wrong one may be why."""
    held = None if org else login_in(environment)
    login = held[0] if held else _chosen(org, environment, config)
    if login is not None:
        yield guarded("clock", lambda: _clock(login.login_url or login.instance_url))


def _clock(url: str) -> Step:
    ahead = clock_skew.skew(url)
    if ahead is None:
        return ok("clock", "the org does not tell the time")
    if abs(ahead) <= MOST_SKEW:
        return ok("clock", f"{abs(ahead):.0f} s from the org's")
    side = "ahead of" if ahead > 0 else "behind"
    return warning(
        "clock",
        f"This machine's clock is {abs(ahead):.0f} s {side} the org's",
        "Set it by NTP: JWT logins are refused otherwise.",
    )


def _object(connection: Connection, name: str) -> Step:
    info = describe.describe(connection.client, name)
    may = {"insert": info.createable, "update": info.updateable, "delete": info.deletable}
    able = ", ".join(word for word, allowed in may.items() if allowed)
    if not able:
        return warning(
            "object",
            f"{info.name} is there, and the user may not change it",
            "Ask for the permission.",
        )
    return ok("object", f"{info.name}: {len(info.fields)} fields, the user may {able}")
