import json
from urllib.parse import urlencode

import pytest

from bulkup import redaction
from bulkup.auth.secret_store import Secrets
from bulkup.salesforce.bearer import TokenAuth


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", set())


def test_a_secret_is_hidden_in_each_form_that_a_library_may_quote() -> None:
    secret = "a\"b+c=d e'f/ä"
    redaction.register_secret(secret)
    forms = [secret, json.dumps(secret), repr(secret), urlencode({"x": secret})]
    for text in forms:
        assert "c=d" not in redaction.redact(text)
        assert "[hidden]" in redaction.redact(text)


def test_a_secret_that_begins_as_another_one_is_hidden_whole() -> None:
    redaction.register_secret("abcd", "abcdefgh")
    assert redaction.redact("abcdefgh abcd") == "[hidden] [hidden]"


def test_what_is_too_short_to_be_a_secret_hides_no_words() -> None:
    redaction.register_secret("", "a", "the")
    assert redaction.redact("then a day") == "then a day"


def test_tokens_and_secrets_are_known_from_the_moment_they_are_there() -> None:
    auth = TokenAuth("token-1", lambda: "token-2")
    Secrets(access="access-1", refresh="refresh-1", client_secret="client-1")
    auth._renewed("token-1", lambda: "token-2")
    text = "token-1 token-2 access-1 refresh-1 client-1"
    assert redaction.redact(text) == " ".join(["[hidden]"] * 5)
