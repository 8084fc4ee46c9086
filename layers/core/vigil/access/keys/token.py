"""The secret text of an API key, with a checksum that secret scanners can verify."""

import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import ClassVar

_TOKEN = re.compile(r"(vgl_([a-z0-9]{1,16})_([a-z0-9]{16})_([A-Za-z0-9_-]{43}))(?:_([0-9A-Za-z]{6}))?")
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM_LENGTH = 6
"""Length of a checksum in characters: 62**6 is above 2**32."""


@dataclass(frozen=True, slots=True)
class KeyToken:
    """Secret text of an API key: `vgl_<stage>_<key id>_<32 random bytes, base64url>_<checksum>`.

    The checksum is the CRC-32 of the text before it. Tokens of earlier releases have none (`has_checksum` is False).
    """

    PREFIX: ClassVar[str] = "vgl_"
    stage: str
    key_id: str
    secret: str
    has_checksum: bool = True

    @classmethod
    def new(cls, stage: str) -> "KeyToken":
        """Return a new random token."""
        return cls(stage, secrets.token_hex(8), secrets.token_urlsafe(32))

    @classmethod
    def parse(cls, text: str) -> "KeyToken | None":
        """Return the parts of a token, or None if its form or its checksum is wrong."""
        if (match := _TOKEN.fullmatch(text)) is None:
            return None
        body, stage, key_id, secret, given = match.groups()
        if given is not None and given != checksum(body):
            return None
        return cls(stage, key_id, secret, given is not None)

    def __str__(self) -> str:
        body = f"vgl_{self.stage}_{self.key_id}_{self.secret}"
        return f"{body}_{checksum(body)}" if self.has_checksum else body

    def __repr__(self) -> str:
        """Return a text without the secret: tokens appear in tracebacks."""
        return f"Token({self.stage}, {self.key_id})"

    def digest(self, pepper: bytes) -> str:
        """Return the HMAC of the token that is stored."""
        return hmac.new(pepper, str(self).encode(), hashlib.sha256).hexdigest()


def checksum(text: str) -> str:
    """Return the CRC-32 of an ASCII text as six base62 digits (0-9, A-Z, a-z), most significant first."""
    rest, digits = binascii.crc32(text.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
