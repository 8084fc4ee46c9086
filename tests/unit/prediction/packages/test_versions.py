"""Tests of the challenger on trial, and of old versions for replays."""

import pytest

from tests.unit.prediction.packages.world import World
from vigil.errors import ModelRefused


def test_an_expired_version_below_the_floor_is_loaded_for_replay():
    world = World(floors={"toy": 2})
    world.put(1, days=1)
    world.put(2)
    world.clock.advance(days=2)
    replayed = world.registry.archived("toy", 1)
    assert replayed.version == 1
    assert world.registry.archived("toy", 1) is replayed
    assert world.registry.champion("toy").version == 2


def test_replay_of_the_champions_version_uses_the_loaded_model(world):
    champion = world.registry.champion("toy")
    assert world.registry.archived("toy", 1) is champion


@pytest.mark.parametrize(("version", "reason"), [(7, "missing_file"), (1, "digest_mismatch")])
def test_replay_of_an_unusable_version_is_refused_with_a_reason(world, version, reason):
    world.break_bytes(1)
    with pytest.raises(ModelRefused) as caught:
        world.registry.archived("toy", version)
    assert caught.value.reason == reason


def test_replay_caches_a_limited_number_of_old_versions(world):
    for version in range(2, 8):
        world.put(version)
    for version in range(1, 7):
        world.registry.archived("toy", version)
    reads = world.packages.reads
    world.registry.archived("toy", 6)
    assert world.packages.reads == reads
    world.registry.archived("toy", 1)
    assert world.packages.reads == reads + 5


def test_both_aliases_are_read_together_once_a_minute(world):
    world.challenge(2, share=50)
    for _ in range(3):
        assert world.registry.champion("toy").version == 1
        assert (world.registry.trial("toy").model.version, world.registry.trial("toy").share) == (2, 50)
    assert world.catalogue.pointer_reads == 1


def test_a_changed_share_applies_without_reloading_the_challenger(world):
    world.challenge(2)
    world.registry.champion("toy")
    world.point(2, world.registry.trial("toy").model.digest, alias="challenger", share=500)
    world.clock.advance(minutes=1)
    world.registry.champion("toy")
    assert world.registry.trial("toy").share == 500
    assert len(world.engines.received_files) == 2


@pytest.mark.parametrize(
    "end",
    [
        lambda w: w.point(2, w.registry.trial("toy").model.digest, alias="challenger", share=None),
        lambda w: w.point(2, w.registry.trial("toy").model.digest),
        lambda w: w.catalogue.moved.pop(("toy", "challenger")),
        lambda w: w.put(3),
    ],
    ids=["withdrawn", "promoted", "gone", "overtaken"],
)
def test_a_trial_ends_with_the_alias_of_its_challenger(world, end):
    world.challenge(2)
    world.registry.champion("toy")
    end(world)
    world.clock.advance(minutes=1)
    world.registry.champion("toy")
    assert world.registry.trial("toy") is None


def test_a_refused_challenger_is_reported_and_leaves_the_champion(world):
    world.challenge(2)
    world.break_bytes(2)
    assert world.registry.champion("toy").version == 1
    assert world.registry.trial("toy") is None
    assert world.registry.warnings("toy") == ()
    assert [(e.kind, e.version, e.reason) for e in world.events[1:]] == [("model_update_failed", 2, "digest_mismatch")]


def test_a_challenger_survives_an_outage_but_not_its_expiry(world):
    world.challenge(2, days=1)
    world.registry.champion("toy")
    world.catalogue.away = True
    world.clock.advance(minutes=1)
    world.registry.champion("toy")
    assert world.registry.trial("toy").model.version == 2
    world.clock.advance(days=1)
    assert world.registry.trial("toy") is None


def test_a_model_without_a_champion_has_no_trial(world):
    assert world.registry.trial("toy") is None
    assert world.registry.trial("unknown") is None
