"""Webhooks in memory: stores, a queue with delays, endpoints with scripted answers, and a whole sender of webhooks."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.support.fakes.clock import Clock
from vigil.alerting.webhooks.attempts import DeliveryAttempts
from vigil.alerting.webhooks.deliveries_model import DeliveryPage, DeliveryState, PublishedEvent, WebhookDelivery
from vigil.alerting.webhooks.endpoints import EndpointHealth
from vigil.alerting.webhooks.fan_out import EventFanOut
from vigil.alerting.webhooks.model import Webhook
from vigil.alerting.webhooks.replays import DeliveryHistory
from vigil.alerting.webhooks.sender import DeliverySender
from vigil.alerting.webhooks.service import Webhooks
from vigil.alerting.webhooks.sweep import WebhookSweep
from vigil.errors import CircuitOpen, FieldError, InvalidInput
from vigil.kernel.events import Event
from vigil.outbound.requests import NoAnswer, OutboundAnswer, OutboundRequest

AT = "2026-03-01T12:00:00.000000Z"


def event(number: int = 1, kind: str = "scoring.decision_made", tenant: str = "acme") -> PublishedEvent:
    """Return an event of the bus."""
    event_id = f"dec-{number}.{kind}"
    detail = f'{{"event_id":"{event_id}","event_version":2,"occurred_at":"{AT}","tenant_id":"{tenant}"}}'
    return PublishedEvent(tenant, event_id, kind, AT, detail)


@dataclass
class FakeWebhookStore:
    """Webhooks with version checks."""

    items: dict[tuple[str, str], Webhook] = field(default_factory=dict)

    def create(self, tenant_id: str, webhook: Webhook, limit: int) -> bool:
        key = (tenant_id, webhook.webhook_id)
        if key in self.items or len(self.list_all(tenant_id)) >= limit:
            return False
        self.items[key] = webhook
        return True

    def get(self, tenant_id: str, webhook_id: str) -> Webhook | None:
        return self.items.get((tenant_id, webhook_id))

    def list_all(self, tenant_id: str) -> Sequence[Webhook]:
        mine = (webhook for (tenant, _), webhook in self.items.items() if tenant == tenant_id)
        return sorted(mine, key=lambda webhook: (webhook.created_at, webhook.webhook_id))

    def write(self, tenant_id: str, webhook: Webhook) -> bool:
        key = (tenant_id, webhook.webhook_id)
        if key not in self.items or self.items[key].version != webhook.version - 1:
            return False
        self.items[key] = webhook
        return True

    def delete(self, tenant_id: str, webhook_id: str) -> bool:
        return self.items.pop((tenant_id, webhook_id), None) is not None

    def due(self, now: str, limit: int) -> Sequence[Webhook]:
        return [webhook for webhook in self.items.values() if webhook.due_at and webhook.due_at <= now][:limit]


@dataclass
class FakeDeliveryStore:
    """Deliveries with version checks."""

    items: dict[tuple[str, str, str], WebhookDelivery] = field(default_factory=dict)

    def create(self, tenant_id: str, delivery: WebhookDelivery) -> bool:
        key = (tenant_id, delivery.webhook_id, delivery.delivery_id)
        if key in self.items:
            return False
        self.items[key] = delivery
        return True

    def get(self, tenant_id: str, webhook_id: str, delivery_id: str) -> WebhookDelivery | None:
        return self.items.get((tenant_id, webhook_id, delivery_id))

    def write(self, tenant_id: str, delivery: WebhookDelivery) -> bool:
        key = (tenant_id, delivery.webhook_id, delivery.delivery_id)
        if key not in self.items or self.items[key].version != delivery.version - 1:
            return False
        self.items[key] = delivery
        return True

    def page(
        self, tenant_id: str, webhook_id: str, state: DeliveryState | None, after: dict[str, str] | None, limit: int
    ) -> DeliveryPage:
        mine = sorted(self._of(tenant_id, webhook_id, state), key=_listed_at, reverse=True)
        rest = [delivery for delivery in mine if not after or _listed_at(delivery) < after["list_sk"]]
        more = {"list_sk": _listed_at(rest[limit - 1])} if len(rest) > limit else None
        return DeliveryPage(tuple(rest[:limit]), more)

    def failed_since(self, tenant_id: str, webhook_id: str, since: str, limit: int) -> Sequence[WebhookDelivery]:
        mine = sorted(self._of(tenant_id, webhook_id, "failed"), key=_listed_at)
        return [delivery for delivery in mine if delivery.created_at >= since][:limit]

    def due(self, shard: int, now: str, limit: int) -> Sequence[WebhookDelivery]:
        mine = [each for each in self.items.values() if each.shard == shard and each.due_at and each.due_at <= now]
        return sorted(mine, key=lambda delivery: delivery.due_at or "")[:limit]

    def _of(self, tenant_id: str, webhook_id: str, state: DeliveryState | None) -> list[WebhookDelivery]:
        return [
            delivery
            for (tenant, webhook, _), delivery in self.items.items()
            if (tenant, webhook) == (tenant_id, webhook_id) and state in {None, delivery.state}
        ]


def _listed_at(delivery: WebhookDelivery) -> str:
    return f"{delivery.created_at}#{delivery.delivery_id}"


@dataclass
class FakeDeliveryQueue:
    """Queue whose messages become visible at their time."""

    clock: Clock
    messages: list[tuple[datetime, tuple[str, str, str]]] = field(default_factory=list)

    def send(self, deliveries: Sequence[WebhookDelivery], delay_seconds: int = 0) -> None:
        at = self.clock() + timedelta(seconds=delay_seconds)
        self.messages += [(at, (each.tenant_id, each.webhook_id, each.delivery_id)) for each in deliveries]

    def receive(self) -> tuple[str, str, str] | None:
        """Remove and return the first visible message."""
        for place, (at, names) in enumerate(self.messages):
            if at <= self.clock():
                del self.messages[place]
                return names
        return None


@dataclass
class FakeEndpoints:
    """Endpoints by address. An answer is a status, an OutboundAnswer or an error; the default is 204."""

    clock: Clock
    answers: dict[str, int | OutboundAnswer | NoAnswer] = field(default_factory=dict)
    requests: list[tuple[datetime, OutboundRequest]] = field(default_factory=list)

    def send(self, request: OutboundRequest) -> OutboundAnswer:
        self.requests.append((self.clock(), request))
        answer = self.answers.get(request.url, 204)
        if isinstance(answer, NoAnswer):
            raise answer
        return OutboundAnswer(answer, {}, b"") if isinstance(answer, int) else answer

    def times(self, url: str) -> list[datetime]:
        """Return the times of the requests to an address."""
        return [at for at, request in self.requests if request.url == url]

    def ids(self) -> list[str]:
        """Return the `webhook-id` of each request."""
        return [request.headers["webhook-id"] for _, request in self.requests]


@dataclass
class FakeCircuits:
    """Circuits of endpoints; those named in `open` refuse calls for a time."""

    open: dict[tuple[str | None, str], timedelta] = field(default_factory=dict)

    def call(self, circuit: str, tenant_id: str | None, function: Callable[[], OutboundAnswer]) -> OutboundAnswer:
        if pause := self.open.get((tenant_id, circuit)):
            raise CircuitOpen(int(pause.total_seconds()))
        return function()


class FakeSealer:
    """Seals a secret as its text with the names that must fit."""

    def seal(self, tenant_id: str, webhook_id: str, secret: str) -> bytes:
        return f"{tenant_id}|{webhook_id}|{secret}".encode()

    def open(self, tenant_id: str, webhook_id: str, sealed: bytes) -> str:
        tenant, webhook, secret = sealed.decode().split("|")
        assert (tenant, webhook) == (tenant_id, webhook_id)
        return secret


@dataclass
class FakeMeter:
    """Usage by tenant and delivery id; a repeated id counts once."""

    counted: set[tuple[str, str]] = field(default_factory=set)

    def report(self, tenant_id: str, event: Mapping[str, Any]) -> None:
        self.counted.add((tenant_id, event["id"]))


def check_url(url: str) -> None:
    """Refuse every address that is not https."""
    if not url.startswith("https://"):
        raise InvalidInput(FieldError("url", "must begin with https://", "https"))


class WebhookWorld:
    """All services of webhooks over the same stores, with a virtual clock. `wrap` may wrap a port by its name."""

    def __init__(self, wrap: Callable[[str, Any], Any] = lambda _, port: port, **ports: Any) -> None:
        self.clock = Clock()
        self.store: Any = ports.get("webhooks") or FakeWebhookStore()
        self.deliveries: Any = ports.get("deliveries") or FakeDeliveryStore()
        self.queue, self.endpoints = FakeDeliveryQueue(self.clock), FakeEndpoints(self.clock)
        self.circuits, self.meter, self.sealer = FakeCircuits(), FakeMeter(), FakeSealer()
        self.published: list[Event] = []
        store, deliveries = wrap("webhooks", self.store), wrap("deliveries", self.deliveries)
        queue, publish = wrap("queue", self.queue), wrap("publish", self.published.append)
        sender = DeliverySender(self.sealer, wrap("way_out", self.endpoints), self.circuits, self.clock)
        health = EndpointHealth(store, publish, self.clock)
        self.webhooks = Webhooks(self.store, self.deliveries, self.queue, self.sealer, check_url, self.clock)
        self.history = DeliveryHistory(store, deliveries, queue, self.clock)
        self.fan_out = EventFanOut(store, deliveries, queue, self.clock)
        meter = wrap("meter", self.meter)
        self.attempts = DeliveryAttempts(store, deliveries, queue, sender, meter, health, self.clock)
        self.sweep = WebhookSweep(store, deliveries, queue, health, self.clock)

    def subscribe(self, *kinds: Any, url: str = "https://clinic.example/hook", tenant: str = "acme") -> Webhook:
        """Create a webhook and return it."""
        return self.webhooks.create(tenant, url, kinds or ("scoring.decision_made",), "")[0]

    def drain(self) -> None:
        """Process every visible message."""
        while names := self.queue.receive():
            self.attempts.attempt(*names)

    def run(self, duration: timedelta, step: timedelta = timedelta(minutes=1)) -> None:
        """Let time pass: messages as soon as they are visible, and a sweep every `step`."""
        end = self.clock() + duration
        self.drain()
        while self.clock() < end:
            minute = min(self.clock() + step, end)
            while visible := [at for at, _ in self.queue.messages if at <= minute]:
                self.clock.now = max(self.clock.now, min(visible))
                self.drain()
            self.clock.now = minute
            self.sweep.run(lambda: 60.0)
            self.drain()

    def delivery(self, webhook: Webhook) -> WebhookDelivery:
        """Return the only delivery of a webhook."""
        (found,) = self.deliveries.page(webhook.tenant_id, webhook.webhook_id, None, None, 10).deliveries
        assert isinstance(found, WebhookDelivery)
        return found

    def delivery_states(self, webhook: Webhook) -> Mapping[str, int]:
        """Return the number of a webhook's deliveries by state."""
        page = self.deliveries.page(webhook.tenant_id, webhook.webhook_id, None, None, 1_000)
        return Counter(delivery.state for delivery in page.deliveries)


def headers_of(request: OutboundRequest) -> Mapping[str, str]:
    """Return the headers that a receiver verifies."""
    return {name: text for name, text in request.headers.items() if name.startswith("webhook-")}
