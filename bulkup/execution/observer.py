"""Who watches a load from outside: a terminal, a scheduler's log, or nobody."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bulkup.auth.connection import Connection
from bulkup.execution.control import RunControl
from bulkup.model import Chunk, Target
from bulkup.planning.precheck import CheckResult
from bulkup.planning.read_input import InputTable
from bulkup.runs.events import Event
from bulkup.runs.run_dir import Run


class Observer:
    """Is told how far a load has come. This one ignores it all; override what is wanted."""

    def note(self, text: str) -> None:
        """Take a sentence that a person may want to know."""

    def connected(self, org: Connection) -> None:
        """The load goes into this org."""

    def confirm(self, target: Target, rows: int) -> None:
        """Ask before anything is sent; raise an `InputError` to send nothing.

        `target` is the org, object and operation; `rows` is how many rows would be sent.
        """

    def input_read(self, table: InputTable) -> None:
        """The file was read, and maybe rewritten."""

    def checked(self, result: CheckResult) -> None:
        """The check let the load pass; there may be warnings."""

    @contextmanager
    def watch(
        self, run: Run, chunks: Sequence[Chunk], control: RunControl
    ) -> Iterator[Callable[[Event], None]]:
        """Give a listener for the events of a run for as long as it is executed.

        `chunks` are those of the plan and of its retry rounds so far; `control` stops it early,
        for example from a signal handler.
        """
        del run, chunks, control
        yield lambda _event: None
