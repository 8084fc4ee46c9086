"""Erasures delete all data of one tenant and no other's, survive crashes, and count exactly."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.access_services import build_world
from tests.support.fakes.access import Crash, Crasher, FakeCertificateSigner, FakeErasableStore, FakeErasureStore
from vigil.access.tenants.service import TenantChange
from vigil.alerting.episodes.items_model import EPISODE_RETENTION
from vigil.errors import NotFound, Unavailable
from vigil.kernel.time import format_timestamp
from vigil.privacy.erasure.model import RETAINED_TENANT_DATA
from vigil.privacy.erasure.service import Certificates, Eraser

PLENTY = 300.0
OWNED = {
    "decisions": {"acme": {f"d{number}" for number in range(7)}, "globex": {"d0", "d1"}},
    "outcomes": {"acme": {"o1"}, "globex": {"o1"}},
    "keys": {"acme": set(), "globex": {"k1"}},
}


def test_the_certificate_names_alerts_of_operators_with_their_bound():
    (sentence,) = [each for each in RETAINED_TENANT_DATA if "operators" in each]
    assert f"for {EPISODE_RETENTION.days} days after their resolution" in sentence


class Scene:
    """Two tenants; acme is offboarding, globex stays."""

    def __init__(self, crash_at=0):
        self.world, self.crasher = build_world(), Crasher(crash_at)
        for tenant_id in ("acme", "globex"):
            self.world.tenants.create(tenant_id, "FREE")
        self.stores = {name: FakeErasableStore(owned, crasher=self.crasher) for name, owned in OWNED.items()}
        self.erasures = FakeErasureStore(self.world.store, self.crasher)
        self.world.tenants.change("acme", TenantChange(status="offboarding"))

    def offboarding(self):
        """Return a new service for each run, as in a new process."""
        return Eraser(
            self.erasures, self.stores, FakeCertificateSigner(), "local", self.world.clock, pause=timedelta(minutes=2)
        )

    def run(self, seconds=PLENTY):
        self.world.clock.advance(minutes=3)
        return self.offboarding().run(lambda: seconds)

    def run_until_closed(self):
        for _ in range(60):
            try:
                if self.run():
                    return
            except (Crash, Unavailable):
                continue
        raise AssertionError("the erasure does not end")

    def erased(self):
        statement = json.loads(Certificates(self.erasures).get("acme").payload)
        return {name: store["erased"] for name, store in statement["stores"].items()}

    def left(self):
        return {name: {tenant: left for tenant, left in s.owned.items() if left} for name, s in self.stores.items()}


EXACT = {"decisions": 7, "keys": 0, "outcomes": 1}
LEFT = {"decisions": {"globex": {"d0", "d1"}}, "outcomes": {"globex": {"o1"}}, "keys": {"globex": {"k1"}}}


def test_an_erasure_deletes_all_data_and_certifies_the_counts():
    scene = Scene()
    scene.run_until_closed()
    assert (scene.left(), scene.erased()) == (LEFT, EXACT)
    assert scene.world.tenants.get("acme").status == "closed"
    assert scene.world.tenants.get("globex").status == "active"
    assert scene.run() == ()


def test_there_is_no_certificate_before_a_pass_without_finds():
    scene = Scene()
    assert scene.run() == ()
    assert scene.left() == LEFT
    with pytest.raises(NotFound):
        Certificates(scene.erasures).get("acme")
    assert scene.run() == ("acme",)


def test_data_written_during_the_erasure_is_erased_and_counted():
    scene = Scene()
    scene.run()
    scene.stores["outcomes"].owned["acme"].add("late")
    scene.run_until_closed()
    assert (scene.left(), scene.erased()) == (LEFT, EXACT | {"outcomes": 2})


def test_deletion_starts_only_after_the_pause():
    scene = Scene()
    scene.world.clock.advance(seconds=119)
    assert scene.offboarding().run(lambda: PLENTY) == ()
    assert scene.left()["decisions"]["acme"] == OWNED["decisions"]["acme"]


def test_the_certificate_follows_the_last_upload_address():
    scene = Scene()
    life = {"outcomes": timedelta(hours=1)}

    def run():
        signer, clock = FakeCertificateSigner(), scene.world.clock
        return Eraser(scene.erasures, scene.stores, signer, "local", clock, timedelta(minutes=2), life).run(
            lambda: PLENTY
        )

    started = scene.world.clock()
    while scene.world.clock() < started + timedelta(minutes=57):
        scene.world.clock.advance(minutes=3)
        assert run() == ()
    scene.stores["outcomes"].owned["acme"].add("late")
    scene.world.clock.advance(minutes=4)
    assert run() == ()
    scene.world.clock.advance(minutes=3)
    assert run() == ("acme",)
    assert (scene.left(), scene.erased()) == (LEFT, EXACT | {"outcomes": 2})
    statement = json.loads(Certificates(scene.erasures).get("acme").payload)
    assert statement["stores"]["outcomes"]["rescanned_at"] >= format_timestamp(started + timedelta(hours=1))


@given(st.integers(1, 60))
def test_a_crash_at_any_step_keeps_the_counts_exact(at):
    scene = Scene(crash_at=at)
    scene.run_until_closed()
    assert (scene.left(), scene.erased()) == (LEFT, EXACT)


def test_a_run_out_of_time_is_continued_by_the_next_run():
    scene = Scene()
    seconds = iter([PLENTY, PLENTY])
    scene.world.clock.advance(minutes=3)
    assert scene.offboarding().run(lambda: next(seconds, 0.0)) == ()
    assert 0 < len(scene.left()["decisions"]["acme"]) < 7
    scene.run_until_closed()
    assert scene.erased() == EXACT


class Slow(FakeErasableStore):
    """A store that deletes one item per call and returns the rest."""

    def delete(self, tenant_id, keys):
        super().delete(tenant_id, keys[:1])
        return keys[1:]


@given(st.integers(0, 60))
def test_a_partial_deletion_is_continued_and_counted_once(at):
    scene = Scene(crash_at=at)
    scene.stores["decisions"] = Slow(OWNED["decisions"], size=4, crasher=scene.crasher)
    scene.run_until_closed()
    assert (scene.left(), scene.erased()) == (LEFT, EXACT)


def test_two_concurrent_workers_keep_the_counts_exact():
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
    scene.run_until_closed()
    assert scene.erased() == EXACT


def test_an_unavailable_store_is_reported_after_all_erasures_ran():
    scene = Scene()
    scene.world.tenants.change("globex", TenantChange(status="offboarding"))
    scene.stores["outcomes"].away = True
    with pytest.raises(Unavailable, match="2 erasures"):
        scene.run()
    assert "acme" not in scene.left()["decisions"]
    scene.stores["outcomes"].away = False
    scene.run_until_closed()
    assert scene.erased() == EXACT
