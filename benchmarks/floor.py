"""The least that a Python client needs: read and scan the file once, PUT it, get the results.

`python -m benchmarks.floor URL FILE [--results]`, with the token in the environment.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

BLOCK = 1 << 18


def scan(path: Path) -> int:
    """How many lines there are: nothing that looks at a file once can be quicker than this."""
    with path.open("rb", buffering=0) as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def blocks(path: Path) -> Iterator[bytes]:
    """The file again, as it is sent."""
    with path.open("rb", buffering=0) as file:
        yield from iter(lambda: file.read(BLOCK), b"")


def main(url: str, path: Path, *, results: bool) -> None:
    """One job with the whole file."""
    headers = {"Authorization": f"Bearer {os.environ['BULKUP_ACCESS_TOKEN']}"}
    scan(path)
    with httpx.Client(base_url=url, headers=headers, timeout=600, trust_env=False) as client:
        job = client.post("/services/data/v60.0/jobs/ingest", json={"object": "Contact"}).json()
        address = f"/services/data/v60.0/jobs/ingest/{job['id']}"
        size = {"Content-Length": str(path.stat().st_size)}
        client.put(f"/{job['contentUrl']}", content=blocks(path), headers=size).raise_for_status()
        client.patch(address, json={"state": "UploadComplete"}).raise_for_status()
        if results:
            to = path.with_suffix(".floor.csv")
            with (
                client.stream("GET", f"{address}/successfulResults/") as answer,
                to.open("wb") as f,
            ):
                f.writelines(answer.iter_bytes(BLOCK))
            to.unlink()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), results="--results" in sys.argv)
