"""The encoding of a file that is neither marked nor UTF-8: a clear guess, or an error that asks."""

from collections.abc import Iterator
from pathlib import Path

from bulkup.csvfile.decoding import BLOCK, blocks, open_decompressed
from bulkup.csvfile.dialect import guess_delimiter, separator_line, text_lines
from bulkup.csvfile.encoding.guess import guess
from bulkup.csvfile.encoding.names import Encoding
from bulkup.csvfile.encoding.sample import Sample, collect_sample
from bulkup.csvfile.records import open_reader
from bulkup.errors import InputError

_LONGEST_SHOWN = 40


def sample_of(path: Path) -> Sample:
    """Read the whole file for what a guess goes by.

    Raises:
        InputError: it can't be read.
    """
    return collect_sample(_whole_lines(path))


def _whole_lines(path: Path) -> Iterator[bytes]:
    with open_decompressed(path) as stream:
        rest = b""
        while block := stream.read(BLOCK):
            end = 1 + max(block.rfind(b"\n"), block.rfind(b"\r"))
            if end or len(rest) > BLOCK:  # a line of megabytes is cut anywhere
                yield rest + block[:end]
                rest = block[end:]
            else:
                rest += block
        yield rest


def guesses(path: Path, name: str, sample: Sample) -> Iterator[Encoding]:
    """The encoding that is clearly the best, and the next where the whole file is not in it.

    `name` is what the user calls the file.

    Raises:
        InputError: none is clearly the best. The message has two readings of a value.
    """
    unfit: set[str] = set()
    while result := guess(sample, unfit):
        best = Encoding(name=result.best.name, guessed=True)
        if not result.clear:
            rival = Encoding(name=result.rival.name) if result.rival else None
            raise _unclear(path, name, best, rival)
        yield best
        unfit.add(best.name)
    raise InputError(
        f"{name} is not UTF-8, and its bytes are no text in any encoding that is known here",
        "Is it a text file? Export it again as UTF-8, or name its encoding with --encoding.",
        name="InvalidEncoding",
    )


def _unclear(path: Path, name: str, best: Encoding, rival: Encoding | None) -> InputError:
    others = [best, rival] if rival else [best]
    where, values = _first_difference(path, best, rival)
    width = max(len(value) for value in values)
    readings = "\n".join(
        f"  {value:{width}}  in {encoding.shown}"
        for value, encoding in zip(values, others, strict=True)
    )
    options = " or ".join(f"--encoding {encoding.name}" for encoding in others)
    return InputError(
        f"{name} is not UTF-8, and its encoding is not clear. {where} reads\n{readings}",
        f"Add the one that reads right: {options}. "
        "If none does, export the file as UTF-8, or name its encoding.",
        name="UnclearEncoding",
    )


def _first_difference(path: Path, best: Encoding, rival: Encoding | None) -> tuple[str, list[str]]:
    """The place of the first value that the two read differently, and both readings."""
    for place, value in _values(path, best):
        other = value
        if rival:
            other = value.encode(best.name, "replace").decode(rival.name, "replace")
        if not value.isascii() and (rival is None or other != value):
            first = next(index for index, char in enumerate(value) if not char.isascii())
            start = max(0, first - _LONGEST_SHOWN // 2)
            shown = [_quote(value, start)]
            return place, [*shown, _quote(other, start)] if rival else shown
    raise AssertionError  # pragma: no cover  what differs in the sample, does in the file


def _values(path: Path, encoding: Encoding) -> Iterator[tuple[str, str]]:
    """All values with their places, from the header on."""
    head = next(blocks(path, encoding), "")
    char = separator_line(head)[0] or guess_delimiter(head[: 1 << 16])
    header: list[str] = []
    row = 0
    for cells in open_reader(text_lines(blocks(path, encoding)), char):
        if not cells:
            continue
        for index, value in enumerate(cells):
            if not header:
                yield "The header", value
                continue
            column = header[index] if index < len(header) else ""
            yield f"Row {row:,}, column {column or index + 1}", value
        header = header or cells
        row += 1


def _quote(value: str, start: int) -> str:
    cut = value[start : start + _LONGEST_SHOWN]
    before, after = "…" if start else "", "…" if start + len(cut) < len(value) else ""
    return repr(f"{before}{cut}{after}")
