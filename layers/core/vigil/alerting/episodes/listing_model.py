"""Filters and pages of lists of alerts."""

from dataclasses import dataclass

from vigil.alerting.alerts.model import AlertType, Episode, EpisodeState, Severity


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Filter of a list of alerts. `is_open` selects all open or all resolved ones.

    The others narrow it to one value each; None accepts every value.
    """

    is_open: bool = True
    state: EpisodeState | None = None
    severity: Severity | None = None
    type: AlertType | None = None


@dataclass(frozen=True, slots=True)
class AlertPage:
    """One page of episodes, latest first. `next` is the position of the next page; None after the last one."""

    episodes: tuple[Episode, ...]
    next: dict[str, str] | None
