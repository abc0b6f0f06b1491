"""Salesforce's results joined with the rows of the user's file: what became of every row."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from bulkup.books import Books
from bulkup.rows.ahead import ahead
from bulkup.rows.engine import with_enough_memory
from bulkup.rows.layout import Load
from bulkup.rows.outcome import begin_outcome
from bulkup.rows.story import Story
from bulkup.rows.texts import Fates
from bulkup.rows.write import write

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def reconcile(
    load: Load,
    *,
    to: Path,
    work: Path,
    explain: Callable[[str], str],
    outcome: Path | None = None,
) -> Books:
    """Write results.csv and its three companions into `to`, and close the books.

    Everything temporary lies in a new directory inside `work`. `explain` says what one of
    Salesforce's error codes means. `outcome` is a folder where `bulkup.rows.outcome` keeps what
    a later run needs to know.

    Raises:
        RunError: a file can't be written, or a sheet does not have the records it had.
    """

    def tell(connection: "DuckDBPyConnection", room: Path) -> Books:
        if outcome:
            begin_outcome(outcome)
        story = Story(load=load, connection=connection, work=room, outcome=outcome)
        story.hear_later_rounds()
        with closing(ahead(story.tell())) as told:
            counts, files = write(load.original.source, Fates(told), to)
        return story.books(counts, files, explain)

    return with_enough_memory(work, tell)
