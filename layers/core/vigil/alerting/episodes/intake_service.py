"""Intake of alert events: each event opens an episode, joins one, or ends one, and counts once."""

from collections.abc import Callable
from dataclasses import dataclass

from vigil.alerting.alerts.model import AlertEvent, Episode, Severity
from vigil.alerting.episodes.changes_service import EpisodeChanges
from vigil.alerting.episodes.escalation_model import Situation
from vigil.alerting.episodes.model import Change, EventOutcome, clear, count_only, fire


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The alert of an event, and the effect of the event.

    `alert_id` is empty for a clearing event without an alert. Such an event is remembered for an alert that arrives
    later.
    """

    alert_id: str
    outcome: EventOutcome


class AlertIntake:
    """Accepts the alert events of all tenants. `observe` receives the severity and the effect of each event."""

    def __init__(
        self, changes: EpisodeChanges, observe: Callable[[Severity, EventOutcome], None] = lambda *_: None
    ) -> None:
        self._changes = changes
        self._observe = observe

    def accept(self, event: AlertEvent) -> Acceptance:
        """Apply an event and return its alert and its effect. A repeated event changes nothing: `unchanged`.

        Raises Conflict after too many lost races and Unavailable; the event is then not counted and can be repeated.
        """

        def decide(episode: Episode | None, situation: Callable[[], Situation]) -> Change | None:
            if event.is_cleared:
                return clear(episode, event, situation())
            return count_only(episode, event) or fire(episode, event, situation())

        counted = None if event.is_cleared else event
        episode, change = self._changes.apply(event.tenant_id, event.fingerprint, decide, counted)
        alert_id = episode.alert_id if episode and episode.number else ""
        outcome = change.outcome if change else "unchanged"
        self._observe(event.severity, outcome)
        return Acceptance(alert_id, outcome)
