import time
from pathlib import Path

import jwt
import pytest

from bulkup.auth.jwt_assertion import assertion
from bulkup.errors import InputError
from tests.auth import keys
from tests.salesforce.wire import everything_of


def signed(path: Path, login_url: str = "https://login.salesforce.com") -> str:
    return assertion(client_id="app", username="u@example.com", login_url=login_url, key_file=path)


def test_an_assertion_says_who_asks_whom_for_whom_and_until_when(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(keys.pem())
    made = signed(tmp_path / "key.pem", "https://x--uat.sandbox.my.salesforce.com")
    claims = jwt.decode(
        made, keys.key(0).public_key(), algorithms=["RS256"], audience="https://test.salesforce.com"
    )
    assert (claims["iss"], claims["sub"]) == ("app", "u@example.com")
    assert 60 < claims["exp"] - time.time() <= 180


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PLANTED",
        b"-----BEGIN PRIVATE KEY-----\nUExBTlRFRA==\n-----END PRIVATE KEY-----\n",
        b"ssh-rsa AAAA PLANTED",
    ],
)
def test_what_is_no_key_is_told_without_its_text(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key.pem").write_bytes(content)
    with pytest.raises(InputError) as caught:
        signed(tmp_path / "key.pem")
    assert caught.value.name == "BadKey"
    assert str(tmp_path / "key.pem") in caught.value.message
    assert "PLANTED" not in str(caught.value) + caught.value.hint


def test_a_key_with_a_passphrase_is_told_how_to_lose_it(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(keys.pem(password=b"secret"))
    with pytest.raises(InputError) as caught:
        signed(tmp_path / "key.pem")
    assert "openssl rsa" in caught.value.hint
    body = keys.pem(password=b"secret").decode().splitlines()[2]
    assert body not in everything_of(caught.value)


def test_a_key_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        signed(tmp_path / "none.pem")
    assert caught.value.name == "KeyNotReadable"
    assert "none.pem" in caught.value.message
