"""What holds for any request and any upload, found out with random ones."""

import csv
import io
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bulkup.localorg.http.messages import Request
from bulkup.localorg.jobs.upload_reader import DELIMITERS, ENDINGS
from bulkup.localorg.org import Org
from tests.localorg.asking import INGEST, KINDS, Asker

JOB = f"{INGEST}/750000000000001AAA"
PATHS = [
    "/", "/services/data", "/services/data/v60.0/limits", "/services/oauth2/userinfo", INGEST,
    JOB, f"{JOB}/batches", f"{JOB}/successfulResults", "/services/data/v60.0/sobjects/x/describe",
]  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b'{"object": "Contact", "operation": "insert"}',
            b'{"object": 1, "operation": ["insert"]}',
            b'{"state": "UploadComplete"}',
            b'{"state": null}',
            b"LastName\nA\n",
        ]
    ),
)
TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=12
) | st.sampled_from(['"', '""', '" "', ", ", ' "x"', "a\nb", "a\r\nb", "#N/A", ";", "\t", "\r"])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "BREW"]),
            st.sampled_from(PATHS) | st.text(max_size=20).map(lambda text: "/" + text),
            st.sampled_from(
                ["application/json", "text/csv", "multipart/form-data; boundary=B", ""]
            ),
            st.sampled_from(["Bearer t", "Bearer x", ""]),
            BODIES,
        ),
        max_size=12,
    )
)
@settings(max_examples=150, deadline=None)
def test_whatever_is_asked_there_is_an_answer(
    asked: list[tuple[str, str, str, str, bytes]],
) -> None:
    org = Org(None, token="t")
    for method, path, kind, authorization, body in asked:
        headers = {"content-type": kind, "authorization": authorization}
        response = org.handle(Request(method=method, path=path, headers=headers, body=body))
        assert 200 <= response.status < 500
        if response.status >= 400 and path != "/services/oauth2/userinfo":
            (error,) = json.loads(response.body)
            assert set(error) == {"errorCode", "message"}
        org.tick()
    org.close()


@given(
    st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8),
    st.sampled_from(sorted(DELIMITERS)),
    st.sampled_from(sorted(ENDINGS)),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
@settings(max_examples=200, deadline=None)
def test_every_row_comes_back_once_and_unchanged(
    rows: list[tuple[str, str]], delimiter: str, ending: str, quoting: int
) -> None:
    if any("\r" in cell for row in rows for cell in row):
        quoting = csv.QUOTE_ALL  # CPython 3.11 leaves a bare return unquoted: no sound CSV
    file = io.StringIO(newline="")
    dialect = {
        "delimiter": DELIMITERS[delimiter],
        "lineterminator": ENDINGS[ending],
        "quoting": quoting,
    }
    writer = csv.writer(file, **dialect)  # type: ignore[arg-type]  # one dict of several types
    writer.writerows([("LastName", "Description"), *rows])
    org = Asker(Org(None, token="t"))
    job = org.load(
        "Contact", "insert", file.getvalue(), columnDelimiter=delimiter, lineEnding=ending
    )
    assert org.look(job)["state"] == "JobComplete"
    back = []
    for kind, skip in zip(KINDS, (2, 2, 0), strict=True):
        text = io.StringIO(org.text(job, kind), newline="")
        read = list(csv.reader(text, delimiter=DELIMITERS[delimiter], strict=True))
        back += [tuple(row[skip:]) for row in read[1:]]
    assert sorted(back) == sorted(rows)
    named = [name for name, _ in rows if name not in ("", "#N/A")]
    assert len(org.org.records("Contact")) == len(named)
    org.org.close()
