"""The source of a run that goes on: where it lies now, and whether it is what was planned."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bulkup.csvfile.source_file import SourceFile, sha256, unreadable
from bulkup.errors import InputError, RunError
from bulkup.model import Source
from bulkup.runs.run_dir import Run


@contextmanager
def open_planned_source(run: Run) -> Iterator[SourceFile]:
    """What the run sends, held open, after its content was compared with the plan's.

    Raises:
        RunError: it is not there any more, or its content has changed.
    """
    plan = run.plan
    with open_planned_file(run, plan.sheet.path) as file:
        require_same_content(run, plan.sheet)
        if plan.original.path != plan.sheet.path:
            with open_planned_file(run, plan.original.path):
                require_same_content(run, plan.original)
        yield file


@contextmanager
def open_source_or_none(run: Run) -> Iterator[SourceFile | None]:
    """Hold what the run sends open as `open_planned_source` does; None where that can't be done."""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_planned_source(run))
        except RunError:
            file = None
        yield file


def open_planned_file(run: Run, path: Path) -> SourceFile:
    """A file of the run.

    Raises:
        RunError: it can't be read.
    """
    try:
        return SourceFile(path)
    except InputError as error:
        raise RunError(
            f"The source of run {run.name} can't be read: {error.message}",
            "Say where it lies now, with: --source FILE",
            name="SourceMissing",
        ) from error


def require_same_content(run: Run, source: Source) -> None:
    """Whether the file is still the one that was planned, by length and sha256.

    Raises:
        RunError: it is not, or its disk fails.
    """
    try:
        size = source.path.stat().st_size
        same = size == source.size and sha256(source.path) == source.sha256
    except OSError as error:
        raise unreadable(source.path, error) from error
    if not same:
        raise RunError(
            f"{source.path} has changed since run {run.name} began",
            "Put it back as it was, or load the new file with a new run.",
            name="SourceChanged",
        )
