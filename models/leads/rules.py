"""Rules of the `leads` model: the working rules of a sales team."""

from typing import Any


def _is(feature: str, op: str, value: float | str | bool) -> dict[str, Any]:
    return {"feature": feature, "op": op, "value": value}


RULES: tuple[dict[str, Any], ...] = (
    {
        "name": "asked_for_a_demonstration",
        "text": "The lead asked for a demonstration, so a person must answer.",
        "when": _is("demo_requested", "==", True),
        "points": 1,
        "severity": "moderate",
        "veto": True,
    },
    {
        "name": "budget_in_hand",
        "text": "A decision maker named a budget of 20 kEUR or more.",
        "when": {
            "all": [_is("budget_keur", ">=", 20), {"feature": "seniority", "in": ["director", "executive"]}],
        },
        "points": 2,
        "severity": "high",
    },
    {
        "name": "studied_the_prices",
        "text": "Looked at the prices twice or more within 30 days.",
        "when": _is("pricing_views_30d", ">=", 2),
        "points": 1,
        "severity": "moderate",
    },
    {
        "name": "uses_the_trial",
        "text": "Used the trial on 6 days or more of the last 30.",
        "when": _is("trial_days_30d", ">=", 6),
        "points": 1,
        "severity": "moderate",
    },
    {
        "name": "met_lately",
        "text": "Had a meeting within 90 days and a sign of interest within 14.",
        "when": {"all": [_is("meetings_90d", ">=", 1), _is("silent_days", "<=", 14)]},
        "points": 2,
        "severity": "moderate",
    },
    {
        "name": "cold_and_silent",
        "text": "From a bought list, and silent for more than 30 days.",
        "when": {"all": [_is("source", "==", "cold_list"), _is("silent_days", ">", 30)]},
        "vote": "negative",
        "points": 2,
    },
    {
        "name": "private_beginner",
        "text": "An intern with an address at a free mail provider.",
        "when": {"all": [_is("free_email", "==", True), _is("seniority", "==", "intern")]},
        "vote": "negative",
        "points": 2,
    },
)
