"""The page on which a person lets an app in or declines: a minimal form."""

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

from bulkup.localorg.http.messages import Response
from bulkup.localorg.oauth.apps import LoginRules
from bulkup.localorg.oauth.grants import Denied, Grants

PASSED_ON = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
)
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Local org: allow access?</title></head>
<body><h1>Allow access?</h1>
<p>The app <b>{app}</b> asks for access to the local org as <b>{user}</b>: {scope}.</p>
<form method="post">{fields}
<button id="allow" name="decision" value="allow">Allow</button>
<button id="deny" name="decision" value="deny">Deny</button>
</form></body></html>
"""
REFUSED = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Local org: error</title></head>
<body><p>error={error}&amp;error_description={description}</p></body></html>
"""


def page(asked: Mapping[str, str], rules: LoginRules, user: str) -> Response:
    """The form, or a page with the error: a browser is never sent to an address not listed."""
    try:
        _check(asked, rules)
    except Denied as denied:
        words = {"error": denied.error, "description": escape(denied.description)}
        return _html(REFUSED.format(**words), 400)
    fields = "".join(
        f'<input type="hidden" name="{name}" value="{escape(asked[name])}">'
        for name in PASSED_ON
        if name in asked
    )
    shown = {
        "app": escape(asked["client_id"]),
        "user": escape(user),
        "scope": escape(asked.get("scope", "")),
    }
    return _html(PAGE.format(fields=fields, **shown))


def decide(asked: Mapping[str, str], rules: LoginRules, grants: Grants) -> Response:
    """Send the browser back with a code, or with the word that the person declined."""
    try:
        _check(asked, rules)
    except Denied as denied:
        words = {"error": denied.error, "description": escape(denied.description)}
        return _html(REFUSED.format(**words), 400)
    callback = asked["redirect_uri"]
    if asked.get("decision") == "allow":
        code = grants.code(asked["client_id"], callback, asked["code_challenge"])
        answer = {"code": code}
    else:
        answer = {
            "error": "access_denied",
            "error_description": "end-user denied authorization",
        }
    if "state" in asked:
        answer["state"] = asked["state"]
    return Response(status=302, headers={"location": f"{callback}?{urlencode(answer)}"})


def _check(asked: Mapping[str, str], rules: LoginRules) -> None:
    app = rules.app(asked.get("client_id", ""))
    if app is None:
        raise Denied("invalid_client_id", "client identifier invalid")
    if asked.get("redirect_uri") not in app.callbacks:
        raise Denied("redirect_uri_mismatch", "redirect_uri must match configuration")
    if asked.get("response_type") != "code":
        raise Denied("unsupported_response_type", "response type not supported")
    # Salesforce asks for a challenge only where the app requires it. Here every app does.
    if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
        raise Denied("invalid_request", "missing required code challenge")


def _html(text: str, status: int = 200) -> Response:
    headers = {
        "content-type": "text/html; charset=UTF-8",
        "cache-control": "no-store",
        "x-frame-options": "DENY",  # no other page can put the button under somebody's mouse
    }
    return Response(status=status, headers=headers, body=text.encode())
