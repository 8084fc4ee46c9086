"""One MiniStack for all fault tests, and the seeds that they try."""

import os

import pytest

from tests.support.faultbed.bed import running


@pytest.fixture(scope="session")
def bed():
    """A MiniStack without the deployment."""
    with running() as started:
        yield started


@pytest.fixture(scope="session")
def seeds():
    """Return the next seeds to try; VIGIL_FAULT_SEED names the first, so that a failure repeats at once."""
    first = int(os.environ.get("VIGIL_FAULT_SEED", "1"))
    return lambda count: range(first, first + count)
