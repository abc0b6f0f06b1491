"""Random CSV files, and what CPython's csv module makes of them."""

import csv
from dataclasses import dataclass
from io import StringIO

from hypothesis import strategies as st

from bulkup.model import Delimiter, LineEnding


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    data: bytes
    delimiter: Delimiter
    line_ending: LineEnding

    @property
    def rows(self) -> list[list[str]]:
        return parsed(self.data, self.delimiter)


def parsed(data: bytes, delimiter: Delimiter) -> list[list[str]]:
    text = StringIO(data.decode("utf-8"), newline="")
    return [row for row in csv.reader(text, delimiter=delimiter.char) if row]


@st.composite
def files(draw: st.DrawFn) -> File:
    """Files that are sound, odd as their cells may be."""
    delimiter = draw(st.sampled_from(Delimiter))
    ending = draw(st.sampled_from(LineEnding))
    columns = draw(st.integers(1, 3))
    row = st.lists(cells(delimiter.char), min_size=columns, max_size=columns)
    rows = draw(st.lists(row, min_size=1, max_size=12))
    header = [f"c{number}" for number in range(columns)]
    lines = [delimiter.char.join(one) or '""' for one in [header, *rows]]
    text = ending.chars.join(lines) + draw(st.sampled_from(["", ending.chars]))
    return File(data=text.encode(), delimiter=delimiter, line_ending=ending)


def cells(mark: str) -> st.SearchStrategy[str]:
    """Raw cells: quoted, plain, with quotes in the middle, with text after a closing quote."""
    inner = st.text(alphabet=mark + '\r\nax"é€😀 ', max_size=8)
    quoted = inner.map(lambda text: '"' + text.replace('"', '""') + '"')
    plain = st.text(alphabet='ax"é€😀 ', max_size=8).filter(lambda text: not text.startswith('"'))
    return st.one_of(quoted, plain, st.tuples(quoted, plain).map("".join))
