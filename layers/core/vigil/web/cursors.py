"""Opaque page cursors, bound by an HMAC to one tenant and one filter."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable

from vigil.errors import FieldError, MalformedRequest

_TAG_BYTES = 16


class Cursors:
    """Seals and opens page positions. `key` is called on first use, so that only list requests read the secret."""

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._key = key

    def seal(self, scope: str, position: dict[str, str]) -> str:
        """Return the cursor of a position within a scope (tenant and filter)."""
        payload = json.dumps(position, separators=(",", ":"), sort_keys=True).encode()
        return base64.urlsafe_b64encode(self._tag(scope, payload) + payload).rstrip(b"=").decode()

    def open(self, scope: str, cursor: str) -> dict[str, str]:
        """Return the position of a cursor; raise MalformedRequest if the cursor was not sealed for this scope."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        tag, payload = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(scope, payload)):
            raise MalformedRequest(
                FieldError("cursor", "was not issued for this list", "the next_cursor of the same list")
            )
        position: dict[str, str] = json.loads(payload)
        return position

    def _tag(self, scope: str, payload: bytes) -> bytes:
        return hmac.digest(self._key(), scope.encode() + b"\0" + payload, hashlib.sha256)[:_TAG_BYTES]
