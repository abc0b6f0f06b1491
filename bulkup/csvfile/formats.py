"""Recognizes files that are no CSV by their first bytes."""

import shlex

from bulkup.errors import InputError

_AS_CSV = "Save it as CSV: File, Save as, 'CSV UTF-8 (comma delimited)'"


def _unpacked_by(program: str) -> str:
    return f"Unpack it on the way in: {program} {{name}} | bulkup run - …"


_HINTS = {
    "an Excel workbook or another zip file": f"{_AS_CSV}. Unpack a zip file first",
    "an old Excel workbook": _AS_CSV,
    "an XML spreadsheet of Excel": _AS_CSV,
    "an RTF document": "Save it as plain text (UTF-8), with the ending .csv",
    "a Parquet file": (
        "Write it as CSV: duckdb -csv -c \"FROM read_parquet('{name}')\" | bulkup run - …"
    ),
    "a PDF": "Get the data as CSV from where the PDF was made; its tables can't be read exactly",
    "an SQLite database": (
        "Write a table as CSV: sqlite3 -header -csv {name} 'SELECT * FROM …' | bulkup run - …"
    ),
    "a bzip2 file": _unpacked_by("bzcat"),
    "an xz file": _unpacked_by("xzcat"),
    "a zstd file": _unpacked_by("zstdcat"),
    "an lz4 file": _unpacked_by("lz4cat"),
    "a compress (.Z) file": _unpacked_by("zcat"),
    "a 7z file": _unpacked_by("7z x -so"),
    "a RAR file": "Unpack it first",
    "a web page": (
        "A login or error page may have been saved in place of the file: download it again. A "
        "report that a program calls Excel may be one too: open it there and save it as CSV"
    ),
    "XML": "Export it as CSV (UTF-8)",
    "JSON": "Write it as CSV: duckdb -csv -c \"FROM read_json('{name}')\" | bulkup run - …",
}
_MAGIC = (
    (b"PK\x03\x04", "an Excel workbook or another zip file"),
    (b"PK\x05\x06", "an Excel workbook or another zip file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x09\x08\x10\x00", "an old Excel workbook"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF"),
    (b"SQLite format 3", "an SQLite database"),
    (b"BZh", "a bzip2 file"),
    (b"7z\xbc\xaf", "a 7z file"),
    (b"Rar!\x1a", "a RAR file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"\x04\x22\x4d\x18", "an lz4 file"),
    (b"\x1f\x9d", "a compress (.Z) file"),
    (b"{\\rtf", "an RTF document"),
)
_TEXTS = (
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"<head", "a web page"),
    (b"<table", "a web page"),
    (b"<?xml", "XML"),
    (b'{"', "JSON"),
    (b"[{", "JSON"),
    (b"{\n", "JSON"),
    (b"{\r\n", "JSON"),
    (b"[\n", "JSON"),
    (b"[\r\n", "JSON"),
)
_SPREADSHEET_XML = b"urn:schemas-microsoft-com:office:spreadsheet"
_TEXT = 64
"""Bytes in which a text shows what it is."""


def must_look_like_csv(head: bytes, name: str) -> None:
    """Check a file's first bytes.

    Raises:
        InputError: they are those of another file type, with what to do about it.
    """
    text = head[:_TEXT].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    what = next((kind for magic, kind in _MAGIC if head.startswith(magic)), "")
    what = what or next((kind for start, kind in _TEXTS if text.startswith(start)), "")
    if what == "XML":
        start = head.lower()
        if _SPREADSHEET_XML in start:
            what = "an XML spreadsheet of Excel"
        elif b"<html" in start:
            what = "a web page"
    if what:
        hint = _HINTS[what].format(name=shlex.quote(name))
        hint = hint if hint.endswith("…") else f"{hint}."
        raise InputError(f"{name} is {what}, not a CSV", hint, name="NotCsv")
