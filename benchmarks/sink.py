"""A server that takes loads and does as little as it can: what is measured is the client.

`python -m benchmarks.sink` prints its port. It answers what a run asks for and throws uploads
away; with `--keep` it keeps the rows, an Id before each, and gives them back as successful
results, in another order than they were sent: the second half first.
"""

import json
import re
import socket
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import IO

from benchmarks.data import COLUMNS

BLOCK = 1 << 20
TOKEN = "00D000000000001!benchmark"
_BEFORE = b'"003000000000001AAA","true",'
_HEADER = b'"sf__Id","sf__Created",'
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STATUS = {200: "OK", 201: "Created", 404: "Not Found"}


@dataclass(slots=True)
class SinkJob:
    """One job, and its rows with an Id before each."""

    id: str
    rows: int = 0
    state: str = "Open"
    header: bytes = b""
    kept: IO[bytes] | None = None
    size: int = 0

    def take(self, block: bytes) -> None:
        """One more block of the upload; the first one holds the whole header."""
        if self.kept is None:
            self.kept = tempfile.TemporaryFile()  # noqa: SIM115 -- it lives as long as the job
            self.header, _, block = block.partition(b"\n")
            self.kept.write(_BEFORE)
        self.rows += block.count(b"\n")
        self.kept.write(block.replace(b"\n", b"\n" + _BEFORE))

    def results(self) -> list[tuple[int, int]]:
        """Two ranges of what is kept, the second half first."""
        assert self.kept
        self.kept.flush()
        end = self.kept.seek(0, 2) - len(_BEFORE)
        self.kept.seek(end // 2)
        half = end // 2 + len(self.kept.readline())
        return [(half, end - half), (0, half)]

    def look(self) -> dict[str, object]:
        """The job as JSON."""
        return {
            "id": self.id,
            "operation": "upsert",
            "object": "Contact",
            "state": self.state,
            "externalIdFieldName": "Email__c",
            "contentType": "CSV",
            "apiVersion": 60.0,
            "contentUrl": f"services/data/v60.0/jobs/ingest/{self.id}/batches",
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
            "numberRecordsProcessed": self.rows,
            "numberRecordsFailed": 0,
        }


@dataclass(slots=True)
class Sink:
    """All jobs."""

    keep: bool
    jobs: dict[str, SinkJob] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def job(self, path: str) -> SinkJob:
        """The job of a path."""
        return self.jobs[path.split("/jobs/ingest/")[1].partition("/")[0]]

    def create(self) -> SinkJob:
        """A new one."""
        number = f"750{next(self._numbers):012}AAA"
        return self.jobs.setdefault(number, SinkJob(number))


class Connection:
    """One client's connection."""

    def __init__(self, sink: Sink, client: socket.socket) -> None:
        self.sink = sink
        self.client = client
        self.rest = b""

    def serve(self) -> None:
        """Answer until the client leaves."""
        with self.client:
            while head := self._head():
                line = head.split(b"\r\n", 1)[0].decode()
                method, path, _ = line.split(" ")
                length = _LENGTH.search(head)
                self._answer(method, path.replace("//", "/"), int(length[1]) if length else 0)

    def _head(self) -> bytes:
        while b"\r\n\r\n" not in self.rest:
            block = self.client.recv(BLOCK)
            if not block:
                return b""
            self.rest += block
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        return head

    def _answer(self, method: str, path: str, length: int) -> None:
        if method == "PUT":
            self._take(self.sink.job(path), length)
            return self._send(201, b"")
        body = self._whole(length)
        if method == "POST":
            return self._json(self.sink.create().look())
        if method == "PATCH":
            job = self.sink.job(path)
            closing = b"UploadComplete" in body
            job.state = "JobComplete" if closing else "Aborted"
            return self._json({**job.look(), "state": "UploadComplete" if closing else "Aborted"})
        return self._get(path)

    def _get(self, path: str) -> None:
        if "/describe" in path:
            return self._json(describe())
        if "/jobs/ingest/" not in path:
            return self._json({})
        job = self.sink.job(path)
        if "successfulResults" in path:
            return self._results(job)
        if "failedResults" in path:
            return self._send(200, b'"sf__Id","sf__Error",' + job.header + b"\n")
        if "unprocessedrecords" in path:
            return self._send(200, job.header + b"\n")
        return self._json(job.look())

    def _take(self, job: SinkJob, length: int) -> None:
        room = memoryview(bytearray(BLOCK))
        left, held = length, b""
        while left:
            block: bytes | memoryview = self.rest[:left]
            self.rest = self.rest[left:]
            if not block:
                block = room[: self.client.recv_into(room[: min(left, BLOCK)])]
            if not block:
                raise ConnectionError
            left -= len(block)
            if self.sink.keep:
                held += block
                if job.kept or b"\n" in held:
                    job.take(held)
                    held = b""

    def _whole(self, length: int) -> bytes:
        while len(self.rest) < length:
            self.rest += self.client.recv(BLOCK)
        body, self.rest = self.rest[:length], self.rest[length:]
        return body

    def _results(self, job: SinkJob) -> None:
        header = _HEADER + job.header + b"\n"
        ranges = job.results() if job.kept else []
        self._send_head(200, len(header) + sum(size for _, size in ranges), "text/csv")
        self.client.sendall(header)
        for start, size in ranges:
            assert job.kept
            self.client.sendfile(job.kept, start, size)

    def _json(self, data: dict[str, object]) -> None:
        self._send(200, json.dumps(data).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str = "text/csv") -> None:
        self._send_head(status, len(body), kind)
        self.client.sendall(body)

    def _send_head(self, status: int, length: int, kind: str) -> None:
        head = f"HTTP/1.1 {status} {_STATUS[status]}\r\nContent-Type: {kind}\r\n"
        self.client.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode())


def describe() -> dict[str, object]:
    """Contact with the fields that are loaded."""
    types = {"Email__c": "email", "Birthdate": "date", "HasOptedOutOfEmail": "boolean"}
    fields = [
        {
            "name": name,
            "label": name,
            "type": types.get(name, "string"),
            "length": 255,
            "nillable": name != "LastName",
            "createable": True,
            "updateable": True,
            "externalId": name == "Email__c",
            "idLookup": name == "Email__c",
            "unique": name == "Email__c",
        }
        for name in COLUMNS
    ]
    return {
        "name": "Contact",
        "label": "Contact",
        "createable": True,
        "updateable": True,
        "deletable": True,
        "keyPrefix": "003",
        "fields": fields,
    }


def main() -> None:
    """Serve until the process is ended."""
    tempfile.tempdir = str(Path(".bench").absolute())
    sink = Sink(keep="--keep" in sys.argv)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            client, _ = server.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=Connection(sink, client).serve, daemon=True).start()


if __name__ == "__main__":
    main()
