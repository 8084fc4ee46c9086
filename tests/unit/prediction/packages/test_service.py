"""Tests of the registry: refresh once a minute, following pointers, and refused or unavailable updates."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from tests.support.fakes.packages import LinearEngines
from tests.unit.prediction.packages.world import World
from vigil.errors import ModelRefused, NotFound, Unavailable
from vigil.prediction.packages.manifests import manifest_digest


def test_the_pointer_is_read_once_a_minute(world):
    first = world.registry.champion("toy")
    world.clock.advance(seconds=59.9)
    assert world.registry.champion("toy") is first
    assert world.catalogue.pointer_reads == 1
    world.clock.advance(seconds=0.1)
    assert world.registry.champion("toy") is first
    assert (world.catalogue.pointer_reads, len(world.engines.received_files)) == (2, 1)


def test_a_moved_pointer_is_followed_without_a_restart(world):
    world.registry.champion("toy")
    world.put(2)
    assert world.registry.champion("toy").version == 1
    world.clock.advance(minutes=1)
    assert world.registry.champion("toy").version == 2
    assert [(e.kind, e.version) for e in world.events] == [("model_loaded", 1), ("model_loaded", 2)]


def test_a_clock_set_back_still_refreshes_the_model(world):
    world.registry.champion("toy")
    world.put(2)
    world.clock.advance(days=-1)
    assert world.registry.champion("toy").version == 2


def test_a_refused_update_leaves_the_last_model_in_use_with_a_warning(world):
    world.registry.champion("toy")
    world.put(2)
    world.break_bytes(2)
    world.clock.advance(minutes=1)
    assert world.registry.champion("toy").version == 1
    assert world.registry.warnings("toy") == ("model_update_failed:digest_mismatch",)
    assert [(e.kind, e.version, e.reason) for e in world.events[1:]] == [("model_update_failed", 2, "digest_mismatch")]


def test_a_good_package_removes_the_warning(world):
    world.registry.champion("toy")
    world.put(2)
    world.break_bytes(2)
    world.clock.advance(minutes=1)
    world.registry.champion("toy")
    world.put(3)
    world.clock.advance(minutes=1)
    assert world.registry.champion("toy").version == 3
    assert world.registry.warnings("toy") == ()


@pytest.mark.parametrize("dependency", ["packages", "catalogue"])
def test_a_loaded_model_is_served_while_a_dependency_is_unavailable(world, dependency):
    world.registry.champion("toy")
    world.put(2)
    getattr(world, dependency).away = True
    world.clock.advance(minutes=1)
    assert world.registry.champion("toy").version == 1
    assert world.registry.warnings("toy") == ("model_update_failed:unavailable",)


def test_an_older_version_than_the_loaded_one_is_refused(world):
    world.put(2)
    world.registry.champion("toy")
    old = manifest_digest(world.packages.objects["toy", 1, "manifest.json"])
    world.point(1, old)
    world.clock.advance(minutes=1)
    assert world.registry.champion("toy").version == 2
    assert world.registry.warnings("toy") == ("model_update_failed:rolled_back",)


@pytest.mark.parametrize("floors", [{"toy": 2}, {}], ids=["pinned floor", "pointer's floor"])
def test_a_version_below_a_floor_is_not_loaded(floors):
    world = World(floors=floors)
    world.put(1)
    world.point(1, manifest_digest(world.packages.objects["toy", 1, "manifest.json"]), floor=1 if floors else 2)
    with pytest.raises(Unavailable) as caught:
        world.registry.champion("toy")
    assert caught.value.__cause__.reason == "rolled_back"


def test_a_package_with_another_digest_than_the_pointer_is_not_loaded(world):
    world.point(1, "sha256:" + "0" * 64)
    with pytest.raises(Unavailable) as caught:
        world.registry.champion("toy")
    assert caught.value.__cause__.reason == "digest_mismatch"


def test_a_package_moved_under_another_name_is_not_loaded(world):
    for (_, version, file), content in list(world.packages.objects.items()):
        world.packages.objects["other", version, file] = content
    world.point(1, manifest_digest(world.packages.objects["toy", 1, "manifest.json"]), "other")
    with pytest.raises(Unavailable) as caught:
        world.registry.champion("other")
    assert caught.value.__cause__.reason == "wrong_name"


def test_a_refused_package_is_not_downloaded_at_each_request(world):
    world.break_bytes(1)
    for _ in range(3):
        with pytest.raises(Unavailable, match="digest_mismatch") as caught:
            world.registry.champion("toy")
        assert isinstance(caught.value.__cause__, ModelRefused)
    assert (world.catalogue.pointer_reads, world.packages.reads) == (1, 5)


def test_without_a_model_an_unavailable_dependency_is_retried_at_once(world):
    world.catalogue.away = True
    with pytest.raises(Unavailable, match="unavailable"):
        world.registry.champion("toy")
    world.catalogue.away = False
    assert world.registry.champion("toy").version == 1


def test_a_model_that_expires_while_loaded_is_no_longer_served():
    world = World()
    world.put(days=1)
    world.registry.champion("toy")
    world.clock.advance(days=1)
    with pytest.raises(Unavailable, match="expired") as caught:
        world.registry.champion("toy")
    assert caught.value.__cause__.reason == "expired"
    world.put(2)
    world.clock.advance(minutes=1)
    assert world.registry.champion("toy").version == 2


@pytest.mark.parametrize("name", ["unknown", "", "TOY", "a/b", "x" * 2000])
def test_an_unknown_model_is_not_found(world, name):
    with pytest.raises(NotFound):
        world.registry.champion(name)


def test_an_unknown_name_is_looked_up_once_a_minute(world):
    for _ in range(3):
        with pytest.raises(NotFound):
            world.registry.champion("later")
    assert world.catalogue.pointer_reads == 1
    world.put(name="later")
    world.clock.advance(minutes=1)
    assert world.registry.champion("later").name == "later"


def test_many_unknown_names_do_not_evict_a_loaded_model(world):
    world.registry.champion("toy")
    for number in range(600):
        with pytest.raises(NotFound):
            world.registry.champion(f"guess-{number}")
    assert world.registry.champion("toy").version == 1
    assert len(world.engines.received_files) == 1


def test_a_withdrawn_champion_is_no_longer_served(world):
    digest = world.registry.champion("toy").digest
    world.point(1, digest, share=None)
    world.clock.advance(minutes=1)
    with pytest.raises(NotFound):
        world.registry.champion("toy")
    assert world.registry.model_names() == []
    assert world.registry.archived("toy", 1).digest == digest
    world.point(1, digest)
    world.clock.advance(minutes=1)
    assert world.registry.champion("toy").digest == digest


def test_a_champion_with_a_name_that_no_request_can_have_is_left_out(world):
    world.point(1, "sha256:0", name="diabetes_progression")
    assert world.registry.model_names() == ["toy"]
    world.registry.check_champions()


def test_a_withdrawn_model_cannot_return_as_an_older_version(world):
    world.put(2)
    world.registry.champion("toy")
    del world.catalogue.moved["toy", "champion"]
    world.clock.advance(minutes=1)
    with pytest.raises(NotFound):
        world.registry.champion("toy")
    world.point(1, manifest_digest(world.packages.objects["toy", 1, "manifest.json"]))
    world.clock.advance(minutes=1)
    assert world.registry.champion("toy").version == 2


def test_many_threads_load_a_model_once(world):
    barrier = Barrier(16)

    def load():
        barrier.wait()
        return world.registry.champion("toy")

    with ThreadPoolExecutor(16) as pool:
        models = [future.result() for future in [pool.submit(load) for _ in range(16)]]
    assert len({id(model) for model in models}) == 1
    assert len(world.engines.received_files) == 1


def test_threads_receive_the_old_model_while_the_new_one_loads():
    started, release = Event(), Event()

    class SlowEngines(LinearEngines):
        def __call__(self, spec, content, of, table):
            if self.received_files:
                started.set()
                assert release.wait(10)
            return super().__call__(spec, content, of, table)

    world = World(SlowEngines())
    world.put()
    world.registry.champion("toy")
    world.put(2)
    world.clock.advance(minutes=1)
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(world.registry.champion, "toy")
        assert started.wait(10)
        assert world.registry.champion("toy").version == 1
        release.set()
        assert loading.result().version == 2


def test_preload_loads_every_loadable_model_and_never_fails(world):
    world.put(name="another")
    world.break_bytes(1)
    world.registry.preload()
    assert [(e.kind, e.name) for e in world.events] == [("model_loaded", "another"), ("model_update_failed", "toy")]
    world.catalogue.away = True
    world.another().preload()


@pytest.mark.parametrize("spoil", [lambda w: w.break_bytes(1), lambda w: w.catalogue.moved.clear()])
def test_the_check_fails_without_a_model_or_with_an_unusable_one(world, spoil):
    world.another().check_champions()
    spoil(world)
    with pytest.raises(Unavailable):
        world.another().check_champions()


def test_model_names_contain_only_models_with_a_champion(world):
    world.put(name="another")
    assert world.registry.model_names() == ["another", "toy"]
