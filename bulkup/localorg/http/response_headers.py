"""What every answer wears: the calls used so far, and gzip where that is asked for."""

import gzip
import json
import re
from dataclasses import replace

from bulkup.localorg.api import metadata
from bulkup.localorg.faults.plan import RequestFault
from bulkup.localorg.http.messages import Request, Response

_WORTH_ZIPPING = 1_400
_TAKES_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?![.\d]))")


def add_headers(request: Request, response: Response, calls: int) -> Response:
    """The answer as it goes out."""
    headers = dict(response.headers)
    headers["sforce-limit-info"] = f"api-usage={calls}/{metadata.DAILY_REQUESTS}"
    body = response.body
    accepted = request.headers.get("accept-encoding", "")
    if len(body) > _WORTH_ZIPPING and _TAKES_GZIP.search(accepted):
        body = gzip.compress(body, compresslevel=1, mtime=0)
        headers["content-encoding"] = "gzip"
    return replace(response, headers=headers, body=body)


def as_ordered(ordered: RequestFault) -> Response:
    """The answer that a plan of faults has in mind."""
    headers = {"content-type": ordered.content_type}
    if ordered.retry_after is not None:
        headers["retry-after"] = str(ordered.retry_after)
    body = ordered.body
    if body is None:
        body = json.dumps([{"errorCode": "SERVER_UNAVAILABLE", "message": "ordered fault"}])
    return Response(status=ordered.status, headers=headers, body=body.encode())
