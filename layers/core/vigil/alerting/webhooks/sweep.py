"""The sweep of due deliveries: it sends a message per due attempt, and makes no request to an endpoint itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from vigil.alerting.webhooks.deliveries_model import SHARDS
from vigil.alerting.webhooks.endpoints import EndpointHealth
from vigil.alerting.webhooks.ports import DeliveryQueue, WebhookDeliveryStore, WebhookStore
from vigil.errors import Unavailable
from vigil.kernel.time import format_timestamp

_AT_ONCE = 100
"""Maximum deliveries of one read."""
_MIN_SECONDS = 5.0
"""Minimum remaining time of a run for another read, in seconds."""


@dataclass(frozen=True, slots=True)
class WebhookSweepResult:
    """Numbers of a run.

    `sent`: deliveries for which a message was sent. `notified`: disabled webhooks whose tenant was notified. `failed`:
    steps that the next run repeats.
    """

    sent: int
    notified: int
    failed: int


class WebhookSweep:
    """Sends messages for the due deliveries of all tenants.

    Concurrent runs share the work: after its message, a delivery is not due for QUEUE_TIME.
    """

    def __init__(
        self,
        webhooks: WebhookStore,
        deliveries: WebhookDeliveryStore,
        queue: DeliveryQueue,
        health: EndpointHealth,
        clock: Callable[[], datetime],
    ) -> None:
        self._webhooks = webhooks
        self._deliveries = deliveries
        self._queue = queue
        self._health = health
        self._clock = clock

    def run(self, remaining: Callable[[], float]) -> WebhookSweepResult:
        """Process all due deliveries while there is time, then notify tenants of disabled endpoints.

        `remaining` returns the seconds that are left. The shards take turns, so that the backlog of one endpoint delays
        the others by one read. A step that raises Unavailable counts as failed, and the run continues.
        """
        sent = failed = 0
        shards = set(range(SHARDS))
        while shards:
            for shard in sorted(shards):
                if remaining() < _MIN_SECONDS:
                    return WebhookSweepResult(sent, *self._notify(failed))
                try:
                    found = self._hand_over(shard)
                except Unavailable:
                    failed, found = failed + 1, 0
                sent += found
                if not found:
                    shards.discard(shard)
        return WebhookSweepResult(sent, *self._notify(failed))

    def _hand_over(self, shard: int) -> int:
        """Send the due deliveries of one read and return the number of those that left the index.

        A message is sent before its delivery is marked: a crash in between sends it twice, and a worker ignores one.
        """
        now = self._clock()
        due = self._deliveries.due(shard, format_timestamp(now), _AT_ONCE)
        if due:
            self._queue.send(due)
        return sum(self._deliveries.write(delivery.tenant_id, delivery.hand_over(now)) for delivery in due)

    def _notify(self, failed: int) -> tuple[int, int]:
        """Notify the tenants of disabled endpoints; return the numbers of notified tenants and of failed steps."""
        notified = 0
        try:
            for webhook in self._webhooks.due(format_timestamp(self._clock()), _AT_ONCE):
                self._health.notify(webhook)
                notified += 1
        except Unavailable:
            failed += 1
        return notified, failed
