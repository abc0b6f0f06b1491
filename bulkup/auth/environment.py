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
ORG = "BULKUP_ORG"


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableSet:
    """Variables that belong together. `telling` are those that belong to no other set.

    `BULKUP_LOGIN_URL` and `BULKUP_CLIENT_ID` alone say nothing: `bulkup login` uses them too.
    """

    way: LoginFlow
    names: tuple[str, ...]
    telling: tuple[str, ...]


SETS = (
    VariableSet(way=LoginFlow.TOKEN, names=(URL, TOKEN), telling=(URL, TOKEN)),
    VariableSet(
        way=LoginFlow.CLIENT_CREDENTIALS,
        names=(LOGIN_URL, CLIENT_ID, CLIENT_SECRET),
        telling=(CLIENT_SECRET,),
    ),
    VariableSet(
        way=LoginFlow.JWT,
        names=(LOGIN_URL, CLIENT_ID, USERNAME, KEY_FILE),
        telling=(USERNAME, KEY_FILE),
    ),
)


def login_in(environment: Mapping[str, str]) -> tuple[Login, Secrets, str] | None:
    """The login that the environment holds, its secrets, and the variables it stands in.

    Raises:
        CredentialsError: a variable is empty, a set is there in part, or several are.
        InputError: a URL is malformed.
    """
    _refuse_empty(environment)
    begun = [each for each in SETS if any(name in environment for name in each.telling)]
    if not begun:
        return None
    for variables in begun:
        _check_complete(variables, environment)
    if len(begun) > 1:
        raise CredentialsError(
            f"{_listed([each.telling[-1] for each in begun])} are set, each for another login",
            f"Keep one of them and unset the others. {begun[0].way} needs "
            f"{_listed(begun[0].names)}.",
            name="TwoSets",
        )
    chosen = begun[0]
    value = {name: environment[name].strip() for name in chosen.names}
    login = Login(
        alias="",
        way=chosen.way,
        instance_url=instance(value[URL], URL) if URL in value else "",
        login_url=instance(value[LOGIN_URL], LOGIN_URL) if LOGIN_URL in value else "",
        client_id=value.get(CLIENT_ID, ""),
        user=value.get(USERNAME, ""),
        key_file=str(Path(value[KEY_FILE]).expanduser()) if KEY_FILE in value else "",
    )
    secrets = Secrets(access=value.get(TOKEN, ""), client_secret=value.get(CLIENT_SECRET, ""))
    return login, secrets, _listed(chosen.names)


def _refuse_empty(environment: Mapping[str, str]) -> None:
    """An empty variable is a secret that did not arrive, and no wish to use another org."""
    names = dict.fromkeys(name for variables in SETS for name in variables.names)
    empty = [name for name in names if name in environment and not environment[name].strip()]
    if empty:
        raise CredentialsError(
            f"{_listed(empty)} {_verb(empty)} set and empty",
            f"Give {'it a value' if len(empty) == 1 else 'them values'}, or unset {_listed(empty)} "
            "to use a stored login.",
            name="EmptyVariable",
        )


def _check_complete(variables: VariableSet, environment: Mapping[str, str]) -> None:
    given = [name for name in variables.names if name in environment]
    missing = [name for name in variables.names if name not in given]
    if missing:
        raise CredentialsError(
            f"{_listed(given)} {_verb(given)} set, and {_listed(missing)} {_verb(missing)} not",
            f"Set {_listed(variables.names)}, or unset {_listed(given)} to use a stored login. "
            "To try it with no Salesforce at all, add: --org local",
            name="HalfSet",
        )


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else "nothing"


def _verb(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
