"""What to do about the words with which an org refuses a login."""

import re

ADVICE = (
    (
        r"hasn.t approved this consumer|not admin.approved|OAUTH_APP_ACCESS_DENIED",
        (
            "Let the app's policy be 'Admin approved users are pre-authorized', and give the "
            "user one "
            "of its profiles or permission sets."
        ),
    ),
    (
        r"audience is invalid",
        (
            "A user of a sandbox needs --sandbox or the sandbox's My Domain as --login-url; one of "
            "production needs neither."
        ),
    ),
    (
        r"invalid.assertion",
        (
            "The private key does not fit the certificate that the app holds, or this "
            "machine's clock "
            "is wrong."
        ),
    ),
    (
        r"expired access/refresh token|token validity expired",
        "The login is over: it was revoked, replaced, or not used for too long.",
    ),
    (
        r"invalid_client_id|client identifier",
        (
            "Check --client-id: it is the app's consumer key. An app that was just made "
            "takes up to "
            "ten minutes to be known; one of a sandbox needs --sandbox."
        ),
    ),
    (
        r"must be installed|uninstalled",
        (
            "An administrator has to install the app first: Setup, Connected Apps OAuth Usage, "
            "Install. Or make an external client app of the org's own."
        ),
    ),
    (
        r"no client credentials user",
        "Set a run-as user in the app's policies, under client credentials flow.",
    ),
    (
        r"not supported on this domain",
        (
            "Client credentials are taken only at the org's own address: --login-url "
            "example.my.salesforce.com"
        ),
    ),
    (
        r"invalid_client\b|client credentials|client secret",
        (
            "Check the client secret: it is the app's consumer secret. An app that requires one in "
            "the web flow takes it from BULKUP_CLIENT_SECRET."
        ),
    ),
    (
        r"redirect_uri",
        (
            "The app must list the callback URL exactly: "
            "http://localhost:1717/OauthRedirect, or the "
            "one with the port that you gave with --port."
        ),
    ),
    (
        r"unsupported_grant_type|grant type|flow.*(not enabled|disabled)",
        "Switch this flow on in the app's OAuth settings.",
    ),
    (
        r"authorization code|code.verifier|code.challenge",
        "A code is good once and for some minutes. Log in again.",
    ),
    (r"invalid_scope|no valid scopes", "Give the app the scopes 'api' and 'refresh_token'."),
    (r"access_denied|denied authorization", "Log in again, and choose Allow."),
    (r"inactive.user|user is inactive", "The user is not active: an administrator can change it."),
    (
        r"ip.restricted|ip address",
        "The user's profile or the app's policies allow logins from other addresses only.",
    ),
    (
        r"OAUTH_APP_BLOCKED|OAUTH_APPROVAL_ERROR|app.*blocked|cross-org",
        (
            "An administrator has to allow the app, in Setup under Connected Apps OAuth "
            "Usage; or make "
            "an external client app of the org's own."
        ),
    ),
)
OTHERWISE = "Login History in the org's Setup tells why."


def advice(words: str) -> str:
    """What to do about a refusal, in plain words; where to look where we do not know it."""
    found = (told for known, told in ADVICE if re.search(known, words, re.IGNORECASE))
    return next(found, OTHERWISE)
