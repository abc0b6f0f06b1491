"""From a path to who answers it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import unquote

from bulkup.localorg.api import metadata
from bulkup.localorg.api.ingest import Ingest
from bulkup.localorg.http.messages import Refusal, Request, Response
from bulkup.localorg.jobs.worker import Desk
from bulkup.localorg.oauth import endpoints

_DATA = re.compile(r"/services/data(?:/v(?P<version>\d+\.0)(?P<rest>/.*)?)?", re.DOTALL)
_DESCRIBE = re.compile(r"/sobjects/(\w+)/describe")
_INGEST = "/jobs/ingest"
_DAY = 86_400.0
_NOT_FOUND = ("NOT_FOUND", "The requested resource does not exist")


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Who answers which path. `before_look` is done before each GET on jobs."""

    desk: Desk
    ingest: Ingest
    login: endpoints.Login
    before_look: Callable[[], None]

    def answer(self, request: Request, calls: int) -> Response:
        """Answer a request, the `calls`th of the day. Raises Refusal."""
        path = re.sub(r"/{2,}", "/", unquote(request.path))
        if path.startswith(endpoints.PREFIX):
            return endpoints.answer(replace(request, path=path), self.login)
        match = _DATA.fullmatch(path.rstrip("/"))
        if match is None:
            raise Refusal(404, *_NOT_FOUND)
        version = match["version"]
        if version is None:
            return metadata.versions()
        if not self.login.tokens.valid(request.token):
            raise Refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if not metadata.FIRST_VERSION <= float(version) <= metadata.LAST_VERSION:
            raise Refusal(404, *_NOT_FOUND)
        rest = match["rest"] or ""
        if rest == _INGEST or rest.startswith(_INGEST + "/"):
            if request.method == "GET":
                self.before_look()
            return self.ingest.answer(request, version, rest.removeprefix(_INGEST))
        return self._about(request, version, rest, calls)

    def _about(self, request: Request, version: str, rest: str, calls: int) -> Response:
        if request.method != "GET":
            message = f"HTTP Method '{request.method}' not allowed. Allowed are GET"
            raise Refusal(405, "METHOD_NOT_ALLOWED", message)
        if rest == "":
            return metadata.resources(version)
        if rest == "/limits":
            return metadata.limits(calls, self._batches_today())
        if rest == "/sobjects":
            return metadata.sobjects(self.desk.objects)
        if match := _DESCRIBE.fullmatch(rest):
            return metadata.describe(request, self.desk.objects, match[1])
        raise Refusal(404, *_NOT_FOUND)

    def _batches_today(self) -> int:
        since = self.desk.clock() - _DAY
        made = [job for job in self.desk.jobs.all() if job.created > since]
        return sum(-(-job.done // self.desk.batch_rows) for job in made)
