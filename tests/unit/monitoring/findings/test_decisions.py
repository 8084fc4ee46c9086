"""Findings for people: pages, decisions, new baselines, and one alert for each state."""

from dataclasses import replace

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.events import FakeBus
from tests.support.monitored_worlds import FINDING, MODEL, TENANT, MonitoredWorld
from vigil.errors import Conflict, NotFound, Unavailable
from vigil.monitoring.drift.service import DriftBaselines
from vigil.monitoring.findings.alerts_service import PublishedFindingAlerts
from vigil.monitoring.findings.identity_model import finding_id
from vigil.monitoring.findings.service import Findings

REASON = "The programme now gives longer supplies."
BY = "admin:k-1"


class Room:
    """Findings of one tenant with their bus."""

    def __init__(self, *findings, world=None):
        self.world = world or MonitoredWorld()
        self.bus = FakeBus()
        self.alerts = PublishedFindingAlerts(self.world.findings, self._publish)
        self.findings = Findings(self.world.findings, DriftBaselines(self.world.states), self.alerts, Clock())
        for finding in findings:
            self.world.findings.add(TENANT, MODEL, finding)

    def _publish(self, event):
        if self.bus.publish([event]):
            raise Unavailable("The event bus did not accept the event; try again.")

    def publish_all(self):
        for record in self.world.findings.findings(TENANT, MODEL):
            self.alerts.publish(TENANT, record)

    @property
    def kinds(self):
        return [event.kind for event in self.bus.taken]


def identity(finding=FINDING):
    return finding_id(TENANT, MODEL, finding)


def test_pages_list_the_newest_day_first():
    days = [f"2026-11-{day:02}" for day in range(1, 8)]
    room = Room(*(replace(FINDING, day=day) for day in days))
    first = room.findings.page(TENANT, MODEL, None, None, 3)
    second = room.findings.page(TENANT, MODEL, None, first.next, 3)
    last = room.findings.page(TENANT, MODEL, None, second.next, 3)
    shown = [record.finding.day for page in (first, second, last) for record in page.records]
    assert (shown, last.next) == (days[::-1], None)


def test_a_page_has_findings_of_the_wanted_state():
    room = Room(FINDING, replace(FINDING, day="2026-11-30"))
    room.findings.acknowledge(TENANT, MODEL, identity(), BY, REASON)
    pages = {state: room.findings.page(TENANT, MODEL, state, None, 9).records for state in ("open", "acknowledged")}
    assert [record.finding.day for record in pages["open"]] == ["2026-11-30"]
    assert [record.finding_id for record in pages["acknowledged"]] == [identity()]


def test_a_decision_has_its_author_reason_and_time():
    decided = Room(FINDING).findings.acknowledge(TENANT, MODEL, identity(), BY, REASON)
    assert (decided.state, decided.decided_by, decided.reason) == ("acknowledged", BY, REASON)
    assert decided.decided_at == "2026-03-01T12:00:00.000000Z"


@pytest.mark.parametrize("second", ["acknowledge", "rebase"])
def test_a_decision_is_final(second):
    room = Room(FINDING)
    room.findings.acknowledge(TENANT, MODEL, identity(), BY, REASON)
    with pytest.raises(Conflict, match="a decision is final"):
        getattr(room.findings, second)(TENANT, MODEL, identity(), BY, REASON)


@pytest.mark.parametrize(("tenant", "model"), [("other", MODEL), (TENANT, "other")])
def test_a_finding_of_another_tenant_or_model_is_not_found(tenant, model):
    with pytest.raises(NotFound):
        Room(FINDING).findings.acknowledge(tenant, model, identity(), BY, REASON)


def test_a_rebase_starts_a_baseline_after_the_last_judged_day():
    world = MonitoredWorld().fill()
    room = Room(FINDING, world=world)
    before = world.states.load(TENANT, MODEL, 3, "single")
    assert room.findings.rebase(TENANT, MODEL, identity(), BY, REASON).state == "rebased"
    after = world.states.load(TENANT, MODEL, 3, "single")
    assert (after.revision, after.through, after.settling) == (before.revision + 1, before.through, True)


@pytest.mark.parametrize("family", ["labels", "fairness"])
def test_only_findings_of_drift_have_a_baseline(family):
    finding = replace(FINDING, family=family)
    room = Room(finding, world=MonitoredWorld().fill())
    with pytest.raises(Conflict, match="acknowledge it instead"):
        room.findings.rebase(TENANT, MODEL, identity(finding), BY, REASON)
    assert room.findings.get(TENANT, MODEL, identity(finding)).state == "open"


def test_a_rebase_without_a_state_is_a_conflict():
    room = Room(FINDING)
    with pytest.raises(Conflict, match="no baseline"):
        room.findings.rebase(TENANT, MODEL, identity(), BY, REASON)


def test_three_sweeps_raise_one_alert_and_a_decision_clears_it():
    room = Room(FINDING)
    for _ in range(3):
        room.publish_all()
    room.findings.acknowledge(TENANT, MODEL, identity(), BY, REASON)
    room.publish_all()
    assert room.kinds == ["findings.opened", "findings.decided"]


def test_a_crash_before_the_mark_repeats_the_event_under_its_id(monkeypatch):
    room = Room(FINDING)
    with monkeypatch.context() as patch:
        patch.setattr(room.world.findings, "mark_published", lambda *_: None)
        room.publish_all()
    room.publish_all()
    first, second = room.bus.taken
    assert first == second


def test_an_event_that_the_bus_refuses_is_published_by_the_next_sweep():
    room = Room(FINDING)
    room.bus.away = True
    with pytest.raises(Unavailable):
        room.findings.acknowledge(TENANT, MODEL, identity(), BY, REASON)
    room.bus.away = False
    room.publish_all()
    assert room.kinds == ["findings.decided"]


def test_an_event_has_no_features_and_no_figures():
    room = Room(FINDING)
    room.publish_all()
    text = room.bus.taken[0].detail
    assert not [word for word in ("visits", "0.41", "5210", "distributed") if word in text]
