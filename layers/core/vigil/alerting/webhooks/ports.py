"""Ports of webhooks: their stores, the queue, the way out, circuits, sealed secrets, usage and the event bus."""

from collections.abc import Callable, Sequence
from typing import Protocol

from vigil.alerting.webhooks.deliveries_model import DeliveryPage, DeliveryState, WebhookDelivery
from vigil.alerting.webhooks.model import Webhook
from vigil.outbound.requests import OutboundAnswer, OutboundRequest


class WebhookStore(Protocol):
    """Stored webhooks of all tenants."""

    def create(self, tenant_id: str, webhook: Webhook, limit: int) -> bool:
        """Store a new webhook. Return False if the tenant has as many webhooks as the limit."""
        ...

    def get(self, tenant_id: str, webhook_id: str) -> Webhook | None:
        """Return a webhook, read consistently, or None."""
        ...

    def list_all(self, tenant_id: str) -> Sequence[Webhook]:
        """Return the webhooks of a tenant by age, read consistently."""
        ...

    def write(self, tenant_id: str, webhook: Webhook) -> bool:
        """Write a webhook over its previous version. Return False if another version is stored."""
        ...

    def delete(self, tenant_id: str, webhook_id: str) -> bool:
        """Delete a webhook. Return False if it does not exist."""
        ...

    def due(self, now: str, limit: int) -> Sequence[Webhook]:
        """Return disabled webhooks of all tenants that were not notified. Very recent changes can be missing."""
        ...


class WebhookDeliveryStore(Protocol):
    """Stored deliveries of all tenants."""

    def create(self, tenant_id: str, delivery: WebhookDelivery) -> bool:
        """Store a new delivery. Return False if it exists."""
        ...

    def get(self, tenant_id: str, webhook_id: str, delivery_id: str) -> WebhookDelivery | None:
        """Return a delivery, read consistently, or None."""
        ...

    def write(self, tenant_id: str, delivery: WebhookDelivery) -> bool:
        """Write a delivery over its previous version. Return False if another version is stored."""
        ...

    def page(
        self, tenant_id: str, webhook_id: str, state: DeliveryState | None, after: dict[str, str] | None, limit: int
    ) -> DeliveryPage:
        """Return a page of a webhook's deliveries, latest first. A filter can make it shorter than the limit."""
        ...

    def failed_since(self, tenant_id: str, webhook_id: str, since: str, limit: int) -> Sequence[WebhookDelivery]:
        """Return failed deliveries that were created at or after a time, oldest first."""
        ...

    def due(self, shard: int, now: str, limit: int) -> Sequence[WebhookDelivery]:
        """Return due deliveries of all tenants in a shard, the longest overdue first."""
        ...


class DeliveryQueue(Protocol):
    """Queue of deliveries whose attempt is due."""

    def send(self, deliveries: Sequence[WebhookDelivery], delay_seconds: int = 0) -> None:
        """Send a message per delivery, at least once. Raises Unavailable."""
        ...


class WayOut(Protocol):
    """Sender of HTTPS requests to other systems."""

    def send(self, request: OutboundRequest) -> OutboundAnswer:
        """Send a request once and return the answer. Raises NoAnswer."""
        ...


class EndpointCircuits(Protocol):
    """Circuit breakers of the endpoints of tenants."""

    def call(self, circuit: str, tenant_id: str | None, function: Callable[[], OutboundAnswer]) -> OutboundAnswer:
        """Call the function and count a missing answer or a status of 500 or more as a failure.

        Raises CircuitOpen without a call, and NoAnswer.
        """
        ...


class UnreadableSecret(Exception):
    """The sealed secret belongs to another key, tenant or webhook."""


class SecretSealer(Protocol):
    """Encryption of secrets for one tenant and one webhook."""

    def seal(self, tenant_id: str, webhook_id: str, secret: str) -> bytes:
        """Return the encrypted secret. Raises Unavailable if the key is not available."""
        ...

    def open(self, tenant_id: str, webhook_id: str, sealed: bytes) -> str:
        """Return the secret. Raises UnreadableSecret, and Unavailable if the key is not available."""
        ...


class DestinationRules(Protocol):
    """Rules for addresses that tenants name."""

    def __call__(self, url: str, /) -> None:
        """Check an address without a connection. Raises InvalidInput with the field `url`."""
        ...
