"""Alerts of one tenant on stores in memory, with a delivery that follows the rules of order, and a vendor."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from tests.support.fakes.access import Crash, Crasher
from tests.support.fakes.alerts import FakeBus, FakeConfigs, FakeEpisodeStore, FakeNoticeQueue
from tests.support.fakes.clock import Clock
from vigil.alerting.alerts.model import Episode, Notice, NoticeState
from vigil.alerting.episodes.changes_service import EpisodeChanges
from vigil.alerting.episodes.intake_service import AlertIntake
from vigil.alerting.episodes.service import Alerts
from vigil.alerting.policies.model import AlertingConfig
from vigil.kernel.time import format_timestamp

FINAL = ("sent", "failed", "limited", "silenced", "inhibited", "superseded", "unroutable")


class Crashing:
    """A port whose calls can end the process before or after their effect."""

    def __init__(self, port: Any, crasher: Crasher) -> None:
        self._port = port
        self._crasher = crasher

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self._crasher.step()
            answer = method(*arguments, **named)
            self._crasher.step()
            return answer

        return call


class AlertWorld:
    """Alerts, their intake, and a vendor with one incident per channel and key."""

    def __init__(self, *configs: AlertingConfig) -> None:
        self.store, self.configs = FakeEpisodeStore(), FakeConfigs(*configs)
        self.queue, self.bus, self.clock = FakeNoticeQueue(), FakeBus(), Clock()
        self.crasher = Crasher()
        self.incidents: dict[tuple[str, str], str] = {}
        ports = (self.store, self.configs, self.queue, self.bus)
        store, self_configs, queue, bus = (cast("Any", Crashing(port, self.crasher)) for port in ports)
        changes = EpisodeChanges(store, self_configs, queue, bus, self.clock, lambda _: None)
        self.intake = AlertIntake(changes)
        self.alerts = Alerts(store, changes, self.clock)

    @contextmanager
    def crashing(self, at: int) -> Iterator[list[bool]]:
        """End the process at the n-th call or answer of a port; the list is empty if it has fewer."""
        crashed: list[bool] = []
        self.crasher.left = at
        try:
            yield crashed
        except Crash:
            crashed.append(True)
        finally:
            self.crasher.left = 0

    def sweep(self) -> list[Notice]:
        """Advance due episodes and return the notices that a sweep would send."""
        now = format_timestamp(self.clock())
        for episode in list(self.store.current.values()):
            due = [event.occurred_at for event in episode.unpublished] + [episode.due_at or "9"]
            if min(due) <= now:
                self.alerts.tick(episode.tenant_id, episode.fingerprint)
        return self.pending()

    def pending(self) -> list[Notice]:
        """Return the notices that are not final."""
        return [notice for notice in self.store.stored_notices.values() if notice.state not in FINAL]

    def deliver(self, notice: Notice, *, fails: bool = False) -> bool:
        """Deliver one notice by the rules of order; return False if it waits for an earlier one."""
        key = (notice.tenant_id, notice.fingerprint, notice.number, notice.sequence)
        stored = self.store.stored_notices[key]
        if stored.state in FINAL:
            return True
        state = self._next_state(stored, fails=fails)
        if state is not None:
            self._finish(key, stored, state)
        return state is not None

    def _next_state(self, notice: Notice, *, fails: bool) -> NoticeState | None:
        episode = self.store.load_number(notice.tenant_id, notice.fingerprint, notice.number)
        same = self.store.notices(notice.tenant_id, notice.fingerprint, notice.number)
        same = [each for each in same if each.channel == notice.channel]
        if notice.action != "resolve" and (episode is None or episode.state == "resolved"):
            return "superseded"
        later = [each for each in same if each.sequence > notice.sequence and each.action != "acknowledge"]
        if any(each.state not in ("silenced", "inhibited", "unroutable") for each in later):
            return "superseded"
        for each in same:
            if each.sequence < notice.sequence and each.state not in FINAL:
                if notice.action == "acknowledge":
                    return None
                self._finish((each.tenant_id, each.fingerprint, each.number, each.sequence), each, "superseded")
        if fails:
            return "failed"
        if notice.action != "trigger" and self.incidents.get(self._incident(episode, notice)) in (None, "resolved"):
            return "superseded"
        effect = {"trigger": "triggered", "acknowledge": "acknowledged", "resolve": "resolved"}
        self.incidents[self._incident(episode, notice)] = effect[notice.action]
        return "sent"

    def _finish(self, key: tuple[str, str, int, int], notice: Notice, state: NoticeState) -> None:
        ended = replace(notice, state=state, due_at=None, ended_at=format_timestamp(self.clock()))
        self.store.stored_notices[key] = ended
        self.store.counts[notice.tenant_id, notice.created_at[:13], notice.severity].update([cast("Any", state)])

    @staticmethod
    def _incident(episode: Episode | None, notice: Notice) -> tuple[str, str]:
        assert episode is not None
        return notice.channel, episode.dedup_key
