import os
import threading
from pathlib import Path

import pytest

from bulkup.auth import logins
from bulkup.auth.logins import Login, LoginFlow, Orgs, SecretLocation, check_alias
from bulkup.errors import CredentialsError, InputError, RunError

PROD = Login(
    alias="prod",
    instance_url="https://p.my.salesforce.com",
    way=LoginFlow.WEB,
    kept=SecretLocation.KEYRING,
    entry="prod-1",
    login_url="https://login.salesforce.com",
    client_id="PlatformCLI",
    user="ann@example.com",
    org_id="00D000000000001",
)
CI = Login(
    alias="u@example.com",
    instance_url="https://c.my.salesforce.com",
    way=LoginFlow.JWT,
    key_file="/keys/a b.pem",
)


@pytest.fixture
def kept(tmp_path: Path) -> Orgs:
    kept = Orgs(tmp_path / "config")
    kept.keep(PROD)
    kept.keep(CI)
    return kept


def test_a_login_comes_back_as_it_was_kept(kept: Orgs) -> None:
    assert kept.all() == (PROD, CI)
    assert kept.get("u@example.com") == CI


def test_no_logins_are_no_error(tmp_path: Path) -> None:
    assert Orgs(tmp_path).all() == ()
    assert Orgs(tmp_path).default() is None


def test_the_first_login_is_the_default_until_another_is_chosen(kept: Orgs) -> None:
    assert kept.default() == PROD
    kept.choose("u@example.com")
    assert kept.default() == CI
    kept.forget("u@example.com")
    assert kept.default() == PROD
    assert kept.all() == (PROD,)


def test_a_default_that_is_not_there_can_not_be_chosen(kept: Orgs) -> None:
    with pytest.raises(CredentialsError) as caught:
        kept.choose("none")
    assert "prod, u@example.com" in caught.value.hint
    assert "bulkup login --alias none" in caught.value.hint


def test_a_login_made_anew_takes_the_place_of_the_old_one(kept: Orgs) -> None:
    anew = Login(alias="prod", instance_url="https://x.my.salesforce.com", way=LoginFlow.SF, sf="x")
    kept.keep(anew)
    assert kept.get("prod") == anew
    assert len(kept.all()) == 2


def test_a_persons_own_comments_stay(kept: Orgs) -> None:
    text = kept.file.read_text(encoding="utf-8")
    kept.file.write_text(text + "\n# ask Ann before using this\n", encoding="utf-8")
    kept.choose("prod")
    assert "# ask Ann" in kept.file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "default = ",
        "orgs = 3",
        "[orgs]\nprod = 3",
        "[orgs.prod]\nway = 'web'",
        "[orgs.prod]\ninstance_url = 'https://x'",
        "[orgs.prod]\ninstance_url = 'https://x'\nway = 'magic'",
        "[orgs.prod]\ninstance_url = 'https://x'\nway = 'web'\nkept = 'attic'",
    ],
)
def test_a_damaged_file_is_named_and_never_overwritten(tmp_path: Path, text: str) -> None:
    (tmp_path / "orgs.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CredentialsError) as caught:
        Orgs(tmp_path).all()
    assert str(tmp_path / "orgs.toml") in caught.value.message
    assert (tmp_path / "orgs.toml").read_text(encoding="utf-8") == text


def test_bytes_that_are_no_text_are_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "orgs.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(CredentialsError, match=r"orgs\.toml"):
        Orgs(tmp_path).default()


def test_keys_of_a_later_version_are_passed_over(tmp_path: Path) -> None:
    text = "[orgs.a]\ninstance_url = 'https://x'\nway = 'web'\ncolour = 'red'\n"
    (tmp_path / "orgs.toml").write_text(text, encoding="utf-8")
    assert Orgs(tmp_path).get("a").instance_url == "https://x"


def test_many_that_write_at_once_all_get_in(tmp_path: Path) -> None:
    def keep(number: int) -> None:
        Orgs(tmp_path).keep(Login(alias=f"a{number}", instance_url="https://x", way=LoginFlow.WEB))

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {login.alias for login in Orgs(tmp_path).all()} == {f"a{n}" for n in range(12)}


def test_who_holds_the_file_too_long_is_told_of(
    kept: Orgs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logins, "LOCK_SECONDS", 0.05)
    with (
        logins.locked(kept.file.with_suffix(".lock")),
        pytest.raises(RunError, match="Another bulkup"),
    ):
        kept.choose("prod")


def test_a_folder_that_can_not_be_made_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(RunError, match="can't be written"):
        Orgs(tmp_path / "file").keep(PROD)


@pytest.mark.parametrize("alias", ["prod", "ann@example.com", "a.b-c_d+e", "0"])
def test_an_alias_may_be_a_username(alias: str) -> None:
    assert check_alias(alias) == alias


@pytest.mark.parametrize("alias", ["", "local", "-x", "a b", "a/b", "../x", "a\n", "ä", "x" * 81])
def test_an_alias_may_not_be_the_built_in_orgs_nor_a_path(alias: str) -> None:
    with pytest.raises(InputError) as caught:
        check_alias(alias)
    assert caught.value.name == "BadAlias"


@pytest.mark.skipif(os.name != "posix", reason="Windows has no mode bits")
def test_the_file_is_its_owners_alone(kept: Orgs) -> None:
    assert kept.file.stat().st_mode & 0o777 == 0o600
    kept.choose("prod")
    assert kept.file.stat().st_mode & 0o777 == 0o600
