"""A well-formed request for each route of the OpenAPI document that needs more than its path."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from tests.support.isolation.alerting import rota
from tests.support.isolation.world import GOOD, Names, client, now
from vigil.bootstrap import process
from vigil.money.costs.prices.model import FIRST_PRICE_BOOK

ALERT = {"type": "work_stuck", "source": "queue.work", "title": "t"}
CHANNEL = {"kind": "email", "options": {"address": "on-call@clinic.test"}}
FLAG = {"description": "d", "stages": ["local"], "percentage": 1.0}
PRICES = {price.meter: {"micros": price.micros, "per": price.per} for price in FIRST_PRICE_BOOK.prices}
USED = {"specversion": "1.0", "type": "vigil.usage", "source": "s", "data": {"emails": 1}}
KINDS = ["persons.changed"]
EXAMPLES: Mapping[str, Callable[[Names], dict[str, Any]]] = {
    "POST /v1/scores": lambda n: {"body": {"model": "toy", "subject_id": n.subject_id, "features": GOOD}},
    "POST /v1/outcomes": lambda n: {"body": {"decision_id": n.decision_id, "status": "occurred", "recorded_at": now()}},
    "POST /v1/batches": lambda n: {"body": {"model": "toy", "rows": [{"subject_id": n.subject_id, "features": GOOD}]}},
    "GET /v1/batches/{batch_id}/results": lambda n: {"path": {"batch_id": n.ended_batch_id}},
    "GET /v1/batches/{batch_id}/errors": lambda n: {"path": {"batch_id": n.ended_batch_id}},
    "POST /v1/subjects/lookup": lambda n: {"body": {"subject_id": n.subject_id}},
    "POST /v1/flags/evaluate": lambda n: {"body": {"subject_id": n.subject_id}},
    "PUT /v1/subjects/{subject}/consent": lambda _: {"body": {"purposes": {"scoring": "given"}, "text_version": "1"}},
    "GET /v1/subjects/{subject}/erasure": lambda n: {"path": {"subject": n.erased_subject}},
    "POST /v1/usage-events": lambda n: {"body": [USED | {"id": n.subject_id, "time": now()}]},
    "PUT /v1/budgets/{category}/{period}": lambda _: {"body": {"limit_micros": 10**15, "hard_stop": True}},
    "GET /v1/costs/statements/{period}": lambda _: {"path": {"period": "2020-01"}},
    "GET /v1/tenants/{tenant_id}/costs/statements/{period}": lambda _: {"path": {"period": "2020-01"}},
    "POST /v1/prices": lambda _: {"body": {"valid_from": "2099-01-01T00:00:00Z", "prices": PRICES}},
    "POST /v1/models/{name}/promote": lambda _: {"body": {"version": 1}},
    "POST /v1/models/{name}/withdraw": lambda _: {"body": {"alias": "challenger"}},
    "PUT /v1/flags/{name}": lambda _: {"body": FLAG, "headers": (("If-None-Match", "*"),)},
    "GET /v1/flags/{name}": lambda _: {"path": {"name": "explain-high-risk"}},
    "POST /v1/tenants": lambda n: {"body": {"tenant_id": n.tenant_id[:20] + "-2"}},
    "PATCH /v1/tenants/{tenant_id}": lambda n: {"body": {"settings": {"name": n.subject_id}}},
    "POST /v1/tenants/{tenant_id}/keys": lambda _: {"body": {"role": "viewer"}},
    "POST /v1/tenants/{tenant_id}/keys/{key_id}/rotate": lambda n: {"path": {"key_id": n.other_key_id}, "body": {}},
    "POST /v1/dlq/jobs/{job_id}/resolve": lambda n: {"path": {"job_id": n.other_job_id}},
    "POST /v1/circuit-breakers/{circuit}/reset": lambda n: {"body": {"reason": n.subject_id}},
    "POST /v1/circuit-breakers/{circuit}/open": lambda n: {
        "path": {"circuit": n.other_circuit},
        "body": {"reason": n.subject_id},
    },
    "POST /v1/models/{name}/health/findings/{finding_id}/acknowledge": lambda n: {
        "path": {"finding_id": n.other_finding_id},
        "body": {"reason": n.subject_id},
    },
    "POST /v1/models/{name}/health/findings/{finding_id}/rebase": lambda n: {"body": {"reason": n.subject_id}},
    "DELETE /v1/dlq/cleanup": lambda _: {"query": {"older_than": "0m"}},
    "POST /v1/alerting/send": lambda n: {"body": ALERT | {"labels": {"id": n.subject_id[-6:]}}},
    "POST /v1/alerting/test": lambda _: {"body": {}},
    "POST /v1/alerting/channels": lambda n: {"body": CHANNEL | {"label": n.subject_id}},
    "PATCH /v1/alerting/channels/{channel_id}": lambda n: {"body": {"label": n.subject_id}},
    "DELETE /v1/alerting/channels/{channel_id}": lambda n: {"path": {"channel_id": n.other_channel_id}},
    "POST /v1/alerts/{alert_id}/acknowledge": lambda n: {"path": {"alert_id": n.other_alert_id}},
    "POST /v1/alerting/members": lambda n: {"body": _member(n)},
    "PUT /v1/alerting/members/{member_id}": lambda n: {"body": _member(n)},
    "DELETE /v1/alerting/members/{member_id}": lambda n: {"path": {"member_id": n.other_member_id}},
    "POST /v1/alerting/schedules": lambda n: {"body": rota(n.subject_id, n.member_id)},
    "PUT /v1/alerting/schedules/{schedule_id}": lambda n: {"body": rota(n.subject_id, n.member_id)},
    "DELETE /v1/alerting/schedules/{schedule_id}": lambda n: {"path": {"schedule_id": n.other_schedule_id}},
    "POST /v1/alerting/policies": lambda n: {"body": _policy(n)},
    "PUT /v1/alerting/policies/{policy_id}": lambda n: {"body": _policy(n)},
    "DELETE /v1/alerting/policies/{policy_id}": lambda n: {"path": {"policy_id": n.other_policy_id}},
    "PUT /v1/alerting/limits": lambda _: {"body": {"error": 50, "warning": 10, "info": 5}},
    "PUT /v1/alerting/routes": lambda n: {"body": {"routes": [{"id": "all", "policy_id": n.policy_id}]}},
    "POST /v1/alerting/silences": lambda n: {"body": _silence(n)},
    "PUT /v1/alerting/silences/{silence_id}": lambda n: {"body": _silence(n)},
    "DELETE /v1/alerting/silences/{silence_id}": lambda n: {"path": {"silence_id": n.other_silence_id}},
    "POST /v1/alerting/inbound/pagerduty/{endpoint}": lambda _: {"body": {"event": {}}},
    "POST /v1/alerting/inbound/slack/{endpoint}": lambda _: {"body": {"payload": "{}"}},
    "POST /v1/webhooks": lambda n: {"body": {"url": "https://a.example/h", "kinds": KINDS, "label": n.subject_id}},
    "PATCH /v1/webhooks/{webhook_id}": lambda n: {"body": {"label": n.subject_id}},
    "DELETE /v1/webhooks/{webhook_id}": lambda n: {"path": {"webhook_id": n.other_webhook_id}},
    "POST /v1/webhooks/{webhook_id}/replay": lambda _: {"body": {"since": now()}},
    "POST /v1/incidents": lambda n: {"body": {"type": "service_down", "scope": {"function": n.subject_id}}},
    "POST /v1/incidents/{incident_id}/steps/{number}/run": lambda _: {"body": {}},
    "POST /v1/incidents/{incident_id}/steps/{number}/confirm": lambda _: {"body": {"attempt": 1}},
    "POST /v1/incidents/{incident_id}/steps/{number}/sign": lambda n: {"body": {"name": "n", "note": n.subject_id}},
    "POST /v1/incidents/{incident_id}/steps/{number}/skip": lambda n: {"body": {"note": n.subject_id}},
    "POST /v1/incidents/{incident_id}/escalate": lambda n: {"body": {"note": n.subject_id}},
    "POST /v1/incidents/{incident_id}/resolve": lambda n: {"body": {"cause": n.subject_id}},
    "POST /v1/oauth/token": lambda n: {"body": {"grant_type": "client_credentials", **client(n.token)}},
    "POST /v1/oauth/revoke": lambda n: {"body": {"token": n.refresh_token}},
}
"""Other parts of a well-formed request, by route. A route that requires a body must have an entry."""


def _member(names: Names) -> dict[str, Any]:
    return {"name": names.subject_id, "address": "member@clinic.test"}


def _policy(names: Names) -> dict[str, Any]:
    return {"name": names.subject_id, "steps": [{"targets": [f"schedule:{names.schedule_id}"]}]}


def _silence(names: Names) -> dict[str, Any]:
    ends_at = (process.now() + timedelta(hours=1)).isoformat()
    return {"matcher": {"source": names.subject_id}, "ends_at": ends_at, "reason": "Planned work"}
