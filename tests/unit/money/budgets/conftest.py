"""Budgets of tenants in memory, as a fixture."""

import pytest

from tests.unit.money.budgets.world import World


@pytest.fixture
def world():
    return World()
