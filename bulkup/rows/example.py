"""One value of a text by which a person sees whether its encoding was guessed right."""

import re

_LETTER = re.compile(r"[^\W\d_\x00-\x7f]")
_OTHER = re.compile(r"[^\x00-\x7f]")
_AROUND = 200
"""Characters on either side: what a person is shown is shorter."""


def better_example(found: str, text: str) -> str:
    """Part of a line with a letter that is not ASCII; `found` where that has one already.

    Without such a letter in the text, one with another character that is not ASCII.
    """
    if text.isascii() or _LETTER.search(found):
        return found
    at = _LETTER.search(text) or (None if found else _OTHER.search(text))
    if at is None:
        return found
    before = re.split(r"[\r\n]", text[max(0, at.start() - _AROUND) : at.start()])[-1]
    after = re.split(r"[\r\n]", text[at.start() : at.end() + _AROUND])[0]
    return before + after


def example_cell(line: str, char: str) -> str:
    """The cell of an example that is worth showing; `char` stands between cells."""
    cells = [cell.strip(' "') for cell in line.split(char)]
    telling = [cell for cell in cells if _LETTER.search(cell)]
    return (telling or [cell for cell in cells if not cell.isascii()] or [""])[0]
