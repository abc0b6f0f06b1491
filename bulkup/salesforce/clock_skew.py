"""How far this machine's clock is from a server's: a signed login does not bear much of it."""

from email.utils import parsedate_to_datetime
from time import time as now

import httpx

from bulkup.errors import SalesforceError
from bulkup.salesforce.client import open_http, send
from bulkup.salesforce.deadline import deadline


def skew(url: str) -> float | None:
    """Seconds that this machine is ahead of the server at `url`; None where it does not tell.

    Needs no token: it is asked as well when there is none to be had.

    Raises:
        InputError: a proxy variable of the environment can't be used.
    """
    try:
        with open_http(url) as http, deadline():
            date = send(http, "GET", "/services/data/").headers.get("date", "")
        return now() - parsedate_to_datetime(date).timestamp()
    except (httpx.HTTPError, SalesforceError, ValueError):
        return None
