"""Who watches a load from outside: a terminal, a scheduler's log, or nobody."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bulkup.execution.control import RunControl
from bulkup.planning.precheck import CheckResult
from bulkup.planning.read_input import InputTable
from bulkup.runs.events import Event
from bulkup.runs.run_dir import Run


class Observer:
    """Is told how far a load has come. This one ignores it all; override what is wanted."""

    def note(self, text: str) -> None:
        """Take a sentence that a person may want to know."""

    def input_read(self, table: InputTable) -> None:
        """The file was read, and maybe rewritten."""

    def checked(self, result: CheckResult) -> None:
        """The check let the load pass; there may be warnings."""

    @contextmanager
    def watch(self, run: Run, control: RunControl) -> Iterator[Callable[[Event], None]]:
        """Give a listener for the events of a run for as long as it is executed.

        `control` stops it early, for example from a signal handler.
        """
        del run, control
        yield lambda _event: None
