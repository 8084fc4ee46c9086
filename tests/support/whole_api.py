"""The routes of the whole API without services: a request that passes validation is answered by a 5xx."""

import io
import json
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any
from unittest.mock import MagicMock

from tests.support.api_document import api_document
from tests.support.fakes.inbound import FakeAlerts, FakeAppliedReports, FakeSigningSecrets
from tests.support.fakes.usage import FakeUsage
from tests.support.gateway import Context, event
from vigil.alerting.inbound.service import InboundReports
from vigil.bootstrap import routers
from vigil.money.usage.events.routes import MEDIA_TYPES
from vigil.money.usage.events.service import UsageEvents
from vigil.money.usage.service import UsageCounter
from vigil.runtime.telemetry import Telemetry
from vigil.web.app import create_app, lambda_handler

PATH = (
    {"name": "toy", "subject": "sub-" + "0" * 40, "category": "total", "period": "month"}
    | {
        name: f"{name}-1"
        for name in ("tenant_id", "key_id", "batch_id", "job_id", "decision_id", "circuit", "failure_id")
    }
    | {name: f"{name}-1" for name in ("alert_id", "channel_id", "webhook_id", "delivery_id")}
    | {name: f"{name}-1" for name in ("member_id", "schedule_id", "policy_id", "silence_id")}
    | {"endpoint": "acme.night", "token": "a-token", "objective": "events"}
    | {"incident_id": "incident_id-1", "number": "1", "finding_id": "fnd-1"}
)
"""Values of path parameters."""
DOCUMENT = api_document()
OPERATIONS: dict[str, dict[str, Any]] = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
"""Operations of the OpenAPI document, by method and path."""


_SERVICES = (
    *("scoring", "outcomes", "batches", "keys", "tenants", "dead_letters", "flags", "trials", "subjects"),
    *("anomalies", "certificates", "projections", "published_keys", "reference", "usage"),
    *(
        "price_books",
        "budgets",
        "sessions",
        "registry",
        "health",
        "circuits",
        "channels",
        "failures",
        "objectives",
        "metrics",
    ),
    *(
        "alert_links",
        "webhooks",
        "delivery_history",
        "notice_limits",
        "alerts",
        "alert_intake",
        "alerting_rules",
        "on_call",
        "incidents",
        "findings",
        "reports",
    ),
)


class _Unavailable:
    """A service of which every call fails."""

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any, **__: Any) -> Any:
            raise RuntimeError(name)

        return call


class WholeApi:
    """The app of all routes; a call sends one request of an operator and returns status and body."""

    def __init__(self, clock: Callable[[], datetime], max_body_bytes: int = 8 << 20) -> None:
        telemetry = Telemetry(uuid.uuid4().hex, io.StringIO())
        state: dict[str, Any] = {name: _Unavailable() for name in _SERVICES}
        state |= {name: MagicMock() for name in ("costs", "cursors", "limits_of")}
        state |= {"clock": clock, "usage_events": UsageEvents(UsageCounter(FakeUsage()), clock)}
        state["inbound_reports"] = InboundReports(FakeSigningSecrets(), FakeAppliedReports(), FakeAlerts(), clock)
        app = create_app(
            title="Vigil",
            routers=routers.ROUTERS,
            telemetry=telemetry,
            max_body_bytes=max_body_bytes,
            state=state,
            media_types=MEDIA_TYPES,
        )
        self._handler = lambda_handler(app, telemetry)

    def __call__(self, operation: str, **arguments: Any) -> tuple[int, str]:
        method, path = operation.split()
        answer = self._handler(event(method, path.format(**PATH), role="operator", **arguments), Context())
        return answer["statusCode"], answer["body"]


def refused_fields(status: int, body: str) -> list[str]:
    """Return the fields with an error in an answer."""
    problem = json.loads(body) if status in {200, 400, 422} else {}
    rows = problem.get("errors") or [row for item in problem.get("items", ()) for row in item.get("errors") or ()]
    return [row["field"] for row in rows]
