"""Calls about the org itself: versions, limits, and what its objects are like."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from bulkup.localorg.data.objects import OrgObject
from bulkup.localorg.http.messages import Refusal, Request, Response, answer_json

FIRST_VERSION = 41
LAST_VERSION = 66
_SEASONS = ("Spring", "Summer", "Winter")
_KNOWN_VERSION, _KNOWN_YEAR = 60, 24
DAILY_REQUESTS = 15_000
DAILY_BATCHES = 15_000


def versions() -> Response:
    """All versions of the API, as `GET /services/data/` lists them."""
    return answer_json(
        [
            {"label": _label(v), "url": f"/services/data/v{v}.0", "version": f"{v}.0"}
            for v in range(FIRST_VERSION, LAST_VERSION + 1)
        ]
    )


def _label(version: int) -> str:
    years, season = divmod(version - _KNOWN_VERSION, len(_SEASONS))
    year = _KNOWN_YEAR + years + (season == len(_SEASONS) - 1)  # winter is named after next year
    return f"{_SEASONS[season]} '{year}"


def resources(version: str) -> Response:
    """What there is under one version."""
    names = ("limits", "sobjects", "jobs")
    return answer_json({name: f"/services/data/v{version}/{name}" for name in names})


def limits(requests: int, batches: int) -> Response:
    """What is left of the org's allocations after so many of each today."""
    left = {
        "DailyApiRequests": (DAILY_REQUESTS, requests),
        "DailyBulkApiBatches": (DAILY_BATCHES, batches),
        "DailyBulkV2QueryFileStorageMB": (976_562, 0),
        "DailyBulkV2QueryJobs": (10_000, 0),
        "DataStorageMB": (5, 0),
        "FileStorageMB": (20, 0),
    }
    return answer_json(
        {name: {"Max": most, "Remaining": max(most - used, 0)}
         for name, (most, used) in left.items()}
    )  # fmt: skip


def sobjects(objects: Mapping[str, OrgObject]) -> Response:
    """The list of all objects, each without its fields."""
    heads = [
        {name: value for name, value in item.raw.items()
         if name not in {"fields", "childRelationships", "recordTypeInfos"}}
        for item in objects.values()
    ]  # fmt: skip
    return answer_json({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": heads})


def describe(request: Request, objects: Mapping[str, OrgObject], name: str) -> Response:
    """One object with all its fields; 304 when it has not changed since."""
    object_ = objects.get(name.lower())
    if object_ is None:
        raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
    since = request.headers.get("if-modified-since")
    if since and _not_since(object_, since):
        return Response(status=304, headers={"last-modified": object_.last_modified})
    return answer_json(dict(object_.raw), headers={"last-modified": object_.last_modified})


def _not_since(object_: OrgObject, since: str) -> bool:
    try:
        return int(object_.changed) <= parsedate_to_datetime(since).timestamp()
    except ValueError:
        return False
