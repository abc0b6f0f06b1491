"""Asks a local org in the process, without sockets, as the tests here do."""

import csv
import io
import json
from typing import Any

from bulkup.localorg.http.messages import Request, Response
from bulkup.localorg.org import Org

INGEST = "/services/data/v60.0/jobs/ingest"
KINDS = ("successfulResults", "failedResults", "unprocessedrecords")


class Asker:
    def __init__(self, org: Org) -> None:
        self.org = org

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | dict[str, Any] = b"",
        *,
        query: dict[str, str] | None = None,
        **headers: str,
    ) -> Response:
        sent = {"authorization": f"Bearer {self.org.token}", "host": "localhost:1"}
        if isinstance(body, dict):
            sent["content-type"] = "application/json; charset=UTF-8"
            body = json.dumps(body).encode()
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value}
        request = Request(method=method, path=path, query=query or {}, headers=sent, body=body)
        return self.org.handle(request)

    def json(self, *args: Any, **kw: Any) -> Any:
        return json.loads(self.ask(*args, **kw).body)

    def create(self, object_: str, operation: str, key: str | None = None, **more: str) -> str:
        given = {"object": object_, "operation": operation, **more}
        if key:
            given["externalIdFieldName"] = key
        response = self.ask("POST", INGEST, given)
        assert response.status == 200, response.body
        return str(json.loads(response.body)["id"])

    def put(self, job: str, body: str | bytes, **headers: str) -> Response:
        data = body.encode() if isinstance(body, str) else body
        headers = {"content_type": "text/csv", **headers}
        return self.ask("PUT", f"{INGEST}/{job}/batches", data, query=None, **headers)

    def patch(self, job: str, state: str) -> Response:
        return self.ask("PATCH", f"{INGEST}/{job}", {"state": state})

    def look(self, job: str) -> Any:
        return self.json("GET", f"{INGEST}/{job}")

    def work(self, ticks: int | None = None) -> None:
        while ticks is None and self.org.tick():
            pass
        for _ in range(ticks or 0):
            self.org.tick()

    def load(
        self, object_: str, operation: str, body: str | bytes, key: str | None = None, **more: str
    ) -> str:
        """A whole load; gives the job's id."""
        job = self.create(object_, operation, key, **more)
        assert self.put(job, body).status == 201
        assert self.patch(job, "UploadComplete").status == 200
        self.work()
        return job

    def text(self, job: str, kind: str) -> str:
        response = self.ask("GET", f"{INGEST}/{job}/{kind}/")
        assert response.status == 200, response.body
        return response.body.decode()

    def rows(self, job: str, kind: str, delimiter: str = ",") -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.text(job, kind)), delimiter=delimiter))

    def errors(self, job: str) -> list[str]:
        return sorted(row["sf__Error"] for row in self.rows(job, "failedResults"))

    def refused(self, object_: str, operation: str, body: str, key: str | None = None) -> str:
        """The one error of a load of one row that is refused."""
        job = self.load(object_, operation, body, key)
        assert self.look(job)["state"] == "JobComplete", self.look(job)
        (error,) = self.errors(job)
        return error

    def failed(self, object_: str, operation: str, body: str | bytes, **more: str) -> str:
        """The errorMessage of a load that fails as a whole, with nothing written."""
        job = self.load(object_, operation, body, **more)
        seen = self.look(job)
        assert seen["state"] == "Failed"
        assert seen["numberRecordsProcessed"] == seen["numberRecordsFailed"] == 0
        return str(seen["errorMessage"])
