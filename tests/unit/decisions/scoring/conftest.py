"""A scoring service over fakes."""

import pytest

from tests.unit.decisions.scoring.world import World


@pytest.fixture
def world():
    return World()
