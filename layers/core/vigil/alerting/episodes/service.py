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
    """Reads and changes the alerts of all tenants. Every method raises Unavailable.

    An unknown id and the id of another tenant's alert are both NotFound.
    """

    def __init__(self, episodes: EpisodeStore, changes: EpisodeChanges, clock: Callable[[], datetime]) -> None:
        self._episodes = episodes
        self._changes = changes
        self._clock = clock

    def page(self, tenant_id: str, wanted: AlertFilter, after: Mapping[str, str] | None, limit: int) -> AlertPage:
        """Return a page of alerts, latest first, from the position `after` or from the start for None.

        A filter can make it shorter than `limit`; only `next` shows if more pages follow.
        """
        return self._episodes.page(tenant_id, wanted, after, limit)

    def get(self, tenant_id: str, alert_id: str) -> AlertDetail:
        """Return an alert with its notices. Raises NotFound."""
        episode = self._find(tenant_id, alert_id)
        return AlertDetail(episode, tuple(self._episodes.notices(tenant_id, episode.fingerprint, episode.number)))

    def acknowledge(
        self, tenant_id: str, alert_id: str, by: str, origin: str = "", acted_at: datetime | None = None
    ) -> AlertDetail:
        """Take a firing alert, which stops its escalation, and return it. Other alerts are returned unchanged.

        `alert_id` is the id of the API or the key of the incident at a vendor. `by` names the person or key. `origin`
        is the channel through which the person acted, or empty; it receives no notice of it. `acted_at` is the time of
        an act that a vendor reports, or None for an act now.

        Raises NotFound; PreconditionFailed if `acted_at` is before the alert last opened again or rose; Conflict after
        lost races.
        """
        return self._act(tenant_id, alert_id, acted_at, lambda episode, facts: acknowledge(episode, by, origin, facts))

    def resolve(
        self, tenant_id: str, alert_id: str, by: str, origin: str = "", acted_at: datetime | None = None
    ) -> AlertDetail:
        """End an alert and return it. A resolved alert is returned unchanged.

        Arguments and errors are those of `acknowledge`.
        """
        return self._act(tenant_id, alert_id, acted_at, lambda episode, facts: resolve(episode, by, origin, facts))

    def tick(self, tenant_id: str, fingerprint: str) -> None:
        """Publish the waiting events of the current episode of a fingerprint, and escalate or end it if it is due.

        An unknown fingerprint is no error. Raises Conflict and Unavailable; the episode is then still due.
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
        """Return the counts of the last `hours` hours, the current one included, by hour and group.

        Hours are in UTC, such as `2026-11-21T05`. An hour without events and notices is absent. An entry has every
        count, zeros included.
        """
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
        return find_episode(self._episodes, tenant_id, alert_id)


def find_episode(episodes: EpisodeStore, tenant_id: str, alert_id: str) -> Episode:
    """Return the episode of an id. Only keys of the caller's tenant are read. Raises NotFound and Unavailable."""
    if match := _ALERT_ID.fullmatch(alert_id):
        episode = episodes.load_number(tenant_id, match[1], int(match[2]))
        if episode is not None and alert_id in (episode.alert_id, episode.dedup_key):
            return episode
    raise NotFound("There is no such alert. GET /v1/alerts lists all.")
