from collections.abc import Iterator

import pytest
import respx

from bulkup.salesforce.auth import TokenAuth
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
