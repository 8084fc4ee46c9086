"""The contract of the store of incidents, for the fake and for DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.incidents import ADA, ALERT, OK, FakeIncidentStore
from vigil.kernel.time import format_timestamp
from vigil.operations.incidents import life_model as life
from vigil.operations.incidents import work_model as work
from vigil.operations.incidents.model import open_incident
from vigil.operations.incidents.steps_model import Scope
from vigil.operations.incidents.store import DynamoIncidents

SCOPE = Scope("inc-1", function="scoring_api", tenant_id="acme", key_ids=("k-1", "k-2"), flag="f")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["fake", "dynamodb"])
def incidents(request):
    if request.param == "fake":
        return FakeIncidentStore()
    return DynamoIncidents(request.getfixturevalue("aws")("dynamodb"), "incidents")


def opened(clock, name="inc-1", alert=None):
    return open_incident("security_breach", replace(SCOPE, incident_id=name), ADA.name, clock(), alert)


def test_an_incident_is_stored_and_read_back_complete(incidents, clock):
    first = opened(clock, alert=ALERT)
    assert incidents.create(first)
    assert not incidents.create(first)
    assert incidents.get("inc-1") == first.incident
    assert incidents.get("inc-2") is None
    assert list(incidents.timeline("inc-1")) == list(first.entries)


def test_a_change_and_its_entries_are_written_together_or_not(incidents, clock):
    first = opened(clock)
    incidents.create(first)
    one = life.run(first.incident, 1, "", ADA, clock())
    other = life.skip(first.incident, 1, "a note", ADA, clock())
    assert incidents.write(one)
    assert not incidents.write(other)
    claimed = work.claim(one.incident, 1, 1, clock())
    assert claimed.entries == ()
    assert incidents.write(claimed)
    assert not incidents.write(claimed)
    ended = work.record_check(claimed.incident, 1, OK, timedelta(), clock())
    assert incidents.write(ended)
    assert incidents.get("inc-1") == ended.incident
    assert list(incidents.timeline("inc-1")) == [*first.entries, *one.entries, *ended.entries]


def test_a_change_of_an_incident_that_is_not_stored_is_not_written(incidents, clock):
    assert not incidents.write(life.run(opened(clock).incident, 1, "", ADA, clock()))
    assert list(incidents.timeline("inc-1")) == []


def test_the_latest_incident_of_an_alert_is_replaced_only_by_its_id(incidents, clock):
    assert incidents.latest_of_alert(ALERT.fingerprint) is None
    assert not incidents.create(opened(clock, "inc-0", ALERT), "inc-unknown")
    assert incidents.create(opened(clock, "inc-1", ALERT))
    assert incidents.latest_of_alert(ALERT.fingerprint) == "inc-1"
    assert not incidents.create(opened(clock, "inc-2", ALERT))
    assert not incidents.create(opened(clock, "inc-2", ALERT), "inc-0")
    assert (incidents.get("inc-0"), incidents.get("inc-2")) == (None, None)
    assert incidents.create(opened(clock, "inc-2", ALERT), "inc-1")
    assert incidents.latest_of_alert(ALERT.fingerprint) == "inc-2"


def test_incidents_are_listed_by_state_latest_first(incidents, clock):
    for number in range(3):
        incidents.create(opened(clock, f"inc-{number}"))
        clock.advance(seconds=1)
    ended = incidents.get("inc-1")
    for number in range(1, 7):
        ended = life.skip(ended, number, "a note", ADA, clock()).incident
    done = life.resolve(ended, "", ("Rotate the pepper.",), ADA, clock())
    incidents.write(replace(done, incident=replace(done.incident, version=2)))
    first = incidents.page("open", None, 1)
    second = incidents.page("open", first.next, 5)
    assert [each.incident_id for page in (first, second) for each in page.incidents] == ["inc-2", "inc-0"]
    assert second.next is None
    (resolved,) = incidents.page("resolved", None, 5).incidents
    assert (resolved.incident_id, resolved.follow_ups) == ("inc-1", ("Rotate the pepper.",))


def test_an_incident_is_due_by_its_event_and_then_by_its_time(incidents, clock):
    first = opened(clock)
    incidents.create(first)

    def due():
        return [each.incident_id for each in incidents.due(format_timestamp(clock()), 10)]

    assert due() == ["inc-1"]
    published = life.mark_published(first.incident)
    incidents.write(published)
    assert due() == []
    clock.advance(hours=2)
    assert due() == ["inc-1"]
    incidents.write(life.mark_published(life.escalate(published.incident, "time", "sweep", clock()).incident))
    assert incidents.write(life.escalate(published.incident, "time", "sweep", clock()))
    escalated = incidents.get("inc-1")
    incidents.write(life.mark_published(escalated))
    assert due() == []
