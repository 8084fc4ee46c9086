"""Budgets of tenants in memory."""

import pytest

from tests.unit.money.budgets.world import World


@pytest.fixture
def world():
    return World()
