"""The list of all jobs, page by page, the newest first."""

from bulkup.localorg.api import job_json
from bulkup.localorg.http.messages import Refusal, Request, Response, answer_json
from bulkup.localorg.jobs.store import Jobs

PAGE = 1000


def page(request: Request, version: str, jobs: Jobs, user: str) -> Response:
    """The page that the request's locator names, or the first. Raises Refusal."""
    locator = request.query.get("queryLocator", "")
    if locator and not (locator.isascii() and locator.isdecimal()):
        raise Refusal(400, "INVALID_QUERY_LOCATOR", f"Invalid locator: {locator}")
    if request.query.get("jobType", "V2Ingest") != "V2Ingest":  # there are no others here
        return answer_json({"done": True, "records": [], "nextRecordsUrl": None})
    result = jobs.newest(before=int(locator) if locator else None, limit=PAGE + 1)
    more = len(result) > PAGE
    url = f"/services/data/v{version}/jobs/ingest?jobType=V2Ingest&queryLocator="
    following = f"{url}{result[PAGE - 1].seq}" if more else None
    records = [job_json.listed(job, user) for job in result[:PAGE] if not job_json.gone(job)]
    return answer_json({"done": not more, "records": records, "nextRecordsUrl": following})
