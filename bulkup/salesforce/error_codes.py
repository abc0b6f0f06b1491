"""Salesforce's error codes: which pass by themselves, what they mean, and what to do."""

from collections.abc import Collection
from functools import cache
from importlib import resources

PASSING = frozenset(
    {
        "UNABLE_TO_LOCK_ROW",
        "QUERY_TIMEOUT",
        "REQUEST_RUNNING_TOO_LONG",
        "SERVER_UNAVAILABLE",
        "API_CURRENTLY_DISABLED",
        "UNKNOWN_EXCEPTION",
    }
)
PASSING_ONCE = frozenset({"UNKNOWN_EXCEPTION"})
"""Worth one more try, and no third."""
WRAPPING = frozenset({"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER"})
"""A trigger or a flow failed, often on a lock of a parent: `…; first error: UNABLE_TO_LOCK_ROW, …`.
That is how locks look in orgs with packages that roll values up."""
NEVER = r"\b\B"


def temporary_pattern(passing: Collection[str]) -> str:
    """A regular expression for the errors of rows that pass: Python's and RE2's, with dotall.

    Such an error begins with one of the codes, or is a trigger's or a flow's with one in its text.
    """
    if not passing:
        return NEVER
    codes, wrapping = "|".join(sorted(passing)), "|".join(sorted(WRAPPING))
    return rf"^(?:(?:{codes})(?::|$)|(?:{wrapping}):.*\b(?:{codes})\b)"


def unwrap_pattern(passing: Collection[str] = PASSING) -> str:
    """Matches a trigger's or a flow's error with a passing code in it; `UNWRAPPED` replaces it.

    What is left is the error as the row itself would have had it, so that both are one group.
    """
    codes, wrapping = "|".join(sorted(passing)), "|".join(sorted(WRAPPING))
    return rf"^(?:{wrapping}):.*?\b({codes})\b[,:]?\s*(.*?)(?:: \[\w*\])?(:[^:]*--)?$"


UNWRAPPED = r"\1:\2\3"


def explain(code: str) -> str:
    """What a code means and what to do, in plain words; empty where we do not know."""
    return _table().get(code.upper(), "")


@cache
def _table() -> dict[str, str]:
    import tomllib  # noqa: PLC0415  16 ms that most commands needn't spend

    text = (
        resources.files("bulkup.salesforce")
        .joinpath("error_codes.toml")
        .read_text(encoding="utf-8")
    )
    return {str(code): str(words) for code, words in tomllib.loads(text).items()}
