"""MiniStack and seeds for the fault tests."""

import os

import pytest

from tests.support.faultbed.bed import running


@pytest.fixture(scope="session")
def bed(worker_id):
    """A MiniStack without the deployment, one in each process of pytest-xdist."""
    with running(f"faults-{worker_id}") as started:
        yield started


@pytest.fixture(scope="session")
def seeds():
    """Return the next seeds to try. VIGIL_FAULT_SEED sets the first one, to repeat a failure."""
    first = int(os.environ.get("VIGIL_FAULT_SEED", "1"))
    return lambda count: range(first, first + count)
