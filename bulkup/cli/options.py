"""The options that several commands share, and how their values are read."""

import re
from collections import defaultdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bulkup.check.hints import require_allowable
from bulkup.errors import InputError
from bulkup.model import Delimiter, JobState, LineEnding, Operation
from bulkup.runs.plan import MaxFailed

SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
MOST_BYTES = 100_000_000
WHOLE = 100
"""All of it, in percent."""


def duration(text: str) -> float:
    """`90`, `90s`, `15m`, `2h`, `30d` in seconds."""
    result = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([smhd]?)", str(text).strip())
    if not result:
        raise typer.BadParameter(f"{text!r} is not a duration; write 90, 90s, 15m, 2h or 30d")
    return float(result[1]) * SECONDS[result[2]]


def positive(text: str) -> int:
    """A whole number of at least 1; `_` and `,` may group its digits."""
    result = re.fullmatch(r"[0-9][0-9_,]*", str(text).strip())
    number = int(re.sub(r"[_,]", "", result[0])) if result else 0
    if number < 1:
        raise typer.BadParameter(f"{text!r} is not a whole number of at least 1")
    return number


def chunk_bytes(text: str) -> int:
    """A positive number of bytes that a job may have."""
    number = positive(text)
    if number > MOST_BYTES:
        raise typer.BadParameter(
            f"Salesforce takes at most {MOST_BYTES:,} bytes in one upload, and {number:,} are more"
        )
    return number


def max_failed(text: str) -> MaxFailed:
    """`100` or `2%`."""
    result = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(%?)", str(text).strip())
    fits = result and (float(result[1]) <= WHOLE if result[2] else "." not in result[1])
    if not result or not fits:
        raise typer.BadParameter(f"{text!r} is neither a number of rows nor a percentage like 2%")
    if result[2]:
        return MaxFailed(percent=float(result[1]))
    return MaxFailed(rows=int(result[1]))


def api_version(text: str) -> str:
    """`60.0`."""
    result = re.fullmatch(r"v?([0-9]{2,3})(\.0)?", str(text).strip())
    if not result:
        raise typer.BadParameter(f"{text!r} is not an API version; write one like 60.0")
    return f"{result[1]}.0"


def job_id(text: str) -> str:
    """A job's id: 15 or 18 letters and digits that begin with 750."""
    if not re.fullmatch(r"750[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?", str(text)):
        raise typer.BadParameter(
            f"{text!r} is no job's id; it begins with 750 and has 15 or 18 letters and digits"
        )
    return str(text)


def rule_id(text: str) -> str:
    """An assignment rule's id: 15 or 18 letters and digits that begin with 01Q."""
    if not re.fullmatch(r"01Q[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?", str(text)):
        raise typer.BadParameter(
            f"{text!r} is no assignment rule's id; "
            "it begins with 01Q and has 15 or 18 letters and digits"
        )
    return str(text)


def validate_rule(rule: str | None, object_: str) -> None:
    """Refuse a rule where none can be run.

    Raises:
        InputError: the object is neither Lead nor Case.
    """
    if rule and object_.lower() not in {"lead", "case"}:
        raise InputError(
            f"--assignment-rule is for Lead and Case; {object_} has no assignment rules",
            "Leave it out.",
            name="InvalidOption",
        )


def job_state(text: str) -> JobState:
    """`Open` and the like, without regard to case."""
    for state in JobState:
        if state.lower() == str(text).lower():
            return state
    raise typer.BadParameter(f"{text!r} is not one of {', '.join(JobState)}")


