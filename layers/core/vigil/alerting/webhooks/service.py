"""Webhooks of a tenant: create, list, change, delete, rotate the secret, and send a test."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime

from vigil.alerting.webhooks.deliveries_model import PublishedEvent, WebhookDelivery, create_delivery
from vigil.alerting.webhooks.model import (
    MAX_WEBHOOKS,
    Webhook,
    WebhookChange,
    WebhookKind,
    WebhookSecret,
    create_test_event,
)
from vigil.alerting.webhooks.ports import (
    DeliveryQueue,
    DestinationRules,
    SecretSealer,
    WebhookDeliveryStore,
    WebhookStore,
)
from vigil.errors import Conflict, NotFound
from vigil.kernel.time import format_timestamp
from vigil.outbound.webhook_signatures import create_secret
from vigil.runtime.retries import TryAgain, retry

_TRIES = 5
_HINT_CHARACTERS = 4


class Webhooks:
    """The webhooks of all tenants. A secret is returned only when it is created. Every method raises Unavailable."""

    def __init__(
        self,
        webhooks: WebhookStore,
        deliveries: WebhookDeliveryStore,
        queue: DeliveryQueue,
        sealer: SecretSealer,
        check_url: DestinationRules,
        clock: Callable[[], datetime],
    ) -> None:
        self._webhooks = webhooks
        self._deliveries = deliveries
        self._queue = queue
        self._sealer = sealer
        self._check_url = check_url
        self._clock = clock

    def create(self, tenant_id: str, url: str, kinds: Sequence[WebhookKind], label: str) -> tuple[Webhook, str]:
        """Store a new webhook and return it with its secret as text.

        Raises InvalidInput, and Conflict if the tenant has MAX_WEBHOOKS.
        """
        self._check(WebhookChange(url, tuple(kinds), label))
        webhook_id = f"whk_{uuid.uuid4().hex}"
        secret, text = self._create_secret(tenant_id, webhook_id)
        now = format_timestamp(self._clock())
        webhook = Webhook(tenant_id, webhook_id, url, tuple(kinds), label, True, (secret,), now)
        if not self._webhooks.create(tenant_id, webhook, MAX_WEBHOOKS):
            raise Conflict(f"The tenant has {MAX_WEBHOOKS} webhooks, which is the maximum; delete one first.")
        return webhook, text

    def get(self, tenant_id: str, webhook_id: str) -> Webhook:
        """Return a webhook. Raises NotFound."""
        if (webhook := self._webhooks.get(tenant_id, webhook_id)) is None:
            raise NotFound("There is no such webhook. GET /v1/webhooks lists all.")
        return webhook

    def list_all(self, tenant_id: str) -> Sequence[Webhook]:
        """Return the webhooks of a tenant, oldest first."""
        return self._webhooks.list_all(tenant_id)

    def change(self, tenant_id: str, webhook_id: str, change: WebhookChange) -> Webhook:
        """Change the given fields and return the webhook.

        Raises InvalidInput, NotFound, and Conflict after five lost races.
        """
        self._check(change)
        return self._update(tenant_id, webhook_id, lambda webhook: webhook.change(change))

    def delete(self, tenant_id: str, webhook_id: str) -> None:
        """Delete a webhook. Its pending deliveries get no further attempt.

        A webhook that does not exist is no error.
        """
        self._webhooks.delete(tenant_id, webhook_id)

    def rotate(self, tenant_id: str, webhook_id: str) -> tuple[Webhook, str]:
        """Replace the secret and return the webhook with the new secret as text. Only the last two secrets sign.

        The former one signs for SECRET_OVERLAP more; an earlier one stops at once. Raises NotFound, and Conflict after
        five lost races.
        """
        self.get(tenant_id, webhook_id)
        secret, text = self._create_secret(tenant_id, webhook_id)
        webhook = self._update(tenant_id, webhook_id, lambda before: before.rotate(secret, self._clock()))
        return webhook, text

    def test(self, tenant_id: str, webhook_id: str) -> WebhookDelivery:
        """Send an event of the kind `webhooks.tested` to a webhook and return its pending delivery.

        Raises NotFound, and Conflict for a disabled webhook.
        """
        if not self.get(tenant_id, webhook_id).enabled:
            raise Conflict("The webhook is disabled; enable it first.")
        now = self._clock()
        at = format_timestamp(now)
        sent = create_test_event(tenant_id, webhook_id, uuid.uuid4().hex, at)
        event = PublishedEvent(tenant_id, sent.event_id, sent.kind, at, sent.detail)
        delivery = create_delivery(webhook_id, event, now)
        self._deliveries.create(tenant_id, delivery)
        self._queue.send([delivery])
        return delivery

    def _check(self, change: WebhookChange) -> None:
        change.check()
        if change.url is not None:
            self._check_url(change.url)

    def _create_secret(self, tenant_id: str, webhook_id: str) -> tuple[WebhookSecret, str]:
        text = create_secret()
        return WebhookSecret(self._sealer.seal(tenant_id, webhook_id, text), text[-_HINT_CHARACTERS:]), text

    def _update(self, tenant_id: str, webhook_id: str, change: Callable[[Webhook], Webhook]) -> Webhook:
        def attempt() -> Webhook:
            changed = change(self.get(tenant_id, webhook_id))
            if self._webhooks.write(tenant_id, changed):
                return changed
            raise TryAgain

        error = Conflict("The webhook is being changed by another request; try again.")
        return retry(attempt, attempts=_TRIES, error=error)
