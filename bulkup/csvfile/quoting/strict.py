"""Whether a file's quotes stand where CSV has them: round whole cells, and doubled inside.

Salesforce's own reader refuses any other quote: inside a plain cell, and text after a closing one
(`CSVReader` of github.com/forcedotcom/wsc). So what goes there has none, and DuckDB and the csv
module, which differ on them, read the same.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

_LONGEST = 16 << 20
"""Characters that no quoted cell may exceed: Salesforce takes 400,000 in a record."""


def _cell(char: str) -> str:
    mark = re.escape(char)
    before = rf'(?:(?<=[{mark}\n]")|(?<=\A"))'
    # No possessive quantifiers here: CPython before 3.11.5 gets some of them wrong (gh-106052).
    return rf'"{before}[^"]*(?:""[^"]*)*(?:"(?=[{mark}\r\n])|\Z)'


@lru_cache
def strict_cells(char: str) -> re.Pattern[bytes]:
    """Matches each quoted cell of whole records that nothing but a delimiter or a break follows.

    One that is never closed goes to the end. A quote that no match takes is an odd one.
    """
    return re.compile(_cell(char).encode())


@lru_cache
def _strict_cells_of_text(char: str) -> re.Pattern[str]:
    return re.compile(_cell(char))


@lru_cache
def strict_record(char: str) -> re.Pattern[str]:
    """Matches a record with its line break, without odd quotes or an open one."""
    mark = re.escape(char)
    cell = rf'(?:"[^"]*(?:""[^"]*)*"|[^"{mark}\r\n]*)'
    return re.compile(rf"{cell}(?:{mark}{cell})*(?:\r\n|\r|\n|\Z)")


def has_odd_quotes(blocks: Iterable[str], char: str) -> bool:
    """Whether any quote of a text is odd, or never closed."""
    cells = _strict_cells_of_text(char)
    rest = ""
    for block in blocks:
        text = (rest + block).replace("\r\n", "\n").replace("\r", "\n")
        whole = text[: text.rfind("\n") + 1]
        rest = text[len(whole) :]
        if '"' not in whole:
            continue
        bare = cells.sub("x", whole)
        if '"' in bare:
            return True
        if not bare.endswith("\n"):
            *_, last = cells.finditer(whole)  # it is still open
            rest = text[last.start() :]
            if len(rest) > _LONGEST:
                return True
    bare = cells.sub("x", rest + "\n")
    return '"' in bare or not bare.endswith("\n")
