"""Finds values by which a person sees whether an encoding is right."""

import re

_LETTER = re.compile(r"[^\W\d_\x00-\x7f]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_AROUND = 200
"""Characters on either side of a letter: the example that is shown is shorter."""


def better_example(example: str, text: str) -> str:
    """Part of a line with a letter that is not ASCII; `example` where that has one already.

    Without such a letter in the text, one with another character that is not ASCII.
    """
    if text.isascii() or _LETTER.search(example):
        return example
    match = _LETTER.search(text) or (None if example else _NOT_ASCII.search(text))
    if match is None:
        return example
    before = re.split(r"[\r\n]", text[max(0, match.start() - _AROUND) : match.start()])[-1]
    after = re.split(r"[\r\n]", text[match.start() : match.end() + _AROUND])[0]
    return before + after


def example_cell(line: str, char: str) -> str:
    """The cell of an example line that shows the encoding; `char` separates cells."""
    cells = [cell.strip(' "') for cell in line.split(char)]
    with_letter = [cell for cell in cells if _LETTER.search(cell)]
    return (with_letter or [cell for cell in cells if not cell.isascii()] or [""])[0]
