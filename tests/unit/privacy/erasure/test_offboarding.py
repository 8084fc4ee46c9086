"""Offboarding erases all of one tenant's and nothing of another's, whatever dies on the way, and counts exactly."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.access import Crash, Crasher, FakeContents, FakeErasures, FakeSeal
from tests.unit.access.conftest import build
from vigil.access.tenants.service import TenantChange
from vigil.errors import NotFound, Unavailable
from vigil.privacy.erasure.service import Certificates, Eraser

PLENTY = 300.0
OWNED = {
    "decisions": {"acme": {f"d{number}" for number in range(7)}, "globex": {"d0", "d1"}},
    "outcomes": {"acme": {"o1"}, "globex": {"o1"}},
    "keys": {"acme": set(), "globex": {"k1"}},
}


class Scene:
    """Acme leaves, globex stays."""

    def __init__(self, crash_at=0):
        self.world, self.crasher = build(), Crasher(crash_at)
        for tenant_id in ("acme", "globex"):
            self.world.tenants.create(tenant_id, "FREE")
        self.stores = {name: FakeContents(owned, crasher=self.crasher) for name, owned in OWNED.items()}
        self.erasures = FakeErasures(self.world.store, self.crasher)
        self.world.tenants.change("acme", TenantChange(status="offboarding"))

    def offboarding(self):
        """Return the service, new for each run as in a new process."""
        return Eraser(self.erasures, self.stores, FakeSeal(), "local", self.world.clock, pause=timedelta(minutes=2))

    def run(self, seconds=PLENTY):
        self.world.clock.advance(minutes=3)
        return self.offboarding().run(lambda: seconds)

    def to_the_end(self):
        for _ in range(60):
            try:
                if self.run():
                    return
            except (Crash, Unavailable):
                continue
        raise AssertionError("it does not end")

    def erased(self):
        statement = json.loads(Certificates(self.erasures).get("acme").payload)
        return {name: store["erased"] for name, store in statement["stores"].items()}

    def left(self):
        return {name: {tenant: left for tenant, left in s.owned.items() if left} for name, s in self.stores.items()}


EXACT = {"decisions": 7, "keys": 0, "outcomes": 1}
LEFT = {"decisions": {"globex": {"d0", "d1"}}, "outcomes": {"globex": {"o1"}}, "keys": {"globex": {"k1"}}}


def test_everything_goes_the_tenant_is_closed_and_the_certificate_counts_it():
    scene = Scene()
    scene.to_the_end()
    assert (scene.left(), scene.erased()) == (LEFT, EXACT)
    assert scene.world.tenants.get("acme").status == "closed"
    assert scene.world.tenants.get("globex").status == "active"
    assert scene.run() == ()


def test_no_certificate_before_a_later_look_found_nothing():
    scene = Scene()
    assert scene.run() == ()
    assert scene.left() == LEFT
    with pytest.raises(NotFound):
        Certificates(scene.erasures).get("acme")
    assert scene.run() == ("acme",)


def test_what_is_written_behind_its_back_is_found_and_counted():
    scene = Scene()
    scene.run()
    scene.stores["outcomes"].owned["acme"].add("late")
    scene.to_the_end()
    assert (scene.left(), scene.erased()) == (LEFT, EXACT | {"outcomes": 2})


def test_nothing_is_deleted_while_a_request_may_be_under_way():
    scene = Scene()
    scene.world.clock.advance(seconds=119)
    assert scene.offboarding().run(lambda: PLENTY) == ()
    assert scene.left()["decisions"]["acme"] == OWNED["decisions"]["acme"]


@given(st.integers(1, 60))
def test_a_crash_at_any_step_loses_nothing_and_counts_nothing_twice(at):
    scene = Scene(crash_at=at)
    scene.to_the_end()
    assert (scene.left(), scene.erased()) == (LEFT, EXACT)


def test_a_run_without_time_stops_and_the_next_one_goes_on():
    scene = Scene()
    seconds = iter([PLENTY, PLENTY])
    scene.world.clock.advance(minutes=3)
    assert scene.offboarding().run(lambda: next(seconds, 0.0)) == ()
    assert 0 < len(scene.left()["decisions"]["acme"]) < 7
    scene.to_the_end()
    assert scene.erased() == EXACT


class Slow(FakeContents):
    """A store that deletes one thing at a time, and says what is left."""

    def delete(self, tenant_id, keys):
        super().delete(tenant_id, keys[:1])
        return keys[1:]


@given(st.integers(0, 60))
def test_what_is_too_much_for_once_is_gone_on_with_and_counted_once(at):
    scene = Scene(crash_at=at)
    scene.stores["decisions"] = Slow(OWNED["decisions"], size=4, crasher=scene.crasher)
    scene.to_the_end()
    assert (scene.left(), scene.erased()) == (LEFT, EXACT)


def test_of_two_workers_at_once_one_gives_way_and_the_count_stays_exact():
    scene = Scene()
    scene.world.clock.advance(minutes=3)
    first = scene.offboarding()
    find = scene.stores["decisions"].find

    def slow(tenant_id, after):
        """The other worker makes a whole run while this one reads its first page."""
        scene.stores["decisions"].find = find
        found = find(tenant_id, after)
        scene.offboarding().run(lambda: PLENTY)
        return found

    scene.stores["decisions"].find = slow
    assert first.run(lambda: PLENTY) == ()
    scene.to_the_end()
    assert scene.erased() == EXACT


def test_a_store_that_is_away_holds_up_one_tenant_and_is_reported():
    scene = Scene()
    scene.world.tenants.change("globex", TenantChange(status="offboarding"))
    scene.stores["outcomes"].away = True
    with pytest.raises(Unavailable, match="2 erasures"):
        scene.run()
    assert "acme" not in scene.left()["decisions"]
    scene.stores["outcomes"].away = False
    scene.to_the_end()
    assert scene.erased() == EXACT
