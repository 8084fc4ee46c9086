"""The work of a warm request, counted in calls of Python functions."""

import io
import logging
import sys
from collections import Counter

from tests.unit.web.api import BODY
from vigil.runtime.telemetry import Telemetry

FRONT_DOOR = ("fastapi", "mangum", "starlette", "vigil.runtime", "vigil.web")
"""Packages between API Gateway's event and an endpoint."""
MAX_CALLS = 120
"""Maximum calls in these packages for one score. Starlette's stack and FastAPI's router made 168."""


def count_calls(run):
    """Return the calls of Python functions by module while `run` runs."""
    calls = Counter()

    def count(frame, kind, _):
        if kind == "call":
            calls[frame.f_globals.get("__name__", "")] += 1

    sys.setprofile(count)
    try:
        run()
    finally:
        sys.setprofile(None)
    return calls


def score(api):
    status, _, _ = api("POST", "/v1/scores", body=BODY)
    assert status == 201


def test_a_warm_score_makes_few_calls(api):
    score(api)
    calls = count_calls(lambda: score(api))
    within = {module: count for module, count in calls.items() if module.startswith(FRONT_DOOR)}
    assert sum(within.values()) <= MAX_CALLS, within


def test_a_log_line_looks_up_neither_caller_nor_thread(monkeypatch):
    stream = io.StringIO()
    telemetry = Telemetry("counted", stream, traced=False)
    for method in ("findCaller", "makeRecord"):
        monkeypatch.setattr(logging.Logger, method, None)
    telemetry.end(*telemetry.begin("GET"))
    assert '"message":"request"' in stream.getvalue()
