"""An endpoint of a tenant that verifies signatures by the Standard Webhooks specification."""

import base64
import hmac
from dataclasses import dataclass, field
from typing import Any

from tests.support.vendors.requests import VendorAnswer, VendorRequest, text_answer

SIGNING_SECRET = "whsec_" + base64.b64encode(b"canary signing secret 32 bytes!!").decode()
"""Secret of the endpoint."""
URL = "https://hooks.clinic.example/vigil/canaryUrlTokenABCDEF"
"""Address of the endpoint."""


@dataclass
class FakeReceiver:
    """Receives webhooks. A wrong signature is answered with 401, a known id is counted as a repeat.

    `is_signed` is False for a Workflow of Teams, which has its secret in the address.
    """

    secret: str = SIGNING_SECRET
    is_signed: bool = True
    received: dict[str, Any] = field(default_factory=dict)
    cards: list[Any] = field(default_factory=list)
    repeats: int = 0

    def answer(self, request: VendorRequest) -> VendorAnswer:
        """Return 204 for a new or known webhook, 401 for a wrong signature."""
        body = request.document()
        if request.method != "POST" or body is None or len(request.body) > 20_000:
            return text_answer(400, "malformed")
        if not self.is_signed:
            self.cards.append(body)
            return VendorAnswer(202)
        message_id = request.headers.get("webhook-id", "")
        signed = f"{message_id}.{request.headers.get('webhook-timestamp', '')}.".encode() + request.body
        if signature(self.secret, signed) not in request.headers.get("webhook-signature", "").split(" "):
            return text_answer(401, "wrong signature")
        self.repeats += message_id in self.received
        self.received[message_id] = body
        return VendorAnswer(204)


def signature(secret: str, signed: bytes) -> str:
    """Return the signature of a webhook under a secret in the form `whsec_<base64>`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
