"""Examples of health reports and findings for the OpenAPI document."""

from collections.abc import Mapping
from typing import Any

_DAY, _SINCE, _FIRST = "2026-11-29", "2026-11-12", "2026-02-02"
_TEXT = "days_supply is distributed differently than in the baseline since about 2026-11-12."
_STEP = "Watch the model. The estimated performance has not changed."
_REASON = "The programme now gives supplies for six months."
_FINDING: Mapping[str, Any] = {
    "family": "covariates",
    "kind": "population",
    "subjects": ["days_supply"],
    "day": "2026-11-17",
    "since": _SINCE,
    "e_value": 5200.0,
    "recommendation": "watch",
    "text": _TEXT,
}
_EFFECT: Mapping[str, Any] = {"measure": "mean_shift_sd", "value": 0.42, "low": 0.36, "high": 0.48}
_SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "FindingView": {
        **_FINDING,
        "source": "single",
        "id": "fnd-0123456789abcdef0123456789abcdef",
        "state": "acknowledged",
        "next_step": _STEP,
        "decided_by": "admin:0123456789abcdef",
        "reason": _REASON,
    },
    "FindingEffectView": _EFFECT,
    "OpenFindingView": _FINDING,
    "EffectView": _EFFECT,
    "HealthReportView": {
        "source": "single",
        "until": _DAY,
        "guidance": ["Begin with the first line: a quiet model needs no action, and an alarm names one next step."],
    },
    "StatusView": {
        "state": "alarm",
        "since": "2026-11-17",
        "headline": "Alarm: day 13. One alarm is open.",
        "advice": [_STEP],
    },
    "AlarmBudgetView": {"expected_per_year": 1.0, "used": 1, "since": _FIRST},
    "VolumeView": {"start": "2026-11-02", "end": _DAY, "decisions": 2880, "counted": 2800, "coverage": 0.972},
    "PartView": {"name": "low_confidence", "rows": 80, "share": 0.03},
    "PerformanceView": {
        "start": "2026-03-02",
        "end": "2026-06-14",
        "rows": 4180,
        "events": 380,
        "overdue": 60,
        "is_withdrawn": False,
    },
    "MeasureView": {"name": "auc"},
    "EstimateView": {"value": 0.706, "low": 0.679, "high": 0.733},
    "CalibrationPointView": {"predicted": 0.07, "rows": 840},
    "DriftRowView": {
        "subject": "days_supply",
        "aspect": "values",
        "distance": 0.19,
        "threshold": 0.0094,
        "e_value": 1000.0,
        "since": _SINCE,
        "is_alarm": True,
        "cells": ["below 60", "60 to 90", "90 or more"],
        "window": [300, 1000, 1500],
        "baseline": [1200, 2600, 1500],
    },
    "GroupRowView": {
        "attribute": "sex",
        "group": "female",
        "measure": "true_positive_rate",
        "rows": 2400,
        "rate": 0.4,
        "others_rate": 0.38,
        "verdict": "pass",
        "is_alarm": False,
        "rows_needed": None,
    },
    "WeekView": {"start": "2026-11-23", "rows": 700, "flagged": 0.18, "abstained": 0.05, "alarms": 0},
    "TrialView": {
        "challenger": 5,
        "until": "2026-11-29",
        "rows": 4180,
        "verdict": "undecided",
        "brier_difference": {"value": -0.0011, "low": -0.0026, "high": 0.0004},
        "better": 3.4,
        "worse": 0.2,
    },
}
VALUES: Mapping[str, Any] = {
    f"{schema}.{name}": value for schema, fields in _SCHEMAS.items() for name, value in fields.items()
}
"""Values of the fields of answers, by schema and field."""
REQUESTS: Mapping[str, Any] = {
    "models.acknowledge_finding": {"reason": _REASON},
    "models.rebase_finding": {"reason": _REASON},
}
"""Example requests by operation."""
