"""The routers of the whole API, in the order of its OpenAPI document. A function on AWS never imports this file."""

import json
from pathlib import Path
from typing import Any

from vigil.access.flags import routes as flags
from vigil.access.keys import routes as keys
from vigil.access.tenants import routes as tenants
from vigil.access.tokens import oauth_routes as oauth
from vigil.access.tokens import signing_keys_routes as signing_keys
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
from vigil.operations.dead_letters import routes as dead_letters
from vigil.operations.health import routes as health
from vigil.prediction.packages import routes as packages
from vigil.prediction.trials import routes as trials
from vigil.privacy.erasure import routes as erasure
from vigil.privacy.persons import routes as persons
from vigil.web import openapi
from vigil.web.examples import Examples

_ROOMS = (
    *(scoring, packages, health, flags, trials, outcomes, persons, batches, dead_letters),
    *(usage, usage_events, costs, prices, budgets, forecasting, tenants, keys, erasure, oauth, signing_keys),
)
ROUTERS = (*(room.router for room in _ROOMS), persons.lookup_router, flags.evaluation_router)
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
    "dead letters": "Failed work of queues.",
    "health": "State of the deployment.",
}
"""Description of each resource, in the order of the reference."""


def document() -> dict[str, Any]:
    """Return the OpenAPI document of the whole API."""
    return openapi.document(ROUTERS, TAGS, Examples(REQUESTS, VALUES))


def write(path: str) -> None:
    """Write the document to a file, for the build of the core layer."""
    Path(path).write_text(json.dumps(document(), ensure_ascii=False), encoding="utf-8")
