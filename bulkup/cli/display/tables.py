"""Tables; where the terminal is too narrow for one, some lines for each row."""

from collections.abc import Collection, Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bulkup.text import safe_text

LEAST = 28
"""Characters that a column of prose needs to be read with ease."""
GAP = 3
INDENT = 2

Cell = str | Text
"""A cell is text as it is, never markup; one that has a style is a Text of safe text."""
Row = Sequence[Cell]


def show(
    console: Console,
    columns: Sequence[str],
    cells: Sequence[Row],
    *,
    whole: Collection[int] = (),
    apart: Collection[int] = (),
) -> None:
    """Print rows, of which columns are numbered from 0.

    `whole` columns are never folded: they are there to be copied. `apart` ones get a line of their
    own where there is no room for a table.
    """
    rows = [[_as_text(cell) for cell in row] for row in cells]
    if _need(columns, rows, whole) <= console.width:
        console.print(_table(columns, rows, whole))
        return
    for row in rows:
        _lines(console, row, whole, apart)


def _as_text(cell: Cell) -> Text:
    return Text(safe_text(cell)) if isinstance(cell, str) else cell


def _need(columns: Sequence[str], rows: Sequence[Sequence[Text]], whole: Collection[int]) -> int:
    """The least width at which a table can be read."""
    needs = [
        width if at in whole else min(width, LEAST)
        for at, width in enumerate(_widths(columns, rows))
    ]
    return sum(needs) + GAP * (len(needs) - 1)


def _widths(columns: Sequence[str], rows: Sequence[Sequence[Text]]) -> list[int]:
    cells = [[Text(name) for name in columns], *rows]
    return [
        max(line.cell_len for row in cells for line in row[at].split("\n"))
        for at in range(len(columns))
    ]


def _table(columns: Sequence[str], rows: Sequence[Sequence[Text]], whole: Collection[int]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for at, name in enumerate(columns):
        table.add_column(name, no_wrap=at in whole, overflow="ignore" if at in whole else "fold")
    for row in rows:
        table.add_row(*row)
    return table


def _lines(
    console: Console, row: Sequence[Text], whole: Collection[int], apart: Collection[int]
) -> None:
    """The cells in their order; those that are not `apart` share a line with their neighbours."""
    groups: list[list[int]] = []
    for at, cell in enumerate(row):
        if not cell:
            continue
        if groups and not {at, groups[-1][-1]} & set(apart):
            groups[-1].append(at)
        else:
            groups.append([at])
    for number, group in enumerate(groups):
        indent = INDENT if number else 0
        text = Text("  ").join(row[at] for at in group)
        if set(group) <= set(whole):
            console.print(Text(" " * indent).append_text(text), soft_wrap=True)
        else:
            console.print(Padding(text, (0, 0, 0, indent), expand=False))
