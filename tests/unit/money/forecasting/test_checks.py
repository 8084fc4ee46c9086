"""An anomaly is kept and told once."""

import json
from datetime import timedelta

import pytest

from tests.support.fakes.forecasting import FakeAnomalies
from vigil.errors import Unavailable

MUCH = 3_000_000


def test_what_is_usual_is_told_to_nobody(world):
    world.live(days=40)
    assert world.check.run("acme") == 0
    assert not world.store.stored


def test_an_anomaly_is_told_with_what_was_expected_and_no_more_than_that(world):
    world.live(days=40)
    world.spend(MUCH)
    assert world.check.run("acme") == 1
    (event,) = world.bus.taken
    assert json.loads(event.detail) == {
        "event_id": "acme.inference.2026-03-01T12.1.forecasting.anomaly_found",
        "event_version": 1,
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
    assert (event.kind, event.occurred_at) == ("forecasting.anomaly_found", "2026-03-01T12:00:00.000000Z")


def test_it_is_told_once_however_often_it_is_seen_and_a_day_of_quiet_ends_it(world):
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


def test_what_goes_on_for_weeks_is_told_once_and_becomes_what_is_usual(world):
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


def test_categories_are_looked_at_apart(world):
    world.live(days=40)
    world.live(days=40, category="third_party")
    world.spend(MUCH)
    world.spend(MUCH, category="third_party")
    assert world.check.run("acme") == 2


def test_a_new_category_is_not_judged_by_too_short_a_past(world):
    world.live(days=27)
    world.spend(MUCH)
    assert world.check.run("acme") == 0


def test_another_tenant_hears_nothing(world):
    world.live(days=40)
    world.live(days=40, tenant_id="globex")
    world.spend(MUCH)
    assert world.check.run("globex") == 0


def test_what_the_bus_did_not_take_is_told_later_as_the_same_event(world):
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


def test_of_two_who_find_it_one_tells_it_though_an_hour_ends_between_them(world):
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
def test_a_crash_at_any_write_loses_nothing(world, failing):
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
    assert {event.event_id for event in world.bus.taken} == {"acme.inference.2026-03-01T12.1.forecasting.anomaly_found"}
    assert world.store.stored["acme", "inference", 1].state == "told"


def test_the_past_is_read_once_a_day(world):
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


def test_what_the_last_hour_of_a_day_cost_is_looked_at_when_it_is_counted_after_midnight(world):
    world.live(days=40)
    world.costs.spend("acme", world.clock.now, [100_000] * 11 + [0, 100_000])
    last = world.clock.now + timedelta(hours=11)
    world.clock.now = last + timedelta(minutes=61)
    check = world.check
    assert check.run("acme") == 0
    world.costs.spend("acme", last, [MUCH])
    world.clock.advance(minutes=15)
    assert check.run("acme") == 1
