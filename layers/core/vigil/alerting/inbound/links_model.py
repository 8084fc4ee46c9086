"""Signed links with which a person acts on an alert without a key.

A token is `<tenant>.<fingerprint>-<number>.<action>.<channel>.<expiry>.<signature>`: ids and a time, without data of
persons. The signature covers all other parts, so that a token has one meaning.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vigil.alerting.alerts.model import ALERT_PREFIX
from vigil.alerting.inbound.model import Action

LIFE = timedelta(days=7)
"""Time from the creation of a link to its expiry."""
MAX_TOKEN_CHARACTERS = 256
_SALT = b"vigil alerting links 1"
_TOKEN = re.compile(
    r"((_operators|[a-z][a-z0-9-]{2,31})\.([0-9a-f]{24}-[1-9][0-9]{0,8})\.(acknowledge|resolve)"
    r"\.([a-z0-9:_-]{1,60})\.([0-9]{1,12}))\.([A-Za-z0-9_-]{43})"
)


@dataclass(frozen=True, slots=True)
class AlertLink:
    """One action on one alert of a tenant. `channel` is the channel or member (`member:<id>`) that received the link.

    `expires_at` is in seconds since 1970.
    """

    tenant_id: str
    alert_id: str
    action: Action
    channel: str
    expires_at: int

    @property
    def content(self) -> str:
        """The signed part of the token, which is all of it but the signature."""
        alert = self.alert_id.removeprefix(ALERT_PREFIX)
        return f"{self.tenant_id}.{alert}.{self.action}.{self.channel}.{self.expires_at}"


def sign_link(link: AlertLink, secret: bytes) -> str:
    """Return the token of a link. Raises ValueError for an id with characters or a length that tokens do not allow."""
    token = f"{link.content}.{_signature(link.content, secret)}"
    if not _TOKEN.fullmatch(token):
        raise ValueError("a part of the link has characters or a length that tokens do not allow")
    return token


def verify_link(token: str, secrets: Sequence[bytes], now: datetime) -> AlertLink | None:
    """Return the link of a token that one of the secrets signed and that has not expired. None for all other texts."""
    match = _TOKEN.fullmatch(token) if len(token) <= MAX_TOKEN_CHARACTERS else None
    if match is None:
        return None
    content, tenant_id, alert, action, channel, expiry, signature = match.groups()
    is_signed = any([hmac.compare_digest(_signature(content, secret), signature) for secret in secrets])  # noqa: C419 - in constant time
    if not is_signed or now.timestamp() >= int(expiry):
        return None
    return AlertLink(
        tenant_id, f"{ALERT_PREFIX}{alert}", "resolve" if action == "resolve" else "acknowledge", channel, int(expiry)
    )


def _signature(content: str, secret: bytes) -> str:
    key = hmac.digest(secret, _SALT, "sha256")
    return urlsafe_b64encode(hmac.digest(key, content.encode(), "sha256")).decode().rstrip("=")
