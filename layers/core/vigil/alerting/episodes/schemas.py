"""JSON of alerts, as shown in OpenAPI."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from vigil.alerting.alerts.model import (
    AlertType,
    Episode,
    EpisodeState,
    Hold,
    Notice,
    NoticeAction,
    NoticeState,
    Severity,
)
from vigil.alerting.channels.masking_model import MAX_FACT_NAME, MAX_FACT_TEXT, MAX_FACTS, MAX_TITLE
from vigil.alerting.episodes.model import EventOutcome
from vigil.alerting.episodes.sending_model import AlertDraft
from vigil.web.field_types import Boolean
from vigil.web.schemas import DATE_TIME

SOURCE = r"^[a-z0-9][a-z0-9._-]{0,99}$"
LABEL_NAME, LABEL = r"^[a-z0-9_-]{1,40}$", r"^[A-Za-z0-9._:-]{1,100}$"
LINK = r"^(https://[A-Za-z0-9._~:/?#@!$&()*+,;=%-]{1,492})?$"
MAX_LABELS = 10
"""Maximum labels of an alert."""

LabelName = Annotated[str, StringConstraints(max_length=40, pattern=LABEL_NAME)]
LabelText = Annotated[str, StringConstraints(max_length=100, pattern=LABEL)]
FactName = Annotated[str, StringConstraints(min_length=1, max_length=MAX_FACT_NAME)]
FactText = Annotated[str, StringConstraints(max_length=MAX_FACT_TEXT)]


def describe_names(schema: dict[str, Any]) -> None:
    """Change the JSON schema of an object so that `propertyNames` has the pattern of its names.

    Its `patternProperties` would allow all other names.
    """
    ((pattern, values),) = schema.pop("patternProperties").items()
    schema["additionalProperties"] = values
    schema["propertyNames"] = schema.get("propertyNames", {}) | {"pattern": pattern}


class AlertBody(BaseModel):
    """An alert to send. Use ids, counts and links; texts must not name persons."""

    model_config = ConfigDict(extra="forbid")

    type: AlertType
    source: str = Field(max_length=100, pattern=SOURCE, description="Failing part, for example `queue.batch-splits`.")
    title: str = Field(min_length=1, max_length=MAX_TITLE, description="Addresses, dates and long numbers are masked.")
    severity: Severity | None = Field(default=None, description="Without it, the default severity of the type applies.")
    labels: dict[LabelName, LabelText] = Field(
        default={},
        max_length=MAX_LABELS,
        description="Alerts with the same type, source and labels are one alert.",
        json_schema_extra=describe_names,
    )
    facts: dict[FactName, FactText] = Field(default={}, max_length=MAX_FACTS, description="Shown in notices, masked.")
    link: str = Field(default="", max_length=500, pattern=LINK, description="Page that explains the alert.")
    is_cleared: Boolean = Field(default=False, description="True ends the alert with the same type, source and labels.")

    def to_draft(self) -> AlertDraft:
        """Return the draft of the alert."""
        own = {name: getattr(self, name) for name in ("type", "source", "title", "severity", "link", "is_cleared")}
        return AlertDraft(**own, labels=tuple(self.labels.items()), facts=tuple(self.facts.items()))


class TestBody(BaseModel):
    """Severity of a test alert, which decides its route."""

    model_config = ConfigDict(extra="forbid")

    severity: Severity = "INFO"


class AcceptanceView(BaseModel):
    """The alert of an accepted event."""

    alert_id: str | None = Field(description="Null if there is no alert to clear.")
    outcome: EventOutcome = Field(
        description="`opened`: a new or reopened alert. `grouped`: joined an open alert. `cleared`: ended an alert. "
        "`unchanged`: a repeated event, or one that is older than the alert."
    )


class NoticeView(BaseModel):
    """A notice of an alert to one channel."""

    sequence: int
    action: NoticeAction
    channel: str = Field(description="Channel id, `member:<id>`, `contact` or `operators`.")
    severity: Severity
    state: NoticeState
    attempts: int
    is_fallback: bool = Field(description="True if another channel failed before.")
    reason: str = Field(description="Answer of the vendor to the last failed attempt.")
    created_at: str = Field(json_schema_extra=DATE_TIME)
    ended_at: str | None = Field(json_schema_extra=DATE_TIME)

    @classmethod
    def from_notice(cls, notice: Notice) -> "NoticeView":
        """Return the view of a notice."""
        return cls(**{name: getattr(notice, name) for name in cls.model_fields})


class AlertSummaryView(BaseModel):
    """An alert: all events of one type, source and labels until it is resolved."""

    id: str
    type: AlertType
    severity: Severity = Field(description="Highest severity of its events.")
    state: EpisodeState
    source: str
    title: str
    labels: dict[str, str]
    facts: dict[str, str]
    link: str
    count: int = Field(description="Number of events.")
    flaps: int = Field(description="Number of times that it fired again within ten minutes after its end.")
    hold: Hold | None = Field(description="Reason for which it sends no notices now.")
    started_at: str = Field(json_schema_extra=DATE_TIME)
    last_event_at: str = Field(json_schema_extra=DATE_TIME)
    acknowledged_at: str | None = Field(json_schema_extra=DATE_TIME)
    acknowledged_by: str | None
    resolved_at: str | None = Field(json_schema_extra=DATE_TIME)
    resolved_by: str | None
    due_at: str | None = Field(json_schema_extra=DATE_TIME, description="Time of the next escalation or check.")
    correlation_id: str = Field(description="Correlation id of the request or work that raised it.")

    @classmethod
    def fields_of(cls, episode: Episode) -> dict[str, object]:
        """Return the values of an episode by the names of the view's fields."""
        own = {name: getattr(episode, name) for name in AlertSummaryView.model_fields if name != "id"}
        return own | {"id": episode.alert_id, "labels": dict(episode.labels), "facts": dict(episode.facts)}

    @classmethod
    def from_episode(cls, episode: Episode) -> "AlertSummaryView":
        """Return the view of an episode."""
        return cls.model_validate(cls.fields_of(episode))


