"""Tests of blocked promotions: the reason is named, and nothing moves."""

import pytest

from tests.support.fakes.clock import Clock
from tests.support.fakes.packages import KEYS, FixedBlocks, LinearEngines, MemoryCatalogue, MemoryPackages, package
from vigil.errors import Conflict
from vigil.prediction.packages.publishing import Publisher
from vigil.prediction.packages.verification import PackageVerifier

REASON = "finding fnd-1 about a group is open. Decide: vigil models acknowledge toy fnd-1"


@pytest.fixture
def blocks():
    return FixedBlocks()


@pytest.fixture
def publisher(blocks):
    """Return a publisher with two versions, of which the first is the champion."""
    verifier = PackageVerifier(KEYS, LinearEngines())
    publisher = Publisher(MemoryPackages(), MemoryCatalogue(), verifier, Clock(), blocks)
    for version in (1, 2):
        publisher.publish(package(version))
    publisher.promote("toy", 1)
    return publisher


@pytest.mark.parametrize("alias", ["champion", "challenger"])
def test_a_blocked_model_is_not_promoted_and_the_reason_is_named(publisher, blocks, alias):
    blocks.reasons["toy"] = REASON
    with pytest.raises(Conflict, match=f"promotions of toy are blocked; review the finding first: {REASON}"):
        publisher.promote("toy", 2, alias)
    assert [entry.aliases for entry in publisher.all_versions()] == [("champion",), ()]


def test_a_block_leaves_a_repeated_promotion_and_a_withdrawal_alone(publisher, blocks):
    blocks.reasons["toy"] = REASON
    assert publisher.promote("toy", 1).fence == 1
    assert publisher.withdraw("toy", "champion").share is None


def test_a_block_of_another_model_has_no_effect(publisher, blocks):
    blocks.reasons["other"] = REASON
    assert publisher.promote("toy", 2).version == 2
