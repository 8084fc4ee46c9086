"""Types, severities and events of alerts, the episodes that group them, and the notices that go to channels."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Severity = Literal["INFO", "WARNING", "ERROR", "CRITICAL"]
"""Severity of an alert."""
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""All severities in ascending order."""

ALERT_PREFIX = "alr-"
"""Prefix of the id of an alert in the API."""
CONTACT_CHANNEL = "contact"
"""Channel name of a notice to the contact address of the tenant."""
OPERATORS_CHANNEL = "operators"
"""Channel name of a notice that opens an alert of the operators. It is the last resort of a tenant."""

AlertType = Literal[
    "system_down",
    "high_error_rate",
    "high_latency",
    "dependency_failure",
    "work_stuck",
    "error_detected",
    "model_failure",
    "model_degraded",
    "high_risk_prediction",
    "security_breach",
    "deployment_status",
    "cost_threshold",
]
"""Type of an alert."""
DEFAULT_SEVERITIES: Mapping[AlertType, Severity] = {
    "system_down": "CRITICAL",
    "high_error_rate": "ERROR",
    "high_latency": "WARNING",
    "dependency_failure": "ERROR",
    "work_stuck": "ERROR",
    "error_detected": "WARNING",
    "model_failure": "CRITICAL",
    "model_degraded": "WARNING",
    "high_risk_prediction": "INFO",
    "security_breach": "CRITICAL",
    "deployment_status": "INFO",
    "cost_threshold": "WARNING",
}
"""Severity of an event that names none, by type."""

_FINGERPRINT_DIGITS = 24


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One fact that fires or clears an alert.

    `source` names the failing part, for example `queue.batch-splits`. Events with the same type, source and `labels`
    belong to one episode. An event counts once per tenant, `fingerprint` and `event_id`. `facts` are at most 20 pairs
    of name and text for people: ids and counts. `link` is empty or an https address. `occurred_at` is a timestamp of
    the source.

    `is_cleared` is True for an event that ends the episode. `is_requested` is True for an event that a request of the
    API sent; its id is then remembered for 24 hours, as an Idempotency-Key is, otherwise for eight days. No queue
    carries such an event.
    """

    tenant_id: str
    event_id: str
    type: AlertType
    severity: Severity
    source: str
    title: str
    occurred_at: str
    is_cleared: bool = False
    labels: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    link: str = ""
    correlation_id: str = ""
    is_requested: bool = False

    @property
    def fingerprint(self) -> str:
        """The name of the group of the event: 24 hexadecimal digits of type, source and labels."""
        group = json.dumps([self.type, self.source, sorted(self.labels)], separators=(",", ":"))
        return hashlib.sha256(group.encode()).hexdigest()[:_FINGERPRINT_DIGITS]


EpisodeState = Literal["firing", "acknowledged", "resolved"]
"""State of an episode."""
Hold = Literal["silenced", "inhibited"]
"""Reason for which an open episode sends no notice now: a silence, or a system that is known to be down."""


@dataclass(frozen=True, slots=True)
class BusEvent:
    """An event about an episode that waits for its publication on the event bus. It is the same in every attempt.

    `source_id` identifies it: the alert id and the number of reopenings.
    """

    kind: Literal["alerts.raised", "alerts.cleared"]
    source_id: str
    occurred_at: str
    severity: Severity
    title: str


@dataclass(frozen=True, slots=True)
class Episode:
    """An alert from its first event to its resolution; `number` counts the episodes of a fingerprint from 1.

    `number` is 0 if only a clearing event has arrived; such an episode is no alert of the API. `severity` is the
    highest severity of its events. `count` is the number of events, `flaps` the number of times it fired again within
    ten minutes after its resolution.

    `policy`, `level` and `rounds` are the id of the escalation policy, the index of the step that was last notified (-1
    before the first one) and the completed passes over all steps. `notices` is the sequence of the last notice. `hold`
    is None if notices may be sent. `due_at` is the time at which the sweep next escalates or ends the episode, or None.

    `cleared_at` is the time of the latest event that cleared the alert. `unpublished` are the events for the event bus
    that still have to be published. `version` grows with each write that does more than count. `alerted_at` is the time
    at which it last opened, reopened or rose to a higher severity. It is None in items of earlier releases.
    """

    tenant_id: str
    fingerprint: str
    number: int
    type: AlertType
    source: str
    labels: tuple[tuple[str, str], ...]
    severity: Severity
    title: str
    facts: tuple[tuple[str, str], ...]
    link: str
    correlation_id: str
    state: EpisodeState
    started_at: str
    last_event_at: str
    count: int = 1
    flaps: int = 0
    policy: str = ""
    level: int = -1
    rounds: int = 0
    notices: int = 0
    hold: Hold | None = None
    acknowledged_at: str | None = None
    acknowledged_by: str | None = None
    resolved_at: str | None = None
    resolved_by: str | None = None
    due_at: str | None = None
    version: int = 0
    cleared_at: str | None = None
    unpublished: tuple[BusEvent, ...] = ()
    alerted_at: str | None = None

    @property
    def alert_id(self) -> str:
        """The id of the alert in the API, `alr-<fingerprint>-<number>`."""
        return f"{ALERT_PREFIX}{self.fingerprint}-{self.number}"

    @property
    def dedup_key(self) -> str:
        """The key of the incident at vendors: tenant, fingerprint and number. At most 255 characters."""
        return f"vigil-{self.tenant_id}-{self.fingerprint}-{self.number}"


NoticeAction = Literal["trigger", "acknowledge", "resolve", "digest"]
"""Action of a notice at its channel.

