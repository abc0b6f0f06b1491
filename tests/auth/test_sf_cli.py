"""The login of `sf`, with programs of that name on PATH that answer as its two generations do."""

import json
import os
from pathlib import Path

import pytest

from bulkup.auth import sf_cli
from bulkup.errors import CredentialsError, InputError
from tests.auth.fake_sf import FakeSf, good
from tests.salesforce.wire import SECRET, everything_of

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the programs are scripts with a #!")

TOKEN = f"00D000000000001!{SECRET}"
ORG = {"id": "00D000000000001EAA", "instanceUrl": "https://x.my.salesforce.com", "username": "u@x"}
HIDDEN = {**ORG, "accessToken": "[REDACTED] Use 'sf org auth show-access-token' to view"}
UNKNOWN = {"status": 1, "name": "NamedOrgNotFoundError", "message": "No authorization\n found."}


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSf:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return FakeSf(folder)


def bad(data: object) -> str:
    return json.dumps(data)


def test_an_older_sf_shows_the_token_with_the_org(fake: FakeSf) -> None:
    fake.answers(
        good({**ORG, "accessToken": TOKEN}), bad({"status": 2, "message": "not a command"})
    )
    login = sf_cli.login_of("prod")
    assert login.access == TOKEN
    assert login.instance_url == "https://x.my.salesforce.com"
    assert (login.user, login.org_id) == ("u@x", "00D000000000001EAA")
    assert fake.called == [["org", "display", "--target-org", "prod", "--json"]]
    assert SECRET not in repr(login)


@pytest.mark.parametrize("shown", [HIDDEN, ORG])
@pytest.mark.parametrize("result", [{"accessToken": TOKEN}, {"access_token": TOKEN}, TOKEN])
def test_a_newer_sf_is_asked_for_the_token_alone(
    fake: FakeSf, shown: dict[str, str], result: object
) -> None:
    fake.answers("  Warning: this is a secret\n" + good(shown), good(result) + "\n")
    assert sf_cli.login_of("u@example.com").access == TOKEN
    show = ["org", "auth", "show-access-token", "--target-org", "u@example.com", "--json"]
    assert fake.called[1] == [*show, "--no-prompt"]


@pytest.mark.parametrize(
    ("display", "show"),
    [
        (bad(UNKNOWN), bad(UNKNOWN)),
        (good(HIDDEN), bad(UNKNOWN)),
        (good(HIDDEN), good(HIDDEN)),
        (good(HIDDEN), good({})),
        (good(HIDDEN), ""),
        ("", ""),
        ("no json", "no json"),
        ("{", "{"),
        ("[1]", "[1]"),
        (good(None), ""),
    ],
)
def test_an_sf_that_gives_no_token_is_one_clear_error(
    fake: FakeSf, display: str, show: str
) -> None:
    fake.answers(display, show)
    with pytest.raises(CredentialsError) as caught:
        sf_cli.login_of("prod")
    assert "prod" in caught.value.message
    assert "sf org display --target-org prod" in caught.value.hint
    assert "\n" not in caught.value.message


def test_sfs_own_reason_is_passed_on(fake: FakeSf) -> None:
    fake.answers(bad(UNKNOWN), "")
    with pytest.raises(CredentialsError, match=r"No authorization found\."):
        sf_cli.login_of("prod")


def test_an_instance_that_is_not_https_is_refused(fake: FakeSf) -> None:
    fake.answers(good({**ORG, "accessToken": TOKEN, "instanceUrl": "http://x.example"}), "")
    with pytest.raises(InputError) as caught:
        sf_cli.login_of("prod")
    assert SECRET not in everything_of(caught.value)


def test_no_sf_here_is_told_with_another_way(fake: FakeSf) -> None:
    with pytest.raises(CredentialsError) as caught:
        sf_cli.login_of("prod")
    assert caught.value.name == "NoSf"


def test_an_sf_that_can_not_be_started_is_told(fake: FakeSf) -> None:
    fake.answers("", "")
    (fake.folder / "sf").write_text("#!/nowhere/at/all\n", encoding="utf-8")
    with pytest.raises(CredentialsError, match="can't be started"):
        sf_cli.login_of("prod")


def test_an_sf_that_hangs_does_not_hang_us(fake: FakeSf) -> None:
    fake.answers("", "", seconds=30)
    with pytest.raises(CredentialsError, match="did not answer"):
        sf_cli.login_of("prod", seconds=0.2)


@pytest.mark.parametrize("name", ["", "--json", "a&b", 'a"b', "a\nb", "$(x)", "a;b", "`x`"])
def test_what_a_shell_could_take_for_more_than_a_name_is_refused(fake: FakeSf, name: str) -> None:
    fake.answers("", "")
    with pytest.raises(InputError):
        sf_cli.login_of(name)
    assert not fake.calls.exists()
