"""Documents of every source of alerts, as they arrive on the queue."""

import json
from typing import Any

from vigil.workers.queues import ReceivedMessage

AT = "2026-11-21T05:06:07.000000Z"
COMMON = {"event_id": "e-1", "event_version": 2, "occurred_at": AT, "tenant_id": "acme"}
MONEY = {"category": "total", "spent_micros": 12_340_000, "limit_micros": 10_000_000}
FAILURE = {"failure_id": "0123456789abcdef01234567", "kind": "exception", "error": "KeyError", "is_frequent": False} | {
    "function": "vigil-scoring-api",
    "function_version": 5,
}
FINDING = {"finding_id": "fnd-0123456789abcdef0123456789abcdef", "model": "iit", "version": 4, "kind": "population"} | {
    "since": "2026-11-12",
    "next_step": "Watch the model.",
}
DETAILS: dict[str, dict[str, Any]] = {
    "batches.completed": {"batch_id": "bat_1", "correlation_id": "corr-1", "state": "failed"},
    "budgets.threshold_reached": MONEY | {"period": "month", "span": "2026-11", "threshold": 80, "reached_at": AT},
    "circuits.closed": {"circuit": "slack", "epoch": 2},
    "circuits.opened": {"circuit": "slack", "epoch": 1, "failed": 5, "calls": 9},
    "dead_letters.parked": {"queue": "batch-chunks", "kind": "batch.chunk", "reason": "no-word", "job_id": "acme.k"},
    "failures.found": FAILURE | {"generation": 1},
    "failures.regressed": FAILURE | {"generation": 2},
    "objectives.met": {
        "objective": "availability",
        "rule": "fast",
        "valid": 9_000,
        "bad": 0,
        "budget_left_percent": 40,
    },
    "objectives.missed": {"objective": "availability", "rule": "fast", "valid": 9_000, "bad": 500}
    | {"budget_left_percent": -10},
    "scoring.high_risk_found": {"decision_id": "dec_1", "subject": "s", "model_digest": "sha256:0123456789abcdef"}
    | {"band": "high", "decision": "refer", "correlation_id": "corr-1"},
    "spend.anomaly_found": MONEY | {"began": "2026-11-21T05", "expected_micros": 1, "bound_micros": 2},
    "tokens.reused": {"key_id": "k-1", "session_id": "s-1"},
    "incidents.escalated": {
        "incident_id": "inc-1",
        "type": "service_down",
        "alert_type": "system_down",
        "reason": "time",
    },
    "incidents.resolved": {
        "incident_id": "inc-1",
        "type": "service_down",
        "alert_type": "system_down",
        "reason": "time",
    },
    "findings.decided": FINDING | {"state": "acknowledged"},
    "findings.opened": FINDING | {"state": "open"},
    "webhooks.endpoint_disabled": {"webhook_id": "w-1", "failing_since": AT},
}
"""The own fields of an event of each kind that raises an alert."""


def bus_document(kind: str, **changes: Any) -> dict[str, Any]:
    """Return an event of EventBridge; `changes` replace fields of its detail."""
    detail = COMMON | DETAILS.get(kind, {}) | changes
    return {"version": "0", "id": "id-1", "detail-type": kind, "source": "vigil.x", "time": AT, "detail": detail}


def alarm_document(name: str, state: str = "ALARM", at: str = "2026-11-21T05:06:07.000+0000") -> dict[str, Any]:
    """Return the message of an alarm over SNS."""
    return {
        "AlarmName": name,
        "AlarmDescription": "Work is parked.",
        "NewStateValue": state,
        "NewStateReason": "Threshold Crossed: 1 datapoint [3.0 (21/11/26 05:05:00)] was greater than 0.0.",
        "StateChangeTime": at,
    }


def stack_document(status: str) -> dict[str, Any]:
    """Return an event of CloudFormation about a stack."""
    detail = {"stack-id": "arn:aws:cloudformation:eu-west-1:1:stack/vigil/u", "status-details": {"status": status}}
    return bus_document("x") | {"detail-type": "CloudFormation Stack Status Change", "detail": detail}


def received(document: object, **attributes: str) -> ReceivedMessage:
    """Return a received message with a document as its body."""
    return ReceivedMessage("m-1", json.dumps(document), attributes, {"AWSTraceHeader": "Root=1-5"})
