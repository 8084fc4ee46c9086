"""The rooms around deliveries in memory: the queue, a vendor that holds incidents, channels and reports."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any

from tests.support.fakes.notices import no_crash
from vigil.alerting.alerts.model import AlertEvent, Episode, Notice, Receipt
from vigil.alerting.channels.model import Channel, NoticeContent, Outcome, Postponed, Sent
from vigil.alerting.notices.model import DueItem, NoticeDestination, NoticeRef


@dataclass
class FakeDeliveryQueue:
    """Messages with the time at which they are delivered. Each is a notice's name or a due item."""

    clock: Callable[[], datetime]
    random: Random
    later: list[tuple[datetime, int, NoticeRef | DueItem]] = field(default_factory=list)
    ready: list[NoticeRef | DueItem] = field(default_factory=list)
    sent: int = 0
    calls: int = 0
    reach: Callable[[str], None] = no_crash

    def send(self, notices: Sequence[Notice], delay_seconds: int = 0) -> None:
        if notices:
            self.reach("send")
            self._add([NoticeRef.of(each) for each in notices], delay_seconds)
            self.reach("sent")

    def send_due(self, items: Sequence[DueItem]) -> None:
        self.reach("send_due")
        self._add(items, 0)

    def take(self) -> NoticeRef | DueItem | None:
        """Return one of the messages that have arrived, drawn at random, or None."""
        while self.later and self.later[0][0] <= self.clock():
            self.ready.append(heappop(self.later)[2])
        if not self.ready:
            return None
        place = self.random.randrange(len(self.ready))
        self.ready[place], self.ready[-1] = self.ready[-1], self.ready[place]
        return self.ready.pop()

    def _add(self, messages: Sequence[NoticeRef | DueItem], delay_seconds: int) -> None:
        at = self.clock() + timedelta(seconds=delay_seconds)
        self.calls += -(-len(messages) // 10)
        for message in messages:
            self.sent += 1
            heappush(self.later, (at, self.sent, message))


@dataclass
class FakeVendor:
    """A vendor with incidents by channel and key. `answer` returns the outcome of a request, or None to accept it.

    `accepted` are the accepted notices in their order; `incidents` is the state of each incident.
    """

    answer: Callable[[Channel, NoticeContent], Outcome | None] = lambda _channel, _content: None
    meter: Any = ""
    requests: list[NoticeContent] = field(default_factory=list)
    accepted: list[NoticeContent] = field(default_factory=list)
    incidents: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    reach: Callable[[str], None] = no_crash

    def send(self, channel: Channel, content: NoticeContent) -> Outcome:
        self.requests.append(content)
        self.reach("vendor")
        if (outcome := self.answer(channel, content)) is not None:
            return outcome
        self.accept(channel, content)
        self.reach("accepted")
        return Sent(Receipt(f"{channel.channel_id}-{len(self.accepted)}"), self.meter)

    def accept(self, channel: Channel, content: NoticeContent) -> None:
        """Change the incident as PagerDuty does: a trigger opens it once, and opens a new one after its resolution."""
        self.accepted.append(content)
        about = content.notice
        states = self.incidents.setdefault((channel.channel_id, f"{about.fingerprint}-{about.number}"), [])
        is_open = bool(states) and states[-1] != "resolved"
        if about.action == "trigger" and not is_open:
            states.append("triggered")
        elif about.action == "acknowledge" and is_open:
            states[-1] = "acknowledged"
        elif about.action == "resolve" and is_open:
            states[-1] = "resolved"


def open_circuit(_channel: Channel, _content: NoticeContent) -> Outcome:
    """Return the outcome of a vendor whose circuit is open."""
    return Postponed("The circuit is open.", is_open=True)


@dataclass
class FakeDestinations:
    """Channels `one`, `two` and `three`, all members, and a contact of each tenant."""

    unknown: set[str] = field(default_factory=set)
    broken: list[tuple[str, str]] = field(default_factory=list)

    def find(self, tenant_id: str, channel: str) -> NoticeDestination | None:
        if channel in self.unknown:
            return None
        is_mail = channel == "contact" or channel.startswith("member:")
        kind: Any = "email" if is_mail else "pagerduty"
        return NoticeDestination(Channel(tenant_id, channel, kind, channel, {}), "a@example.org" if is_mail else "")

    def mark_broken(self, destination: NoticeDestination, reason: str) -> None:
        self.broken.append((destination.channel.channel_id, reason))


@dataclass
class FakeReports:
    """Usage events and alerts to the operators, each counted once by its id. `reach` may raise."""

    usage: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    alerts: dict[str, AlertEvent] = field(default_factory=dict)
    reach: Callable[[str], None] = no_crash

    def report(self, tenant_id: str, event: Mapping[str, Any]) -> None:
        self.reach("report")
        self.usage[tenant_id, event["id"]] = event
        self.reach("reported")

    def raise_alert(self, event: AlertEvent) -> None:
        self.reach("publish")
        self.alerts[event.event_id] = event


class NoLinks:
    """A signer without links."""

    def links(self, notice: Notice, episode: Episode | None, at: datetime) -> Mapping[str, str]:
        return {}
