"""Incidents in memory: store, queue, bus, checks and actions, and a room that wires the real services to them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

from tests.support.fakes.clock import Clock
from vigil.errors import Conflict, NotFound, Unavailable, WorkPostponed
from vigil.kernel.events import Event
from vigil.operations.incidents.authors_model import Author
from vigil.operations.incidents.changes_service import IncidentChanges
from vigil.operations.incidents.model import (
    AlertOfIncident,
    Change,
    Incident,
    IncidentPage,
    IncidentState,
    TimelineEntry,
)
from vigil.operations.incidents.runbooks_model import RUNBOOKS, IncidentType
from vigil.operations.incidents.service import Incidents
from vigil.operations.incidents.steps_model import Evidence, Preview, Scope
from vigil.operations.incidents.steps_service import StepRunner
from vigil.operations.incidents.sweep_service import IncidentSweep, IncidentSweepResult

BEFORE = "2026-02-01T12:00:00.000000Z"
"""Time before all incidents at which the keys of the authors were made."""
ADA, BEN = (Author(f"operator:{name}", (name,), BEFORE) for name in ("ada", "ben"))
OK = Evidence("ok", "All is well.", (("seen", "3"),))
FAULTY = Evidence("faulty", "Something is wrong.", (("seen", "0"),))
FINGERPRINT = "0123456789abcdef01234567"
ALERT = AlertOfIncident(f"alr-{FINGERPRINT}-1", FINGERPRINT, "system_down", "service", "2026-03-01T11:58:00.000000Z")


class WorkerKilled(BaseException):
    """A worker that dies. No handler of errors catches it."""


@dataclass
class Kill:
    """Kills the worker before or after its n-th call, once."""

    at: int = -1
    after: bool = False
    calls: int = 0

    def around(self, call: Callable[[], Any]) -> Any:
        self.calls += 1
        if self.calls == self.at and not self.after:
            raise WorkerKilled
        result = call()
        if self.calls == self.at and self.after:
            raise WorkerKilled
        return result


@dataclass
class FakeIncidentStore:
    """Incidents with version checks. `before_write` runs once between a read and its write."""

    items: dict[str, Incident] = field(default_factory=dict)
    entries: dict[str, list[TimelineEntry]] = field(default_factory=dict)
    kill: Kill = field(default_factory=Kill)
    before_write: Callable[[], object] | None = None
    of_alerts: dict[str, str] = field(default_factory=dict)

    def create(self, change: Change, latest: str | None = None) -> bool:
        self._act_before_write()
        incident, fingerprint = change.incident, change.incident.alert_fingerprint
        if incident.incident_id in self.items or (fingerprint and self.of_alerts.get(fingerprint) != latest):
            return False
        if fingerprint:
            self.of_alerts[fingerprint] = incident.incident_id
        self._store(change)
        return True

    def latest_of_alert(self, fingerprint: str) -> str | None:
        return self.of_alerts.get(fingerprint)

    def get(self, incident_id: str) -> Incident | None:
        return self.kill.around(lambda: self.items.get(incident_id))  # type: ignore[no-any-return]

    def write(self, change: Change) -> bool:
        self._act_before_write()
        return self.kill.around(lambda: self._write(change))  # type: ignore[no-any-return]

    def timeline(self, incident_id: str) -> Sequence[TimelineEntry]:
        return list(self.entries.get(incident_id, ()))

    def page(self, state: IncidentState, after: Mapping[str, str] | None, limit: int) -> IncidentPage:
        found = [each for each in self.items.values() if each.state == state]
        found.sort(key=lambda each: (each.opened_at, each.incident_id), reverse=True)
        begin = int(after["place"]) if after else 0
        more = {"place": str(begin + limit)} if len(found) > begin + limit else None
        return IncidentPage(tuple(found[begin : begin + limit]), more)

    def due(self, now: str, limit: int) -> Sequence[Incident]:
        found = [each for each in self.items.values() if each.next_due_at and each.next_due_at <= now]
        return sorted(found, key=lambda each: each.next_due_at or "")[:limit]

    def _act_before_write(self) -> None:
        if self.before_write:
            act, self.before_write = self.before_write, None
            act()

    def _write(self, change: Change) -> bool:
        stored = self.items.get(change.incident.incident_id)
        if stored is None or stored.version != change.incident.version - 1:
            return False
        self._store(change)
        return True

    def _store(self, change: Change) -> None:
        self.items[change.incident.incident_id] = change.incident
        self.entries.setdefault(change.incident.incident_id, []).extend(change.entries)


@dataclass
class FakeStepQueue:
    """Messages of steps. With `is_away`, a send fails."""

    messages: list[tuple[str, int, int]] = field(default_factory=list)
    is_away: bool = False

    def send(self, incident_id: str, step: int, attempt: int) -> None:
        if self.is_away:
            raise Unavailable("away")
        self.messages.append((incident_id, step, attempt))


@dataclass
class FakeIncidentBus:
    """Published events. With `is_away`, the bus accepts no event."""

    events: list[Event] = field(default_factory=list)
    is_away: bool = False

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        if self.is_away:
            raise Unavailable("away")
        self.events += events
        return ()

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]


@dataclass
class FakeCheck:
    """A check with scripted evidence; the last one repeats."""

    script: list[Evidence] = field(default_factory=lambda: [OK])
    runs: int = 0

    def run(self, scope: Scope) -> Evidence:
        self.runs += 1
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


@dataclass
class FakeAction:
    """An action whose effect is one entry of `done` per token. `errors` are raised by the next calls of `apply`."""

    name: str
    kill: Kill = field(default_factory=Kill)
    planned: Preview = field(default_factory=lambda: Preview(("version 7 becomes version 6",), digest="from 7"))
    done: dict[str, Scope] = field(default_factory=dict)
    effects: int = 0
    errors: list[Exception] = field(default_factory=list)

    def preview(self, scope: Scope) -> Preview:
        return self.planned

    def apply(self, scope: Scope, token: str, confirmed: str | None = None) -> tuple[str, ...]:
        if self.errors:
            raise self.errors.pop(0)
        if token not in self.done and confirmed is not None and confirmed != self.planned.digest:
            raise Conflict("The state was changed since the dry run. Run the step again.")
        self.kill.around(partial(self._apply, scope, token))
        return self.planned.effects

    def _apply(self, scope: Scope, token: str) -> None:
        self.effects += token not in self.done
        self.done[token] = scope


class IncidentRoom:
    """The services of incidents on fakes. `work` delivers the messages of the queue to the worker."""

    def __init__(self, alerts: Sequence[AlertOfIncident] = (ALERT,)) -> None:
        self.clock = Clock()
        self.kill = Kill()
        self.store = FakeIncidentStore(kill=self.kill)
        self.queue = FakeStepQueue()
        self.bus = FakeIncidentBus()
        steps = [step for book in RUNBOOKS.values() for step in book.steps]
        self.checks = {name: FakeCheck() for step in steps if step.kind == "check" for name in step.uses}
        self.actions = {
            name: FakeAction(name, self.kill) for step in steps if step.kind == "action" for name in step.uses
        }
        changes = IncidentChanges(self.store, self.bus)
        numbers = count(1)
        alert_of = {alert.alert_id: alert for alert in alerts}

        def find(alert_id: str) -> AlertOfIncident:
            if alert_id not in alert_of:
                raise NotFound("There is no such alert.")
            return alert_of[alert_id]

        self.incidents = Incidents(self.store, changes, self.queue, find, lambda: f"inc-{next(numbers)}", self.clock)
        self.runner = StepRunner(changes, self.checks, self.actions, timedelta(minutes=1), self.clock)
        self._sweep = IncidentSweep(self.store, changes, self.queue, self.clock)

    def open(self, incident_type: IncidentType = "service_down", **scope: Any) -> str:
        return self.incidents.open(incident_type, "", Scope("", **scope), ADA).incident_id

    def work(self, most: int = 50) -> None:
        """Deliver messages until the queue is empty. The clock advances to the time of a postponed message."""
        for _ in range(most):
            if not self.queue.messages:
                return
            message = self.queue.messages.pop(0)
            try:
                self.runner.run(*message)
            except WorkPostponed as postponed:
                self.clock.advance(seconds=postponed.seconds)
                self.queue.messages.append(message)
        raise AssertionError("the queue does not become empty")

    def run(self, incident_id: str, number: int, action: str = "", by: Author = ADA) -> None:
        """Start a step and let the worker end it."""
        self.incidents.run(incident_id, number, action, by)
        self.work()

    def finish(self, incident_id: str, number: int) -> None:
        """Do a step to its end, with a second person for the confirmation."""
        kind = self.step(incident_id, number).plan.kind
        if kind == "manual":
            self.incidents.sign(incident_id, number, "Ada", "done", ADA)
            return
        self.run(incident_id, number)
        if kind == "action":
            self.incidents.confirm(incident_id, number, BEN)
            self.work()

    def finish_all(self, incident_id: str) -> None:
        for number in range(1, len(self.incidents.get(incident_id).steps) + 1):
            self.finish(incident_id, number)
            self.clock.advance(seconds=7)

    def sweep(self) -> IncidentSweepResult:
        return self._sweep.run()

    def step(self, incident_id: str, number: int) -> Any:
        return self.incidents.get(incident_id).step(number)

    def kinds(self, incident_id: str) -> list[str]:
        return [entry.kind for entry in self.store.timeline(incident_id)]
