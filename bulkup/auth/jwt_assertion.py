"""The signed assertion of a JWT login: it says who asks, with a key that only we have."""

import time
from pathlib import Path

from bulkup.errors import InputError
from bulkup.redaction import register_secret
from bulkup.salesforce.urls import audience

SECONDS = 170
"""How long an assertion lives: Salesforce takes at most three minutes."""
LONGEST_WORD = 20


def assertion(*, client_id: str, username: str, login_url: str, key_file: Path) -> str:
    """An assertion, signed by RS256.

    Raises:
        InputError: there is no such key, or it can't be used.
    """
    import jwt  # noqa: PLC0415 -- cryptography is slow to load, and few logins need it

    claims = {
        "iss": client_id,
        "sub": username,
        "aud": audience(login_url),
        "exp": int(time.time()) + SECONDS,
    }
    try:
        return jwt.encode(claims, read_key(key_file), algorithm="RS256")
    except (jwt.PyJWTError, ValueError, TypeError):
        # Never the library's own words, nor its error as the cause: they could quote the key.
        raise InputError(
            f"{key_file} is no RSA private key in PEM form without a passphrase",
            "It begins with -----BEGIN PRIVATE KEY----- or -----BEGIN RSA PRIVATE KEY-----. "
            "To take a passphrase off: openssl rsa -in key.pem -out plain.pem",
            name="BadKey",
        ) from None


def read_key(key_file: Path) -> bytes:
    """The bytes of a key.

    Raises:
        InputError: it can't be read.
    """
    try:
        key = key_file.read_bytes()
    except OSError as error:
        raise InputError(
            f"The private key {key_file} can't be read: {error.strerror or type(error).__name__}",
            "Set --jwt-key-file, or BULKUP_JWT_KEY_FILE, to the key's path.",
            name="KeyNotReadable",
        ) from None
    # Its lines: the words around them are no secret.
    register_secret(
        *(line for line in key.decode("ascii", "replace").split() if len(line) > LONGEST_WORD)
    )
    return key
