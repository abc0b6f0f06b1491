"""`python -m benchmarks.encodings`: how many files are read right, stopped at, and read wrong."""

import argparse
import importlib
import sys
import tempfile
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.encodings.cases import SIZES, Case, cases
from bulkup.csvfile.decoding import Undecodable, blocks
from bulkup.csvfile.detection import detect
from bulkup.errors import InputError

RIGHT, STOPPED, WRONG = "right", "stopped", "wrong"


def read_with_bulkup(content: bytes) -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        path.write_bytes(content)
        try:
            return "".join(blocks(path, detect(path).encoding))
        except (InputError, Undecodable):  # the latter: it is taken for damaged UTF-8
            return None


def read_with_charset_normalizer(content: bytes) -> str | None:
    best = importlib.import_module("charset_normalizer").from_bytes(content).best()
    return str(best) if best else None


def read_with_chardet(content: bytes) -> str | None:
    """The package is not among the requirements; `pip install chardet` for this."""
    name = importlib.import_module("chardet").detect(content)["encoding"]
    try:
        return content.decode(name) if name else None
    except (UnicodeDecodeError, LookupError):
        return None


READERS: dict[str, Callable[[bytes], str | None]] = {
    "bulkup": read_with_bulkup,
    "charset-normalizer": read_with_charset_normalizer,
    "chardet": read_with_chardet,
}


def outcome_of(case: Case, reader: str) -> str:
    text = READERS[reader](case.content)
    if text is None:
        return STOPPED
    same = unicodedata.normalize("NFC", text) == unicodedata.normalize("NFC", case.text)
    return RIGHT if same else WRONG


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reader", choices=READERS, default="bulkup")
    parser.add_argument("--wrong", action="store_true", help="show each file that is read wrong")
    options = parser.parse_args()
    files = list(cases())
    with ProcessPoolExecutor() as pool:
        outcomes = list(pool.map(partial(outcome_of, reader=options.reader), files, chunksize=50))
    if options.wrong:
        for case, outcome in zip(files, outcomes, strict=True):
            if outcome == WRONG:
                print(case.language, case.encoding, case.size, case.text[:200].split("\n")[1])
    print_table(files, outcomes)
    return int(WRONG in outcomes)


def print_table(files: list[Case], outcomes: list[str]) -> None:
    """A line for each language and encoding, with right/stopped/wrong for each size."""
    counts: dict[tuple[str, str], dict[str, Counter[str]]] = defaultdict(
        lambda: defaultdict(Counter)
    )
    total: dict[str, Counter[str]] = defaultdict(Counter)
    for case, outcome in zip(files, outcomes, strict=True):
        counts[case.language, case.encoding][case.size][outcome] += 1
        total[case.size][outcome] += 1
    print("| language | encoding |", " | ".join(SIZES), "|")
    print("| --- | --- |", " | ".join("---:" for _ in SIZES), "|")
    for (language, encoding), by_size in counts.items():
        print("|", language, "|", encoding, "|", _cells(by_size), "|")
    print("| all | |", _cells(total), "|")
    everything = Counter(outcomes)
    words = ", ".join(f"{everything[name]:,} {name}" for name in (RIGHT, STOPPED, WRONG))
    print(f"\n{len(files):,} files: {words}.")


def _cells(by_size: dict[str, Counter[str]]) -> str:
    return " | ".join(
        "/".join(str(by_size[size][name]) for name in (RIGHT, STOPPED, WRONG)) for size in SIZES
    )


if __name__ == "__main__":
    sys.exit(main())
