"""The life of one alert without a store: decisions, a clock, and the notices so far."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tests.support.fakes.alerts import event
from tests.support.fakes.clock import Clock
from vigil.alerting.alerts.model import Episode, Notice, NoticeState
from vigil.alerting.episodes.escalation_model import Situation
from vigil.alerting.episodes.model import Change, acknowledge, clear, fire, resolve, tick
from vigil.alerting.policies.model import AlertingConfig
from vigil.kernel.time import format_timestamp

PAGE, CHAT = "channel:page", "channel:chat"
New = list[tuple[str, str, str]]
"""Action, channel and state of each new notice."""


class Life:
    """One fingerprint with a clock: applies decisions and remembers the episode and its notices."""

    def __init__(self, configured: AlertingConfig, down: Iterable[str] = ()) -> None:
        self.config, self.down = configured, tuple(down)
        self.clock = Clock()
        self.current: Episode | None = None
        self.notices: tuple[Notice, ...] = ()
        self.new: tuple[Notice, ...] = ()
        self.events = 0

    @property
    def episode(self) -> Episode:
        assert self.current is not None
        return self.current

    @property
    def situation(self) -> Situation:
        number = self.current.number if self.current else 0
        own = tuple(notice for notice in self.notices if notice.number == number)
        return Situation(self.config, self.clock(), own, self.down)

    def fire(self, **more: Any) -> New:
        return self._apply(fire(self.current, self._event(more), self.situation))

    def clear(self, **more: Any) -> New:
        return self._apply(clear(self.current, self._event({"is_cleared": True} | more), self.situation))

    def acknowledge(self, origin: str = "") -> New:
        return self._apply(acknowledge(self.episode, "key-1", origin, self.situation))

    def resolve(self, origin: str = "") -> New:
        return self._apply(resolve(self.episode, "key-1", origin, self.situation))

    def tick(self) -> New:
        return self._apply(tick(self.episode, self.situation))

    def wait(self, **by: float) -> New:
        self.clock.advance(**by)
        return self.tick()

    def deliver(self, state: NoticeState = "sent") -> None:
        """End every pending notice in a state."""
        self.notices = tuple(replace(each, state=state) if each.state == "pending" else each for each in self.notices)

    def _event(self, more: dict[str, Any]) -> Any:
        self.events += 1
        known = {"tenant_id": self.config.tenant_id, "at": format_timestamp(self.clock())}
        return event(self.events, **(known | more))

    def _apply(self, change: Change | None) -> New:
        self.new = change.notices if change else ()
        self.current = change.episode if change else self.current
        self.notices += self.new
        return [(notice.action, notice.channel, notice.state) for notice in self.new]