Json = Annotated[
    bool, typer.Option("--json", help="One JSON document on stdout and nothing else there.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no notes; only errors.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Log each request: method, path, status, time.")
]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colour, also on a terminal.")]
Org = Annotated[
    str | None,
    typer.Option(
        "--org",
        metavar="ALIAS",
        envvar="BULKUP_ORG",
        show_default=False,
        help="Which org; 'local' is the built-in one. Not given: the default org.",
    ),
]
ApiVersion = Annotated[
    str,
    typer.Option(
        "--api-version",
        metavar="V",
        envvar="BULKUP_API_VERSION",
        parser=api_version,
        help="Version of the Salesforce API.",
    ),
]
Object = Annotated[
    str, typer.Option("--object", metavar="O", help="API name of the object: Contact, Lead, ….")
]
Op = Annotated[
    Operation, typer.Option("--op", help="What to do with the rows.", case_sensitive=False)
]
ExternalId = Annotated[
    str | None,
    typer.Option(
        "--external-id",
        metavar="F",
        show_default=False,
        help="upsert: the field that says which record a row is.",
    ),
]
DelimiterOption = Annotated[
    Delimiter | None,
    typer.Option(
        "--delimiter",
        case_sensitive=False,
        show_default=False,
        help="Not given: detected and stated.",
    ),
]
LineEndingOption = Annotated[
    LineEnding | None,
    typer.Option(
        "--line-ending",
        case_sensitive=False,
        show_default=False,
        help="Not given: detected and stated.",
    ),
]
SkipLines = Annotated[
    int,
    typer.Option(
        "--skip-lines",
        metavar="N",
        min=0,
        help="Lines above the header, such as a title, that are not read.",
    ),
]
COMMA, LF = Delimiter.COMMA, LineEnding.LF
JobDelimiter = Annotated[
    Delimiter, typer.Option("--delimiter", help="The delimiter between cells in the file.")
]
JobLineEnding = Annotated[
    LineEnding, typer.Option("--line-ending", help="What ends a record in the file.")
]
AssignmentRule = Annotated[
    str | None,
    typer.Option(
        "--assignment-rule",
        metavar="ID",
        parser=rule_id,
        show_default=False,
        help="Lead, Case: the assignment rule to run.",
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="D",
        envvar="BULKUP_TIMEOUT",
        parser=duration,
        show_default=False,
        help="Stop waiting after 90, 90s, 15m or 2h; exit 7. Jobs continue in Salesforce.",
    ),
]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Send everything, do not wait for the jobs; exit 0.")
]
Parallel = Annotated[
    int, typer.Option("--parallel", metavar="N", parser=positive, help="Jobs at once.")
]
OptionalParallel = Annotated[
    int | None,
    typer.Option(
        "--parallel",
        metavar="N",
        parser=positive,
        show_default=False,
        help="Jobs at once; as the run began if not given.",
    ),
]
Directory = Annotated[
    Path | None,
    typer.Option(
        "--dir",
        metavar="DIR",
        show_default=False,
        help="Where the result files go. Not given: bulkup-results/RUN/ where the run began.",
    ),
]
RETRY_FOR_HELP = (
    "How long to retry temporary errors before stopping (the run can be resumed). "
    "0 disables retries."
)
ROW_RETRIES_HELP = "How often to resend rows that failed with a temporary error such as a row lock."
OptionalRetryFor = Annotated[
    float | None,
    typer.Option(
        "--retry-for", metavar="D", parser=duration, show_default=False, help=RETRY_FOR_HELP
    ),
]
OptionalRowRetries = Annotated[
    int | None,
    typer.Option("--row-retries", metavar="N", min=0, show_default=False, help=ROW_RETRIES_HELP),
]
RetryFor = Annotated[
    float,
    typer.Option(
        "--retry-for",
        metavar="D",
        parser=duration,
        show_default=False,
        help=f"{RETRY_FOR_HELP} Not given: 15m.",
    ),
]
RowRetries = Annotated[
    int, typer.Option("--row-retries", metavar="N", min=0, help=ROW_RETRIES_HELP)
]
MaxFailedOption = Annotated[
    MaxFailed | None,
    typer.Option(
        "--max-failed",
        metavar="N|N%",
        parser=max_failed,
        show_default=False,
        help="Stop when more rows than this fail with a permanent error.",
    ),
]


def renames(pairs: list[str] | None) -> dict[str, list[str]]:
    """`--map CSV_COLUMN=Field`, any number of times; the last `=` parts them.

    A column may be sent as several fields.
    """
    result = defaultdict[str, list[str]](list)
    for pair in pairs or ():
        source, parted, name = pair.rpartition("=")
        if not parted or not source or not name.strip():
            raise typer.BadParameter(f"--map {pair!r}: write it as CSV_COLUMN=Field")
        if name.strip().lower() not in map(str.lower, result[source]):
            result[source].append(name.strip())
    return dict(result)


File = Annotated[
    str,
    typer.Argument(
        metavar="FILE", help="The CSV file, gzip-compressed or not; '-' is standard input."
    ),
]
EncodingOption = Annotated[
    str | None,
    typer.Option(
        "--encoding", metavar="NAME", show_default=False, help="Not given: detected and stated."
    ),
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="CSV_COLUMN=Field",
        show_default=False,
        help="Send a column under another name, or under several; repeatable.",
    ),
]
Drop = Annotated[
    list[str] | None,
    typer.Option(
        "--drop", metavar="COLUMN", show_default=False, help="Leave a column out; repeatable."
    ),
]


DropUnknown = Annotated[
    bool,
    typer.Option(
        "--drop-unknown",
        help="Leave out columns that are no field, or that this operation can't write.",
    ),
]


class Blank(StrEnum):
    """What an empty cell means."""

    IGNORE = "ignore"
    NULL = "null"


BLANK = Blank.IGNORE
BlankOption = Annotated[
    Blank,
    typer.Option(
        "--blank", help="An empty cell leaves the field alone (ignore) or empties it (null)."
    ),
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="CODE",
        show_default=False,
        callback=require_allowable,
        help="A finding of this code is a warning; some codes can't be allowed; repeatable.",
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Stop on warnings of the check as well.")]
AllowEmpty = Annotated[
    bool, typer.Option("--allow-empty", help="Accept a file with a header and no records.")
]
IncludeUnknown = Annotated[
    bool, typer.Option("--include-unknown", help="Also send rows whose status is unknown.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before delete and hard-delete.")]
