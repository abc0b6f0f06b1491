"""Planning alone: read, judge and cut a file. `python -m benchmarks.planning FILE [--cells]`."""

import sys
import time
from pathlib import Path

from bulkup.csvfile.source import header_bytes, open_source
from bulkup.planning.chunking import cut


def main(path: Path, *, cells: bool) -> None:
    """Print how many MB are planned in a second."""
    since = time.perf_counter()
    source = open_source(path, check_cells=cells)
    header = header_bytes(source.header, source.delimiter, source.line_ending)
    cut(source, header=header, chunk_bytes=100_000_000)
    print(source.size / 1e6 / (time.perf_counter() - since))


if __name__ == "__main__":
    main(Path(sys.argv[1]), cells="--cells" in sys.argv)
