"""What `run`, `resume`, `retry` and `check` share: how a terminal watches a load, and its end."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from bulkup.auth.connection import Connection
from bulkup.cli import signals
from bulkup.cli.connection import connect
from bulkup.cli.display.progress import show_progress
from bulkup.cli.output import Output, finding_line
from bulkup.cli.prompts import confirm_delete
from bulkup.cli.summary import present
from bulkup.execution.control import RunControl
from bulkup.execution.execute import header_of
from bulkup.execution.observer import Observer
from bulkup.load import Connect, Session
from bulkup.model import Chunk, Target
from bulkup.planning.precheck import CheckResult
from bulkup.planning.read_input import InputTable, describe_input
from bulkup.report.report import Report
from bulkup.runs.events import Event
from bulkup.runs.run_dir import Run
from bulkup.salesforce.urls import describe_org
from bulkup.state_dir import StateDir
from bulkup.text import amount


class TerminalObserver(Observer):
    """Shows a load on stderr: notes, findings, and progress as bars or lines."""

    def __init__(self, output: Output, *, confirmed: bool) -> None:
        self._output = output
        self._confirmed = confirmed

    def connected(self, org: Connection) -> None:
        """Print which org it is."""
        self._output.note(f"org {describe_org(org.alias, org.instance_url)}")

    def confirm(self, target: Target, rows: int) -> None:
        """Ask before records are deleted, unless `--yes` is there."""
        if not self._confirmed:
            confirm_delete(target, rows)

    def note(self, text: str) -> None:
        """Print the sentence."""
        self._output.note(text)

    def input_read(self, table: InputTable) -> None:
        """Print what the file is, and what of it was changed."""
        for line in describe_input(table.file, table.changes):
            self._output.note(line)

    def checked(self, result: CheckResult) -> None:
        """Print the warnings of the check."""
        for finding in result.findings:
            self._output.note(finding_line(finding))
        if result.invalid:
            self._output.note(f"{amount(result.invalid, 'row')} with errors left out")

    @contextmanager
    def watch(
        self, run: Run, chunks: Sequence[Chunk], control: RunControl
    ) -> Iterator[Callable[[Event], None]]:
        """Show progress, and stop in order at ^C."""
        with (
            signals.handle_signals(control, run.name),
            show_progress(self._output, chunks, len(header_of(run))) as listener,
        ):
            yield listener


def terminal_session(home: StateDir, output: Output, *, confirmed: bool = True) -> Session:
    """What a command gives to a load: this user's runs, this terminal, the real time.

    `confirmed`: records may be deleted without a question.
    """
    return Session(home=home, observer=TerminalObserver(output, confirmed=confirmed))


def connector(org: str | None, output: Output, home: StateDir) -> Connect:
    """Connect to the org that the user names, or else to the one of a plan's target."""

    def open_connection(target: Target, retry_for: float) -> AbstractContextManager[Connection]:
        alias = org or target.alias or None
        return connect(alias, target.api_version, output, home, retry_for=retry_for)

    return open_connection


def finish(report: Report, output: Output) -> int:
    """Print the report and return the exit code; end the process around threads that hang."""
    present(report, output)
    if report.hanging:
        signals.end_around_threads(report.exit_code)
    return report.exit_code
