from collections.abc import Iterator

import pytest

from bulkup.localorg.org import Org
from tests.localorg.asking import Asker


@pytest.fixture
def org() -> Iterator[Asker]:
    """A fresh org in memory; nothing happens in it but by `work`."""
    org = Org(None, token="00D!x")
    yield Asker(org)
    org.close()
