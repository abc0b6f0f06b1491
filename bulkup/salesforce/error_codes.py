"""Salesforce's error codes: which pass by themselves, what they mean, and what to do."""

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
