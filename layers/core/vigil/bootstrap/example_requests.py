"""Example requests of the OpenAPI document, by operation."""

from collections.abc import Mapping
from typing import Any

from vigil.bootstrap import monitoring_examples
from vigil.bootstrap.alerting_example_requests import ALERTING_REQUESTS
from vigil.bootstrap.incidents_examples import INCIDENTS_REQUESTS
from vigil.money.costs.prices.model import FIRST_PRICE_BOOK

_KEY_ID = "0123456789abcdef"
_PRICES = {price.meter: {"micros": price.micros, "per": price.per} for price in FIRST_PRICE_BOOK.prices}
_HISTORY = {
    "registrations": [
        {
            "recorded_at": "2025-11-03T08:00:00Z",
            "sex": "female",
            "birth_date": "1990-05",
            "art_started_on": "2025-11-03",
        }
    ],
    "visits": [
        {
            "visited_at": "2026-08-20T08:00:00Z",
            "recorded_at": "2026-08-20T08:00:00Z",
            "next_appointment": "2026-11-18",
        }
    ],
    "dispenses": [{"dispensed_at": "2026-08-20T08:00:00Z", "recorded_at": "2026-08-20T08:00:00Z", "days_supply": 90}],
}
_USAGE_EVENT = {
    "specversion": "1.0",
    "type": "vigil.usage",
    "source": "/assistant",
    "id": "answer-4711",
    "time": "2026-11-21T05:00:00Z",
    "data": {"llm_input_tokens": 1200, "llm_output_tokens": 300},
}
_CLIENT = {"client_id": _KEY_ID, "client_secret": "the API key"}

REQUESTS: Mapping[str, Any] = {
    "scores.create": {"model": "iit", "subject_id": "P-1024", "history": _HISTORY, "as_of": "2026-11-21T05:00:00Z"},
    "flags.evaluate": {"subject_id": "P-1024"},
    "flags.set": {"description": "Explain decisions in high-risk bands.", "stages": ["prod"], "percentage": 25},
    "models.promote": {"version": 4, "alias": "challenger", "share": 100},
    "models.withdraw": {"alias": "challenger"},
    "outcomes.create": {
        "decision_id": "dec-0123456789abcdefghijklmnopqrstuv",
        "status": "not_occurred",
        "recorded_at": "2026-12-20T09:30:00Z",
    },
    "subjects.lookup": {"subject_id": "P-1024"},
    "subjects.set_consent": {
        "purposes": {"scoring": "given", "research": "withdrawn"},
        "text_version": "2026-01",
        "declared_by": "subject",
        "declared_at": "2026-11-20T10:00:00Z",
    },
    "batches.create": {"model": "iit", "format": "csv", "ignore_unknown_columns": True},
    "usage_events.create": [_USAGE_EVENT],
    "prices.create": {"valid_from": "2027-01-01T00:00:00Z", "prices": _PRICES},
    "budgets.set": {"limit_micros": 500_000_000, "thresholds": [50, 80, 100], "hard_stop": True},
    "webhooks.create": {"url": "https://hooks.clinic.example/vigil", "kinds": ["scoring.high_risk_found"]},
    "webhooks.update": {"kinds": ["scoring.high_risk_found", "batches.completed"], "enabled": True},
    "webhooks.replay_deliveries": {"since": "2026-11-20T05:00:00Z"},
    "tenants.create": {"tenant_id": "north-clinic", "tier": "BASIC", "settings": {"name": "North Clinic"}},
    "tenants.update": {"limits": {"per_minute": 600}, "settings": {"contact": "it@clinic.example"}},
    "keys.create": {"role": "member", "label": "EMR", "expires_at": "2027-11-21T05:00:00Z"},
    "keys.rotate": {"overlap_hours": 24},
    "alerting.send": {
        "type": "work_stuck",
        "source": "queue.exports",
        "title": "Exports wait for an hour",
        "labels": {"region": "eu"},
        "facts": {"waiting": "12"},
        "link": "https://status.clinic.example/exports",
    },
    "alert_channels.create": {
        "kind": "pagerduty",
        "label": "On call",
        "options": {"region": "eu"},
        "secrets": {"routing_key": "0123456789abcdef0123456789abcdef"},
    },
    "alert_channels.update": {"label": "On call at night", "options": {"region": "us"}},
    "alert_limits.set": {"error": 120, "warning": 20, "info": 0},
    "alerting.test": {"severity": "WARNING"},
    **ALERTING_REQUESTS,
    **INCIDENTS_REQUESTS,
    **monitoring_examples.REQUESTS,
    "circuit_breakers.reset": {"reason": "PagerDuty reports that it works again."},
    "circuit_breakers.open": {"reason": "Maintenance at the vendor until 18:00 UTC."},
    "vendor_reports.report_pagerduty": {
        "event": {
            "id": "01CHEXAMPLE",
            "event_type": "incident.acknowledged",
            "occurred_at": "2026-11-21T05:00:00Z",
            "agent": {"id": "PLH1HKV", "type": "user_reference"},
            "data": {"id": "PGR0VU2", "incident_key": "vigil-acme-0123456789abcdef01234567-1"},
        }
    },
    "vendor_reports.report_slack": {"payload": "the interaction as JSON"},
    "tokens.create": {"grant_type": "client_credentials", **_CLIENT},
    "tokens.revoke": {"token": "the refresh token", **_CLIENT},
}
"""Request bodies by operation id."""
