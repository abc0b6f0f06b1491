"""Recognizes files that are no CSV by their first bytes."""

from bulkup.errors import InputError

_MAGIC = (
    (b"PK\x03\x04", "an Excel workbook or another zip file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF"),
    (b"SQLite format 3", "an SQLite database"),
    (b"BZh", "a bzip2 file"),
    (b"7z\xbc\xaf", "a 7z file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
)
_TEXTS = (
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "XML"),
    (b'{"', "JSON"),
    (b"[{", "JSON"),
    (b"{\n", "JSON"),
    (b"{\r\n", "JSON"),
)


def must_look_like_csv(head: bytes, name: str) -> None:
    """Check a file's first bytes.

    Raises:
        InputError: they are those of another file type.
    """
    text = head[:64].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    what = next((kind for magic, kind in _MAGIC if head.startswith(magic)), "")
    what = what or next((kind for start, kind in _TEXTS if text.startswith(start)), "")
    if what:
        raise InputError(
            f"{name} is {what}, not a CSV", "Export or save it as CSV (UTF-8).", name="NotCsv"
        )
