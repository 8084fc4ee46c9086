"""Sender of notices to endpoints of tenants, signed by the Standard Webhooks specification."""

from vigil.alerting.alerts.model import Receipt
from vigil.alerting.channels.exchanges import Exchange, refusal
from vigil.alerting.channels.model import Channel, NoticeContent, Outcome, Sent
from vigil.alerting.channels.ports import Unseal
from vigil.alerting.channels.webhook_model import message_id, to_card, to_event
from vigil.outbound.requests import OutboundAnswer, OutboundRequest
from vigil.outbound.webhook_signatures import signed_headers

_GONE = (410,)
"""Statuses of an endpoint that will never exist again."""


class WebhookSender:
    """One sender for all webhook channels; each endpoint has a circuit of its own.

    A repeated notice has the same `webhook-id`, by which the endpoint recognises it.
    """

    def __init__(self, exchange: Exchange, unseal: Unseal) -> None:
        self._exchange = exchange
        self._unseal = unseal

    def send(self, channel: Channel, content: NoticeContent) -> Outcome:
        """Send a notice once and return the outcome. Only the format `vigil` is signed.

        The body is Vigil's event, or an Adaptive Card for the format `teams`. Raises UnreadableSecrets and Unavailable.
        """
        secrets = self._unseal.open(channel)
        url = secrets["url"]
        body = to_card(content) if channel.options.get("format") == "teams" else to_event(content)
        headers = {"content-type": "application/json"}
        if "signing_secret" in secrets:
            keys = [secrets["signing_secret"]]
            headers |= signed_headers(keys, message_id(content), int(content.at.timestamp()), body)
        masked = tuple(secrets.values())
        answer = self._exchange.send(channel, "The endpoint", None, OutboundRequest(url, body, headers), masked)
        if not isinstance(answer, OutboundAnswer):
            return answer
        if not 200 <= answer.status < 300:
            return refusal("The endpoint", answer, masked, _GONE)
        return Sent(Receipt(vendor_id=message_id(content)), meter="webhooks")
