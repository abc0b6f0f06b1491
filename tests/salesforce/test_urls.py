import pytest

from bulkup.errors import InputError
from bulkup.salesforce.urls import PRODUCTION, SANDBOX, audience, instance, is_loopback, org_kind


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https://x.my.salesforce.com", "https://x.my.salesforce.com"),
        (" https://X.my.salesforce.com/lightning/page ", "https://x.my.salesforce.com"),
        ("x.my.salesforce.com", "https://x.my.salesforce.com"),
        ("https://x.lightning.force.com/lightning/o/Contact", "https://x.my.salesforce.com"),
        ("x--dev.sandbox.my.salesforce-setup.com", "https://x--dev.sandbox.my.salesforce.com"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_address_is_taken_as_people_type_it(typed: str, meant: str) -> None:
    assert instance(typed, "--login-url") == meant


@pytest.mark.parametrize(
    "typed",
    ["", "   ", "https://", "ftp://x.example", "https://a b", "https://x:port", "//[", "x\\y"],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(InputError) as caught:
        instance(typed, "--login-url")
    assert caught.value.name == "MalformedUrl"
    assert "--login-url" in caught.value.message


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(InputError) as caught:
        instance("https://user:PLANTED@x.my.salesforce.com", "BULKUP_LOGIN_URL")
    assert "PLANTED" not in str(caught.value)


def test_http_is_refused_beyond_this_machine() -> None:
    with pytest.raises(InputError) as caught:
        instance("http://x.my.salesforce.com", "--login-url")
    assert caught.value.name == "InsecureUrl"
    assert "https://x.my.salesforce.com" in caught.value.hint


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_this_machine_is_known_by_its_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.example", "10.0.0.1", "127.0.0.1.example", "", None])
def test_other_machines_are_not_this_one(host: str | None) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("login_url", "meant"),
    [
        ("https://login.salesforce.com", PRODUCTION),
        ("https://x.my.salesforce.com", PRODUCTION),
        ("https://x-dev-ed.develop.my.salesforce.com", PRODUCTION),
        ("http://localhost:8000", PRODUCTION),
        ("https://test.salesforce.com", SANDBOX),
        ("https://x--uat.sandbox.my.salesforce.com", SANDBOX),
        ("https://x--uat.cs80.my.salesforce.com", SANDBOX),
        ("https://x.scratch.my.salesforce.com", SANDBOX),
    ],
)
def test_an_assertion_is_for_one_of_two_addresses(login_url: str, meant: str) -> None:
    assert audience(login_url) == meant


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://acme.my.salesforce.com", "production"),
        ("https://acme--uat.sandbox.my.salesforce.com", "sandbox"),
        ("https://acme--uat.my.salesforce.com", "sandbox"),
        ("https://cs12.salesforce.com", "sandbox"),
        ("https://test.salesforce.com", "sandbox"),
        ("https://agile-koala-1.scratch.my.salesforce.com", "scratch"),
        ("https://acme-dev-ed.develop.my.salesforce.com", "developer"),
        ("http://127.0.0.1:8080", "local"),
        ("https://na1.salesforce.com", "production"),
        ("https://csm.my.salesforce.com", "production"),
    ],
)
def test_the_host_says_what_kind_of_org_it_is(url: str, kind: str) -> None:
    assert org_kind(url) == kind
