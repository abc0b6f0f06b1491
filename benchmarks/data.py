"""The files that are loaded: 3,000,000 contacts, the same bytes each time.

`python -m benchmarks.data` writes what is missing. It is a process of its own because the peak
memory of a process that starts another is counted in with the other's.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(".bench")
ROWS = 3_000_000
SMALL_BYTES = 96_000_000
HUGE_BYTES = 4_000_000_000
COLUMNS = (
    "Email__c", "FirstName", "LastName", "Title", "Phone", "MailingStreet", "MailingCity",
    "MailingPostalCode", "MailingCountry", "LeadSource", "Birthdate", "HasOptedOutOfEmail",
)  # fmt: skip
HEADER = ",".join(COLUMNS).encode() + b"\n"

_FIRST = ("Anna", "Ben", "Carla", "David", "Emma", "Farid", "Grace", "Ivan", "José", "Zoë")
_LAST = ("Smith", "Müller", "Brown", "Rossi", "Novak", "Silva", "Jensen", "Okafor", "Kaya")
_TITLES = ("Buyer", "Engineer", "Head of Purchasing", "CFO", "Manager", "")
_CITIES = ("London", "Berlin", "Paris", "Springfield", "Sydney", "Lisbon", "Oslo")


def row(at: int, *, quotes: bool) -> str:
    """One contact. With `quotes`, one row of fifty has a quoted cell."""
    first, last = _FIRST[at % 10], _LAST[at % 9]
    title = '"Director, Sales"' if quotes and at % 50 == 7 else _TITLES[at % 6]
    city = _CITIES[at % 7]
    return (
        f"contact.{at:07}@example.com,{first},{last},{title},+1 202 555 {at % 10000:04},"
        f"{at % 997} Long Street,{city},{at % 90000 + 10000},United States,Web,"
        f"19{at % 50 + 50}-0{at % 9 + 1}-1{at % 10},{'true' if at % 3 else 'false'}\n"
    )


def rows(count: int, *, quotes: bool) -> Iterator[bytes]:
    """All contacts, many at a time."""
    step = 10_000
    for start in range(0, count, step):
        block = range(start, min(start + step, count))
        yield "".join([row(at, quotes=quotes) for at in block]).encode()


def paths() -> dict[str, Path]:
    """Where the files are."""
    return {
        "96 MB": FOLDER / "contacts-96.csv",
        "400 MB": FOLDER / "contacts-400.csv",
        "400 MB, no quotes": FOLDER / "contacts-400-plain.csv",
        "400 MB, all quoted": FOLDER / "contacts-400-quoted.csv",
        "400 MB, UTF-16": FOLDER / "contacts-400-utf16.csv",
        "4 GB": FOLDER / "contacts-4000.csv",
    }


def make(*, huge: bool) -> None:
    """Write what is missing."""
    FOLDER.mkdir(exist_ok=True)
    at = paths()
    _write(at["400 MB"], rows(ROWS, quotes=True))
    _write(at["400 MB, no quotes"], rows(ROWS, quotes=False))
    _write(at["400 MB, all quoted"], map(_all_quoted, rows(ROWS, quotes=False)))
    with at["400 MB"].open("rb") as file:
        small = file.read(SMALL_BYTES)
    _write(at["96 MB"], iter([small[len(HEADER) : small.rfind(b"\n") + 1]]))
    _write_utf16(at["400 MB, UTF-16"], at["400 MB"])
    if huge:
        _write(at["4 GB"], _again_and_again(at["400 MB"]))


def _all_quoted(block: bytes) -> bytes:
    return b'"' + block.replace(b",", b'","').replace(b"\n", b'"\n"')[:-1]


def _again_and_again(path: Path) -> Iterator[bytes]:
    """The records of the file, over and over, until there are enough."""
    size = path.stat().st_size - len(HEADER)
    for _ in range(-(-HUGE_BYTES // size)):
        with path.open("rb") as file:
            file.seek(len(HEADER))
            while block := file.read(1 << 24):
                yield block


def _write(path: Path, blocks: Iterator[bytes]) -> None:
    if path.exists():
        return
    print(f"making {path}", file=sys.stderr)
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        file.write(HEADER)
        file.writelines(blocks)
    temporary.replace(path)


def _write_utf16(path: Path, like: Path) -> None:
    """The first half of a file in the encoding that takes twice the bytes: as many in all."""
    if path.exists():
        return
    print(f"making {path}", file=sys.stderr)
    left = like.stat().st_size // 2
    with like.open(encoding="utf-8", newline="") as text, path.open("wb") as file:
        file.write(b"\xff\xfe")
        for line in text:
            left -= len(line)
            file.write(line.encode("utf-16-le"))
            if left < 0:
                return


if __name__ == "__main__":
    make(huge="--huge" in sys.argv)
