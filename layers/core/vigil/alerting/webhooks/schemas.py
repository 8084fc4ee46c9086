"""Request and response bodies of the webhooks API."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from vigil.alerting.webhooks.deliveries_model import DeliveryState, FailureReason, WebhookDelivery
from vigil.alerting.webhooks.model import MAX_LABEL, WEBHOOK_KINDS, Webhook, WebhookChange, WebhookKind
from vigil.alerting.webhooks.replays import MAX_REPLAYED
from vigil.outbound.destinations import MAX_URL_CHARACTERS
from vigil.web.field_types import Boolean, Moment
from vigil.web.schemas import DATE_TIME

_CONTROL_CHARACTERS = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
Address = Annotated[
    str,
    Field(max_length=MAX_URL_CHARACTERS, description="Public https address on port 443, without a user name."),
]
Kinds = Annotated[list[WebhookKind], Field(min_length=1, max_length=len(WEBHOOK_KINDS))]
Label = Annotated[str, Field(max_length=MAX_LABEL, pattern=rf"^[^{_CONTROL_CHARACTERS}]*$")]


class WebhookBody(BaseModel):
    """A new webhook."""

    model_config = ConfigDict(extra="forbid")

    url: Address
    kinds: Kinds
    label: Label = ""


class WebhookPatch(BaseModel):
    """New values of a webhook; absent fields are not changed."""

    model_config = ConfigDict(extra="forbid")

    url: Address | None = None
    kinds: Kinds | None = None
    label: Label | None = None
    enabled: Boolean | None = Field(default=None, description="True also enables an endpoint that Vigil disabled.")

    def to_change(self) -> WebhookChange:
        """Return the change of this body. An absent field is None."""
        return WebhookChange(self.url, tuple(self.kinds) if self.kinds is not None else None, self.label, self.enabled)


class SecretView(BaseModel):
    """A signing secret without its value."""

    hint: str = Field(description="The last four characters.")
    valid_until: str | None = Field(json_schema_extra=DATE_TIME, description="Null for the current secret.")


class WebhookView(BaseModel):
    """A webhook without its secret."""

    webhook_id: str
    url: str
    kinds: list[WebhookKind]
    label: str
    enabled: bool
    secrets: list[SecretView]
    created_at: str = Field(json_schema_extra=DATE_TIME)
    failing_since: str | None = Field(
        json_schema_extra=DATE_TIME, description="First failure after the last success; null without a failure."
    )
    disabled_at: str | None = Field(
        json_schema_extra=DATE_TIME, description="Time at which Vigil disabled the endpoint; else null."
    )

    @classmethod
    def from_webhook(cls, webhook: Webhook) -> "WebhookView":
        """Return the view of a webhook."""
        return cls(**_fields(webhook))


class NewWebhookView(WebhookView):
    """A webhook with its new secret."""

    secret: str = Field(description="Signing secret of Standard Webhooks. It is returned only once.")

    @classmethod
    def from_new(cls, webhook: Webhook, secret: str) -> "NewWebhookView":
        """Return the view of a webhook with its new secret."""
        return cls(**_fields(webhook), secret=secret)


class WebhookList(BaseModel):
    """All webhooks of the tenant, oldest first."""

    items: list[WebhookView]


class AttemptView(BaseModel):
    """One request to the endpoint."""

    at: str = Field(json_schema_extra=DATE_TIME)
    status: int | None = Field(description="Status of the answer; null without an answer.")
    reason: FailureReason = Field(
        description="Empty after a success. `status` is an answer outside 2xx; the others are causes of no answer."
    )
    milliseconds: int


class DeliveryView(BaseModel):
    """The delivery of one event to the webhook."""

    delivery_id: str = Field(description="The header `webhook-id` of every attempt.")
    event_id: str
    kind: str
    state: DeliveryState
    reason: FailureReason
    created_at: str = Field(json_schema_extra=DATE_TIME)
    next_attempt_at: str | None = Field(json_schema_extra=DATE_TIME)
    ended_at: str | None = Field(json_schema_extra=DATE_TIME)
    tries: int = Field(description="Attempts of the current schedule, at most eight.")
    attempts: list[AttemptView] = Field(description="The last attempts, at most twenty, replays included.")
    answer: str = Field(
        description="Start of the last answer, at most 1,024 characters. Numbers and addresses are masked."
    )

    @classmethod
    def from_delivery(cls, delivery: WebhookDelivery) -> "DeliveryView":
        """Return the view of a delivery."""
        own = {name: getattr(delivery, name) for name in cls.model_fields if name != "attempts"}
        attempts = [
            AttemptView(at=each.at, status=each.status, reason=each.reason, milliseconds=each.milliseconds)
            for each in delivery.attempts
        ]
        return cls(**own, attempts=attempts)


class DeliveryList(BaseModel):
    """Deliveries; `next_cursor` is null on the last page."""

    items: list[DeliveryView]
    next_cursor: str | None = None


class ReplayBody(BaseModel):
    """The time from which failed deliveries are sent again."""

    model_config = ConfigDict(extra="forbid")

    since: Moment = Field(description="Time from which failed deliveries are sent again. They are stored for 30 days.")


class ReplayView(BaseModel):
    """Result of a replay."""

    replayed: int = Field(description=f"Number of deliveries that are sent again, at most {MAX_REPLAYED}.")
    more: bool = Field(description="True if further failed deliveries wait for another call.")


def _fields(webhook: Webhook) -> dict[str, Any]:
    names = WebhookView.model_fields.keys() - {"secrets", "kinds"}
    own = {name: getattr(webhook, name) for name in names}
    secrets = [SecretView(hint=secret.hint, valid_until=secret.valid_until) for secret in webhook.secrets]
    return own | {"secrets": secrets, "kinds": list(webhook.kinds)}
