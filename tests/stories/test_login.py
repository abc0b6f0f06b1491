"""Each way in, from nothing to a finished load, against the local org over loopback."""

import os
import signal
import socket
import stat
import sys
import time
import urllib.error
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import keyring.core
import pytest

from bulkup.auth import secret_store as keychains
from bulkup.localorg import server
from bulkup.localorg.faults.plan import FaultPlan
from bulkup.localorg.oauth.apps import LoginRules
from bulkup.localorg.server import Running
from tests.stories import logins
from tests.stories.conftest import Bulkup, Done
from tests.stories.logins import SECRET, SERVER, SIGNER, USER, WEB, Browser

LOAD = ("run", "contacts.csv", "--object", "Contact", "--op", "upsert", "--external-id", "Email__c")
KEYRINGS = "keyrings_for_tests."

OrgWith = Callable[..., Running]


@pytest.fixture
def org_with(tmp_path: Path) -> Iterator[OrgWith]:
    """A served org with these rules; nothing of it stands in the environment."""
    running: list[Running] = []

    def serve(rules: LoginRules | None = None, faults: FaultPlan | None = None) -> Running:
        folder = tmp_path / f"org{len(running)}"
        one = server.serve(folder, login_rules=rules or logins.rules(), faults=faults)
        running.append(one)
        return one

    yield serve
    for one in running:
        one.stop()


