"""JSON of usage events: CloudEvents 1.0. Only the declared attributes are stored."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vigil.money.usage.events.model import EventStatus, UsageEvent
from vigil.money.usage.model import MAX_EVENT_UNITS, REPORTED_METERS, Amount, Meter, round_amount
from vigil.web.field_types import Moment, as_number, as_whole_number, bound_error
from vigil.web.schemas import FieldErrorView, invalid_input

_NAME = r"^[\x21-\x7e]{1,256}$"
_SECONDS = "Rounded to milliseconds, half to even."
Tokens = Annotated[int, Field(ge=0, le=MAX_EVENT_UNITS["llm_input_tokens"]), as_whole_number]
AudioSeconds = Annotated[float, Field(ge=0, le=MAX_EVENT_UNITS["audio_seconds"], description=_SECONDS), as_number]
SmsMessages = Annotated[int, Field(ge=0, le=MAX_EVENT_UNITS["sms_messages"]), as_whole_number]
Emails = Annotated[int, Field(ge=0, le=MAX_EVENT_UNITS["emails"]), as_whole_number]
Webhooks = Annotated[int, Field(ge=0, le=MAX_EVENT_UNITS["webhooks"]), as_whole_number]


class UsageAmounts(BaseModel):
    """Amounts by meter; at least one is above 0."""

    model_config = ConfigDict(extra="forbid")

    llm_input_tokens: Tokens | None = None
    llm_output_tokens: Tokens | None = None
    embedding_tokens: Tokens | None = None
    audio_seconds: AudioSeconds | None = None
    sms_messages: SmsMessages | None = None
    emails: Emails | None = None
    webhooks: Webhooks | None = None

    @model_validator(mode="after")
    def _something(self) -> "UsageAmounts":
        if not self.counted():
            raise bound_error("has no amount above 0", "at least one amount above 0")
        return self

    def counted(self) -> dict[Meter, Amount]:
        """Return the amounts above 0 by meter."""
        sent = {meter: getattr(self, meter) for meter in REPORTED_METERS}
        exact = {meter: round_amount(amount) for meter, amount in sent.items() if amount is not None}
        return {meter: amount for meter, amount in exact.items() if amount}


class UsageEventBody(BaseModel):
    """A CloudEvent. Other attributes, such as extensions, are ignored and not stored."""

    specversion: Literal["1.0"]
    type: Literal["vigil.usage"]
    source: str = Field(
        max_length=256,
        pattern=_NAME,
        description="Producer of the event, for example `/assistant`. Must not contain personal data.",
    )
    id: str = Field(
        max_length=256,
        pattern=_NAME,
        description="Unique id among the events of the source; a repeated id is a duplicate.",
    )
    time: Moment = Field(description="Time of the usage, at most 90 days ago; the usage counts in that hour.")
    datacontenttype: Literal["application/json"] = "application/json"
    data: UsageAmounts

    def to_event(self) -> UsageEvent:
        """Return the usage event."""
        return UsageEvent(self.source, self.id, self.time, self.data.counted())


def parse_event(sent: Any) -> UsageEvent:
    """Return the usage event of a JSON value. Raises InvalidInput for a value that is not a usage event.

    A request can have 100 bad events, so that their errors list no known fields.
    """
    try:
        return UsageEventBody.model_validate(sent).to_event()
    except ValidationError as error:
        rows = error.errors(include_url=False, include_input=False)
        raise invalid_input([{**row, "loc": row["loc"] or ("event",)} for row in rows], None) from error


class UsageEventResultView(BaseModel):
    """Result of the event at the same position of the request; `errors` are the reasons of a rejection."""

    outcome: EventStatus
    errors: list[FieldErrorView] | None = None


class UsageEventResultList(BaseModel):
    """Result of each event, in the order of the request."""

    items: list[UsageEventResultView]
    counted: int
    duplicates: int
    rejected: int
