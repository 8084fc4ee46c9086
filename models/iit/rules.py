"""Rules of the `iit` model for cases that a programme always follows up; see `vigil.prediction.engines.rules`."""

from collections.abc import Mapping, Sequence
from typing import Any

RULES: Sequence[Mapping[str, Any]] = (
    {
        "name": "interrupted_again",
        "text": "Restarted treatment in the last 6 months and was 28 or more days late twice in the last 10 contacts.",
        "when": {
            "all": [
                {"feature": "cascade_status", "op": "==", "value": "restarted_recently"},
                {"feature": "late28_count_10", "op": ">=", "value": 2},
            ]
        },
        "points": 3,
        "severity": "high",
        "veto": True,
    },
    {
        "name": "unsuppressed_without_medicine",
        "text": "Unsuppressed in the last year and two weeks or more without medicine before this dispense.",
        "when": {
            "all": [
                {"feature": "vl_status", "op": "==", "value": "unsuppressed"},
                {"feature": "supply_gap_days", "op": ">=", "value": 14},
            ]
        },
        "points": 2,
        "severity": "moderate",
        "veto": True,
    },
    {
        "name": "late_now",
        "text": "Two weeks or more late at the last expected contact.",
        "when": {"feature": "last_days_late", "op": ">=", "value": 14},
        "points": 1,
    },
    {
        "name": "always_on_time",
        "text": "On treatment for four years or more and never two weeks late among the last 10 contacts.",
        "when": {
            "all": [
                {"feature": "months_on_art", "op": ">=", "value": 48},
                {"feature": "late14_count_10", "op": "==", "value": 0},
                {"not": {"feature": "vl_status", "op": "==", "value": "unsuppressed"}},
            ]
        },
        "vote": "negative",
        "points": 2,
    },
)
