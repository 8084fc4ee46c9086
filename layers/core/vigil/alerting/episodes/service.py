"""Alerts of a tenant: list, fetch, acknowledge and resolve them, and advance them with the clock."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from vigil.alerting.alerts.model import Episode, Notice
from vigil.alerting.alerts.statistics_model import Bucket, Counter, hour_of
from vigil.alerting.episodes.changes_service import EpisodeChanges
from vigil.alerting.episodes.escalation_model import Situation
from vigil.alerting.episodes.listing_model import AlertFilter, AlertPage
from vigil.alerting.episodes.model import Change, acknowledge, is_outdated, resolve, tick
from vigil.alerting.episodes.ports import EpisodeStore
from vigil.errors import NotFound, PreconditionFailed
from vigil.kernel.time import format_timestamp

_ALERT_ID = re.compile(r"(?:alr|vigil-[a-z0-9_-]{3,64})-([0-9a-f]{24})-([1-9][0-9]{0,8})")
"""An id of the API, or the key of the incident at a vendor."""

Decision = Callable[[Episode, Situation], Change | None]


@dataclass(frozen=True, slots=True)
class AlertDetail:
    """An alert and its notices in order."""

    episode: Episode
    notices: tuple[Notice, ...]


class Alerts:
    """Reads and changes the alerts of tenants. An unknown id and the id of another tenant's alert are both NotFound."""

    def __init__(self, episodes: EpisodeStore, changes: EpisodeChanges, clock: Callable[[], datetime]) -> None:
        self._episodes = episodes
        self._changes = changes
        self._clock = clock

    def page(self, tenant_id: str, wanted: AlertFilter, after: Mapping[str, str] | None, limit: int) -> AlertPage:
        """Return a page of alerts, latest first."""
        return self._episodes.page(tenant_id, wanted, after, limit)

    def get(self, tenant_id: str, alert_id: str) -> AlertDetail:
        """Return an alert with its notices. Raises NotFound."""
        episode = self._find(tenant_id, alert_id)
        return AlertDetail(episode, tuple(self._episodes.notices(tenant_id, episode.fingerprint, episode.number)))

    def acknowledge(
        self, tenant_id: str, alert_id: str, by: str, origin: str = "", acted_at: datetime | None = None
    ) -> AlertDetail:
        """Take an alert, which stops its escalation. An alert that is not firing does not change.

        `alert_id` is the id of the API or the key of the incident at a vendor. `by` names the person or key. `origin`
        is the channel through which the person acted, or empty; it receives no notice. `acted_at` is the time of an
        act that is reported later, or None. Raises NotFound, and PreconditionFailed for an act before the alert opened
        again or rose.
        """
        return self._act(tenant_id, alert_id, acted_at, lambda episode, facts: acknowledge(episode, by, origin, facts))

    def resolve(
        self, tenant_id: str, alert_id: str, by: str, origin: str = "", acted_at: datetime | None = None
    ) -> AlertDetail:
        """End an alert, with arguments and errors as in `acknowledge`. A resolved alert does not change."""
        return self._act(tenant_id, alert_id, acted_at, lambda episode, facts: resolve(episode, by, origin, facts))

    def tick(self, tenant_id: str, fingerprint: str) -> None:
        """Advance the current episode of a fingerprint if it is due, and publish its waiting events.

        Raises Conflict and Unavailable; the episode is then still due.
        """
        current = self._episodes.load(tenant_id, fingerprint)
        if current and current.unpublished:
            self._changes.publish(current)

        def decide(episode: Episode | None, situation: Callable[[], Situation]) -> Change | None:
            if episode is None or episode.due_at is None or episode.due_at > format_timestamp(self._clock()):
                return None
            return tick(episode, situation())

        self._changes.apply(tenant_id, fingerprint, decide)

    def statistics(self, tenant_id: str, hours: int) -> Mapping[tuple[str, Bucket], Mapping[Counter, int]]:
        """Return the counts of the current hour and the hours before it, by hour and group."""
        now = self._clock()
        first = hour_of(format_timestamp(now - timedelta(hours=hours - 1)))
        return self._episodes.statistics(tenant_id, first, hour_of(format_timestamp(now)))

    def _act(self, tenant_id: str, alert_id: str, acted_at: datetime | None, decision: Decision) -> AlertDetail:
        named = self._find(tenant_id, alert_id)

        def decide(episode: Episode | None, situation: Callable[[], Situation]) -> Change | None:
            if episode is None or episode.number != named.number:
                return None
            if acted_at is not None and is_outdated(episode, acted_at):
                raise PreconditionFailed("The alert opened again or rose to a higher severity after this act.")
            return decision(episode, situation())

        self._changes.apply(tenant_id, named.fingerprint, decide)
        return self.get(tenant_id, named.alert_id)

    def _find(self, tenant_id: str, alert_id: str) -> Episode:
        """Return the episode of an id. The keys of the caller's tenant are read in every case."""
        if match := _ALERT_ID.fullmatch(alert_id):
            episode = self._episodes.load_number(tenant_id, match[1], int(match[2]))
            if episode is not None and alert_id in (episode.alert_id, episode.dedup_key):
                return episode
        raise NotFound("There is no such alert.")
