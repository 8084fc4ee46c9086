"""One signed request to an endpoint, through its circuit, and the judgement of its answer."""

from collections.abc import Callable
from datetime import datetime
from time import monotonic

from vigil.alerting.channels.masking_model import mask_text
from vigil.alerting.webhooks.deliveries_model import MAX_ANSWER, DeliveryAttempt, WebhookDelivery
from vigil.alerting.webhooks.model import Webhook
from vigil.alerting.webhooks.ports import EndpointCircuits, SecretSealer, UnreadableSecret, WayOut
from vigil.kernel.time import format_timestamp
from vigil.outbound.requests import NoAnswer, OutboundAnswer, OutboundRequest
from vigil.outbound.webhook_signatures import signed_headers

_USER_AGENT = "Vigil-Webhooks/1"


class DeliverySender:
    """Sends deliveries to the endpoints of all webhooks. It follows no redirect."""

    def __init__(
        self, sealer: SecretSealer, way_out: WayOut, circuits: EndpointCircuits, clock: Callable[[], datetime]
    ) -> None:
        self._sealer = sealer
        self._way_out = way_out
        self._circuits = circuits
        self._clock = clock

    def send(self, webhook: Webhook, delivery: WebhookDelivery) -> tuple[DeliveryAttempt, str]:
        """Send a delivery once; return the attempt, and the masked start of the answer, which is empty without one.

        No answer and a secret that cannot be decrypted are failed attempts, not errors. Raises CircuitOpen if the
        circuit of the endpoint is open, and Unavailable if the key of the secret is not available. No request is then
        sent.
        """
        at, started = format_timestamp(self._clock()), monotonic()
        try:
            request = self._request(webhook, delivery)
            answer = self._circuits.call(webhook.circuit, webhook.tenant_id, lambda: self._way_out.send(request))
        except UnreadableSecret:
            return DeliveryAttempt(at, None, "secret", 0), ""
        except NoAnswer as error:
            return DeliveryAttempt(at, None, error.cause, _since(started)), ""
        return _judge(answer, at, _since(started))

    def _request(self, webhook: Webhook, delivery: WebhookDelivery) -> OutboundRequest:
        now = self._clock()
        secrets = [
            self._sealer.open(webhook.tenant_id, webhook.webhook_id, secret.sealed)
            for secret in webhook.valid_secrets(now)
        ]
        signed = signed_headers(secrets, delivery.delivery_id, int(now.timestamp()), delivery.payload)
        headers = {"content-type": "application/json", "user-agent": _USER_AGENT, **signed}
        return OutboundRequest(webhook.url, delivery.payload, headers)


def _judge(answer: OutboundAnswer, at: str, milliseconds: int) -> tuple[DeliveryAttempt, str]:
    attempt = DeliveryAttempt(at, answer.status, "", milliseconds)
    if not attempt.is_success:
        attempt = DeliveryAttempt(at, answer.status, "status", milliseconds)
    return attempt, mask_text(answer.body.decode(errors="replace"), MAX_ANSWER)


def _since(started: float) -> int:
    return int((monotonic() - started) * 1e3)
