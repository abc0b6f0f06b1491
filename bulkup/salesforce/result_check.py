"""Whether what came as a result of a job is one: a gateway's page has status 200 as well."""

import re
import zlib
from collections.abc import Collection
from typing import IO

from bulkup.errors import Transient
from bulkup.model import ResultKind
from bulkup.salesforce.errors import PASSING_HINT

HEAD_BYTES = 400_000
"""A header has at most 32,000 characters; it comes back with quotes."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
DELIMITERS = r"[,;\t|^`]"
LINE_BREAK = re.compile(rb"\r\n|\r|\n")
SECOND_OF_ANOTHER = {ResultKind.SUCCESSFUL: "sf__error", ResultKind.FAILED: "sf__created"}
"""The second column of the other of these two results: one came in the place of the other."""


class CheckedResult:
    """Takes a result's bytes for a file, and looks at their beginning and their end.

    `columns` are those that were sent: the rows that were not processed come back with no other.
    Where they are not known, all but markup and JSON is taken: a wrong header comes back as it is.
    """

    def __init__(self, file: IO[bytes], kind: ResultKind, columns: Collection[str] = ()) -> None:
        self._file = file
        self._kind = kind
        self._columns = columns
        self._head = b""
        self._headed = False
        self._quotes = 0
        self.checksum = 0

    def write(self, data: bytes, /) -> int:
        """Take a block.

        Raises:
            Transient: the beginning is no result's.
        """
        self._quotes += data.count(b'"')
        self.checksum = zlib.crc32(data, self.checksum)
        if not self._headed:
            self._head += data
            # A carriage return at the end may be half a line break.
            if b"\n" in self._head or b"\r" in self._head[:-1] or len(self._head) > HEAD_BYTES:
                self._check_head()
        return self._file.write(data)

    def finish(self) -> None:
        """Say that all has come.

        Raises:
            Transient: a result without a line break is no result. An empty one is.
        """
        if not self._headed and self._head:
            self._check_head()

    @property
    def cut_in_a_cell(self) -> bool:
        """Whether the last cell has no closing quote."""
        return self._quotes % 2 == 1

    def _check_head(self) -> None:
        self._headed = True
        first = self._head.removeprefix(BYTE_ORDER_MARK).lstrip()[:HEAD_BYTES]
        header, ending = LINE_BREAK.split(first, maxsplit=1)[0], LINE_BREAK.search(first)
        self._head = b""
        is_ended = not ending or ending[0] != b"\r"
        if not first or (is_ended and self._is_header(header.decode("utf-8", "replace"))):
            return
        shown = re.sub(r"\s+", " ", header.decode("utf-8", "replace"))[:60]
        raise Transient(
            f"What came as {self._kind} results of a job is not Salesforce's: {shown!r}; "
            f"{self._expected()} was expected",
            PASSING_HINT,
        )

    def _expected(self) -> str:
        if self._kind is ResultKind.UNPROCESSED:
            return "a header of the columns that were sent"
        return "its own header, which begins with sf__Id,"

    def _is_header(self, header: str) -> bool:
        names = [name.strip('" ').casefold() for name in re.split(DELIMITERS, header)]
        if self._kind is not ResultKind.UNPROCESSED:
            return names[0] == "sf__id" and names[1:2] != [SECOND_OF_ANOTHER[self._kind]]
        if not self._columns:
            return not header.startswith(("<", "{", "["))
        return names[0] != "sf__id" and not {*names}.isdisjoint(map(str.casefold, self._columns))
