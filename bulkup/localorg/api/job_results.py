"""What a finished job has to show: its three results, put together when they are asked for."""

from io import BytesIO
from itertools import islice
from random import Random

from bulkup.localorg.jobs import store as states
from bulkup.localorg.jobs.result_writer import Writer
from bulkup.localorg.jobs.store import Job
from bulkup.localorg.jobs.upload_reader import Reader, at_end
from bulkup.localorg.jobs.worker import SLICE_ROWS, Desk


def result(desk: Desk, job: Job, kind: str) -> bytes:
    """One of a job's three results, as far as there is one.

    Without a header there is nothing to show: after an empty upload, and where the file as a whole
    was refused. Salesforce answers an empty result with a header or with nothing; so both are met.
    """
    random = Random(f"{desk.seed} {job.id} {kind}")  # noqa: S311  # only an order
    slices = desk.jobs.results(job, kind)
    random.shuffle(slices)
    header = job.header
    if job.state != states.JOB_COMPLETE and job.uploads and not job.trouble:
        header, rest = _untouched(desk, job, Writer(job, None, random), wanted=kind)
        slices.append(rest)
    if not header:
        return b""
    body = Writer(job, None, random).head(kind, header) + b"".join(slices)
    return _thinned(desk, job, body)


def _untouched(desk: Desk, job: Job, writer: Writer, *, wanted: str) -> tuple[list[str], bytes]:
    """The header, and the records that were not worked on and no longer will be."""
    with desk.jobs.open_upload(job) as stream:
        first = next(iter(Reader(stream, job.delimiter)), None)
        header = first.cells if first else []
        if wanted != states.UNPROCESSED:
            return header, b""
        texts = iter(Reader(stream, job.delimiter, job.offset))
        still_landing = 0 if job.late else max((job.bound or 0) - job.done, 0)
        texts = islice(texts, still_landing + (0 if job.offset else 1), None)
        lines = []
        while batch := list(islice(texts, SLICE_ROWS)):
            whole = [text for text in batch if not at_end(text)]
            lines.append(writer.untouched(whole, len(header)))
        return header, b"".join(lines)


def _thinned(desk: Desk, job: Job, body: bytes) -> bytes:
    """The result without the share of rows that it is ordered to miss; its header stays."""
    share = job.faults.get("missing")
    if not share or job.faults.get("missing_answers", 1) <= 0:
        return body
    if "missing_answers" in job.faults:
        job.faults["missing_answers"] -= 1
        desk.jobs.save(job)
    random = Random(f"{desk.seed} {job.id} missing")  # noqa: S311  # a fault to order
    texts = iter(Reader(BytesIO(body), job.delimiter))
    first = next(texts, None)
    kept = [text.raw for text in texts if random.random() >= share]
    return ((first.raw if first else "") + "".join(kept)).encode()
