"""Filters and pages of lists of alerts."""

from dataclasses import dataclass

from vigil.alerting.alerts.model import AlertType, Episode, EpisodeState, Severity


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Filter of a list of alerts: all open ones or all resolved ones, or one state, severity and type."""

    is_open: bool = True
    state: EpisodeState | None = None
    severity: Severity | None = None
    type: AlertType | None = None


@dataclass(frozen=True, slots=True)
class AlertPage:
    """One page of episodes, latest first, and the position of the next page."""

    episodes: tuple[Episode, ...]
    next: dict[str, str] | None
