"""The anomaly check stores and publishes each anomaly once."""

import json
from datetime import timedelta

import pytest

from tests.support.fakes.forecasting import FakeAnomalies
from vigil.errors import Unavailable

MUCH = 3_000_000


def test_usual_spend_publishes_no_event(world):
    world.live(days=40)
    assert world.check.run("acme") == 0
    assert not world.store.stored


def test_an_anomaly_event_has_the_documented_fields_only(world):
    world.live(days=40)
    world.spend(MUCH)
    assert world.check.run("acme") == 1
    (event,) = world.bus.taken
    assert json.loads(event.detail) == {
        "event_id": "acme.inference.2026-03-01T12.1.spend.anomaly_found",
        "event_version": 2,
        "occurred_at": "2026-03-01T12:00:00.000000Z",
        "tenant_id": "acme",
        "category": "inference",
        "number": 1,
        "began": "2026-03-01T12",
        "hours": 1,
        "spent_micros": MUCH,
        "expected_micros": 100_000,
        "bound_micros": 200_000,
    }
    assert (event.kind, event.occurred_at) == ("spend.anomaly_found", "2026-03-01T12:00:00.000000Z")


def test_an_anomaly_is_published_once_until_a_quiet_day_ends_it(world):
    world.live(days=40)
    for _ in range(30):
        world.spend(MUCH)
        world.check.run("acme")
        world.clock.advance(hours=1)
    assert len(world.bus.taken) == 1
    assert world.store.stored["acme", "inference", 1].seen == "2026-03-02T17"
    world.clock.advance(hours=49)
    world.spend(MUCH)
    assert world.check.run("acme") == 1
    assert [anomaly.number for anomaly in world.store.list_all("acme")] == [1, 2]


def test_a_long_anomaly_does_not_hide_the_next_one(world):
    world.live(days=40)
    for hours in (12, 60):
        for _ in range(hours):
            world.spend(MUCH if hours == 12 else 100_000)
            world.check.run("acme")
            world.clock.advance(hours=1)
    world.spend(MUCH)
    assert world.check.run("acme") == 1


def test_an_anomaly_of_weeks_is_published_once_and_becomes_usual(world):
    world.live(days=40)
    check = world.check
    for _ in range(21 * 24):
        world.spend(300_000)
        check.run("acme")
        world.clock.advance(hours=1)
    assert len(world.bus.taken) == 1
    (anomaly,) = world.store.list_all("acme")
    assert anomaly.is_lasting
    assert anomaly.seen < "2026-03-12"


def test_each_category_is_checked_separately(world):
    world.live(days=40)
    world.live(days=40, category="third_party")
    world.spend(MUCH)
    world.spend(MUCH, category="third_party")
    assert world.check.run("acme") == 2


def test_a_category_with_a_short_history_is_not_checked(world):
    world.live(days=27)
    world.spend(MUCH)
    assert world.check.run("acme") == 0


def test_another_tenant_gets_no_event(world):
    world.live(days=40)
    world.live(days=40, tenant_id="globex")
    world.spend(MUCH)
    assert world.check.run("globex") == 0


def test_a_refused_event_is_published_later_with_the_same_id(world):
    world.live(days=40)
    world.spend(MUCH)
    world.bus.away = True
    assert world.check.run("acme") == 0
    stored = world.store.stored["acme", "inference", 1]
    world.bus.away = False
    assert world.check.run("acme") == 0, "whoever found it may still be telling it"
    world.clock.advance(minutes=5)
    world.spend(MUCH)
    assert world.check.run("acme") == 1
    assert world.bus.taken == [stored.to_event("acme")]
    world.clock.advance(minutes=5)
    assert world.check.run("acme") == 0


def test_two_checks_publish_an_anomaly_once_across_an_hour_end(world):
    world.live(days=40)
    world.spend(MUCH)
    stale = FakeAnomalies()
    stale.stored = world.store.stored
    stale.list_all = lambda tenant_id: ()
    assert world.check.run("acme") == 1
    world.clock.advance(hours=1)
    world.spend(MUCH)
    world.store = stale
    assert world.check.run("acme") == 0
    assert len(world.bus.taken) == 1


@pytest.mark.parametrize("failing", ["list_all", "add", "update"])
def test_a_failed_store_call_loses_no_event(world, failing):
    world.live(days=40)
    world.spend(MUCH)
    real = getattr(world.store, failing)

    def away(*_):
        raise Unavailable("away")

    setattr(world.store, failing, away)
    with pytest.raises(Unavailable):
        world.check.run("acme")
    setattr(world.store, failing, real)
    world.clock.advance(minutes=5)
    world.check.run("acme")
    world.clock.advance(minutes=5)
    world.check.run("acme")
    assert {event.event_id for event in world.bus.taken} == {"acme.inference.2026-03-01T12.1.spend.anomaly_found"}
    assert world.store.stored["acme", "inference", 1].state == "told"


def test_the_history_is_read_once_a_day(world):
    world.live(days=40)
    check, months = world.check, []
    real = world.costs.hourly_costs
    world.costs.hourly_costs = lambda tenant_id, month: months.append(month) or real(tenant_id, month)
    check.run("acme")
    assert months == ["2026-03", "2026-01", "2026-02", "2026-03"]
    check.run("acme")
    assert months[4:] == ["2026-03"]
    world.clock.advance(days=1)
    check.run("acme")
    assert len(months) == 5 + 4


def test_the_last_hour_of_a_day_is_checked_after_midnight(world):
    world.live(days=40)
    world.costs.spend("acme", world.clock.now, [100_000] * 11 + [0, 100_000])
    last = world.clock.now + timedelta(hours=11)
    world.clock.now = last + timedelta(minutes=61)
    check = world.check
    assert check.run("acme") == 0
    world.costs.spend("acme", last, [MUCH])
    world.clock.advance(minutes=15)
    assert check.run("acme") == 1
