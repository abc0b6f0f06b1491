"""Reads a file as text, block by block: unpacked, decoded, without its byte order mark."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bulkup.csvfile.encoding.names import Encoding
from bulkup.csvfile.source_file import open_file
from bulkup.errors import InputError

BLOCK = 1 << 20
"""Bytes that are read at once."""

_GZIP = b"\x1f\x8b"


def compressed(head: bytes) -> bool:
    """Whether a file that begins with these bytes is gzip-compressed."""
    return head.startswith(_GZIP)


@contextmanager
def open_decompressed(path: Path) -> Iterator[IO[bytes]]:
    """Open the file's bytes, unpacked where it is gzip-compressed.

    Raises:
        InputError: there is no such file, it can't be read, or it is cut short.
    """
    try:
        with open_file(path) as plain:
            if not compressed(plain.read(2)):
                plain.seek(0)
                yield plain
                return
            plain.seek(0)
            with gzip.open(plain) as unpacked:
                yield unpacked  # type: ignore[misc]  # a GzipFile reads like any other
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(
            f"{path.name} is a damaged or incomplete gzip file",
            "Copy or download it again.",
            name="InvalidGzip",
        ) from error


def blocks(path: Path, encoding: Encoding) -> Iterator[str]:
    """Read the whole text in blocks.

    Raises:
        InputError: the file can't be read.
        Undecodable: it is not in this encoding.
    """
    with open_decompressed(path) as stream:
        stream.read(len(encoding.mark))
        decoder = codecs.getincrementaldecoder(encoding.name)()
        done, lines = len(encoding.mark), 1
        while block := stream.read(BLOCK):
            text = _decode(decoder, block, encoding, done, lines)
            done += len(block)
            lines += text.count("\n")
            yield text
        yield _decode(decoder, b"", encoding, done, lines, final=True)


class Undecodable(ValueError):
    """A byte is not of the encoding: at which offset, and in which physical line."""

    def __init__(self, encoding: Encoding, offset: int, line: int, byte: int) -> None:
        super().__init__(f"not {encoding.shown} (byte 0x{byte:02X})")
        self.offset = offset
        self.line = line


def _decode(
    decoder: codecs.IncrementalDecoder,
    block: bytes,
    encoding: Encoding,
    done: int,
    lines: int,
    *,
    final: bool = False,
) -> str:
    held = decoder.getstate()[0]
    try:
        return decoder.decode(block, final)
    except UnicodeDecodeError as error:
        before = (held + block)[: error.start].decode(encoding.name, "ignore")
        raise Undecodable(
            encoding,
            done - len(held) + error.start,
            lines + before.count("\n"),
            error.object[error.start],
        ) from error
