"""What is wrong with a file that is written anew, collected on the way and told at once."""

from dataclasses import replace

from bulkup import problems
from bulkup.header import header_bytes, read_header
from bulkup.problems import Problem, as_error
from bulkup.rows.look import Look

FIRST = 5
"""How many ragged rows an error names."""


class Trouble:
    """What is wrong with the header and the records, by the lines of the user's file."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._found: dict[str, Problem] = {}
        self._first: list[str] = []
        self._line = 0
        self._ragged = 0

    def header(self, line: int, names: list[str]) -> None:
        """Look at the names as `open_source` does."""
        head = header_bytes(names, self._look.delimiter, self._look.line_ending)
        told = read_header(head, delimiter=self._look.delimiter, line_ending=self._look.line_ending)
        for one in told.problems:
            self._found.setdefault(one.message, replace(one, line=line))

    def nul(self, line: int) -> None:
        """A NUL byte; the first is told."""
        self._found.setdefault("nul", problems.nul_byte(line))

    def unnamed(self, line: int) -> None:
        """A value in one of the columns at the end that have no name; the first is told."""
        problem = Problem(
            name="InvalidCsv",
            message="a value in a column without a name",
            hint="Give the column a name, or take the value out",
            line=line,
        )
        self._found.setdefault("unnamed", problem)

    def ragged(self, line: int, row: list[str]) -> None:
        """A record with another number of cells than the header: the first few are told."""
        self._ragged += 1
        self._line = self._line or line
        if self._ragged <= FIRST:
            self._first.append(f"line {line} has {len(row)}")

    def raise_if_any(self) -> None:
        """Tell all at once."""
        found = list(self._found.values())
        if self._ragged:
            more = f", and {self._ragged - FIRST} more" if self._ragged > FIRST else ""
            where = ", ".join(self._first) + more
            found.append(problems.ragged(self._line, len(self._look.header), where))
        if found:
            raise as_error(self._look.name, found)
