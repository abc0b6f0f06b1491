"""Lines for people, broken between words; what is to be copied is never broken."""

import os
import re
from collections.abc import Iterator
from typing import TextIO

USUAL_WIDTH = 80
COMMAND = re.compile(r"(?<=: )(?:bulkup|sf|chmod|openssl) .*?(?=[.;] |$)\s*|export .*$|\S+\s*")
"""A whole command, or a word; with the blanks behind it."""


def width_of(stream: TextIO) -> int:
    """The columns of the terminal that the stream ends in; 0 for a file or a pipe."""
    if not stream.isatty():
        return 0
    message = os.environ.get("COLUMNS", "")
    if message.isdecimal() and int(message):
        return int(message)
    try:
        return os.get_terminal_size(stream.fileno()).columns or USUAL_WIDTH
    except (OSError, ValueError):
        return USUAL_WIDTH


def wrap(text: str, width: int, hang: int = 0) -> str:
    """The text with its lines broken between words; `hang` blanks begin what was broken off."""
    if not width:
        return text
    return "\n".join(part for line in text.split("\n") for part in _parts(line, width, hang))


def _parts(line: str, width: int, hang: int) -> Iterator[str]:
    indent = line[: len(line) - len(line.lstrip())]
    part, follows = indent, False
    for result in COMMAND.finditer(line, len(indent)):
        if follows and len(part) + len(result[0].rstrip()) > width:
            yield part.rstrip()
            part = indent + " " * hang
        part += result[0]
        follows = True
    yield part.rstrip()
