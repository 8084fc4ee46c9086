"""Batches end to end over fakes."""

import pytest

from tests.unit.decisions.batches.world import ROWS, World
from vigil.decisions.batches import splits


@pytest.fixture
def world(monkeypatch):
    monkeypatch.setattr(splits, "SLOW_CHUNK_ROWS", ROWS)
    return World()
