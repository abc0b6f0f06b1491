"""A person at a browser that the local org shows its form to."""

from urllib.parse import parse_qsl, urlsplit

import httpx

from bulkup.auth.authorization_code import PATH


def decides(url: str, decision: str = "allow") -> dict[str, str]:
    """Open the address, press a button, and tell the answer that the browser is sent back with."""
    address = sent_back(url, decision)
    assert urlsplit(address).path == PATH
    return dict(parse_qsl(urlsplit(address).query))


def sent_back(url: str, decision: str = "allow") -> str:
    page = httpx.get(url)
    assert page.status_code == 200, page.text
    parts = urlsplit(url)
    form = {**dict(parse_qsl(parts.query)), "decision": decision}
    answer = httpx.post(f"{parts.scheme}://{parts.netloc}{parts.path}", data=form)
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"])
