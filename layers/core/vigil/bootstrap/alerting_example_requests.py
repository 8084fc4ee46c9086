"""Example requests of policies, routes, silences, schedules and members in the OpenAPI document."""

from collections.abc import Mapping
from typing import Any

_POLICY = {
    "name": "Nights",
    "steps": [
        {
            "targets": ["schedule:sch-0123456789abcdef"],
            "fallbacks": ["channel:chn-0123456789abcdef"],
            "wait_minutes": 15,
        },
        {"targets": ["member:mem-0123456789abcdef"]},
    ],
    "repeats": 1,
}
_SILENCE = {
    "matcher": {"types": ["work_stuck"], "source": "queue.exports", "labels": {"region": "eu"}},
    "starts_at": "2026-12-24T18:00:00Z",
    "ends_at": "2026-12-25T06:00:00Z",
    "reason": "Maintenance of the exports.",
}
_SCHEDULE = {
    "name": "Nights",
    "zone": "Europe/Berlin",
    "layers": [
        {
            "name": "First line",
            "people": ["mem-0123456789abcdef", "mem-fedcba9876543210"],
            "every": 1,
            "unit": "week",
            "starts_on": "2026-11-23",
            "hand_off_at": "09:00",
            "windows": [{"weekdays": ["monday", "friday"], "starts_at": "18:00", "ends_at": "09:00"}],
        }
    ],
    "overrides": [
        {
            "member_id": "mem-0123456789abcdef",
            "starts_at": "2026-12-24T18:00:00Z",
            "ends_at": "2026-12-25T09:00:00Z",
        }
    ],
}
_MEMBER = {"name": "Ada", "address": "ada@clinic.example", "key_id": "0123456789abcdef"}

ALERTING_REQUESTS: Mapping[str, Any] = {
    "alert_policies.create": _POLICY,
    "alert_policies.set": _POLICY,
    "alert_routes.set": {
        "routes": [
            {
                "id": "exports",
                "matcher": {"severity": "ERROR", "source": "queue.exports"},
                "policy_id": "pol-0123456789abcdef",
            }
        ]
    },
    "silences.create": _SILENCE,
    "silences.set": _SILENCE | {"ends_at": "2026-12-25T09:00:00Z"},
    "schedules.create": _SCHEDULE,
    "schedules.set": _SCHEDULE,
    "members.create": _MEMBER,
    "members.set": _MEMBER,
}
"""Request bodies by operation id."""
