"""Ports of alerts: the store of episodes, the queue of notices and the event bus."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, Protocol

from vigil.alerting.alerts.model import AlertEvent, Episode, Notice
from vigil.alerting.alerts.statistics_model import Bucket, Counter
from vigil.alerting.episodes.listing_model import AlertFilter, AlertPage
from vigil.alerting.episodes.model import Change
from vigil.kernel.events import Event

WriteResult = Literal["written", "stale", "repeated"]
"""Result of a write. Only `written` has an effect.

`stale`: another change came first. `repeated`: the event was counted before.
"""


class EpisodeStore(Protocol):
    """Episodes of all tenants, with their notices and statistics. Every method raises Unavailable."""

    def load(self, tenant_id: str, fingerprint: str) -> Episode | None:
        """Return the current episode of a fingerprint, read consistently, or None for an unknown fingerprint."""
        ...

    def load_number(self, tenant_id: str, fingerprint: str, number: int) -> Episode | None:
        """Return the current or an earlier episode, read consistently, or None if there is none of this number."""
        ...

    def notices(self, tenant_id: str, fingerprint: str, number: int) -> Sequence[Notice]:
        """Return all notices of an episode in order, read consistently."""
        ...

    def sources_down(self, tenant_id: str) -> Sequence[str]:
        """Return the sources of the open `system_down` episodes, read consistently."""
        ...

    def write(self, tenant_id: str, change: Change, at: str, event: AlertEvent | None, seen: str | None) -> WriteResult:
        """Write a change, its notices, its counts and the record of `event` together, or write none of them.

        `at` is the time now. `event` is the firing event that the change counts, or None. `seen` is the time of the
        last event that the change was decided with, or None if later events do not matter.
        """
        ...

    def page(self, tenant_id: str, wanted: AlertFilter, after: Mapping[str, str] | None, limit: int) -> AlertPage:
        """Return one page, latest first, from the position `after` or from the start for None.

        A filter can make it shorter than `limit`. Changes of the last second can be missing.
        """
        ...

    def statistics(self, tenant_id: str, first: str, last: str) -> Mapping[tuple[str, Bucket], Mapping[Counter, int]]:
        """Return the counts of the hours from `first` to `last`, both included, by hour and group.

        Hours are in UTC, such as `2026-11-21T05`. An hour without events and notices is absent. An entry has every
        count, zeros included.
        """
        ...


class NoticeQueue(Protocol):
    """Queue of notices that are due now."""

    def send(self, notices: Sequence[Notice]) -> None:
        """Send one message per notice. Raises Unavailable; the sweep of the next minute then sends them."""
        ...


class EventBus(Protocol):
    """Event bus."""

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Publish the events, at least once. Return the ids of those that the bus did not accept; empty if it took all.

        A bus that does not respond accepted none of them; that is no error.
        """
        ...