class AlertDetailView(AlertSummaryView):
    """An alert with its notices in order."""

    notices: list[NoticeView]


class AlertList(BaseModel):
    """One page of alerts, latest first."""

    items: list[AlertSummaryView]
    next_cursor: str | None


class HourView(BaseModel):
    """Counts of one hour and severity. Notices count in the hour in which they were created.

    `raised` is `opened` plus `grouped`; `intents` is the sum of the following fields.
    """

    hour: str = Field(description="Hour in UTC: `2026-11-21T05`.")
    severity: Literal["INFO", "WARNING", "ERROR", "CRITICAL", "DIGEST"] = Field(
        description="`DIGEST` counts the hourly summaries of limited notices."
    )
    raised: int = Field(description="Events that fired an alert.")
    opened: int
    grouped: int
    intents: int = Field(description="Notices that were created.")
    sent: int
    failed: int
    limited: int = Field(description="Over the limit of the hour, and counted in a digest.")
    silenced: int
    inhibited: int
    superseded: int = Field(description="Not sent, because the alert had ended before.")
    unroutable: int
    open: int = Field(description="Notices that are still being delivered.")


class StatisticsView(BaseModel):
    """Counts by hour and severity; hours without events are omitted."""

    items: list[HourView]


class EventTypeView(BaseModel):
    """A type of alerts."""

    type: AlertType
    default_severity: Severity
    description: str


class EventTypeList(BaseModel):
    """All types of alerts."""

    items: list[EventTypeView]


class SeverityView(BaseModel):
    """A severity of alerts."""

    severity: Severity
    description: str


class SeverityList(BaseModel):
    """All severities in ascending order."""

    items: list[SeverityView]
