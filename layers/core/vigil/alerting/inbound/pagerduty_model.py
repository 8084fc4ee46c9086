"""Reports of PagerDuty: its webhooks of version 3. Source: https://developer.pagerduty.com/docs/webhooks-overview."""

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from vigil.alerting.inbound.model import SEEN_FOR, Action, Report, actor
from vigil.errors import MalformedRequest
from vigil.kernel.json_documents import loads

SIGNATURE_HEADER = "x-pagerduty-signature"
_ACTIONS: Mapping[str, Action] = {"incident.acknowledged": "acknowledge", "incident.resolved": "resolve"}
_OWN_AGENT = "inbound_integration_reference"
"""End of the type of an agent that is an integration. Its events are those that Vigil itself has sent."""
_SIGNATURE = re.compile(r"v1=([0-9a-f]{64})")
_MAX_SIGNATURES = 8
_REPORT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAX_KEY = 255


class PagerDutyReader:
    """Format of PagerDuty's webhooks, for all channels.

    A webhook may have several signatures while its secret rotates; signatures of other versions are ignored.
    """

    def is_signed(self, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> bool:  # noqa: ARG002 - the webhook has no signed time
        """Return True if one of the secrets signed the body. The signature has no time limit."""
        parts = headers.get(SIGNATURE_HEADER, "").split(",", _MAX_SIGNATURES)[:_MAX_SIGNATURES]
        sent = [match[1] for part in parts if (match := _SIGNATURE.fullmatch(part.strip()))]
        own = [hmac.digest(secret.encode(), body, "sha256").hex() for secret in secrets]
        return any([hmac.compare_digest(one, other) for one in sent for other in own])  # noqa: C419 - in constant time

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Report | None:  # noqa: ARG002 - the body has all
        """Return the acknowledgement or resolution of an incident, or None if it must not change an alert.

        None stands for another kind of event, an unreadable one, one older than SEEN_FOR, and the echo of an event that
        Vigil itself sent. Such an echo could end an alert that fired again meanwhile.
        """
        try:
            event: Any = loads(body)["event"]
            action, data = _ACTIONS[event["event_type"]], event["data"]
            report_id, key = event["id"], data["incident_key"]
            occurred_at = datetime.fromisoformat(event["occurred_at"])
            age = now - occurred_at
        except (KeyError, TypeError, ValueError, MalformedRequest):
            return None
        is_text = isinstance(report_id, str) and isinstance(key, str)
        if not is_text or not _REPORT_ID.fullmatch(report_id) or len(key) > _MAX_KEY or age > SEEN_FOR:
            return None
        agent = found if isinstance(found := event.get("agent"), dict) else {}
        if str(agent.get("type")).endswith(_OWN_AGENT):
            return None
        person = agent.get("id")
        return Report(report_id, action, key, actor("pagerduty", person), occurred_at)
