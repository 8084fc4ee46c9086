"""A test server in place of the API, for the commands that call it."""

import pytest

from tests.support.fakes.api import served


@pytest.fixture
def api(monkeypatch):
    """Context manager that serves the function `answer` to commands: `with api(answer) as requests`."""
    return lambda answer: served(answer, monkeypatch)
