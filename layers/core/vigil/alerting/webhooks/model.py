"""Webhooks of a tenant: their address, kinds, secrets, and the health of their endpoint."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, get_args

from vigil.errors import FieldError, InvalidInput
from vigil.kernel.events import Event, create_event
from vigil.kernel.time import format_timestamp

WebhookKind = Literal[
    "scoring.decision_made",
    "scoring.high_risk_found",
    "scoring.abstained",
    "batches.completed",
    "budgets.threshold_reached",
    "spend.anomaly_found",
    "alerts.raised",
    "alerts.cleared",
    "persons.changed",
]
"""Kind of an event to which a webhook can subscribe."""
WEBHOOK_KINDS: tuple[WebhookKind, ...] = get_args(WebhookKind)
MAX_WEBHOOKS = 20
"""Maximum webhooks of a tenant."""
MAX_LABEL = 80
"""Maximum characters of a label."""
SECRET_OVERLAP = timedelta(hours=24)
"""Time for which the former secret still signs after a rotation."""
DISABLE_AFTER = timedelta(days=5)
"""Minimum time since the first failure after the last success before an endpoint is disabled."""
MIN_FAILED_DELIVERIES = 3
"""Minimum deliveries that failed at all attempts since the last success before an endpoint is disabled."""


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """An encrypted signing secret. `hint` is its last four characters.

    `valid_until` is None for the current secret. For the former one, it is the time until which it still signs.
    """

    sealed: bytes
    hint: str
    valid_until: str | None = None

    def is_valid(self, now: datetime) -> bool:
        """Return True if the secret signs deliveries at the time `now`."""
        return self.valid_until is None or self.valid_until > format_timestamp(now)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscription of a tenant to kinds of events, and the endpoint that receives them.

    `secrets` are the current secret and, after a rotation, the former one. `failing_since` is the time of the first
    failure after the last success, or None. `failed_deliveries` counts the deliveries since then that failed at all
    attempts, at most MIN_FAILED_DELIVERIES. `disabled_at` is the time at which Vigil disabled the endpoint, or None.
    `due_at` is set until the tenant is notified of that. `version` grows with each change, from 1.
    """

    tenant_id: str
    webhook_id: str
    url: str
    kinds: tuple[WebhookKind, ...]
    label: str
    enabled: bool
    secrets: tuple[WebhookSecret, ...]
    created_at: str
    failing_since: str | None = None
    disabled_at: str | None = None
    due_at: str | None = None
    failed_deliveries: int = 0
    version: int = 1

    @property
    def circuit(self) -> str:
        """Name of the endpoint's circuit breaker among those of the tenant."""
        return f"webhook:{self.webhook_id}"

    def accepts(self, kind: str) -> bool:
        """Return True if the webhook is enabled and subscribes to events of this kind."""
        return self.enabled and kind in self.kinds

    def valid_secrets(self, now: datetime) -> tuple[WebhookSecret, ...]:
        """Return the secrets that sign deliveries, the current one first."""
        return tuple(secret for secret in self.secrets if secret.is_valid(now))

    def rotate(self, secret: WebhookSecret, now: datetime) -> "Webhook":
        """Return the webhook with a new secret. Only the last two secrets sign.

        The former one signs for SECRET_OVERLAP more; an earlier one stops at once.
        """
        former = replace(self.secrets[0], valid_until=format_timestamp(now + SECRET_OVERLAP))
        return self._changed(secrets=(secret, former))

    def change(self, change: "WebhookChange") -> "Webhook":
        """Return the webhook with the given fields. A field of None is not changed, and no value is checked.

        Enabling it, or a new address, removes its failures, the mark of its disabling and the notification that is due.
        A new address alone does not enable a disabled webhook.
        """
        fields = {name: value for name in _CHANGEABLE if (value := getattr(change, name)) is not None}
        if fields.get("enabled") or fields.get("url", self.url) != self.url:
            fields |= {"failing_since": None, "failed_deliveries": 0, "disabled_at": None, "due_at": None}
        return self._changed(**fields)

    def record_success(self) -> "Webhook | None":
        """Return the webhook without `failing_since` and `failed_deliveries`. None if no failure was recorded.

        A disabled webhook stays disabled.
        """
        return self._changed(failing_since=None, failed_deliveries=0) if self.failing_since else None

    def record_failure(self, now: datetime, *, is_last: bool) -> "Webhook | None":
        """Return the webhook after a failed attempt, or None if nothing has to be stored.

        `is_last` is True if the delivery has failed, so that no attempt follows. Such an end disables the endpoint if
        it is the third or later one since the last success, and DISABLE_AFTER is over since the first failure. The
        attempts of one delivery take 27 hours, so that a short fault after idle days disables no endpoint.
        """
        if not self.enabled:
            return None
        at = format_timestamp(now)
        since = self.failing_since or at
        failed = min(self.failed_deliveries + is_last, MIN_FAILED_DELIVERIES)
        is_dead = now - datetime.fromisoformat(since) >= DISABLE_AFTER and failed == MIN_FAILED_DELIVERIES
        if is_last and is_dead:
            return self._changed(enabled=False, disabled_at=at, due_at=at, failed_deliveries=failed)
        if (since, failed) == (self.failing_since, self.failed_deliveries):
            return None
        return self._changed(failing_since=since, failed_deliveries=failed)

    def mark_notified(self) -> "Webhook":
        """Return the disabled webhook after its tenant was notified."""
        return self._changed(due_at=None)

    def disabled_event(self) -> Event:
        """Return the event of a disabled endpoint. It is the same in every call, its id included."""
        at = self.disabled_at or ""
        fields = {"tenant_id": self.tenant_id, "webhook_id": self.webhook_id, "failing_since": self.failing_since}
        seconds = int(datetime.fromisoformat(at).timestamp())
        return create_event(f"{self.webhook_id}.{seconds}", "webhooks.endpoint_disabled", at, fields)

    def _changed(self, **fields: object) -> "Webhook":
        return replace(self, **fields, version=self.version + 1)  # type: ignore[arg-type]  # names of the class


def create_test_event(tenant_id: str, webhook_id: str, number: str, at: str) -> Event:
    """Return the event of a test. `number` is a text that differs in each test of a webhook."""
    return create_event(
        f"{webhook_id}.{number}", "webhooks.tested", at, {"tenant_id": tenant_id, "webhook_id": webhook_id}
    )


@dataclass(frozen=True, slots=True)
class WebhookChange:
    """New values of a webhook. A field of None is not changed."""

    url: str | None = None
    kinds: tuple[WebhookKind, ...] | None = None
    label: str | None = None
    enabled: bool | None = None

    def check(self) -> None:
        """Raise InvalidInput for kinds that are empty or repeated, or a label that is too long.

        The address is not checked.
        """
        if self.kinds is not None and not 0 < len(self.kinds) == len(set(self.kinds)):
            raise InvalidInput(FieldError("kinds", "must name each kind once", f"1 to {len(WEBHOOK_KINDS)} kinds"))
        if self.label is not None and len(self.label) > MAX_LABEL:
            raise InvalidInput(FieldError("label", "is too long", f"at most {MAX_LABEL} characters"))


_CHANGEABLE = ("url", "kinds", "label", "enabled")
