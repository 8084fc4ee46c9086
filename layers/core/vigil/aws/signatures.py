"""Signature Version 4 and the head of a request with a fixed set of headers.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
from collections.abc import Mapping
from hashlib import sha256

from vigil.aws.credentials import Keys

TIME_FORMAT = "%Y%m%dT%H%M%SZ"
"""Format of the header `x-amz-date`."""


class Signer:
    """Signs requests to one service in one region. The key of a day is derived once."""

    def __init__(self, region: str, signing_name: str) -> None:
        self._scope = f"{region}/{signing_name}/aws4_request"
        self._derived: tuple[str, str, bytes] = ("", "", b"")

    def authorization(self, keys: Keys, request_line: str, headers: Mapping[str, str], payload: str) -> str:
        """Return the Authorization header of a request.

        `request_line` is method and encoded path, such as `POST /`. `headers` are the signed headers in the order of
        their names, which are lower case; `x-amz-date` is one of them. `payload` is the SHA-256 of the body, in hex.
        """
        stamp = headers["x-amz-date"]
        method, _, path = request_line.partition(" ")
        lines = "\n".join([f"{name}:{value}" for name, value in headers.items()])
        signed = ";".join(headers)
        canonical = f"{method}\n{path}\n\n{lines}\n\n{signed}\n{payload}"
        scope = f"{stamp[:8]}/{self._scope}"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._key(keys.secret_key, stamp[:8]), text.encode(), "sha256").hex()
        return f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{scope}, SignedHeaders={signed}, Signature={signature}"

    def _key(self, secret: str, day: str) -> bytes:
        # One tuple is replaced as a whole, so that threads never combine the parts of two keys.
        known_secret, known_day, key = self._derived
        if secret != known_secret or day != known_day:
            key = f"AWS4{secret}".encode()
            for part in (day, *self._scope.split("/")):
                key = hmac.digest(key, part.encode(), "sha256")
            self._derived = (secret, day, key)
        return key


def request_head(
    request_line: str, headers: Mapping[str, str], signature: str, trace_header: str, body_bytes: int = 0
) -> str:
    """Return the request line and all headers of a signed request. An empty trace header is omitted."""
    lines = [
        f"{request_line} HTTP/1.1",
        *[f"{name}: {value}" for name, value in headers.items()],
        f"authorization: {signature}",
    ]
    if trace_header:
        lines.append(f"x-amzn-trace-id: {trace_header}")
    if body_bytes:
        lines.append(f"content-length: {body_bytes}")
    return "\r\n".join([*lines, "user-agent: vigil", "accept-encoding: identity", "", ""])
