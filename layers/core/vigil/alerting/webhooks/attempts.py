"""Attempts: a claim, one request to the endpoint, and the record of its result.

A crash between request and record repeats the request after the claim ends, with the same `webhook-id`. Every other
repetition of a message finds the delivery claimed, done, or not due. The record of a success contains the usage to
report. So a queue of usage that does not respond repeats the report and never the request.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from vigil.alerting.channels.model import usage_event
from vigil.alerting.channels.ports import UsageReports
from vigil.alerting.webhooks.deliveries_model import PAUSES, DeliveryAttempt, FailureReason, WebhookDelivery
from vigil.alerting.webhooks.endpoints import EndpointHealth
from vigil.alerting.webhooks.model import Webhook
from vigil.alerting.webhooks.ports import (
    DeliveryQueue,
    WebhookDeliveryStore,
    WebhookStore,
)
from vigil.alerting.webhooks.sender import DeliverySender
from vigil.errors import CircuitOpen, Unavailable

USAGE_SOURCE = "/webhooks"
"""Source of the usage events of deliveries."""
_MIN_PAUSE = timedelta(seconds=30)
"""Minimum pause after an attempt that an open circuit refused."""
_MAX_QUEUE_DELAY = timedelta(seconds=30)
"""Maximum pause for which a delayed message is sent. After longer pauses, the sweep sends it."""


class DeliveryAttempts:
    """Sends due deliveries of all tenants to their endpoints."""

    def __init__(
        self,
        webhooks: WebhookStore,
        deliveries: WebhookDeliveryStore,
        queue: DeliveryQueue,
        sender: DeliverySender,
        usage: UsageReports,
        health: EndpointHealth,
        clock: Callable[[], datetime],
    ) -> None:
        self._webhooks = webhooks
        self._deliveries = deliveries
        self._queue = queue
        self._sender = sender
        self._usage = usage
        self._health = health
        self._clock = clock

    def attempt(self, tenant_id: str, webhook_id: str, delivery_id: str) -> None:
        """Send a delivery once if its attempt is due, and record the result; safe to repeat.

        A missing delivery, and one that is claimed, done or not due, is not changed. Its usage is reported, if an
        earlier attempt left that. A failure of the endpoint is a result, not an error. Raises Unavailable if a store,
        the queue or the secret is not available; a sweep then repeats the attempt or the report.
        """
        delivery = self._deliveries.get(tenant_id, webhook_id, delivery_id)
        if delivery is not None and delivery.unreported_since:
            delivery = self._report_usage(delivery)
        if delivery is None or not delivery.is_ready(self._clock()):
            return
        claimed = delivery.claim(self._clock())
        if not self._deliveries.write(tenant_id, claimed):
            return
        webhook = self._webhooks.get(tenant_id, webhook_id)
        if webhook is None or not webhook.enabled:
            reason: FailureReason = "endpoint_disabled" if webhook else "endpoint_deleted"
            self._deliveries.write(tenant_id, claimed.give_up(reason, self._clock()))
            return
        self._send(webhook, claimed)

    def _send(self, webhook: Webhook, delivery: WebhookDelivery) -> None:
        try:
            attempt, answer = self._sender.send(webhook, delivery)
        except CircuitOpen as error:
            pause = max(timedelta(seconds=error.retry_after), _MIN_PAUSE)
            postponed = delivery.postpone(pause, self._clock())
            self._deliveries.write(webhook.tenant_id, postponed)
            if postponed.state == "failed":
                self._health.record_failure(webhook, is_last=True)
            return
        self._record(webhook, delivery, attempt, answer)

    def _record(self, webhook: Webhook, delivery: WebhookDelivery, attempt: DeliveryAttempt, answer: str) -> None:
        recorded = delivery.record(attempt, answer, self._clock())
        is_recorded = self._deliveries.write(webhook.tenant_id, recorded)
        if attempt.is_success:
            self._health.record_success(webhook)
        elif attempt.reason != "secret":  # a fault of Vigil's own key says nothing about the endpoint
            self._health.record_failure(webhook, is_last=recorded.state == "failed")
        if is_recorded and recorded.unreported_since:
            self._report_usage(recorded)
        if recorded.state == "pending" and (pause := PAUSES[recorded.tries]) <= _MAX_QUEUE_DELAY:
            self._queue.send([recorded], int(pause.total_seconds()))

    def _report_usage(self, delivery: WebhookDelivery) -> WebhookDelivery | None:
        """Report the usage of a success and return the marked delivery, or None if a sweep has to repeat the report.

        An absent queue raises no error: the message would be received again beside those of the sweep. The id of the
        delivery counts once, so that a repetition is harmless.
        """
        at = delivery.unreported_since or ""
        with suppress(Unavailable):
            self._usage.report(delivery.tenant_id, usage_event(USAGE_SOURCE, delivery.delivery_id, at, "webhooks"))
            marked = delivery.mark_reported()
            return marked if self._deliveries.write(delivery.tenant_id, marked) else None
        return None
