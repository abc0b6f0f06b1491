"""Everything that can end a command, as one tree: a message, a hint and an exit code.

::

    BulkupError
    ├── InputError            2    what the user gave: a file, a CSV, an option, a target
    │   └── NoRecords              a CSV with a header and nothing else
    ├── CheckFailed           3    the check found errors; nothing was sent
    ├── CredentialsError      4    not logged in, refused, expired
    │   └── LoginRefused           the org refused a login in its own words
    ├── SalesforceError       5    Salesforce refused, or can't be reached
    │   ├── Transient              passes by itself: worth another try
    │   ├── LimitReached           the org's allocation is used up: worth another day
    │   ├── Refused                Salesforce said no
    │   │   └── Gone               there is no such job (any more)
    │   ├── JobFailed              Salesforce failed a job
    │   └── JobAborted             a person aborted a job
    ├── RunError              6    a run: locked, over, damaged, its source changed
    │   ├── RunNotFound            there is no such run
    │   └── NotWritable            the disk does not take what bulkup writes
    ├── WaitTimeout           7    gave up waiting; the jobs go on
    └── Interrupted     130, 143   ^C or a request to terminate
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

from bulkup.model import Finding


class BulkupError(Exception):
    """What happened (`message`) and what to type now (`hint`)."""

    exit_code: ClassVar[int] = 70

    def __init__(self, message: str, hint: str = "", *, name: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.name = name or type(self).__name__

    def with_hint(self, hint: str) -> Self:
        """The same error with another advice."""
        other = type(self).__new__(type(self), *self.args)
        other.__dict__.update(self.__dict__, hint=hint)
        return other


class InputError(BulkupError):
    """Something the user gave is wrong, and can be seen to be before anything is sent.

    `name` says what kind it is in JSON: `InvalidCsv`, `FileNotFound`, `InvalidOption`, ….
    """

    exit_code = 2


class NoRecords(InputError):
    """A CSV has a header and no records."""


class CheckFailed(BulkupError):
    """The check found errors. Nothing was sent."""

    exit_code = 3

    def __init__(
        self, message: str, hint: str = "", *, findings: Sequence[Finding], rows: int
    ) -> None:
        super().__init__(message, hint)
        self.findings = tuple(findings)
        self.rows = rows


class CredentialsError(BulkupError):
    """There are no credentials, or the org does not take them."""

    exit_code = 4


class LoginRefused(CredentialsError):
    """The org answered a login with a refusal."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint, name="Refused")


class SalesforceError(BulkupError):
    """Salesforce refused a call, can't be reached, or failed a job.

    `status` is the HTTP status, or None where there was no answer; `code` is Salesforce's own
    error code, or empty.
    """

    exit_code = 5

    def __init__(
        self, message: str, hint: str = "", *, status: int | None = None, code: str = ""
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.code = code


class Transient(SalesforceError):
    """A fault that passes by itself. `retry_after` is the server's own wish, in seconds."""

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        status: int | None = None,
        code: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, hint, status=status, code=code)
        self.retry_after = retry_after


class LimitReached(SalesforceError):
    """An allocation of the org is used up: it comes back in hours, not in seconds."""


class Refused(SalesforceError):
    """Salesforce understood the call and said no."""


class Gone(Refused):
    """There is no such job, object or version (404)."""


class JobFailed(SalesforceError):
    """A job ended in state Failed, and rows of it were not looked at."""


class JobAborted(SalesforceError):
    """A job was aborted, and not by us."""


class RunError(BulkupError):
    """A run can't be used: not found, locked, over, damaged, or its source changed."""

    exit_code = 6


class RunNotFound(RunError):
    """There is no run of that name, or none that the command could mean."""

    def __init__(self, message: str, hint: str = "See which there are with: bulkup runs") -> None:
        super().__init__(message, hint, name="NoRun")


class NotWritable(RunError):
    """The disk does not take a file in `folder`. `cause` is the system's own error."""

    def __init__(self, folder: Path, cause: OSError, hint: str = "") -> None:
        super().__init__(
            f"{folder} can't be written: {cause.strerror or cause}",
            hint
            or "Make room or set the rights there; BULKUP_HOME and --dir move what bulkup writes.",
        )
        self.folder = folder


class OutputNotWritable(RunError):
    """Standard output can't be written. `cause` is the system's own error."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(
            f"Standard output can't be written: {cause.strerror or cause}",
            "Make room there, or read it to its end. An unfinished run is safe: bulkup runs",
        )


class WaitTimeout(BulkupError):
    """The time the user gave is over. The jobs go on at Salesforce."""

    exit_code = 7


class Interrupted(BulkupError):
    """The user pressed ^C (130), or something asked the process to end (143)."""

    exit_code = 130

    def __init__(self, message: str, hint: str = "", *, terminated: bool = False) -> None:
        super().__init__(message, hint)
        self.terminated = terminated
