"""A tenant with its services on fakes."""

import pytest

from tests.support.access_services import build_world


@pytest.fixture
def world():
    """Services with one tenant, acme."""
    made = build_world()
    made.tenants.create("acme", "FREE")
    return made
