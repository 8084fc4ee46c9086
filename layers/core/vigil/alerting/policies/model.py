"""Routes, escalation policies and silences of a tenant, and the configuration that alerts are decided with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vigil.alerting.alerts.model import SEVERITIES, AlertType, Severity
from vigil.alerting.channels.model import ChannelKind

MAX_POLICIES = 20
"""Maximum policies per tenant."""
MAX_STEPS = 10
"""Maximum steps per policy."""
MAX_TARGETS = 10
"""Maximum targets, and maximum fallbacks, per step of a policy."""
MAX_REPEATS = 9
"""Maximum repeats of all steps of a policy."""
MIN_WAIT = timedelta(minutes=1)
"""Minimum pause after a step of a policy. The sweep of due alerts runs once a minute."""
MAX_WAIT = timedelta(hours=24)
"""Maximum pause after a step of a policy."""
MAX_ROUTES = 50
"""Maximum routes per tenant."""
MAX_SILENCES = 100
"""Maximum silences per tenant that have not ended."""
MAX_SILENCE = timedelta(days=30)
"""Maximum duration of a silence."""
MAX_CRITICAL_SILENCE = timedelta(hours=4)
"""Maximum duration of a silence that also holds CRITICAL alerts."""


def severity_rank(severity: Severity) -> int:
    """Return the position of a severity, from 0 for INFO to 3 for CRITICAL."""
    return SEVERITIES.index(severity)


@dataclass(frozen=True, slots=True)
class Matcher:
    """Condition on an alert. All parts must match; a default part matches every alert.

    `types` are the allowed types, `severity` is the lowest severity, `source` a prefix of the source. Each pair of
    `labels` must be a label of the alert.
    """

    types: tuple[AlertType, ...] = ()
    severity: Severity = "INFO"
    source: str = ""
    labels: tuple[tuple[str, str], ...] = ()

    def matches(
        self, alert_type: AlertType, severity: Severity, source: str, labels: tuple[tuple[str, str], ...]
    ) -> bool:
        """Return True if an alert with these properties meets every part of the condition."""
        return (
            (not self.types or alert_type in self.types)
            and severity_rank(severity) >= severity_rank(self.severity)
            and source.startswith(self.source)
            and set(self.labels) <= set(labels)
        )


@dataclass(frozen=True, slots=True)
class PolicyStep:
    """One step of a policy. All `targets` are notified together, and the next step follows after `wait`.

    A target is `channel:<id>`, `schedule:<id>` or `member:<id>`. `fallbacks` are further targets; they follow one after
    the other if a channel of the step fails.
    """

    targets: tuple[str, ...]
    wait: timedelta = timedelta(minutes=15)
    fallbacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """Steps that follow until a person acknowledges. After the last step, all steps run again `repeats` times."""

    policy_id: str
    label: str
    steps: tuple[PolicyStep, ...]
    repeats: int = 0
    version: int = 1


@dataclass(frozen=True, slots=True)
class Route:
    """Selection of a policy. The first route that matches an alert applies."""

    route_id: str
    matcher: Matcher
    policy_id: str


@dataclass(frozen=True, slots=True)
class RouteList:
    """All routes of a tenant in order of precedence. `version` is 0 before the first change."""

    routes: tuple[Route, ...] = ()
    version: int = 0


@dataclass(frozen=True, slots=True)
class Silence:
    """A time in which matching alerts send no notice. Times are timestamps; `starts_at` is part of it, `ends_at` not.

    CRITICAL alerts are held only if `holds_critical` is True.
    """

    silence_id: str
    matcher: Matcher
    starts_at: str
    ends_at: str
    reason: str
    created_by: str
    holds_critical: bool = False
    version: int = 1


@dataclass(frozen=True, slots=True)
class ConfiguredChannel:
    """The fields of a channel that select receivers. `is_broken` is True if the vendor refuses every notice."""

    channel_id: str
    kind: ChannelKind
    is_broken: bool = False


def nobody_on_call(_schedule_id: str, _at: datetime) -> tuple[str, ...]:
    """Return no member: the resolver of a tenant without schedules."""
    return ()


@dataclass(frozen=True, slots=True)
class AlertingConfig:
    """Everything that decides about the notices of one tenant's alerts, as of one moment.

    `routes` are in order of precedence. `members` are the ids of members with an e-mail address. `on_call` returns the
    ids of the members that a schedule names at a moment. `has_contact` is True if the tenant has a contact address.
    """

    tenant_id: str
    channels: Mapping[str, ConfiguredChannel] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    silences: tuple[Silence, ...] = ()
    members: frozenset[str] = frozenset()
    on_call: Callable[[str, datetime], tuple[str, ...]] = nobody_on_call
    has_contact: bool = False
