from collections.abc import Callable, Iterator

import keyring
import keyring.core
import pytest
import respx

from bulkup.salesforce.bearer import TokenAuth
from bulkup.salesforce.client import Client
from tests.salesforce.wire import TOKEN, URL


@pytest.fixture
def net() -> Iterator[respx.MockRouter]:
    """The org's wire: whatever is not routed fails the test."""
    with respx.mock(base_url=URL, assert_all_called=False) as router:
        yield router


@pytest.fixture
def lines() -> list[str]:
    """What `--verbose` would show."""
    return []


@pytest.fixture
def client(net: respx.MockRouter, lines: list[str]) -> Iterator[Client]:
    with Client(instance_url=URL, auth=TokenAuth(TOKEN), log=lines.append) as client:
        yield client


@pytest.fixture
def keyrings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Choose the keyring, as PYTHON_KEYRING_BACKEND would; keyring remembers its backend."""
    before = keyring.get_keyring()

    def choose(name: str) -> None:
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
        keyring.core.init_backend()

    yield choose
    keyring.set_keyring(before)
