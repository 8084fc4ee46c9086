"""A test server in place of the API, for the commands that call it."""

import pytest

from tests.support.fakes.api import served


@pytest.fixture
def api(monkeypatch):
    """Context manager that serves the function `answer` to commands: `with api(answer) as requests`."""

    def prepare(url):
        monkeypatch.setenv("VIGIL_API_URL", url)
        monkeypatch.setenv("VIGIL_API_KEY", "vgl_local_k_s")

    return lambda answer: served(answer, prepare)
