"""Assertions of the JWT bearer way: who signed, for whom, until when."""

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate
from jwt.types import Options

from bulkup.localorg.oauth.apps import App, LoginRules
from bulkup.localorg.oauth.grants import Denied

LONGEST = 3 * 60.0
"""Seconds that an assertion may live: Salesforce takes none that ends later."""
SKEW = 30.0
LATER_CHECKS: Options = {"verify_exp": False, "verify_aud": False, "verify_iat": False}
UNCHECKED: Options = {"verify_signature": False, **LATER_CHECKS}


def read(assertion: str, rules: LoginRules, now: float) -> tuple[App, str]:
    """The app that signed an assertion, and the user it is for. Raises Denied."""
    try:
        claimed = jwt.decode(assertion, options=UNCHECKED)
    except jwt.PyJWTError:
        raise Denied("invalid_grant", "invalid assertion") from None
    app = rules.app(str(claimed.get("iss", "")))
    if app is None:
        raise Denied("invalid_client_id", "client identifier invalid")
    if claimed.get("aud") != rules.audience:
        raise Denied("invalid_grant", "audience is invalid")
    _check_signature(assertion, app)
    _check_end(claimed.get("exp"), now)
    return app, str(claimed.get("sub", ""))


def _check_signature(assertion: str, app: App) -> None:
    pem = app.certificate.encode("ascii")
    try:
        is_certificate = b"CERTIFICATE" in pem
        key = load_pem_x509_certificate(pem).public_key() if is_certificate else None
        jwt.decode(
            assertion,
            key or load_pem_public_key(pem),  # type: ignore[arg-type]  # PyJWT refuses other kinds
            algorithms=["RS256"],
            options=LATER_CHECKS,
        )
    except (jwt.PyJWTError, ValueError, TypeError):
        raise Denied("invalid_grant", "invalid assertion") from None


def _check_end(end: object, now: float) -> None:
    # The words for an assertion that is over, or ends too late, are unconfirmed.
    if not isinstance(end, int | float) or not now - SKEW < end <= now + LONGEST + SKEW:
        raise Denied("invalid_grant", "expired authorization code")
