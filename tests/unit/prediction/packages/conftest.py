"""A registry with one model."""

import pytest

from tests.unit.prediction.packages.world import World


@pytest.fixture
def world():
    world = World()
    world.put()
    return world
