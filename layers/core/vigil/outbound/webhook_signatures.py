"""Signatures of webhooks, as Standard Webhooks 1.0 defines them: https://www.standardwebhooks.com."""

import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from secrets import token_bytes

from vigil.errors import FieldError, InvalidInput

PREFIX = "whsec_"
"""Prefix of a secret as text."""
MIN_SECRET_BYTES, MAX_SECRET_BYTES = 24, 64
_SECRET_BYTES = 32
_BASE64 = re.compile(r"[A-Za-z0-9+/]{1,88}={0,2}")
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


def create_secret() -> str:
    """Return a new secret: `whsec_` and 32 random bytes in base64."""
    return PREFIX + b64encode(token_bytes(_SECRET_BYTES)).decode()


def parse_secret(text: str, name: str = "secret") -> bytes:
    """Return the bytes of a secret as text, `whsec_` and base64.

    Raises InvalidInput with the field `name` for another form, and for less than 24 or more than 64 bytes.
    """
    encoded = text.removeprefix(PREFIX)
    secret = b""
    if encoded != text and _BASE64.fullmatch(encoded) and len(encoded) % 4 == 0:
        secret = b64decode(encoded)
    if not MIN_SECRET_BYTES <= len(secret) <= MAX_SECRET_BYTES:
        bound = f"{MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes"
        raise InvalidInput(FieldError(name, f"must be {PREFIX} and {bound} in base64", bound))
    return secret


def signed_headers(secrets: Sequence[str], message_id: str, timestamp: int, payload: bytes) -> Mapping[str, str]:
    """Return the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, with one signature per secret.

    `secrets` are texts, at least one; during a rotation, they are the new and the former one. A repeat of a webhook has
    the same `message_id` and a new `timestamp`, in seconds since 1970. Raises ValueError without a secret, and for an
    id with other characters than letters, digits, hyphens and underscores. Raises InvalidInput for a malformed secret.
    """
    if not _MESSAGE_ID.fullmatch(message_id) or not secrets:
        raise ValueError("a webhook needs a secret and an id of 1 to 128 letters, digits, hyphens and underscores")
    content = f"{message_id}.{timestamp}.".encode() + payload
    digests = [hmac.digest(parse_secret(secret), content, "sha256") for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{b64encode(digest).decode()}" for digest in digests),
    }
