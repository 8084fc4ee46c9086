"""Alert events and configurations, and an episode store, a notice queue and a bus in memory."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from vigil.alerting.alerts.model import AlertEvent, Episode, Notice
from vigil.alerting.alerts.statistics_model import COUNTERS, Bucket
from vigil.alerting.alerts.statistics_model import Counter as CountName
from vigil.alerting.episodes.change_counts_model import count_change
from vigil.alerting.episodes.items_model import counted_retention
from vigil.alerting.episodes.listing_model import AlertFilter, AlertPage
from vigil.alerting.episodes.model import Change
from vigil.alerting.episodes.ports import WriteResult
from vigil.alerting.policies.model import AlertingConfig, ConfiguredChannel, Matcher, Policy, PolicyStep, Route
from vigil.errors import Unavailable
from vigil.kernel.events import Event


def event(number: int = 1, at: str = "2026-03-01T12:00:00.000000Z", **more: Any) -> AlertEvent:
    """Return an event that fires for `queue.work`; events with other numbers differ only in their ids."""
    fields: dict[str, Any] = {
        "tenant_id": "acme", "event_id": f"event-{number}", "type": "work_stuck", "severity": "ERROR",
        "source": "queue.work", "title": "Work is stuck", "occurred_at": at,
    }  # fmt: skip
    return AlertEvent(**fields | more)


def config(
    *steps: str | tuple[str, ...], channels: Sequence[str] = ("page", "chat"), repeats: int = 0, **more: Any
) -> AlertingConfig:
    """Return a configuration with channels and one policy for all alerts; a step is a target or a tuple of targets."""
    targets = [(step,) if isinstance(step, str) else step for step in steps]
    policy = Policy("main", "Main", tuple(PolicyStep(each) for each in targets), repeats)
    routes = (Route("all", Matcher(), "main"),) if steps else ()
    fields: dict[str, Any] = {
        "channels": {name: ConfiguredChannel(name, "webhook") for name in channels},
        "policies": {"main": policy} if steps else {},
        "routes": routes,
    }
    return AlertingConfig(**({"tenant_id": "acme"} | fields | more))


class FakeEpisodeStore:
    """An episode store that holds every tenant's episodes, notices and counts."""

    def __init__(self) -> None:
        self.current: dict[tuple[str, str], Episode] = {}
        self.archived: dict[tuple[str, str, int], Episode] = {}
        self.stored_notices: dict[tuple[str, str, int, int], Notice] = {}
        self.counted: dict[tuple[str, str, str], datetime] = {}
        self.counts: dict[tuple[str, str, Bucket], Counter[CountName]] = {}

    def load(self, tenant_id: str, fingerprint: str) -> Episode | None:
        return self.current.get((tenant_id, fingerprint))

    def load_number(self, tenant_id: str, fingerprint: str, number: int) -> Episode | None:
        current = self.load(tenant_id, fingerprint)
        if current is None or current.number == number:
            return current
        return self.archived.get((tenant_id, fingerprint, number))

    def notices(self, tenant_id: str, fingerprint: str, number: int) -> Sequence[Notice]:
        found = [each for key, each in self.stored_notices.items() if key[:3] == (tenant_id, fingerprint, number)]
        return sorted(found, key=lambda notice: notice.sequence)

    def sources_down(self, tenant_id: str) -> Sequence[str]:
        return [
            episode.source
            for episode in self.current.values()
            if episode.tenant_id == tenant_id and episode.type == "system_down" and episode.state != "resolved"
        ]

    def write(self, tenant_id: str, change: Change, at: str, event: AlertEvent | None, seen: str | None) -> WriteResult:
        episode = change.episode
        key = (tenant_id, episode.fingerprint)
        before = self.current.get(key)
        now = datetime.fromisoformat(at)
        if event is not None and self.counted.get((*key, event.event_id), now) > now:
            return "repeated"
        if not self._is_writable(before, change, event, seen):
            return "stale"
        if event is not None:
            self.counted[*key, event.event_id] = now + counted_retention(event)
        self.current[key] = self._after(before, change, event)
        for notice in change.notices:
            assert (*key, notice.number, notice.sequence) not in self.stored_notices
            self.stored_notices[*key, notice.number, notice.sequence] = notice
        if change.archived:
            self.archived[*key, change.archived.number] = replace(change.archived, due_at=None, unpublished=())
        for (hour, bucket), added in count_change(change, event, at).items():
            self.counts.setdefault((tenant_id, hour, bucket), Counter()).update(added)
        return "written"

    def page(self, tenant_id: str, wanted: AlertFilter, after: Mapping[str, str] | None, limit: int) -> AlertPage:
        listed = [each for each in (*self.current.values(), *self.archived.values()) if each.tenant_id == tenant_id]
        listed = [each for each in listed if each.number and (each.state != "resolved") == wanted.is_open]
        names = ("state", "severity", "type")
        required = {name: value for name in names if (value := getattr(wanted, name))}
        found = [each for each in listed if all(getattr(each, name) == value for name, value in required.items())]
        found.sort(key=_place, reverse=True)
        rest = [each for each in found if after is None or _place(each) < after["list_sk"]]
        position = {"pk": "", "sk": "", "list_sk": _place(rest[limit - 1])} if len(rest) > limit else None
        return AlertPage(tuple(rest[:limit]), position)

    def statistics(self, tenant_id: str, first: str, last: str) -> dict[tuple[str, Bucket], dict[CountName, int]]:
        return {
            (hour, bucket): {name: added[name] for name in COUNTERS}
            for (owner, hour, bucket), added in self.counts.items()
            if owner == tenant_id and first <= hour <= last
        }

    @staticmethod
    def _is_writable(before: Episode | None, change: Change, event: AlertEvent | None, seen: str | None) -> bool:
        episode = change.episode
        if before is None:
            return episode.version == 1
        if change.is_count_only and event:
            is_latest = seen is None or event.occurred_at >= seen
            same = (before.number, before.state) == (episode.number, episode.state)
            return same and (not is_latest or before.last_event_at <= event.occurred_at)
        return before.version == episode.version - 1 and seen in (None, before.last_event_at)

    @staticmethod
    def _after(before: Episode | None, change: Change, event: AlertEvent | None) -> Episode:
        episode = change.episode
        if change.is_count_only and before and event:
            latest = max(before.last_event_at, event.occurred_at)
            return replace(before, count=before.count + 1, last_event_at=latest)
        if before is None or change.archived:
            return episode
        last = before.last_event_at if change.outcome == "unchanged" else episode.last_event_at
        return replace(episode, count=before.count + change.counted, last_event_at=last)


def _place(episode: Episode) -> str:
    return f"{episode.started_at}#{episode.fingerprint}#{episode.number}"


class FakeConfigs:
    """Configurations by tenant; a tenant without one has no channels."""

    def __init__(self, *configs: AlertingConfig) -> None:
        self.by_tenant = {each.tenant_id: each for each in configs}

    def load(self, tenant_id: str) -> AlertingConfig:
        return self.by_tenant.get(tenant_id, AlertingConfig(tenant_id))


class FakeNoticeQueue:
    """A queue that records the sent notices; it is away while `is_away` is True."""

    def __init__(self) -> None:
        self.sent: list[Notice] = []
        self.is_away = False

    def send(self, notices: Sequence[Notice]) -> None:
        if self.is_away:
            raise Unavailable("The queue is away.")
        self.sent += notices


class FakeBus:
    """A bus that records the published events; it refuses all events while `is_away` is True."""

    def __init__(self) -> None:
        self.published: list[Event] = []
        self.is_away = False

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        if self.is_away:
            return [event.event_id for event in events]
        self.published += events
        return []
