"""Each reached threshold is published once, despite crashes and concurrent checks."""

import pytest

from vigil.errors import Unavailable


class Dying:
    """Proxy of a port that crashes before or after the call number `at`, counted over all proxies with this `count`."""

    def __init__(self, inner, at, after, count):
        self.inner, self.at, self.after, self.count = inner, at, after, count

    def __getattr__(self, name):
        def call(*arguments):
            self.count[0] += 1
            if self.count[0] == self.at and not self.after:
                raise Crash
            answer = getattr(self.inner, name)(*arguments)
            if self.count[0] == self.at:
                raise Crash
            return answer

        return call


class Crash(Exception):
    """The process crashes."""


def test_each_reached_threshold_is_published_once(world):
    world.put()
    world.costs.spend(7_999, "2026-03-01")
    assert world.check().run("acme") == 0
    world.costs.spend(1, "2026-03-01")
    assert world.check().run("acme") == 1
    world.costs.spend(5_000, "2026-03-01")
    assert [world.check().run("acme") for _ in range(3)] == [1, 0, 0]
    assert world.published == ["acme.inference.2026-03.80", "acme.inference.2026-03.100"]
    assert {alert.state for alert in world.store.alerts.values()} == {"sent"}


def test_budgets_count_their_own_category_and_period(world):
    world.put("total", "day", 1_000)
    world.put("storage", "month", 1_000)
    world.put("third_party", "month", 1_000)
    world.costs.spend(1_000, "2026-03-01", "storage")
    world.costs.spend(1_000, "2026-02-27", "third_party")
    world.costs.spend(1_000, "2026-03-01", "third_party", tenant_id="globex")
    assert world.check().run("acme") == 4
    assert sorted(world.published) == [
        "acme.storage.2026-03.100",
        "acme.storage.2026-03.80",
        "acme.total.2026-03-01.100",
        "acme.total.2026-03-01.80",
    ]


def test_a_new_span_and_a_late_line_of_the_last_span_alert_again(world):
    world.put(period="day", limit=1_000, thresholds=(100,))
    world.clock.advance(days=1)
    world.costs.spend(1_000, "2026-03-02")
    world.check().run("acme")
    world.costs.spend(1_000, "2026-03-01")
    world.check().run("acme")
    assert world.published == ["acme.inference.2026-03-02.100", "acme.inference.2026-03-01.100"]


def test_a_raised_limit_is_silent_and_a_lowered_limit_alerts(world):
    world.put(limit=10_000)
    world.costs.spend(8_000, "2026-03-01")
    world.check().run("acme")
    world.put(limit=100_000)
    world.costs.spend(75_000, "2026-03-01")
    assert world.check().run("acme") == 0
    world.put(limit=50_000)
    assert world.check().run("acme") == 1
    assert world.published == ["acme.inference.2026-03.80", "acme.inference.2026-03.100"]


def test_a_refused_event_is_published_by_a_later_check(world):
    world.put(thresholds=(100,))
    world.costs.spend(10_000, "2026-03-01")
    world.bus.away = True
    assert world.check().run("acme") == 0
    world.bus.away = False
    assert world.check().run("acme") == 0  # its lease is still valid
    world.clock.advance(minutes=5)
    assert world.check().run("acme") == 1
    assert world.check().run("acme") == 0


def test_an_alert_of_a_deleted_budget_is_still_published(world):
    world.put(thresholds=(100,))
    world.costs.spend(10_000, "2026-03-01")
    world.bus.away = True
    world.check().run("acme")
    world.budgets.delete("acme", "inference", "month")
    world.bus.away = False
    world.clock.advance(minutes=5)
    assert world.check().run("acme") == 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 9))
def test_a_crash_at_any_call_is_repaired_by_the_next_check(world, at, after):
    world.put(hard_stop=True)
    world.limits.published.clear()
    world.costs.spend(10_000, "2026-03-01")
    count = [0]
    store, bus, limits = (Dying(inner, at, after, count) for inner in (world.store, world.bus, world.limits))
    try:
        world.check(store, bus, limits).run("acme")
    except Crash:
        died = True
    else:
        died = False
    assert died == (at <= 7)  # plan, two added, published, two marked, limit published
    for _ in range(2):
        world.clock.advance(minutes=5)
        world.check().run("acme")
    assert set(world.published) == {"acme.inference.2026-03.80", "acme.inference.2026-03.100"}
    assert all(world.published.count(event_id) <= 2 for event_id in world.published)
    assert {alert.state for alert in world.store.alerts.values()} == {"sent"}
    assert world.limits.published["acme"].inference_month == 10_000


def test_concurrent_checks_publish_an_alert_once(world):
    world.put(thresholds=(100,))
    world.costs.spend(10_000, "2026-03-01")
    seen, checks = world.store.plan("acme"), 5

    class Stale:
        """Store in which every check reads before any of them writes."""

        def plan(self, _):
            return seen

        def __getattr__(self, name):
            return getattr(world.store, name)

    assert sum(world.check(Stale()).run("acme") for _ in range(checks)) == 1
    after = world.store.plan("acme")
    assert after.alerts[0].state == "sent"


def test_concurrent_checks_claim_an_abandoned_alert_once(world):
    world.put(thresholds=(100,))
    world.costs.spend(10_000, "2026-03-01")
    world.bus.away = True
    world.check().run("acme")
    world.bus.away, seen = False, world.store.plan("acme")
    world.clock.advance(minutes=5)

    class Stale:
        """Store in which every check reads before any of them writes."""

        def plan(self, _):
            return seen

        def __getattr__(self, name):
            return getattr(world.store, name)

    assert sum(world.check(Stale()).run("acme") for _ in range(5)) == 1


def test_a_claimed_alert_has_a_full_lease(world):
    world.put(thresholds=(100,))
    world.costs.spend(10_000, "2026-03-01")
    world.bus.away = True
    for _ in range(2):
        world.check().run("acme")
        world.clock.advance(minutes=5)
    world.check().run("acme")
    world.bus.away = False
    world.clock.advance(seconds=119)
    assert world.check().run("acme") == 0
    world.clock.advance(seconds=1)
    assert world.check().run("acme") == 1


def test_an_alert_is_published_when_the_tenant_record_fails(world):
    world.put(thresholds=(100,))
    world.costs.spend(10_000, "2026-03-01")
    world.limits.away = True
    with pytest.raises(Unavailable):
        world.check().run("acme")
    assert world.published == ["acme.inference.2026-03.100"]
