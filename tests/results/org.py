"""A small org for tests: writes sheets, and answers them as Salesforce does, in its own way."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from bulkup.model import Chunk, Delimiter, LineEnding, ResultKind, Source, Status
from bulkup.results.inputs import SentChunk

Row = tuple[str, ...]
Fate = tuple[str, str, str, str]


def source(
    path: Path,
    header: Sequence[str],
    records: Sequence[str],
    delimiter: Delimiter = Delimiter.COMMA,
    line_ending: LineEnding = LineEnding.LF,
    *,
    ended: bool = True,
) -> Source:
    """Write records, raw as they are, and describe the file."""
    end = line_ending.chars
    head = delimiter.char.join(header) + end
    body = end.join(records) + (end if ended or not records else "")
    data = (head + body).encode()
    path.write_bytes(data)
    return Source(
        path=path,
        name=path.name,
        size=len(data),
        sha256="",
        encoding="utf-8",
        delimiter=delimiter,
        line_ending=line_ending,
        header=tuple(header),
        start=len(head.encode()),
        rows=len(records),
    )


def cells_of(raw: str, delimiter: Delimiter) -> Row:
    return tuple(next(csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter.char), [""]))


def quote(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


@dataclass
class Org:
    """Answers chunks: shuffled, all quoted, some values anew, some rows not at all."""

    random: Random
    folder: Path
    header: Sequence[str]
    rewritten: Mapping[int, object] = field(default_factory=dict)
    dropping: float = 0.0
    ids: int = 0

    def load(self, chunk: Chunk, rows: Sequence[Row], like: Source) -> tuple[SentChunk, list[Fate]]:
        """What becomes of a chunk, and the truth about each of its rows in order."""
        fates = [self._chunk_outcome() for _ in rows]
        lines: dict[ResultKind, list[list[str]]] = {kind: [] for kind in ResultKind}
        for row, (status, ident, created, error) in zip(rows, fates, strict=True):
            if status == "unknown":
                continue
            back = [self._anew(at, cell) for at, cell in enumerate(row)]
            if status == "succeeded":
                lines[ResultKind.SUCCESSFUL].append([ident, created, *back])
            elif status == "failed":
                lines[ResultKind.FAILED].append([ident, error, *row])
            else:
                lines[ResultKind.UNPROCESSED].append(list(row))
        sent = SentChunk(
            chunk=chunk,
            results={kind: self._write(chunk, kind, rows, like) for kind, rows in lines.items()},
            otherwise=Status.UNKNOWN,
        )
        return sent, fates

    def _chunk_outcome(self) -> Fate:
        if self.random.random() < self.dropping:
            return ("unknown", "", "", "bulkup: Salesforce's results do not name this row")
        kind = self.random.choice(["succeeded", "succeeded", "succeeded", "failed", "unprocessed"])
        if kind == "unprocessed":
            return (kind, "", "", "")
        self.ids += 1
        if kind == "succeeded":
            return (kind, f"003{self.ids:015d}", self.random.choice(["true", "false"]), "")
        return (kind, "", "", f'REQUIRED_FIELD_MISSING:No "{self.ids}", or:\nLastName --')

    def _anew(self, at: int, cell: str) -> str:
        rewrite = self.rewritten.get(at)
        return rewrite(cell, self.random) if callable(rewrite) else cell

    def _write(self, chunk: Chunk, kind: ResultKind, rows: list[list[str]], like: Source) -> Path:
        self.random.shuffle(rows)
        mark, end = like.delimiter.char, like.line_ending.chars
        own = {
            ResultKind.SUCCESSFUL: ['"sf__Id"', '"sf__Created"'],
            ResultKind.FAILED: ['"sf__Id"', '"sf__Error"'],
            ResultKind.UNPROCESSED: [],
        }[kind]
        lines = [mark.join([*own, *self.header]), *(mark.join(map(quote, row)) for row in rows)]
        path = self.folder / f"{chunk.number}-{kind}.csv"
        text = end.join(lines) + end
        if not rows and self.random.random() < 0.5:
            text = ""
        path.write_bytes(text.encode())
        return path


def java_double(cell: str, random: Random) -> str:
    """The way Java's `Double.toString` writes a number; other text as it is."""
    try:
        value = float(cell)
    except ValueError:
        return cell
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    mantissa, exponent = f"{value:.16e}".split("e")
    digits = repr(float(mantissa))
    return f"{digits}E{int(exponent)}" if float(f"{digits}e{exponent}") == value else repr(value)


def short_or_long(cell: str, random: Random) -> str:
    """An Id in its other form."""
    return cell[:15] if len(cell) == 18 and random.random() < 0.5 else cell


def loud(cell: str, random: Random) -> str:
    """The same key in another case."""
    return cell.swapcase() if random.random() < 0.5 else cell


def boolean(cell: str, random: Random) -> str:
    """A boolean written anew."""
    return {"1": "true", "0": "false", "TRUE": "true", "False": "false"}.get(cell, cell)
