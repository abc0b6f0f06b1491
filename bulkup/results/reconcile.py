"""Joins Salesforce's results with the rows of the user's file: what became of every row."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bulkup.duckdb_tools.engine import Database, with_enough_memory
from bulkup.results.chunk_pass import ChunkPass
from bulkup.results.files.background_io import read_ahead
from bulkup.results.files.prefixes import PrefixReader
from bulkup.results.files.writer import write
from bulkup.results.inputs import Load
from bulkup.results.row_files import begin_outcome
from bulkup.results.totals import Totals


def reconcile(
    load: Load,
    *,
    to: Path,
    work: Path,
    explain: Callable[[str], str],
    outcome: Path | None = None,
) -> Totals:
    """Write the result files into `to`, and return the totals.

    Everything temporary lies in a new directory inside `work`. `explain` says what one of
    Salesforce's error codes means. `outcome` is a folder for what a later run
    needs to know (`row_files.keep`).

    Raises:
        RunError: a file can't be written, or a file does not have the records it had.
    """

    def write_results(connection: Database, room: Path) -> Totals:
        if outcome:
            begin_outcome(outcome)
        chunk_pass = ChunkPass(load=load, connection=connection, work=room, outcome=outcome)
        chunk_pass.load_later_parts()
        with closing(read_ahead(chunk_pass.iter_chunks())) as prefixes:
            counts, files = write(
                load.original.source,
                PrefixReader(prefixes),
                to,
                byte_order_mark=load.byte_order_mark,
            )
        return chunk_pass.totals(counts, files, explain)

    return with_enough_memory(work, write_results)
