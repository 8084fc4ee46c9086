"""The app behind its Lambda entry."""

import pytest

from tests.unit.web.api import Api


@pytest.fixture
def api(monkeypatch):
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    return Api()