`trigger` opens or repeats the incident, also for a rise in severity. `acknowledge` and `resolve` report that a person
took the alert, or that it ended. `digest` lists the limited notices of an hour.
"""
NoticeState = Literal[
    "pending", "claimed", "sent", "failed", "limited", "silenced", "inhibited", "superseded", "unroutable"
]
"""State of a notice. All but `pending` and `claimed` are final; each notice ends in exactly one of them.

`claimed`: a worker sends it now. `limited`: the hour had no notices left. `silenced`, `inhibited`: a hold.
`superseded`: the alert ended, or a later notice replaced it. `unroutable`: no channel could receive it; the log and a
metric show it.
"""
FINAL_NOTICE_STATES: tuple[NoticeState, ...] = get_args(NoticeState)[2:]
"""The final states of a notice, in the order of the statistics."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The vendor's answer to a sent notice. `vendor_id` is the vendor's id of the incident or message.

    `thread` is the Slack thread of the message. A field is empty if the vendor named none.
    """

    vendor_id: str = ""
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """The intent to send one action of an episode to one channel. It is stored in the write that changes the episode.

    `sequence` counts the notices of an episode from 1. `channel` is the id of a channel, `member:<id>` for the e-mail
    address of a member, `contact` or `operators`. `fallbacks` are the channels that follow if this one fails; the first
    of them then gets a notice of its own with `is_fallback`. `severity` is that of the episode when the notice was
    created.

    `attempts` counts the claims: a claim counts its attempt before the request. `claim` names the worker that sends it
    now, or None. `due_at` is the time of the next attempt or the end of the claim; it is None in a final state.
    `reason` is the vendor's answer to the last failed attempt, or empty. `may_have_reached` is True if an attempt may
    have sent a request that the vendor has not refused.
    """

    tenant_id: str
    fingerprint: str
    number: int
    sequence: int
    action: NoticeAction
    channel: str
    severity: Severity
    created_at: str
    state: NoticeState = "pending"
    fallbacks: tuple[str, ...] = ()
    is_fallback: bool = False
    attempts: int = 0
    due_at: str | None = None
    claim: str | None = None
    reason: str = ""
    receipt: Receipt = field(default_factory=Receipt)
    ended_at: str | None = None
    may_have_reached: bool = False

    @property
    def alert_id(self) -> str:
        """The id of the alert that the notice is about."""
        return f"{ALERT_PREFIX}{self.fingerprint}-{self.number}"

    @property
    def notice_id(self) -> str:
        """The id of the notice: `<fingerprint>-<number>-<sequence>`."""
        return f"{self.fingerprint}-{self.number}-{self.sequence}"
