"""The same load by simple-salesforce's `bulk2`: `python -m benchmarks.theirs URL FILE`.

It does not fetch the results. It speaks https only; the requests are the same over plain loopback.
"""

import os
import sys
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce


class OverHttp(HTTPAdapter):
    def send(self, request: Any, *args: Any, **kw: Any) -> Any:
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, *args, **kw)


def main(url: str, path: str) -> None:
    session = requests.Session()
    session.mount("https://", OverHttp())
    session.trust_env = False
    salesforce = Salesforce(
        instance=url.removeprefix("http://"),
        session_id=os.environ["BULKUP_ACCESS_TOKEN"],
        session=session,
        version="60.0",
    )
    bulk2: Any = salesforce.bulk2  # its type says bulk 1.0
    bulk2.Contact.upsert(csv_file=path, external_id_field="Email__c", wait=0)


if __name__ == "__main__":
    main(*sys.argv[1:3])
