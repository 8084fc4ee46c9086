"""The app of `tests.unit.web.api` as a fixture."""

import pytest

from tests.unit.web.api import Api


@pytest.fixture
def api(monkeypatch):
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    return Api()
