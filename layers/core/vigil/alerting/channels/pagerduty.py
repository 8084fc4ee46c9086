"""Sender of notices to PagerDuty."""

import json
from collections.abc import Mapping
from typing import Any

from vigil.alerting.alerts.model import Receipt
from vigil.alerting.channels import pagerduty_model as events
from vigil.alerting.channels.exchanges import Exchange, document, refusal
from vigil.alerting.channels.model import Channel, NoticeContent, Outcome, Sent
from vigil.alerting.channels.ports import Unseal
from vigil.outbound.requests import OutboundAnswer, OutboundRequest

_BASES: Mapping[str, str] = {"us": "https://events.pagerduty.com", "eu": "https://events.eu.pagerduty.com"}


class PagerDutySender:
    """One sender for all PagerDuty channels; each channel has its own routing key.

    Every notice of an episode has the key of the same incident. A repeated notice therefore opens no second incident.
    Digests and the news of deployments open no incident.
    """

    def __init__(self, exchange: Exchange, unseal: Unseal) -> None:
        self._exchange = exchange
        self._unseal = unseal

    def send(self, channel: Channel, content: NoticeContent) -> Outcome:
        """Send the event of a notice once and return the outcome.

        Digests and the news of deployments are change events, which open no incident. An acknowledgement or resolution
        of such news is Sent without a request. Raises UnreadableSecrets and Unavailable.
        """
        secrets = self._unseal.open(channel)
        routing_key = secrets["routing_key"]
        masked = tuple(secrets.values())
        if not events.is_change(content):
            return self._send(channel, "/v2/enqueue", events.to_event(content, routing_key), masked)
        if content.notice.action in {"trigger", "digest"}:
            return self._send(channel, "/v2/change/enqueue", events.to_change(content, routing_key), masked)
        return Sent(Receipt())  # the vendor has no incident of a change event, so that nothing is left to end

    def _send(self, channel: Channel, path: str, event: dict[str, Any], masked: tuple[str, ...]) -> Outcome:
        base = channel.options.get("base_url") or _BASES[channel.options.get("region", "us")]
        body = json.dumps(event, ensure_ascii=False).encode()
        request = OutboundRequest(base + path, body, {"content-type": "application/json"})
        answer = self._exchange.send(channel, "PagerDuty", "pagerduty", request, masked)
        if not isinstance(answer, OutboundAnswer):
            return answer
        if answer.status != 202:
            return refusal("PagerDuty", answer, masked)
        return Sent(Receipt(vendor_id=str(document(answer.body).get("dedup_key", event.get("dedup_key", "")))))
