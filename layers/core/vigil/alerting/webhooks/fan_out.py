"""Fan-out of events: one stored delivery per event and webhook, and a message for its first attempt."""

from collections.abc import Callable
from datetime import datetime

from vigil.alerting.webhooks.deliveries_model import PublishedEvent, create_delivery
from vigil.alerting.webhooks.ports import DeliveryQueue, WebhookDeliveryStore, WebhookStore


class EventFanOut:
    """Creates the deliveries of events for all tenants."""

    def __init__(
        self,
        webhooks: WebhookStore,
        deliveries: WebhookDeliveryStore,
        queue: DeliveryQueue,
        clock: Callable[[], datetime],
    ) -> None:
        self._webhooks = webhooks
        self._deliveries = deliveries
        self._queue = queue
        self._clock = clock

    def create_deliveries(self, event: PublishedEvent) -> int:
        """Create the delivery of an event for each webhook that accepts it, and return the number of new ones.

        A repeated event creates no further delivery. A delivery is stored as due before its message is sent. After a
        crash, a sweep sends the missing messages. Raises Unavailable.
        """
        webhooks = [hook for hook in self._webhooks.list_all(event.tenant_id) if hook.accepts(event.kind)]
        deliveries = [create_delivery(hook.webhook_id, event, self._clock()) for hook in webhooks]
        created = [each for each in deliveries if self._deliveries.create(event.tenant_id, each)]
        if created:
            self._queue.send(created)
        return len(created)
