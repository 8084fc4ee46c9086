"""A small app with fakes, called through its Lambda entry."""

import asyncio
import io
import json
import uuid
from datetime import timedelta

from fastapi import APIRouter

from tests.support.fakes.clock import Clock
from tests.support.fakes.limits import FakeCounters, FakeLeases
from tests.support.fakes.scoring import FakeLedger, FakeModels, VisitCount
from tests.support.fakes.tenant_keys import tenant_key
from tests.support.gateway import Context, event
from vigil.decisions.scoring import routes as scoring_routes
from vigil.decisions.scoring.service import Scoring
from vigil.operations.health import routes as health_routes
from vigil.operations.health.service import Health
from vigil.runtime.telemetry import Telemetry
from vigil.web import openapi, swagger
from vigil.web.app import create_app, lambda_handler
from vigil.web.cursors import Cursors
from vigil.web.examples import Examples
from vigil.web.rate_limits import SharedRateLimiter
from vigil.web.request_leases import TenantLimiter

BODY = {"model": "toy", "subject_id": "p-1", "features": {"age": 40}}


SECRET = "the patient's name"


class Api:
    """The app. Calling it sends one request and returns status, headers and body."""

    def __init__(self):
        self.models, self.ledger, self.clock, self.log = FakeModels(), FakeLedger(), Clock(), io.StringIO()
        self.counters, self.leases, self.documents = FakeCounters(), FakeLeases(), 0
        broken = APIRouter()

        @broken.get("/broken")
        async def _broken():
            raise RuntimeError(SECRET)

        @broken.get("/waiting")
        async def _waiting():
            await asyncio.sleep(60)

        @broken.get("/yielding")
        async def _yielding():
            await asyncio.sleep(0)

        @broken.get("/in-a-thread")
        def _in_a_thread():
            return None

        self.telemetry = telemetry = Telemetry(uuid.uuid4().hex, self.log)  # a separate logger
        scoring = Scoring(self.models, VisitCount, self.ledger, self.clock, timedelta(hours=24), keys=tenant_key)
        app = create_app(
            title="Vigil",
            routers=[scoring_routes.router, health_routes.router, swagger.router, broken],
            telemetry=telemetry,
            max_body_bytes=4096,
            rate_limiter=SharedRateLimiter(self.counters, TenantLimiter(self.leases, self.clock), self.clock),
            state={
                "scoring": scoring,
                "cursors": Cursors(lambda: b"key"),
                "reference": swagger.Reference("Vigil", self._document),
                "health": Health({"ledger": lambda: self.ledger.get("health", "none")}, self.clock),
            },
        )
        self._handler = lambda_handler(app, telemetry)

    def __call__(self, method, path, **kwargs):
        answer = self.send(event(method, path, **kwargs))
        body = answer["body"]
        is_json = "json" in answer["headers"].get("content-type", "")
        return answer["statusCode"], answer["headers"], json.loads(body) if is_json and body else body

    def send(self, sent):
        """Return the Lambda answer to one event."""
        return self._handler(sent, Context())

    def _document(self):
        self.documents += 1
        return openapi.document([scoring_routes.router, health_routes.router], {}, Examples({}, {}))

    def line(self):
        """Return the last log line."""
        return json.loads(self.log.getvalue().splitlines()[-1])
