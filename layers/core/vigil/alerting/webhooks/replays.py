"""The history of a webhook's deliveries, and their replays."""

from collections.abc import Callable
from datetime import datetime

from vigil.alerting.webhooks.deliveries_model import DeliveryPage, DeliveryState, WebhookDelivery
from vigil.alerting.webhooks.model import Webhook
from vigil.alerting.webhooks.ports import DeliveryQueue, WebhookDeliveryStore, WebhookStore
from vigil.errors import Conflict, NotFound
from vigil.kernel.time import format_timestamp

MAX_REPLAYED = 100
"""Maximum deliveries that one call of `replay_since` replays."""


class DeliveryHistory:
    """Lists and replays the deliveries of all tenants' webhooks. Every method raises Unavailable."""

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

    def page(
        self, tenant_id: str, webhook_id: str, state: DeliveryState | None, after: dict[str, str] | None, limit: int
    ) -> DeliveryPage:
        """Return a page of a webhook's deliveries, latest first, from the position `after` or from the start for None.

        `state` None selects all states. A filter can make the page shorter than `limit`; only `next` shows if more
        pages follow. Raises NotFound for an unknown webhook.
        """
        self._webhook(tenant_id, webhook_id)
        return self._deliveries.page(tenant_id, webhook_id, state, after, limit)

    def get(self, tenant_id: str, webhook_id: str, delivery_id: str) -> WebhookDelivery:
        """Return a delivery. Raises NotFound for an unknown webhook or delivery."""
        self._webhook(tenant_id, webhook_id)
        if (delivery := self._deliveries.get(tenant_id, webhook_id, delivery_id)) is None:
            raise NotFound("There is no such delivery; deliveries are stored for 30 days.")
        return delivery

    def replay(self, tenant_id: str, webhook_id: str, delivery_id: str) -> WebhookDelivery:
        """Start the schedule of a delivered or failed delivery again, with the same `webhook-id`, and return it.

        A pending delivery is returned unchanged. Raises NotFound, and Conflict for a disabled webhook.
        """
        delivery = self.get(tenant_id, webhook_id, delivery_id)
        self._check_enabled(tenant_id, webhook_id)
        if delivery.state == "pending":
            return delivery
        replayed = self._restart(delivery)
        return replayed or self.get(tenant_id, webhook_id, delivery_id)

    def replay_since(self, tenant_id: str, webhook_id: str, since: datetime) -> tuple[int, bool]:
        """Replay failed deliveries that were created at or after a time, oldest first.

        Return the number of replayed ones, at most MAX_REPLAYED, and True if more remain for another call. Raises
        NotFound, and Conflict for a disabled webhook.
        """
        self._check_enabled(tenant_id, webhook_id)
        found = self._deliveries.failed_since(tenant_id, webhook_id, format_timestamp(since), MAX_REPLAYED + 1)
        replayed = sum(self._restart(delivery) is not None for delivery in found[:MAX_REPLAYED])
        return replayed, len(found) > MAX_REPLAYED

    def _restart(self, delivery: WebhookDelivery) -> WebhookDelivery | None:
        replayed = delivery.replay(self._clock())
        if not self._deliveries.write(delivery.tenant_id, replayed):
            return None
        self._queue.send([replayed])
        return replayed

    def _check_enabled(self, tenant_id: str, webhook_id: str) -> None:
        if not self._webhook(tenant_id, webhook_id).enabled:
            raise Conflict("The webhook is disabled; enable it first.")

    def _webhook(self, tenant_id: str, webhook_id: str) -> Webhook:
        if (webhook := self._webhooks.get(tenant_id, webhook_id)) is None:
            raise NotFound("There is no such webhook. GET /v1/webhooks lists all.")
        return webhook
