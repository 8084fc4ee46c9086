"""Changes of episodes: load, decide, write over the version that was read, then send notices and publish events."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from vigil.alerting.alerts.model import AlertEvent, Episode, Notice
from vigil.alerting.episodes.bus_events_model import to_bus_event
from vigil.alerting.episodes.escalation_model import Situation
from vigil.alerting.episodes.model import Change, mark_published
from vigil.alerting.episodes.ports import EpisodeStore, EventBus, NoticeQueue
from vigil.alerting.policies.ports import AlertingConfigs
from vigil.errors import Conflict, Unavailable
from vigil.kernel.time import format_timestamp
from vigil.runtime.retries import TryAgain, retry

MAX_ATTEMPTS = 12
"""Maximum attempts of one change that loses races against other writers."""

Decide = Callable[[Episode | None, Callable[[], Situation]], Change | None]
"""Function that decides a change of the loaded episode, which is None for an unknown fingerprint.

It returns None to change nothing. It calls its second argument only if the decision needs more than the episode.
"""


class EpisodeChanges:
    """Changes episodes of all tenants. `count_unroutable` counts new notices that no channel can receive."""

    def __init__(
        self,
        episodes: EpisodeStore,
        configs: AlertingConfigs,
        notices: NoticeQueue,
        bus: EventBus,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
        count_unroutable: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._episodes = episodes
        self._configs = configs
        self._notices = notices
        self._bus = bus
        self._clock = clock
        self._sleep = sleep
        self._count_unroutable = count_unroutable

    def apply(
        self, tenant_id: str, fingerprint: str, decide: Decide, event: AlertEvent | None = None
    ) -> tuple[Episode | None, Change | None]:
        """Return the episode after a decision, and the written change or None if nothing was written.

        `decide` is called again after each lost race. `event` is counted with the change; if it was counted before,
        nothing is written. The episode is None if the fingerprint is still unknown.

        The notices of the change are sent and its events are published after the write. The sweep repeats both if they
        fail here. Raises Conflict after MAX_ATTEMPTS lost races, Unavailable if nothing was written, and the errors of
        `decide`.
        """

        episode, change = self._change(tenant_id, fingerprint, decide, event)
        if change is not None and change.notices:
            self._send(change.notices)
        if change is not None and change.episode.unpublished:
            self.publish(change.episode)
        return episode, change

    def publish(self, episode: Episode) -> None:
        """Publish the events that wait in an episode, then remove them from it. The bus may get an event twice.

        Events that the bus refused, and events that could not be removed, wait for the next call; that is no error.
        """
        events = {to_bus_event(episode, waits): waits for waits in episode.unpublished}
        refused = self._bus.publish(list(events))
        published = [waits for event, waits in events.items() if event.event_id not in refused]

        def decide(current: Episode | None, _: Callable[[], Situation]) -> Change | None:
            return mark_published(current, published) if current else None

        with suppress(Conflict, Unavailable):
            self._change(episode.tenant_id, episode.fingerprint, decide, None)

    def _change(
        self, tenant_id: str, fingerprint: str, decide: Decide, event: AlertEvent | None
    ) -> tuple[Episode | None, Change | None]:
        def attempt() -> tuple[Episode | None, Change | None]:
            episode, now = self._episodes.load(tenant_id, fingerprint), self._clock()
            change = decide(episode, lambda: self._situation(tenant_id, fingerprint, episode, now))
            if change is None:
                return episode, None
            seen = episode.last_event_at if episode and change.outcome != "unchanged" else None
            counted = event if change.counted else None
            result = self._episodes.write(tenant_id, change, format_timestamp(now), counted, seen)
            if result == "stale":
                raise TryAgain
            return (episode, None) if result == "repeated" else (change.episode, change)

        error = Conflict("The alert is being changed by other requests; try again.")
        return retry(attempt, attempts=MAX_ATTEMPTS, error=error, sleep=self._sleep)

    def _situation(self, tenant_id: str, fingerprint: str, episode: Episode | None, now: datetime) -> Situation:
        notices = self._episodes.notices(tenant_id, fingerprint, episode.number) if episode else ()
        down = self._episodes.sources_down(tenant_id)
        return Situation(self._configs.load(tenant_id), now, tuple(notices), tuple(down))

    def _send(self, notices: tuple[Notice, ...]) -> None:
        self._count_unroutable(sum(notice.state == "unroutable" for notice in notices))
        pending = [notice for notice in notices if notice.state == "pending"]
        with suppress(Unavailable):  # the notices are due, so the sweep of the next minute sends them
            self._notices.send(pending)
