"""The objective of CRITICAL alerts counts ended triggers only, and a failed one only without a fallback."""

from dataclasses import replace

import pytest

from vigil.alerting.alerts.model import Notice
from vigil.alerting.notices.model import is_late_critical

NOTICE = Notice(
    *("acme", "f" * 24, 1, 1, "trigger", "ch-1", "CRITICAL", "2026-11-21T05:00:00.000000Z"),
    state="sent",
    ended_at="2026-11-21T05:01:00.000000Z",
)


@pytest.mark.parametrize(
    ("changes", "late"),
    [
        ({}, False),
        ({"ended_at": "2026-11-21T05:01:00.000001Z"}, True),
        ({"state": "failed"}, True),
        ({"state": "failed", "fallbacks": ("ch-2",)}, None),
        ({"state": "unroutable"}, True),
        ({"state": "superseded"}, None),
        ({"state": "pending", "ended_at": None}, None),
        ({"action": "resolve"}, None),
        ({"severity": "ERROR"}, None),
    ],
)
def test_the_end_of_a_notice_meets_or_misses_the_objective(changes, late):
    assert is_late_critical(replace(NOTICE, **changes)) is late
