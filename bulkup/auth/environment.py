"""Credentials that stand in environment variables: for CI, with nothing stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bulkup.auth.logins import Login, LoginFlow
from bulkup.auth.secret_store import Secrets
from bulkup.errors import CredentialsError
from bulkup.salesforce.urls import instance

URL, TOKEN = "BULKUP_INSTANCE_URL", "BULKUP_ACCESS_TOKEN"
LOGIN_URL, CLIENT_ID = "BULKUP_LOGIN_URL", "BULKUP_CLIENT_ID"
CLIENT_SECRET = "BULKUP_CLIENT_SECRET"  # noqa: S105 -- the same
USERNAME, KEY_FILE = "BULKUP_USERNAME", "BULKUP_JWT_KEY_FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """Variables that belong together. `telling` are those that belong to no other set.

    `BULKUP_LOGIN_URL` and `BULKUP_CLIENT_ID` alone say nothing: `bulkup login` uses them too.
    """

    way: LoginFlow
    names: tuple[str, ...]
    telling: tuple[str, ...]


SETS = (
    Set(way=LoginFlow.TOKEN, names=(URL, TOKEN), telling=(URL, TOKEN)),
    Set(
        way=LoginFlow.CLIENT_CREDENTIALS,
        names=(LOGIN_URL, CLIENT_ID, CLIENT_SECRET),
        telling=(CLIENT_SECRET,),
    ),
    Set(
        way=LoginFlow.JWT,
        names=(LOGIN_URL, CLIENT_ID, USERNAME, KEY_FILE),
        telling=(USERNAME, KEY_FILE),
    ),
)


def login_in(environment: Mapping[str, str]) -> tuple[Login, Secrets, str] | None:
    """The login that the environment holds, its secrets, and the variables it stands in.

    Raises:
        CredentialsError: a set is there in part, or two are. InputError: a URL is malformed.
    """
    begun = [one for one in SETS if any(environment.get(name) for name in one.telling)]
    if not begun:
        return None
    for one in begun:
        _check_complete(one, environment)
    if len(begun) > 1:
        raise CredentialsError(
            f"{begun[0].telling[-1]} and {begun[1].telling[-1]} are both set",
            f"Unset one of them; only one way in can be meant. {begun[0].way} needs "
            f"{_listed(begun[0].names)}.",
            name="TwoSets",
        )
    found = begun[0]
    value = {name: environment[name].strip() for name in found.names}
    login = Login(
        alias="",
        way=found.way,
        instance_url=instance(value[URL], URL) if URL in value else "",
        login_url=instance(value[LOGIN_URL], LOGIN_URL) if LOGIN_URL in value else "",
        client_id=value.get(CLIENT_ID, ""),
        user=value.get(USERNAME, ""),
        key_file=str(Path(value[KEY_FILE]).expanduser()) if KEY_FILE in value else "",
    )
    secrets = Secrets(access=value.get(TOKEN, ""), client_secret=value.get(CLIENT_SECRET, ""))
    return login, secrets, _listed(found.names)


def _check_complete(one: Set, environment: Mapping[str, str]) -> None:
    given = [name for name in one.names if environment.get(name, "").strip()]
    missing = [name for name in one.names if name not in given]
    if missing:
        raise CredentialsError(
            f"{_listed(given)} {_verb(given)} set, and {_listed(missing)} {_verb(missing)} not",
            f"Set {_listed(one.names)}, or unset {_listed(given)} to use a stored login. "
            "To try it with no Salesforce at all, add: --org local",
            name="HalfSet",
        )


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else "nothing"


def _verb(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
