"""What goes where: results on stdout, everything else on stderr, colour only on a terminal."""

import json
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import TextIOWrapper
from typing import Any

from rich.console import Console
from rich.text import Text

from bulkup.cli.display import tables
from bulkup.cli.display.wrapping import width_of, wrap
from bulkup.errors import BulkupError, CheckFailed, OutputNotWritable
from bulkup.model import Finding
from bulkup.text import amount, safe_json, safe_text

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
            markup=False,
            emoji=False,
            soft_wrap=plain,
            width=PIPE_WIDTH if plain else None,
        )

    def print(self, text: str = "", style: str = "", *, soft_wrap: bool = False) -> None:
        """Print text on stdout, in a style where there is colour."""
        self.results().print(Text(safe_text(text), style), soft_wrap=soft_wrap)

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[tables.Row],
        *,
        whole: Collection[int] = (),
        apart: Collection[int] = (),
    ) -> None:
        """A table on stdout, see `tables.show`."""
        tables.show(self.results(), columns, list(rows), whole=whole, apart=apart)


class ResultStream(TextIOWrapper):
    """Standard output that says so when it can't be written: a full disk, a reader that has gone.

    Writing raises OutputNotWritable.
    """

    def write(self, text: str) -> int:
        """Write text."""
        with report_broken_stdout():
            return super().write(text)

    def flush(self) -> None:
        """Send on what was written."""
        with report_broken_stdout():
            super().flush()


class NoteStream(TextIOWrapper):
    """Standard error: what a full disk does not take of it is lost, and ends no load."""

    def write(self, text: str, /) -> int:
        """Write the text, as far as there is room."""
        with suppress(OSError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is held back, as far as there is room."""
        with suppress(OSError):
            super().flush()


@contextmanager
def report_broken_stdout() -> Iterator[None]:
    """Name standard output in the errors of the system, which don't.

    Raises:
        OutputNotWritable: it could not be written.
    """
    try:
        yield
    except OSError as error:
        raise OutputNotWritable(error) from error


def set_streams() -> None:
    """UTF-8 for files and pipes, as on Windows it is not; and no character ends a command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            plain = not stream.isatty() and "PYTHONIOENCODING" not in os.environ
            encoding = "utf-8" if plain else stream.encoding
            stream.reconfigure(encoding=encoding, errors="backslashreplace")
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout is sys.__stdout__:
        encoding, by_line = sys.stdout.encoding, sys.stdout.line_buffering
        sys.stdout = ResultStream(
            sys.stdout.detach(),
            encoding=encoding,
            errors="backslashreplace",
            line_buffering=by_line,
        )
    if isinstance(sys.stderr, TextIOWrapper) and sys.stderr is sys.__stderr__:
        encoding = sys.stderr.encoding
        sys.stderr = NoteStream(
            sys.stderr.detach(), encoding=encoding, errors="backslashreplace", line_buffering=True
        )


def line(text: str) -> None:
    """One line on stderr; on a terminal it is broken between words."""
    sys.stderr.write(wrap(safe_text(text), width_of(sys.stderr)) + "\n")
    sys.stderr.flush()


def result(text: str) -> None:
    """One line on stdout."""
    _write_result(safe_text(text))


def _write_result(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def prose(text: str, hang: int = 0) -> None:
    """Words on stdout, on a terminal broken between them; `hang` blanks begin what is left."""
    result(wrap(safe_text(text), width_of(sys.stdout), hang))


def document(data: Mapping[str, Any]) -> None:
    """The one JSON document on stdout."""
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "")
    _write_result(safe_json(json.dumps(data, indent=2, ensure_ascii=encoding != "utf8")))


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
