"""Answers of any shape: what is not Salesforce's is Salesforce's fault and never a crash."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import respx
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkup import redaction
from bulkup.auth import login_store
from bulkup.errors import CredentialsError, InputError, SalesforceError, Transient
from bulkup.model import Delimiter, LineEnding, Operation, Target
from bulkup.salesforce import describe
from bulkup.salesforce.bearer import TokenAuth
from bulkup.salesforce.client import Client
from bulkup.salesforce.ingest import IngestJobs
from bulkup.salesforce.oauth import App
from tests.salesforce.wire import JOB, TOKEN, URL

TARGET = Target(object="Contact", operation=Operation.UPSERT, external_id="Ext__c")
DIALECT = {"delimiter": Delimiter.COMMA, "line_ending": LineEnding.LF}
LOGIN = App(login_url=URL, client_id="app")

CALLS: dict[str, Callable[[Client], object]] = {
    "describe": lambda client: describe.describe(client, "Contact"),
    "limits": describe.limits,
    "versions": describe.versions,
    "userinfo": describe.userinfo,
    "org_id": lambda client: describe.org_id(client, "x"),
    "who": lambda _client: login_store.who(URL, "x"),
    "create": lambda client: IngestJobs(client).create(TARGET, **DIALECT),  # type: ignore[arg-type]
    "get": lambda client: IngestJobs(client).get(JOB),
    "close": lambda client: IngestJobs(client).close(JOB),
    "abort": lambda client: IngestJobs(client).abort(JOB),
    "jobs": lambda client: list(IngestJobs(client).jobs()),
    "refresh": lambda _client: LOGIN.by_refresh("refresh"),
}
KEYS = [
    "id", "state", "object", "operation", "externalIdFieldName", "contentUrl", "apiVersion",
    "numberRecordsProcessed", "numberRecordsFailed", "errorMessage", "records", "done",
    "nextRecordsUrl", "name", "label", "fields", "type", "length", "createable", "picklistValues",
    "value", "active", "referenceTo", "sobjects", "version", "DailyBulkApiBatches", "Max",
    "Remaining", "preferred_username", "organization_id", "access_token", "refresh_token",
    "instance_url", "error", "error_description", "errorCode", "message",
]  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["http://[::1", JOB, "Open", "//x/y", "\x1b[31m", "00D000000000001!x", URL])
)
SHAPES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=20,
)
BODIES = st.one_of(
    SHAPES.map(lambda shape: json.dumps(shape).encode()),
    st.dictionaries(st.sampled_from(KEYS), SHAPES, max_size=10).map(
        lambda shape: json.dumps(shape).encode()
    ),
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"[" * 100_000,
            b'{"id":' * 100_000,
            b"[" * 100_000 + b"]" * 100_000,
            b"9" * 10_000,
            b"<html>",
            b"",
        ]
    ),
)
STATUSES = st.sampled_from([200, 201, 203, 304, 400, 401, 403, 404, 409, 410, 429, 500, 503, 599])


@pytest.fixture(autouse=True, scope="module")
def known_secrets() -> Iterator[None]:
    """Forget the made-up tokens: other tests would not find plain words in messages."""
    before = set(redaction._known)
    yield
    redaction._known.intersection_update(before)


@pytest.mark.parametrize("call", CALLS)
@settings(max_examples=60, deadline=None)
@given(body=BODIES, status=STATUSES)
def test_no_answer_of_any_shape_is_a_crash(call: str, body: bytes, status: int) -> None:
    with respx.mock(assert_all_called=False) as router:
        router.route().mock(side_effect=lambda _request: httpx.Response(status, content=body))
        with Client(instance_url=URL, auth=TokenAuth(TOKEN)) as client:
            # Of what the user gave, only the object's name can be wrong.
            ours = (InputError,) if call == "describe" else ()
            with suppress(SalesforceError, CredentialsError, *ours):
                CALLS[call](client)


GOOD: dict[str, Any] = {
    "describe": {"name": "Contact", "fields": [{"name": "Id", "type": "id", "length": 18}]},
    "limits": {"DailyBulkApiBatches": {"Max": 15000, "Remaining": 14998}},
    "get": {"id": JOB, "state": "Open", "object": "Contact", "contentUrl": "x"},
    "jobs": {"done": True, "records": [{"id": JOB}], "nextRecordsUrl": None},
    "userinfo": {"preferred_username": "a", "organization_id": "00D", "user_id": "005"},
}


@pytest.mark.parametrize(
    ("call", "path", "value", "expected"),
    [
        ("describe", ("fields",), 7, "a list of objects was expected"),
        ("describe", ("fields",), None, "a list of objects was expected"),
        ("describe", ("fields", 0), "Id", "a list of objects was expected"),
        ("describe", ("fields", 0, "length"), "18", "a number was expected"),
        ("describe", ("fields", 0, "length"), 1e400, "a number was expected"),
        ("describe", ("fields", 0, "createable"), "yes", "true or false was expected"),
        ("describe", ("fields", 0, "name"), ["Id"], "a text was expected"),
        ("describe", ("fields", 0, "referenceTo"), "User", "a list of texts was expected"),
        ("limits", ("DailyBulkApiBatches",), 3, "an object with Max and Remaining was expected"),
        ("limits", ("DailyBulkApiBatches", "Max"), "many", "a number was expected"),
        ("get", ("contentUrl",), {}, "a text was expected"),
        ("get", ("state",), ["Open"], "a text was expected"),
        ("jobs", ("records",), {"a": 1}, "a list of objects was expected"),
        ("jobs", ("records", 0), 5, "a list of objects was expected"),
        ("userinfo", ("organization_id",), {}, "a text was expected"),
    ],
)
def test_a_value_of_another_kind_passes_and_says_what_was_expected(
    client: Client,
    net: respx.MockRouter,
    call: str,
    path: tuple[str | int, ...],
    value: object,
    expected: str,
) -> None:
    answer = json.loads(json.dumps(GOOD[call]))
    inner = answer
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    net.route().respond(content=json.dumps(answer).encode())
    with pytest.raises(Transient, match=expected):
        CALLS[call](client)


@pytest.mark.parametrize("call", GOOD)
def test_the_answers_that_the_odd_ones_are_made_from_are_good(
    client: Client, net: respx.MockRouter, call: str
) -> None:
    net.route().respond(json=GOOD[call])
    CALLS[call](client)
