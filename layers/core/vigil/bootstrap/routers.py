"""The routers of the whole API, in the order of its OpenAPI document. A function on AWS never imports this file."""

import json
from pathlib import Path
from typing import Any

from vigil.access.flags import routes as flags
from vigil.access.keys import routes as keys
from vigil.access.tenants import routes as tenants
from vigil.access.tokens import oauth_routes as oauth
from vigil.access.tokens import signing_keys_routes as signing_keys
from vigil.alerting.channels import routes as channels
from vigil.alerting.episodes import routes as alerts
from vigil.alerting.inbound import routes as inbound
from vigil.alerting.notices import routes as limits
from vigil.alerting.oncall import members_routes as members
from vigil.alerting.oncall import routes as on_call
from vigil.alerting.policies import routes as policies
from vigil.alerting.policies import silences_routes as silences
from vigil.alerting.webhooks import routes as webhooks
from vigil.bootstrap.example_requests import REQUESTS
from vigil.bootstrap.example_values import VALUES
from vigil.decisions.batches import routes as batches
from vigil.decisions.outcomes import routes as outcomes
from vigil.decisions.scoring import routes as scoring
from vigil.money.budgets import routes as budgets
from vigil.money.costs import routes as costs
from vigil.money.costs.prices import routes as prices
from vigil.money.forecasting import routes as forecasting
from vigil.money.usage import routes as usage
from vigil.money.usage.events import routes as usage_events
from vigil.monitoring.findings import routes as findings
from vigil.monitoring.report import routes as reports
from vigil.operations.circuit_breakers import routes as circuit_breakers
from vigil.operations.dead_letters import routes as dead_letters
from vigil.operations.failures import routes as failures
from vigil.operations.health import routes as health
from vigil.operations.incidents import routes as incidents
from vigil.operations.metrics import routes as metrics
from vigil.operations.objectives import routes as objectives
from vigil.prediction.packages import routes as packages
from vigil.prediction.trials import routes as trials
from vigil.privacy.erasure import routes as erasure
from vigil.privacy.persons import routes as persons
from vigil.web import openapi
from vigil.web.examples import Examples

_ROOMS = (
    *(scoring, packages, health, flags, trials, reports, findings, outcomes, persons, batches, dead_letters),
    webhooks,
    *(usage, usage_events, costs, prices, budgets, forecasting, tenants, keys, erasure, oauth, signing_keys),
    *(circuit_breakers, failures, incidents, objectives, metrics),
)
_ALERTING = (
    *(alerts.router, alerts.alerting_router, policies.router, policies.routes_router, silences.router),
    *(channels.router, limits.router, on_call.router, members.router, inbound.router, inbound.links_router),
)
ROUTERS = (*(room.router for room in _ROOMS), persons.lookup_router, flags.evaluation_router, *_ALERTING)
TAGS = {
    "scores": "Decisions about one subject, recorded exactly once.",
    "batches": "Files or lists of many subjects, scored in the background.",
    "outcomes": "Reports of the events that models predict.",
    "models": "Models that decide, and promotion of their versions.",
    "subjects": "Pseudonyms, consents, export and erasure of persons.",
    "usage": "Usage of a month, by meter.",
    "usage events": "Reports of usage of third-party services.",
    "costs": "Costs, statements, anomalies and projections.",
    "prices": "Price books.",
    "budgets": "Limits of the spend, with alerts and hard stops.",
    "tenants": "Tenants, their limits, settings and certificates.",
    "keys": "API keys of a tenant.",
    "tokens": "Access tokens, and the public keys that verify them.",
    "flags": "Feature flags.",
    "webhooks": "Signed deliveries of events to endpoints of the tenant.",
    "dead letters": "Failed work of queues.",
    "alerts": "Alerts, their acknowledgement and resolution.",
    "alerting": "Sending and testing of alerts, and their statistics.",
    "alert channels": "Places that receive notices: PagerDuty, Slack, Opsgenie, e-mail and webhooks.",
    "alert policies": "Steps that notify people until somebody acknowledges.",
    "alert routes": "Selection of the policy of an alert.",
    "alert limits": "Maximum notices per hour.",
    "silences": "Times in which alerts send no notices.",
    "schedules": "People on call, by week and by hour.",
    "members": "People of a tenant for on-call duty.",
    "circuit breakers": "Circuits of vendors and endpoints, which stop calls while these fail.",
    "failures": "Errors in the logs of the deployment, grouped by their cause.",
    "objectives": "Service level objectives with their error budgets.",
    "metrics": "Metrics of the deployment for Prometheus.",
    "incidents": "Incidents and the steps of their runbooks, for operators.",
    "vendor reports": "Actions of people at PagerDuty and Slack.",
    "alert links": "Signed links with which a person acts on an alert without a key.",
    "health": "State of the deployment.",
}
"""Description of each resource, in the order of the reference."""


def document() -> dict[str, Any]:
    """Return the OpenAPI document of the whole API."""
    return openapi.document(ROUTERS, TAGS, Examples(REQUESTS, VALUES))


def write(path: str) -> None:
    """Write the document to a file, for the build of the core layer."""
    Path(path).write_text(json.dumps(document(), ensure_ascii=False), encoding="utf-8")
