import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bulkup.auth.logins import Login, LoginFlow, SecretLocation
from bulkup.auth.secret_store import LONGEST, Secrets, SecretStore
from bulkup.errors import CredentialsError
from tests.salesforce.wire import SECRET, everything_of

SECRETS = Secrets(access=f"00D!{SECRET}", refresh=f"5Aep{SECRET}", client_secret="x")
Keyrings = Callable[[str], None]


def login(kept: SecretLocation) -> Login:
    return Login(
        alias="prod", instance_url="https://x", way=LoginFlow.WEB, kept=kept, entry="prod-1"
    )


@pytest.mark.parametrize("kept", [SecretLocation.KEYRING, SecretLocation.FILE])
def test_secrets_come_back_and_can_be_forgotten(
    tmp_path: Path, keyrings: Keyrings, kept: SecretLocation
) -> None:
    keyrings("keyrings_for_tests.FileKeyring")
    chain = SecretStore(tmp_path)
    chain.keep(login(kept), SECRETS)
    assert chain.find(login(kept)) == SECRETS
    chain.forget(login(kept))
    with pytest.raises(CredentialsError) as caught:
        chain.find(login(kept))
    assert caught.value.name == "SecretMissing"
    assert "bulkup login --alias prod" in caught.value.hint
    chain.forget(login(kept))


def test_a_login_that_keeps_nothing_needs_no_keyring(tmp_path: Path) -> None:
    chain = SecretStore(tmp_path)
    nowhere = login(SecretLocation.NOWHERE)
    chain.keep(nowhere, SECRETS)
    assert chain.find(nowhere) == Secrets()
    chain.forget(nowhere)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="Windows has no mode bits")
def test_a_secret_in_a_file_is_for_its_owner_and_refused_when_it_is_not(tmp_path: Path) -> None:
    chain = SecretStore(tmp_path)
    chain.keep(login(SecretLocation.FILE), SECRETS)
    (file,) = (tmp_path / "secrets").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(CredentialsError, match="others may read it"):
        chain.find(login(SecretLocation.FILE))


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "{}", '{"other": 1}'])
def test_a_secret_that_is_damaged_is_a_secret_that_is_missing(tmp_path: Path, text: str) -> None:
    chain = SecretStore(tmp_path)
    chain.keep(login(SecretLocation.FILE), SECRETS)
    (file,) = (tmp_path / "secrets").iterdir()
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CredentialsError, match="not in the file"):
        chain.find(login(SecretLocation.FILE))


TROUBLES = [
    ("keyring.backends.fail.Keyring", "There is no keyring"),
    ("keyring.backends.null.Keyring", "There is no keyring"),
    ("keyrings_for_tests.RaisingKeyring", "is broken (OSError)"),
    ("keyrings_for_tests.LockedKeyring", "is locked"),
    ("keyrings_for_tests.HangingKeyring", "did not answer in"),
]


@pytest.mark.parametrize(("backend", "told"), TROUBLES)
def test_a_keyring_that_does_not_work_is_one_clear_error_with_two_ways_out(
    tmp_path: Path, keyrings: Keyrings, backend: str, told: str
) -> None:
    keyrings(backend)
    chain = SecretStore(tmp_path, answer_seconds=0.2)
    for step in (
        lambda: chain.keep(login(SecretLocation.KEYRING), SECRETS),
        lambda: chain.find(login(SecretLocation.KEYRING)),
    ):
        with pytest.raises(CredentialsError) as caught:
            step()
        assert told in caught.value.message
        assert "--insecure-storage" in caught.value.hint
        assert "BULKUP_ACCESS_TOKEN" in caught.value.hint
        assert SECRET not in everything_of(caught.value)


def test_a_keyring_that_keeps_nothing_is_found_out_at_once(
    tmp_path: Path, keyrings: Keyrings
) -> None:
    keyrings("keyrings_for_tests.ForgetfulKeyring")
    with pytest.raises(CredentialsError, match="did not keep"):
        SecretStore(tmp_path).keep(login(SecretLocation.KEYRING), SECRETS)


def test_a_keyring_that_can_not_be_loaded_is_a_broken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ModuleNotFoundError("no such backend")

    monkeypatch.setattr("keyring.get_keyring", broken)
    with pytest.raises(CredentialsError, match="is broken"):
        SecretStore(tmp_path).backend()


def test_the_keyring_has_a_name(tmp_path: Path, keyrings: Keyrings) -> None:
    keyrings("keyrings_for_tests.FileKeyring")
    assert SecretStore(tmp_path).backend() == "a file for tests"


def test_the_place_is_told_and_never_what_is_there(tmp_path: Path) -> None:
    chain = SecretStore(tmp_path)
    assert chain.place(login(SecretLocation.KEYRING)) == "the keyring"
    assert (
        chain.place(login(SecretLocation.FILE))
        == f"the file {tmp_path / 'secrets' / 'prod-1.json'}"
    )
    assert chain.place(login(SecretLocation.NOWHERE)) == "nowhere"


def test_secrets_do_not_show_themselves() -> None:
    assert SECRET not in repr(SECRETS)


def test_what_windows_would_not_take_goes_without_the_token_that_can_be_renewed() -> None:
    long = Secrets(access="x" * LONGEST, refresh="5Aep")
    assert Secrets.from_text(long.to_text()) == Secrets(refresh="5Aep")
    alone = Secrets(access="x" * LONGEST)
    assert Secrets.from_text(alone.to_text()) == alone
