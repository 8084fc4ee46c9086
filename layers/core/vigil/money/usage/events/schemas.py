"""The JSON of usage events: CloudEvents 1.0, of which nothing is kept but what is declared here."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from vigil.errors import InvalidInput
from vigil.money.usage.events.model import MOST_UNITS, Status, UsageEvent
from vigil.web.schemas import FieldErrorView, Timestamp, field_error

_NAME = r"^[\x21-\x7e]{1,256}$"
Units = Annotated[int | None, Field(strict=True, ge=1, le=MOST_UNITS)]


class Amounts(BaseModel):
    """How much of what: at least one."""

    model_config = ConfigDict(extra="forbid")

    llm_input_tokens: Units = None
    llm_output_tokens: Units = None
    embedding_tokens: Units = None
    audio_seconds: Units = None
    sms_messages: Units = None
    emails: Units = None
    webhooks: Units = None

    @model_validator(mode="after")
    def _something(self) -> "Amounts":
        if not self.model_dump(exclude_none=True):
            raise PydanticCustomError("bound", "must name what was used", {"bound": "at least one meter"})
        return self


class UsageEventBody(BaseModel):
    """A CloudEvent. Other attributes, extensions among them, are neither looked at nor kept."""

    specversion: Literal["1.0"]
    type: Literal["vigil.usage"]
    source: str = Field(pattern=_NAME, description="Who tells, for example `/assistant`. Never anything of a person.")
    id: str = Field(pattern=_NAME, description="Of this event among those of its source; again is a duplicate.")
    time: Timestamp = Field(description="When it happened, up to 90 days ago: it is counted in that hour.")
    datacontenttype: Literal["application/json"] = "application/json"
    data: Amounts

    def event(self) -> UsageEvent:
        """Return what is told."""
        amounts = self.data.model_dump(exclude_none=True)
        return UsageEvent(self.source, self.id, self.time, amounts)  # type: ignore[arg-type]  # fields are meters


def read(sent: Any) -> UsageEvent:
    """Return the event that a JSON value is; raise InvalidInput for what is none."""
    try:
        return UsageEventBody.model_validate(sent).event()
    except ValidationError as error:
        rows = error.errors(include_url=False, include_input=False)
        raise InvalidInput(*(field_error(dict(row) | {"loc": row["loc"] or ("event",)}) for row in rows)) from error


class OutcomeView(BaseModel):
    """What became of the event at this place of the request; `errors` say why it was rejected."""

    outcome: Status
    errors: list[FieldErrorView] | None = None


class OutcomeList(BaseModel):
    """What became of each event, in the order of the request."""

    items: list[OutcomeView]
    counted: int
    duplicates: int
    rejected: int
