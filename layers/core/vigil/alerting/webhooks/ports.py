"""Ports of webhooks: their stores, the queue, HTTPS requests, circuits, sealed secrets, usage and the event bus."""

from collections.abc import Callable, Sequence
from typing import Protocol

from vigil.alerting.webhooks.deliveries_model import DeliveryPage, DeliveryState, WebhookDelivery
from vigil.alerting.webhooks.model import Webhook
from vigil.outbound.requests import OutboundAnswer, OutboundRequest


class WebhookStore(Protocol):
    """Stored webhooks of all tenants. Every method raises Unavailable."""

    def create(self, tenant_id: str, webhook: Webhook, limit: int) -> bool:
        """Store a new webhook and return True.

        Return False and store nothing if the tenant has `limit` webhooks already.
        """
        ...

    def get(self, tenant_id: str, webhook_id: str) -> Webhook | None:
        """Return a webhook, read consistently, or None if it does not exist."""
        ...

    def list_all(self, tenant_id: str) -> Sequence[Webhook]:
        """Return the webhooks of a tenant, oldest first, read consistently."""
        ...

    def write(self, tenant_id: str, webhook: Webhook) -> bool:
        """Store a webhook in place of the version before its own and return True.

        Return False and store nothing if another version is stored, or none.
        """
        ...

    def delete(self, tenant_id: str, webhook_id: str) -> bool:
        """Delete a webhook and return True. Return False if it does not exist."""
        ...

    def due(self, now: str, limit: int) -> Sequence[Webhook]:
        """Return disabled webhooks, of all tenants, whose tenant was not notified, the longest overdue first.

        They are at most `limit`. `now` is a timestamp. Changes of the last second can be missing.
        """
        ...


class WebhookDeliveryStore(Protocol):
    """Stored deliveries of all tenants. Every method raises Unavailable."""

    def create(self, tenant_id: str, delivery: WebhookDelivery) -> bool:
        """Store a new delivery and return True. Return False and change nothing if it exists."""
        ...

    def get(self, tenant_id: str, webhook_id: str, delivery_id: str) -> WebhookDelivery | None:
        """Return a delivery, read consistently, or None if it does not exist."""
        ...

    def write(self, tenant_id: str, delivery: WebhookDelivery) -> bool:
        """Store a delivery in place of the version before its own and return True.

        Return False and store nothing if another version is stored, or none.
        """
        ...

    def page(
        self, tenant_id: str, webhook_id: str, state: DeliveryState | None, after: dict[str, str] | None, limit: int
    ) -> DeliveryPage:
        """Return a page of a webhook's deliveries, latest first, from the position `after` or from the start for None.

        `state` None selects all states. A filter can make it shorter than `limit`; only `next` shows if more pages
        follow.
        """
        ...

    def failed_since(self, tenant_id: str, webhook_id: str, since: str, limit: int) -> Sequence[WebhookDelivery]:
        """Return the failed deliveries created at or after a timestamp, oldest first, at most `limit`.

        Changes of the last second can be missing.
        """
        ...

    def due(self, shard: int, now: str, limit: int) -> Sequence[WebhookDelivery]:
        """Return the due deliveries of a shard, of all tenants, the longest overdue first, at most `limit`.

        A delivery is due if its `due_at` is not after the timestamp `now`. Changes of the last second can be missing.
        """
        ...


class DeliveryQueue(Protocol):
    """Queue of deliveries whose attempt is due."""

    def send(self, deliveries: Sequence[WebhookDelivery], delay_seconds: int = 0) -> None:
        """Send a message per delivery, at least once, so that it is received after a delay of at most 900 s.

        Raises Unavailable.
        """
        ...


class WayOut(Protocol):
    """Sender of HTTPS requests to other systems."""

    def send(self, request: OutboundRequest) -> OutboundAnswer:
        """Send a request once and return the answer of any status. Raises NoAnswer if there is none."""
        ...


class EndpointCircuits(Protocol):
    """Circuit breakers of the endpoints of tenants."""

    def call(self, circuit: str, tenant_id: str | None, function: Callable[[], OutboundAnswer]) -> OutboundAnswer:
        """Call the function, record its result under a circuit of the tenant, and return the result.

        NoAnswer and a status of 500 or more count as failures. Raises CircuitOpen if the circuit is open, without a
        call, and all errors of the function.
        """
        ...


class UnreadableSecret(Exception):
    """The sealed secret of a webhook cannot be decrypted: it belongs to another key, tenant or webhook."""


class SecretSealer(Protocol):
    """Encryption of the secrets of all webhooks. A sealed secret opens only for its own tenant and webhook."""

    def seal(self, tenant_id: str, webhook_id: str, secret: str) -> bytes:
        """Return the encrypted secret. Raises Unavailable if the key is not available."""
        ...

    def open(self, tenant_id: str, webhook_id: str, sealed: bytes) -> str:
        """Return the secret. Raises UnreadableSecret, and Unavailable if the key is not available."""
        ...


class DestinationRules(Protocol):
    """Function that checks the addresses that tenants name."""

    def __call__(self, url: str, /) -> None:
        """Check the text of an address, without a connection or look-up. Return if it is allowed.

        Otherwise it raises InvalidInput with the field `url`.
        """
        ...
