"""Beside the champion: the challenger on trial, and old versions for a replay."""

import pytest

from tests.unit.prediction.packages.world import World
from vigil.errors import ModelRefused


def test_an_old_version_is_loaded_for_replay_past_expiry_and_floor():
    world = World(floors={"toy": 2})
    world.put(1, days=1)
    world.put(2)
    world.clock.advance(days=2)
    replayed = world.registry.archived("toy", 1)
    assert replayed.version == 1
    assert world.registry.archived("toy", 1) is replayed
    assert world.registry.champion("toy").version == 2


def test_replay_uses_the_champion_in_memory_if_it_is_that_version(world):
    champion = world.registry.champion("toy")
    assert world.registry.archived("toy", 1) is champion


@pytest.mark.parametrize(("version", "reason"), [(7, "missing_file"), (1, "digest_mismatch")])
def test_replay_names_why_a_version_cannot_be_had(world, version, reason):
    world.break_bytes(1)
    with pytest.raises(ModelRefused) as caught:
        world.registry.archived("toy", version)
    assert caught.value.reason == reason


def test_replay_keeps_a_few_old_versions_and_no_more(world):
    for version in range(2, 8):
        world.put(version)
    for version in range(1, 7):
        world.registry.archived("toy", version)
    reads = world.packages.reads
    world.registry.archived("toy", 6)
    assert world.packages.reads == reads
    world.registry.archived("toy", 1)
    assert world.packages.reads == reads + 5


def test_both_aliases_are_read_in_one_look_a_minute(world):
    world.challenge(2, share=50)
    for _ in range(3):
        assert world.registry.champion("toy").version == 1
        assert (world.registry.trial("toy").model.version, world.registry.trial("toy").share) == (2, 50)
    assert world.catalogue.looks == 1


def test_a_share_that_changes_is_followed_without_loading_the_challenger_again(world):
    world.challenge(2)
    world.registry.champion("toy")
    world.point(2, world.registry.trial("toy").model.digest, alias="challenger", share=500)
    world.clock.advance(minutes=1)
    world.registry.champion("toy")
    assert world.registry.trial("toy").share == 500
    assert len(world.engines.handed) == 2


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
def test_a_trial_ends_when_the_challenger_is_withdrawn_promoted_gone_or_overtaken(world, end):
    world.challenge(2)
    world.registry.champion("toy")
    end(world)
    world.clock.advance(minutes=1)
    world.registry.champion("toy")
    assert world.registry.trial("toy") is None


def test_a_challenger_that_is_refused_is_observed_and_does_not_touch_the_champion(world):
    world.challenge(2)
    world.break_bytes(2)
    assert world.registry.champion("toy").version == 1
    assert world.registry.trial("toy") is None
    assert world.registry.warnings("toy") == ()
    assert [(e.kind, e.version, e.reason) for e in world.events[1:]] == [("model_update_failed", 2, "digest_mismatch")]


def test_a_challenger_stays_while_a_dependency_is_away_and_goes_when_it_expires(world):
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
