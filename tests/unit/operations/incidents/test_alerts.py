"""An alert has one incident at a time, and each of its episodes has at most one, also under concurrent requests."""

from dataclasses import replace

import pytest

from tests.support.fakes.incidents import ADA, ALERT, BEN, IncidentRoom
from vigil.errors import Conflict, InvalidInput
from vigil.operations.incidents.alerts_model import ALERT_RULES
from vigil.operations.incidents.steps_model import Scope

AGAIN = replace(ALERT, alert_id=f"alr-{ALERT.fingerprint}-2")
"""The next episode of the alert."""
OTHER = replace(ALERT, alert_id="alr-ffffffffffffffffffffffff-1", fingerprint="f" * 24)


@pytest.fixture
def room():
    return IncidentRoom([ALERT, AGAIN, OTHER])


def opened(room, alert, by=ADA):
    return room.incidents.open(None, alert.alert_id, Scope(""), by).incident_id


def resolve(room, incident):
    for number in range(1, 7):
        room.incidents.skip(incident, number, "false alarm", ADA)
    room.incidents.resolve(incident, "", (), ADA)


@pytest.mark.parametrize("second", [ALERT, AGAIN], ids=["delivered twice", "raised again"])
def test_an_alert_with_an_open_incident_opens_no_second_one(room, second):
    assert opened(room, ALERT) == opened(room, second, BEN)
    assert room.bus.kinds() == ["incidents.opened"]


@pytest.mark.parametrize("second", [ALERT, AGAIN], ids=["delivered twice", "raised again"])
def test_concurrent_requests_of_an_alert_open_one_incident(room, second):
    winners = []
    room.store.before_write = lambda: winners.append(opened(room, second, BEN))
    assert [opened(room, ALERT)] == winners
    assert len(room.store.items) == 1


def test_only_a_new_episode_opens_a_further_incident_after_the_end(room):
    first = opened(room, ALERT)
    resolve(room, first)
    assert opened(room, ALERT) == first
    second = opened(room, AGAIN)
    assert second != first
    assert opened(room, AGAIN) == second


def test_an_incident_that_has_expired_does_not_block_its_alert(room):
    first = opened(room, ALERT)
    del room.store.items[first]
    assert opened(room, ALERT) != first


def test_two_alerts_have_two_incidents(room):
    assert opened(room, ALERT) != opened(room, OTHER)


def test_an_alert_whose_incidents_keep_changing_is_a_conflict(room, monkeypatch):
    monkeypatch.setattr(room.store, "create", lambda *_: False)
    with pytest.raises(Conflict, match="try again"):
        opened(room, ALERT)


@pytest.mark.parametrize(
    ("alert_type", "source", "incident"),
    [
        ("dependency_failure", "database", "database_issue"),
        ("dependency_failure", "circuits", "high_error_rate"),
        ("dependency_failure", "circuit.opsgenie", "high_error_rate"),
        ("error_detected", "function.scoring-api.memory", "model_failure"),
        ("high_latency", "objective.score_latency", "high_error_rate"),
        ("high_risk_prediction", "scoring.surge", "model_failure"),
        ("system_down", "service", "service_down"),
    ],
)
def test_an_alert_opens_the_runbook_of_its_type_and_source(alert_type, source, incident):
    room = IncidentRoom([replace(ALERT, type=alert_type, source=source)])
    assert room.incidents.open(None, ALERT.alert_id, Scope(""), ADA).type == incident


@pytest.mark.parametrize(
    ("alert_type", "source"),
    [("work_stuck", "queue-late.batch-chunks"), ("dependency_failure", "webhook.whk-1"), ("high_latency", "batches")],
)
def test_an_alert_without_a_runbook_is_refused_with_the_next_step(alert_type, source):
    room = IncidentRoom([replace(ALERT, type=alert_type, source=source)])
    with pytest.raises(InvalidInput, match="has no runbook; follow its fact `help`"):
        room.incidents.open(None, ALERT.alert_id, Scope(""), ADA)


def test_no_rule_of_alerts_hides_a_later_one():
    for position, rule in enumerate(ALERT_RULES):
        earlier = [each for each in ALERT_RULES[:position] if each.type == rule.type]
        assert not any(rule.source.startswith(each.source) for each in earlier)
