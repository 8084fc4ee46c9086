"""Fixtures of the unit tests."""

import pytest

from cli import native


@pytest.fixture(scope="session")
def own_libraries():
    """Our own native code, compiled if it is not there yet."""
    native.add_to_path()