@pytest.fixture(autouse=True)
def keyring_in_a_file(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """A keyring that works, and a way to choose a worse one."""
    before = keyring.get_keyring()

    def choose(name: str) -> None:
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
        keyring.core.init_backend()

    choose(KEYRINGS + "FileKeyring")
    yield choose
    keyring.set_keyring(before)


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    """The browser that opens."""
    one = Browser()
    monkeypatch.setattr("bulkup.cli.commands.login_flows.browse", one.open)
    return one


@pytest.fixture
def contacts(contacts: Path) -> Path:
    """Twenty contacts, where the command is typed."""
    path = Path.cwd() / "contacts.csv"
    path.write_bytes(contacts.read_bytes())
    return path


@pytest.fixture
def port() -> int:
    """One that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key.pem"
    path.write_bytes(logins.key_pair()[0])
    return path


def config(home: Path) -> Path:
    return home / "bulkup"


def assert_loads(
    bulkup: Bulkup, org: Running, *more: str, env: dict[str, str] | None = None
) -> Done:
    done = bulkup(*LOAD, *more, "--verbose", env=env)
    assert done.code == 0, done.err
    assert len(org.org.records("Contact")) == 20
    return done


# The web.


def by_web(bulkup: Bulkup, org: Running, port: int, *more: object) -> Done:
    where = ("--login-url", org.url, "--client-id", WEB, "--port", port)
    return bulkup("login", "--alias", "prod", *where, *more)


def test_by_the_web_from_nothing_to_a_finished_load(
    bulkup: Bulkup, org_with: OrgWith, browser: Browser, port: int, contacts: Path, home: Path
) -> None:
    org = org_with(logins.rules(port))
    done = by_web(bulkup, org, port)
    assert (done.code, done.out) == (0, "prod\n"), done.err
    assert f"logged in as {USER}" in done.err
    assert "services/oauth2/authorize?" in done.err
    assert "Logged in" in browser.pages[0]
    assert org.url in browser.pages[0]
    assert_loads(bulkup, org, "--org", "prod")


@pytest.mark.skipif(sys.platform == "win32", reason="the browser is a shell script")
def test_the_alias_stands_alone_on_stdout_whatever_a_browser_prints(
    process: Bulkup, org_with: OrgWith, port: int, tmp_path: Path
) -> None:
    script = tmp_path / "browser"
    code = "from tests.stories.logins import Browser; import sys; Browser().open(sys.argv[1])"
    script.write_text(
        f"#!/bin/sh\necho Opening in existing browser session.\n"
        f'exec "{sys.executable}" -c "{code}" "$1"\n',
        encoding="utf-8",
    )
    script.chmod(0o700)
    root = str(Path(__file__).parents[2])
    env = {"BROWSER": str(script), "PYTHONPATH": f"{os.environ['PYTHONPATH']}{os.pathsep}{root}"}
    where = ("--login-url", org_with(logins.rules(port)).url, "--client-id", WEB, "--port", port)
    done = process("login", *where, env=env)
    assert (done.code, done.out) == (0, "default\n"), done.err


def test_declining_in_the_browser_says_so_there_and_here(
    bulkup: Bulkup, org_with: OrgWith, browser: Browser, port: int, home: Path
) -> None:
    browser.decision = "deny"
    done = by_web(bulkup, org_with(logins.rules(port)), port)
    assert done.code == 4
    assert "end-user denied authorization" in done.err
    assert "Not logged in" in browser.pages[0]
    assert "denied" in browser.pages[0]
    assert not (config(home) / "orgs.toml").exists()


def test_an_answer_with_another_state_neither_makes_nor_ends_a_login(
    bulkup: Bulkup, org_with: OrgWith, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser()
    refusals: list[int] = []

    def forged(url: str) -> bool:
        browser.open(url, follow=False)
        with pytest.raises(urllib.error.HTTPError) as caught:
            browser.visit(logins.with_state(browser.ended_on, "forged"))
        refusals.append(caught.value.code)
        caught.value.close()
        browser.visit(browser.ended_on)
        return True

    monkeypatch.setattr("bulkup.cli.commands.login_flows.browse", forged)
    done = by_web(bulkup, org_with(logins.rules(port)), port)
    assert (done.code, refusals) == (0, [400])
    assert "Logged in" in browser.pages[0]


def test_a_port_in_use_is_told_with_the_ways_around_it(
    bulkup: Bulkup, org_with: OrgWith, port: int
) -> None:
    with socket.create_server(("127.0.0.1", port)):
        done = by_web(bulkup, org_with(logins.rules(port)), port)
    assert done.code == 2
    assert str(port) in done.err
    assert "--no-browser" in done.err


def test_a_browser_that_never_comes_is_waited_for_only_so_long(
    bulkup: Bulkup, org_with: OrgWith, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bulkup.cli.commands.login_flows.browse", lambda _url: False)
    done = by_web(bulkup, org_with(logins.rules(port)), port, "--timeout", "0.3s")
    assert done.code == 4
    assert "--no-browser" in done.err


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_an_interrupt_while_waiting_for_the_browser_ends_it(org_with: OrgWith, port: int) -> None:
    org = org_with(logins.rules(port))
    where = ("--login-url", org.url, "--client-id", WEB, "--port", port)
    process = logins.start("login", *where, env={"BROWSER": "true"})
    assert process.stderr is not None
    while "authorize?" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out == ""
    assert "Interrupted" in err


def test_without_a_browser_here_the_address_is_pasted(
    bulkup: Bulkup, org_with: OrgWith, contacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = org_with()
    browser = Browser()

    shown: list[str] = []
    monkeypatch.setattr("bulkup.cli.commands.login_flows.output.line", shown.append)
    monkeypatch.setattr("bulkup.cli.commands.login_flows.prompts.ask_line", lambda _: pasted())

    def pasted() -> str:
        url = next(line.strip() for line in shown if "authorize?" in line)
        browser.open(url, follow=False)
        return browser.ended_on

    where = ("--login-url", org.url, "--client-id", WEB)
    done = bulkup("login", "--alias", "far", *where, "--no-browser")
    assert (done.code, done.out) == (0, "far\n")
    assert_loads(bulkup, org, "--org", "far")


@pytest.mark.parametrize("pasted", ["", "nonsense", "http://localhost:1717/OauthRedirect"])
def test_what_is_pasted_and_is_no_answer_is_told(
    bulkup: Bulkup, org_with: OrgWith, pasted: str
) -> None:
    where = ("--login-url", org_with().url, "--client-id", WEB)
    done = bulkup("login", *where, "--no-browser", stdin=pasted + "\n")
    assert done.code == 2
    assert "address" in done.err


# Servers.


def test_by_client_credentials_from_nothing_to_a_finished_load(
    bulkup: Bulkup, org_with: OrgWith, contacts: Path, home: Path
) -> None:
    org = org_with()
    where = ("--login-url", org.url, "--client-id", SERVER)
    done = bulkup("login", "--alias", "ci", "--client-credentials", *where, stdin=SECRET + "\n")
    assert (done.code, done.out) == (0, "ci\n"), done.err
    assert_loads(bulkup, org)
    assert SECRET not in logins.everything_in(config(home))


def test_a_wrong_client_secret_is_refused_in_the_orgs_words(
    bulkup: Bulkup, org_with: OrgWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BULKUP_CLIENT_SECRET", "wrong-PLANTED")
    where = ("--login-url", org_with().url, "--client-id", SERVER)
    done = bulkup("login", "--client-credentials", *where, "--verbose")
    assert done.code == 4
    assert "invalid client credentials" in done.err
    assert "PLANTED" not in done.err


def test_client_credentials_are_taken_only_at_the_my_domain(
    bulkup: Bulkup, org_with: OrgWith
) -> None:
    where = ("--login-url", org_with(logins.rules(my_domain=False)).url, "--client-id", SERVER)
    done = bulkup("login", "--client-credentials", *where, stdin=SECRET)
    assert done.code == 4
    assert "not supported on this domain" in done.err
    assert "--login-url" in done.err


def by_key(bulkup: Bulkup, org: Running, key_file: Path, *more: str) -> Done:
    app = ("--login-url", org.url, "--client-id", SIGNER)
    who = ("--jwt-key-file", key_file, "--username", USER)
    return bulkup("login", "--alias", "ci", *app, *who, *more)


def test_by_jwt_from_nothing_to_a_finished_load_and_the_key_stays_where_it_is(
    bulkup: Bulkup, org_with: OrgWith, key_file: Path, contacts: Path, home: Path
) -> None:
    org = org_with()
    done = by_key(bulkup, org, key_file)
    assert (done.code, done.out) == (0, "ci\n"), done.err
    assert_loads(bulkup, org)
    kept = logins.everything_in(config(home))
    assert str(key_file) in kept
    assert logins.key_pair()[0].decode().splitlines()[1] not in kept
    assert not (home / "keyring.json").exists()


def test_a_user_who_is_not_preauthorised_is_told_what_the_app_needs(
    bulkup: Bulkup, org_with: OrgWith, key_file: Path
) -> None:
    done = by_key(bulkup, org_with(logins.rules(preauthorised=False)), key_file)
    assert done.code == 4
    assert "hasn't approved this consumer" in done.err
    assert "pre-authorized" in done.err


def test_a_key_file_that_is_none_is_told_without_what_is_in_it(
    bulkup: Bulkup, org_with: OrgWith, tmp_path: Path
) -> None:
    path = tmp_path / "key.pem"
    path.write_text("PLANTED nonsense", encoding="utf-8")
    done = by_key(bulkup, org_with(), path)
    assert done.code in {2, 4}
    assert str(path) in done.err
    assert "PLANTED" not in done.err


# A ready token, and the login of sf.


def test_by_a_ready_token_from_nothing_to_a_finished_load(
    bulkup: Bulkup, org_with: OrgWith, contacts: Path
) -> None:
    org = org_with()
    done = bulkup(
        "login", "--alias", "x", "--token", "--instance-url", org.url, stdin=f" {org.token} \n"
    )
    assert (done.code, done.out) == (0, "x\n"), done.err
    assert_loads(bulkup, org)


@pytest.mark.parametrize("typed", ["", "two words", "00D000000000001!wrong", "ümläut"])
def test_a_token_that_is_none_or_not_good_is_not_kept(
    bulkup: Bulkup, org_with: OrgWith, home: Path, typed: str
) -> None:
    done = bulkup("login", "--token", "--instance-url", org_with().url, stdin=typed + "\n")
    assert done.code in {2, 4}
    assert not typed or typed not in done.err
    assert not (config(home) / "orgs.toml").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="the fake sf is a script with a shebang")
@pytest.mark.parametrize("modern", [True, False])
def test_by_the_login_of_sf_whose_token_is_asked_for_each_time(
    bulkup: Bulkup,
    org_with: OrgWith,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    contacts: Path,
    home: Path,
    modern: bool,
) -> None:
    org = org_with()
    token_file = tmp_path / "token"
    token_file.write_text(org.token, encoding="utf-8")
    log = logins.fake_sf(tmp_path / "bin", url=org.url, token_file=token_file, modern=modern)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    done = bulkup("login", "--alias", "hub", "--from-sf", "devhub")
    assert (done.code, done.out) == (0, "hub\n"), done.err
    asked = len(log.read_text().splitlines())
    assert_loads(bulkup, org, "--org", "hub")
    assert len(log.read_text().splitlines()) > asked
    assert org.token not in logins.everything_in(config(home) / "runs")
    assert not (home / "keyring.json").exists()
    assert bulkup("login", "--from-sf", "another").code == 4


def test_without_the_program_sf_its_login_is_told_to_be_out_of_reach(
    bulkup: Bulkup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = bulkup("login", "--from-sf", "devhub")
    assert done.code == 4
    assert "sf" in done.err


# Nothing stored.


def test_the_three_sets_of_variables_need_no_login_and_no_keyring(
    bulkup: Bulkup,
    org_with: OrgWith,
    key_file: Path,
    contacts: Path,
    home: Path,
    keyring_in_a_file: Callable[[str], None],
) -> None:
    keyring_in_a_file(KEYRINGS + "RaisingKeyring")
    org = org_with()
    sets = [
        {"BULKUP_INSTANCE_URL": org.url, "BULKUP_ACCESS_TOKEN": org.token},
        {
            "BULKUP_LOGIN_URL": org.url,
            "BULKUP_CLIENT_ID": SERVER,
            "BULKUP_CLIENT_SECRET": SECRET,
        },
        {
            "BULKUP_LOGIN_URL": org.url,
            "BULKUP_CLIENT_ID": SIGNER,
            "BULKUP_USERNAME": USER,
            "BULKUP_JWT_KEY_FILE": str(key_file),
        },
    ]
    for variables in sets:
        assert_loads(bulkup, org, env=variables)
    assert not (config(home) / "orgs.toml").exists()


# Renewing.


def expire_on(pattern: str, method: str, times: int = 1) -> FaultPlan:
    from bulkup.localorg.faults.plan import FaultAction, RequestFault

    return FaultPlan(
        requests=(
            RequestFault(path=pattern, method=method, act=FaultAction.EXPIRE_TOKEN, times=times),
        )
    )


def kept_secret(home: Path) -> str:
    return (home / "keyring.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(("method", "path"), [("PUT", "*/batches"), ("GET", "*/jobs/ingest/750*")])
def test_a_token_that_ends_in_the_middle_is_renewed_and_a_rotated_refresh_token_is_kept(
    bulkup: Bulkup,
    org_with: OrgWith,
    browser: Browser,
    port: int,
    contacts: Path,
    home: Path,
    method: str,
    path: str,
) -> None:
    org = org_with(logins.rules(port, rotation=True), faults=expire_on(path, method))
    assert by_web(bulkup, org, port).code == 0
    before = kept_secret(home)
    done = assert_loads(bulkup, org)
    assert "POST /services/oauth2/token 200" in done.err
    assert kept_secret(home) != before
    assert bulkup("limits").code == 0


def test_a_renewal_that_is_refused_ends_with_what_to_type_and_the_run_can_be_resumed(
    bulkup: Bulkup, org_with: OrgWith, browser: Browser, port: int, contacts: Path
) -> None:
    org = org_with(logins.rules(port))
    assert by_web(bulkup, org, port).code == 0
    org.org._routes.login.grants.end_all()
    faults = expire_on("*/batches", "PUT")
    org.org._faults.__init__(faults)  # type: ignore[misc]  # ordered only now, after the login
    done = bulkup(*LOAD)
    assert done.code == 4
    assert "expired access/refresh token" in done.err
    assert "bulkup login --alias prod" in done.err
    assert by_web(bulkup, org, port).code == 0
    resumed = bulkup("resume")
    assert resumed.code == 0, resumed.err
    assert len(org.org.records("Contact")) == 20


@pytest.mark.parametrize("way", ["client-credentials", "jwt"])
@pytest.mark.parametrize("stored", [True, False])
def test_a_server_login_renews_in_its_own_way_in_the_middle_of_an_upload(
    bulkup: Bulkup,
    org_with: OrgWith,
    key_file: Path,
    contacts: Path,
    way: str,
    stored: bool,
) -> None:
    org = org_with(faults=expire_on("*/batches", "PUT"))
    app = SERVER if way == "client-credentials" else SIGNER
    env = {"BULKUP_LOGIN_URL": org.url, "BULKUP_CLIENT_ID": app}
    env |= (
        {"BULKUP_CLIENT_SECRET": SECRET}
        if app == SERVER
        else {"BULKUP_USERNAME": USER, "BULKUP_JWT_KEY_FILE": str(key_file)}
    )
    more: tuple[str, ...] = ()
    if stored:
        key = ("--jwt-key-file", key_file, "--username", USER)
        named = ("--client-credentials",) if app == SERVER else key
        made = bulkup("login", "--alias", "ci", *named, env=env)
        assert made.code == 0, made.err
        env, more = {}, ("--org", "ci")
    done = assert_loads(bulkup, org, *more, env=env)
    assert "/batches 201" in done.err
    assert done.err.count("POST /services/oauth2/token 200") == (
        1 if stored and app == SERVER else 2
    )


# Keeping.


@pytest.mark.parametrize(
    "backend", ["keyring.backends.fail.Keyring", KEYRINGS + "RaisingKeyring",
                KEYRINGS + "LockedKeyring", KEYRINGS + "ForgetfulKeyring",
                "keyring.backends.null.Keyring"],
)  # fmt: skip
def test_without_a_keyring_that_works_both_ways_out_are_named_and_no_secret_is_shown(
    bulkup: Bulkup, org_with: OrgWith, keyring_in_a_file: Callable[[str], None], backend: str
) -> None:
    keyring_in_a_file(backend)
    org = org_with()
    done = bulkup("login", "--token", "--instance-url", org.url, stdin=org.token)
    assert done.code == 4
    assert "--insecure-storage" in done.err
    assert "BULKUP_ACCESS_TOKEN" in done.err
    assert org.token not in done.err


def test_a_keyring_that_hangs_does_not_hang_us(
    bulkup: Bulkup,
    org_with: OrgWith,
    keyring_in_a_file: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keyring_in_a_file(KEYRINGS + "HangingKeyring")
    defaults = keychains.SecretStore.__init__.__kwdefaults__ or {}
    monkeypatch.setitem(defaults, "patience", 0.1)
    org = org_with()
    began = time.monotonic()
    done = bulkup("login", "--token", "--instance-url", org.url, stdin=org.token)
    assert done.code == 4
    assert "did not answer" in done.err
    assert time.monotonic() - began < 10


def test_insecure_storage_keeps_the_secret_in_a_private_file_and_orgs_says_so(
    bulkup: Bulkup,
    org_with: OrgWith,
    keyring_in_a_file: Callable[[str], None],
    contacts: Path,
    home: Path,
) -> None:
    keyring_in_a_file("keyring.backends.fail.Keyring")
    org = org_with()
    where = ("--token", "--instance-url", org.url, "--insecure-storage")
    assert bulkup("login", "--alias", "x", *where, stdin=org.token).code == 0
    (secret,) = [p for p in (config(home) / "secrets").iterdir() if p.suffix == ".json"]
    if sys.platform != "win32":
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert stat.S_IMODE((config(home) / "orgs.toml").stat().st_mode) == 0o600
    listed = bulkup("orgs")
    assert str(secret) in listed.err
    assert "not in a keyring" in listed.err
    assert_loads(bulkup, org)
    if sys.platform != "win32":
        secret.chmod(0o644)
        refused = bulkup("limits")
        assert refused.code == 4
        assert f"chmod 600 {secret}" in refused.err


def test_logins_made_at_once_are_all_kept(bulkup: Bulkup, org_with: OrgWith, home: Path) -> None:
    org = org_with()
    where = ("--token", "--instance-url", org.url, "--insecure-storage")
    processes = []
    for number in range(3):
        import subprocess

        process = subprocess.Popen(
            [sys.executable, "-m", "bulkup", "login", "--alias", f"a{number}", *where],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        process.stdin.write(org.token)
        process.stdin.close()
        processes.append(process)
    for process in processes:
        assert process.wait(60) == 0
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()
    document = bulkup("orgs", "--json").document
    assert sorted(one["alias"] for one in document["orgs"]) == ["a0", "a1", "a2"]


# orgs, logout.


def test_the_first_login_is_the_default_until_another_is_chosen(
    bulkup: Bulkup, org_with: OrgWith
) -> None:
    org = org_with()
    for alias in ("one", "two"):
        where = ("--token", "--instance-url", org.url)
        assert bulkup("login", "--alias", alias, *where, stdin=org.token).code == 0

    def default() -> list[str]:
        return [o["alias"] for o in bulkup("orgs", "--json").document["orgs"] if o["default"]]

    assert default() == ["one"]
    done = bulkup("orgs", "default", "two")
    assert (done.code, done.out) == (0, "two\n")
    assert default() == ["two"]
    assert bulkup("orgs", "default", "three").code == 4
    assert bulkup("logout", "two").code == 0
    assert default() == ["one"]


def test_orgs_lists_what_is_no_secret(bulkup: Bulkup, org_with: OrgWith) -> None:
    org = org_with()
    where = ("--token", "--instance-url", org.url)
    assert bulkup("login", "--alias", "one", *where, stdin=org.token).code == 0
    (entry,) = bulkup("orgs", "--json").document["orgs"]
    assert entry == {
        "alias": "one",
        "user": USER,
        "instance_url": org.url,
        "org_id": org.org.identity.org_id,
        "way": "token",
        "secret": "keyring",
        "default": True,
    }
    table = bulkup("orgs")
    assert "one" in table.out
    assert org.token not in table.out + table.err


def test_logout_revokes_and_forgets(
    bulkup: Bulkup, org_with: OrgWith, browser: Browser, port: int, home: Path
) -> None:
    org = org_with(logins.rules(port))
    assert by_web(bulkup, org, port).code == 0
    assert "refresh" in kept_secret(home)
    done = bulkup("logout", "prod", "--verbose")
    assert (done.code, done.out) == (0, "")
    assert "POST /services/oauth2/revoke 200" in done.err
    assert kept_secret(home) == "{}"
    assert bulkup("orgs", "--json").document["orgs"] == []
    assert bulkup("limits").code == 4


def test_logout_forgets_also_when_revoking_fails_and_says_so(
    bulkup: Bulkup, org_with: OrgWith, browser: Browser, port: int, home: Path
) -> None:
    org = org_with(logins.rules(port))
    assert by_web(bulkup, org, port).code == 0
    org.stop()
    done = bulkup("logout", "--all")
    assert done.code == 0
    assert "prod could not be revoked" in done.err
    assert kept_secret(home) == "{}"
    assert bulkup("orgs", "--json").document["orgs"] == []


def test_logout_forgets_also_when_the_keyring_is_broken(
    bulkup: Bulkup, org_with: OrgWith, keyring_in_a_file: Callable[[str], None]
) -> None:
    org = org_with()
    assert bulkup("login", "--token", "--instance-url", org.url, stdin=org.token).code == 0
    keyring_in_a_file(KEYRINGS + "RaisingKeyring")
    done = bulkup("logout", "default")
    assert done.code == 0
    assert "could not be removed" in done.err
    assert bulkup("orgs", "--json").document["orgs"] == []


def test_logout_of_the_default_says_which_login_is_the_default_now(
    bulkup: Bulkup, org_with: OrgWith
) -> None:
    org = org_with()
    for alias in ("one", "two", "three"):
        login = ("login", "--alias", alias, "--token", "--instance-url", org.url)
        assert bulkup(*login, stdin=org.token).code == 0
    assert "default" not in bulkup("logout", "three").err
    assert "the default is two now" in bulkup("logout", "one").err
    assert "default" not in bulkup("logout", "two").err


@pytest.mark.parametrize("arguments", [(), ("prod", "--all")])
def test_logout_needs_one_login_or_all(bulkup: Bulkup, arguments: tuple[str, ...]) -> None:
    assert bulkup("logout", *arguments).code == 2


def test_a_second_login_of_the_same_name_takes_the_place_of_the_first(
    bulkup: Bulkup, org_with: OrgWith, home: Path
) -> None:
    org = org_with()
    where = ("--token", "--instance-url", org.url)
    for _ in range(2):
        assert bulkup("login", "--alias", "one", *where, stdin=org.token).code == 0
    assert len(logins.loaded(kept_secret(home))) == 1
    assert len(bulkup("orgs", "--json").document["orgs"]) == 1


# Options.


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("--client-credentials", "--token"), "two ways"),
        (("--username", "u"), "--jwt-key-file"),
        (("--jwt-key-file", "k.pem", "--client-id", "x"), "--username"),
        (("--token",), "--instance-url"),
        (("--instance-url", "x.my.salesforce.com"), "--token"),
        ((), "--client-id"),
        (("--client-id", "x", "--login-url", "http://evil.example"), "https"),
        (("--alias", "local", "--client-id", "x"), "built-in"),
        (("--alias", "-x y", "--client-id", "x"), "alias"),
    ],
)
def test_options_that_do_not_go_together_are_told(
    bulkup: Bulkup, arguments: tuple[str, ...], shown: str
) -> None:
    done = bulkup("login", *arguments)
    assert done.code == 2
    assert shown in done.err


def test_sandbox_and_a_domain_without_scheme_are_where_they_say(
    bulkup: Bulkup, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def stop(login: Any, *_: object) -> None:
        seen.append(login.login_url)
        raise SystemExit(9)

    monkeypatch.setattr("bulkup.cli.commands.login_flows.get_tokens", stop)
    key = ("--jwt-key-file", "k.pem", "--username", "u", "--client-id", "x")
    bulkup("login", *key, "--sandbox")
    bulkup("login", *key, "--login-url", "Example.my.salesforce.com/setup")
    bulkup("login", *key)
    assert seen == [
        "https://test.salesforce.com",
        "https://example.my.salesforce.com",
        "https://login.salesforce.com",
    ]


def test_a_secret_at_a_terminal_is_asked_for_without_echo(
    bulkup: Bulkup, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bulkup.cli import prompts

    asked: list[str] = []

    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return "typed\n"

    def getpass(prompt: str, stream: object) -> str:
        asked.append(prompt)
        return " hidden "

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", getpass)
    assert prompts.ask_secret("client secret") == "hidden"
    assert asked == ["Client secret (not shown): "]
    assert prompts.ask_line("Address: ") == "typed"


# Secrets.


def test_no_secret_stands_in_anything_that_a_run_writes_or_prints(
    bulkup: Bulkup, org_with: OrgWith, browser: Browser, port: int, contacts: Path, home: Path
) -> None:
    org = org_with(logins.rules(port, rotation=True), faults=expire_on("*/batches", "PUT"))
    shown = [by_web(bulkup, org, port, "--verbose")]
    shown.append(bulkup(*LOAD, "--verbose", "--json"))
    shown.append(bulkup("doctor", "--verbose"))
    shown.append(bulkup("orgs"))
    org.stop()
    shown.append(bulkup("doctor", "--verbose", "--org", "prod"))
    (kept,) = logins.loaded(kept_secret(home)).values()
    values = list(logins.loaded(str(kept)).values())
    assert len(values) == 2
    text = "".join(done.out + done.err for done in shown)
    text += logins.everything_in(config(home), home.parent / "work")
    for value in values:
        assert str(value) not in text


@pytest.mark.parametrize(
    "where", ["httpx.Client.send", "bulkup.auth.secret_store.SecretStore.find", "json.loads"]
)
def test_a_crash_in_a_library_that_quotes_a_token_shows_none(
    bulkup: Bulkup, org_with: OrgWith, home: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    org = org_with()
    assert bulkup("login", "--token", "--instance-url", org.url, stdin=org.token).code == 0

    def crash(*_: object, **__: object) -> None:
        raise RuntimeError(f"Authorization: Bearer {org.token} and {org.token}")

    monkeypatch.setattr(where, crash)
    done = bulkup("limits", "--verbose")
    monkeypatch.undo()
    assert done.code in {4, 70}
    shown = done.out + done.err + logins.everything_in(home / "bulkup")
    assert org.token.partition("!")[2] not in shown


def test_apps_of_ones_own_that_can_not_be_read_are_told(bulkup: Bulkup, home: Path) -> None:
    folder = home / "bulkup" / "localorg"
    folder.mkdir(parents=True)
    (folder / "apps.toml").write_text("[[app]", encoding="utf-8")
    done = bulkup("jobs", "--org", "local", "--json")
    assert done.code == 2
    assert done.document["error"] == "BadApps"
    assert str(folder / "apps.toml") in done.document["message"]
