"""Routes, escalation policies and silences of a tenant, and the configuration with which alerts are decided."""

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

    `types` are the allowed types, `severity` is the lowest severity, `source` is a prefix of the source. The alert must
    have each pair of `labels`.
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
    """One step of a policy. All `targets` are notified together. `wait` is the pause before the next step.

    A target is `channel:<id>`, `schedule:<id>` or `member:<id>`. `fallbacks` are further targets; they follow one after
    the other if a channel of the step fails.
    """

    targets: tuple[str, ...]
    wait: timedelta = timedelta(minutes=15)
    fallbacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """Steps of receivers that follow one another until a person acknowledges the alert.

    After the last step, all steps run again, `repeats` times. `label` is its name for people. `version` grows with each
    change, from 1.
    """

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
    """All routes of a tenant in order of precedence. `version` grows with each change; it is 0 before the first one."""

    routes: tuple[Route, ...] = ()
    version: int = 0


@dataclass(frozen=True, slots=True)
class Silence:
    """A time in which matching alerts send no notice. `starts_at` is part of it, `ends_at` is not; both are timestamps.

    `created_by` is the role and key id of its creator. It applies to CRITICAL alerts only if `holds_critical` is True.
    `version` grows with each change, from 1.
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
    """The facts of a channel that decide whether an alert may use it.

    `is_broken` is True if the vendor refuses every notice, so that the channel receives none.
    """

    channel_id: str
    kind: ChannelKind
    is_broken: bool = False


def nobody_on_call(_schedule_id: str, _at: datetime) -> tuple[str, ...]:
    """Return no member id. It is the function `on_call` of a tenant without schedules."""
    return ()


@dataclass(frozen=True, slots=True)
class AlertingConfig:
    """Configuration of one tenant that decides the notices of its alerts, as it was read.

    `routes` are in order of precedence. `members` are the ids of all members. `on_call` returns the ids of the members
    that a schedule names at a moment. `has_contact` is True if the tenant has a contact address.
    """

    tenant_id: str
    channels: Mapping[str, ConfiguredChannel] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    silences: tuple[Silence, ...] = ()
    members: frozenset[str] = frozenset()
    on_call: Callable[[str, datetime], tuple[str, ...]] = nobody_on_call
    has_contact: bool = False
