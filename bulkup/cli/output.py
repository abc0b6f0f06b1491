"""What goes where: results on stdout, everything else on stderr, colour only on a terminal."""

import json
import os
import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from typing import Any

from rich.console import Console

from bulkup.cli import tables
from bulkup.cli.wrapping import width_of, wrap
from bulkup.errors import BulkupError, CheckFailed
from bulkup.model import Finding
from bulkup.report.document import error_json
from bulkup.text import amount

PIPE_WIDTH = 100_000
"""Whoever reads a pipe wants whole lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """How this command may speak."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    no_color: bool = False

    def note(self, text: str) -> None:
        """Something that a person may want to know, on stderr."""
        if not self.quiet:
            line(text)

    def log(self, text: str) -> None:
        """A request, for `--verbose`."""
        if self.verbose:
            line(text)

    @property
    def live(self) -> bool:
        """Whether bars may be drawn."""
        return not self.quiet and not self.verbose and sys.stderr.isatty()

    def errors(self) -> Console:
        """A console on stderr."""
        return self._console(stderr=True)

    def results(self) -> Console:
        """A console on stdout."""
        return self._console(stderr=False)

    def _console(self, *, stderr: bool) -> Console:
        stream = sys.stderr if stderr else sys.stdout
        plain = not stream.isatty()
        return Console(
            stderr=stderr,
            no_color=self.no_color or bool(os.environ.get("NO_COLOR")) or plain,
            highlight=False,
            soft_wrap=plain,
            width=PIPE_WIDTH if plain else None,
        )

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[str]],
        *,
        whole: Collection[int] = (),
        apart: Collection[int] = (),
    ) -> None:
        """A table on stdout, see `tables.show`."""
        tables.show(self.results(), columns, list(rows), whole=whole, apart=apart)


def set_streams() -> None:
    """UTF-8 for files and pipes, as on Windows it is not; and no character ends a command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            plain = not stream.isatty() and "PYTHONIOENCODING" not in os.environ
            encoding = "utf-8" if plain else stream.encoding
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def line(text: str) -> None:
    """One line on stderr; on a terminal it is broken between words."""
    sys.stderr.write(wrap(text, width_of(sys.stderr)) + "\n")
    sys.stderr.flush()


def result(text: str) -> None:
    """One line on stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def prose(text: str, hang: int = 0) -> None:
    """Words on stdout, on a terminal broken between them; `hang` blanks begin what is left."""
    result(wrap(text, width_of(sys.stdout), hang))


def document(data: Any) -> None:
    """The one JSON document on stdout."""
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "")
    result(json.dumps(data, indent=2, ensure_ascii=encoding != "utf8"))


def error(problem: BulkupError) -> None:
    """An error for people: what is wrong, then what to type."""
    if isinstance(problem, CheckFailed):
        for finding in problem.findings:
            line(finding_line(finding))
    line(f"error: {problem.message}")
    for hint in problem.hint.splitlines():
        line(f"  {hint}")


def finding_line(finding: Finding) -> str:
    """A finding in one line."""
    where = f"{finding.column}: " if finding.column else ""
    rows = ""
    if finding.count:
        shown = ", ".join(str(row) for row in finding.rows[:5])
        more = ", …" if finding.count > len(finding.rows[:5]) else ""
        counted = amount(finding.count, "row")
        rows = f" ({counted}: {shown}{more})" if shown else f" ({counted})"
    return f"{finding.severity}: {where}{finding.message}{rows} [{finding.code}]"


def error_document(problem: BulkupError, code: int) -> dict[str, Any]:
    """The document `bulkup.error/1`."""
    return {"schema": "bulkup.error/1", **error_json(problem, code)}


def check_document(findings: Sequence[Finding], rows: int) -> dict[str, Any]:
    """The document `bulkup.check/1`."""
    return {
        "schema": "bulkup.check/1",
        "findings": [
            {
                "severity": str(finding.severity),
                "code": finding.code,
                "column": finding.column,
                "message": finding.message,
                "count": finding.count,
                "rows": list(finding.rows),
            }
            for finding in findings
        ],
        "rows": rows,
    }
