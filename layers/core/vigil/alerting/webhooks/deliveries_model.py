"""Deliveries of events to webhooks: their states, the schedule of attempts, and the log.

pending ──2xx──> delivered ──replay──┐
  ^ └─all attempts failed─> failed ──┤
  └──────────────────────────────────┘
"""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from vigil.kernel.time import format_timestamp

PAUSES = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
"""Pause before each of the eight attempts, counted from the start of the schedule or from the attempt before."""
RETENTION = timedelta(days=30)
"""Time for which a delivery is stored after its creation."""
LEASE = timedelta(seconds=60)
"""Duration of a claim. It is longer than the function that sends can run."""
QUEUE_TIME = timedelta(minutes=5)
"""Time after a message of a sweep until the next sweep may send another one for the same delivery."""
MAX_POSTPONED = timedelta(days=3)
"""Time after the start of the schedule from which a delivery fails if the circuit of its endpoint is open."""
MAX_ANSWER = 1_024
"""Maximum stored characters of an endpoint's answer."""
MAX_ATTEMPTS_STORED = 20
"""Maximum attempts that are stored with a delivery: the latest ones."""
SHARDS = 8
"""Number of partitions of the index of due deliveries."""

DeliveryState = Literal["pending", "delivered", "failed"]
FailureReason = Literal[
    "",
    "status",
    "refused",
    "unresolved",
    "unreachable",
    "untrusted",
    "late",
    "broken",
    "secret",
    "circuit_open",
    "endpoint_disabled",
    "endpoint_deleted",
]
"""Reason of a failed attempt; empty for a success and before the first attempt.

`status` is an answer outside 2xx, redirects included. The next six are causes of a missing answer: see `NoAnswerCause`.
`secret`: the secret could not be decrypted, and no request was sent. A rotation remedies it. `circuit_open`: the
endpoint's circuit was open for MAX_POSTPONED. The last two end a delivery without an attempt.
"""


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One request to an endpoint. `at` is its start, and `status` is None without an answer.

    `reason` is empty for a success.
    """

    at: str
    status: int | None
    reason: FailureReason
    milliseconds: int

    @property
    def is_success(self) -> bool:
        """True if the endpoint answered with a status of 2xx."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """The delivery of one event to one webhook. An event has one delivery per webhook.

    `delivery_id` is the `webhook-id` of every attempt. `detail` is the event as JSON. `answer` is the masked start of
    the last answer. `reason` is that of the last failed attempt, or empty. `tries` counts the attempts since the start
    of the schedule at `started_at`; `attempts` are the latest ones, replays included.

    `next_attempt_at` is the time of the next attempt, or None. `due_at` is the time from which a sweep sends a message
    for it, or None. `leased_until` ends the claim of a worker. `unreported_since` is the time of the success whose
    usage is not reported yet, or None. `version` grows with each change, from 1.
    """

    tenant_id: str
    webhook_id: str
    delivery_id: str
    event_id: str
    kind: str
    occurred_at: str
    detail: str
    created_at: str
    started_at: str
    state: DeliveryState = "pending"
    reason: FailureReason = ""
    tries: int = 0
    attempts: tuple[DeliveryAttempt, ...] = ()
    answer: str = ""
    next_attempt_at: str | None = None
    due_at: str | None = None
    leased_until: str | None = None
    ended_at: str | None = None
    unreported_since: str | None = None
    version: int = 1

    @property
    def payload(self) -> bytes:
        """Body of the request: a JSON object with `type`, `timestamp` and `data` of the event."""
        content = {"type": self.kind, "timestamp": self.occurred_at, "data": json.loads(self.detail)}
        return json.dumps(content, separators=(",", ":")).encode()

    @property
    def expires_at(self) -> datetime:
        """End of the retention, from which on the delivery may be deleted."""
        return datetime.fromisoformat(self.created_at) + RETENTION

    @property
    def shard(self) -> int:
        """Partition of the delivery in the index of due deliveries. All deliveries of a webhook have the same one."""
        return int(hashlib.sha256(self.webhook_id.encode()).hexdigest()[:8], 16) % SHARDS

    def is_ready(self, now: datetime) -> bool:
        """Return True if an attempt is due at the time `now` and no worker has a claim."""
        at = format_timestamp(now)
        is_free = self.leased_until is None or self.leased_until <= at
        return self.next_attempt_at is not None and self.next_attempt_at <= at and is_free

    def claim(self, now: datetime) -> "WebhookDelivery":
        """Return the delivery with the claim of a worker from `now` on. After LEASE, another worker may claim it."""
        until = format_timestamp(now + LEASE)
        return replace(self, leased_until=until, due_at=until, version=self.version + 1)

    def hand_over(self, now: datetime) -> "WebhookDelivery":
        """Return the delivery after a sweep sent a message for it. Its next sweep is QUEUE_TIME later."""
        return replace(self, due_at=format_timestamp(now + QUEUE_TIME), version=self.version + 1)

    def record(self, attempt: DeliveryAttempt, answer: str, now: datetime) -> "WebhookDelivery":
        """Return the delivery after an attempt: delivered, pending with the next attempt, or failed after the last one.

        `answer` is the masked answer, of which MAX_ANSWER characters are stored.
        """
        done = replace(
            self,
            tries=self.tries + 1,
            attempts=(*self.attempts, attempt)[-MAX_ATTEMPTS_STORED:],
            answer=answer[:MAX_ANSWER],
            reason=attempt.reason,
        )
        if attempt.is_success:
            due = format_timestamp(now + LEASE)  # the worker itself reports the usage before
            return replace(_ended(done, "delivered", now), unreported_since=attempt.at, due_at=due)
        if done.tries == len(PAUSES):
            return _ended(done, "failed", now)
        return _scheduled(done, now + PAUSES[done.tries])

    def mark_reported(self) -> "WebhookDelivery":
        """Return the delivery after its usage was reported."""
        due_at = self.next_attempt_at if self.state == "pending" else None
        return replace(self, unreported_since=None, due_at=due_at, version=self.version + 1)

    def postpone(self, pause: timedelta, now: datetime) -> "WebhookDelivery":
        """Return the delivery after an open circuit refused an attempt, which does not count as a try.

        It is pending until `pause` is over, or failed from MAX_POSTPONED on.
        """
        if now - datetime.fromisoformat(self.started_at) >= MAX_POSTPONED:
            return self.give_up("circuit_open", now)
        return _scheduled(self, now + pause)

    def give_up(self, reason: FailureReason, now: datetime) -> "WebhookDelivery":
        """Return the failed delivery, which gets no further attempt until a replay."""
        return _ended(replace(self, reason=reason), "failed", now)

    def replay(self, now: datetime) -> "WebhookDelivery":
        """Return the delivery at the start of a new schedule, with the same id and all its tries left."""
        again = replace(self, state="pending", reason="", tries=0, started_at=format_timestamp(now), ended_at=None)
        return _scheduled(again, now)


@dataclass(frozen=True, slots=True)
class PublishedEvent:
    """An event of the bus: its kind, its tenant, its time, and its detail as a JSON text."""

    tenant_id: str
    event_id: str
    kind: str
    occurred_at: str
    detail: str


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """One page of deliveries, latest first. `next` is the position of the next page; None after the last one."""

    deliveries: tuple[WebhookDelivery, ...]
    next: dict[str, str] | None


def create_delivery(webhook_id: str, event: PublishedEvent, now: datetime) -> WebhookDelivery:
    """Return the delivery of an event to a webhook. The same event and webhook always have the same delivery id."""
    digest = hashlib.sha256(f"{webhook_id}\0{event.event_id}".encode()).hexdigest()
    at = format_timestamp(now)
    return WebhookDelivery(
        event.tenant_id,
        webhook_id,
        f"msg_{digest[:32]}",
        event.event_id,
        event.kind,
        event.occurred_at,
        event.detail,
        at,
        at,
        next_attempt_at=at,
        due_at=at,
    )


def _scheduled(delivery: WebhookDelivery, at: datetime) -> WebhookDelivery:
    due = format_timestamp(at)
    return replace(delivery, next_attempt_at=due, due_at=due, leased_until=None, version=delivery.version + 1)


def _ended(delivery: WebhookDelivery, state: DeliveryState, now: datetime) -> WebhookDelivery:
    ended = replace(delivery, state=state, ended_at=format_timestamp(now), version=delivery.version + 1)
    return replace(ended, next_attempt_at=None, due_at=None, leased_until=None)
