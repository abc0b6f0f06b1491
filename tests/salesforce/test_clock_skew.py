import time
from email.utils import formatdate

import httpx
import pytest
import respx

from bulkup.salesforce.clock_skew import skew
from tests.salesforce.wire import URL


@pytest.mark.parametrize("ahead", [0, 300, -300])
def test_the_servers_time_is_read_from_any_answer_and_needs_no_token(
    net: respx.MockRouter, ahead: int
) -> None:
    told = formatdate(time.time() - ahead, usegmt=True)
    route = net.get("/services/data/").respond(503, headers={"Date": told})
    found = skew(URL)
    assert found is not None
    assert abs(found - ahead) < 2
    assert "Authorization" not in route.calls.last.request.headers


def test_a_server_that_does_not_tell_the_time_or_anything_is_no_fault(
    net: respx.MockRouter,
) -> None:
    route = net.get("/services/data/").respond(200)
    assert skew(URL) is None
    route.respond(200, headers={"Date": "yesterday"})
    assert skew(URL) is None
    route.mock(side_effect=httpx.ConnectError("refused"))
    assert skew(URL) is None
