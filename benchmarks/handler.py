"""The whole warm scoring function in one process, from API Gateway event to response, with a fake AWS."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import lightgbm
import numpy as np

from benchmarks.model_cases import ENGINE, ModelCase, tenant_key
from vigil.access.quota.store import DynamoMonthlyQuota
from vigil.access.tenants.model import TIER_LIMITS
from vigil.aws.connections import Connections
from vigil.aws.credentials import Keys
from vigil.aws.endpoints import Endpoint
from vigil.aws.http_answers import Answer
from vigil.aws.json_client import JsonClient
from vigil.aws.services import SERVICES
from vigil.decisions.scoring import routes
from vigil.decisions.scoring.service import Scoring
from vigil.decisions.scoring.store import DynamoLedger
from vigil.kernel.tenants import Tier
from vigil.money.budgets.hard_limits_store import DynamoHardLimits
from vigil.prediction.engines.boosting import BoostedEngine
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.packages.loaded import LoadedModel
from vigil.privacy.persons.consents_store import DynamoConsents
from vigil.privacy.persons.store import PersonTable
from vigil.runtime.telemetry import Telemetry
from vigil.web.app import create_app, lambda_handler
from vigil.web.rate_limits import DynamoRequestCounters, RateLimiter, SharedRateLimiter
from vigil.web.request_leases import DynamoRequestLeases, TenantLimiter

Handler = Callable[[dict[str, Any]], object]
"""Function that returns the response to an API Gateway event."""


class PackageEngine:
    """Engine on the lightgbm package instead of the C library."""

    def __init__(self, text: bytes) -> None:
        self._booster = lightgbm.Booster(model_str=text.decode())

    def raw_score(self, row: Sequence[float]) -> float:
        """Return the raw score of one row."""
        return float(self._booster.predict(np.array([row]), raw_score=True, num_threads=1)[0])

    def contributions(self, row: Sequence[float]) -> tuple[tuple[float, ...], float]:
        """Return the contributions of one row and the base value."""
        found = self._booster.predict(np.array([row]), pred_contrib=True, num_threads=1)[0]
        return tuple(found[:-1]), float(found[-1])

    def raw_scores(self, rows: Any, count: int) -> Sequence[float]:
        """Return the raw scores of many rows."""
        return list(self._booster.predict(np.asarray(rows).reshape(count, -1), raw_score=True, num_threads=1))


@dataclass(frozen=True)
class _OneModel:
    """Registry of one model."""

    model: LoadedModel

    def champion(self, _: str) -> LoadedModel:
        return self.model

    def trial(self, _: str) -> None:
        return None

    def archived(self, _: str, __: int) -> LoadedModel:
        return self.model

    def warnings(self, _: str) -> tuple[str, ...]:
        return ()


class _Accepting:
    """Ledger that accepts and drops every row."""

    def commit(self, *_: Any) -> None:
        return None


class _FakeConnections(Connections):
    """Connections to a fake DynamoDB: `answer` returns the body of the answer to an operation."""

    def __init__(self, answer: Callable[[str, bytes], bytes]) -> None:
        super().__init__(Endpoint.from_url("https://dynamodb.eu-west-1.amazonaws.com"), 1, 1)
        self._answer = answer

    def exchange(self, head: str, body: bytes = b"", max_bytes: int | None = None) -> Answer:  # noqa: ARG002 - real one's
        """Return the answer to a request without sending it."""
        operation = head.partition("x-amz-target: ")[2].partition("\r")[0].partition(".")[2]
        return Answer(200, {}, self._answer(operation, body))


def _fake_dynamodb(answer: Callable[[str, bytes], bytes]) -> JsonClient:
    keys = Keys("none", "none")
    return JsonClient(SERVICES["dynamodb"], "eu-west-1", _FakeConnections(answer), lambda: keys)


class _Context:
    function_name, memory_limit_in_mb = "scoring-api", 1769
    invoked_function_arn, aws_request_id = "arn:aws:lambda:eu-west-1:123456789012:function:scoring-api", "request"


def native(case: ModelCase) -> Handler:
    """Return the scoring function with the native engine of the package."""
    return _checked(_function(case.loaded(), _Accepting()), case)


def package(case: ModelCase) -> Handler:
    """Return the scoring function with an engine that uses the lightgbm Python package."""
    model = case.loaded()
    engine = BoostedEngine(PackageEngine(case.text), ENGINE, model.contract.ensemble.positive_from, "")
    return _checked(
        _function(replace(model, runner=EnsembleRunner(model.contract, {ENGINE.name: engine})), _Accepting()), case
    )


def with_aws_client(case: ModelCase) -> tuple[Handler, Callable[[], int]]:
    """Return the function with its real DynamoDB client and fake responses, and a function that counts the requests."""
    sent: list[str] = []

    def answer(operation: str, _: bytes) -> bytes:
        sent.append(operation)
        return b"{}"

    handler = _checked(_function(case.loaded(), _ledger(_fake_dynamodb(answer))), case)
    return handler, lambda: len(sent)


def deployed(case: ModelCase, sent: list[tuple[str, bytes]], log: StringIO) -> Handler:
    """Return the function with its whole package and all DynamoDB calls, including those of the rate limiter.

    `sent` receives the operation and the body of each request, `log` the log lines.
    """

    def answer(operation: str, body: bytes) -> bytes:
        sent.append((operation, body))
        return b'{"Attributes": {"h": {"N": "1"}}}' if operation == "UpdateItem" else b"{}"

    return with_client(case, _fake_dynamodb(answer), log)


def with_client(case: ModelCase, client: Any, log: StringIO | None = None) -> Handler:
    """Return the function with its whole package and the DynamoDB calls of its ledger and its rate limiter."""
    tenants = TenantLimiter(DynamoRequestLeases(client, "limits"), _now)
    limiter = SharedRateLimiter(DynamoRequestCounters(client, "limits"), tenants, _now)
    return _function(case.loaded(), _ledger(client), limiter, log)


def _now() -> datetime:
    return datetime.now(UTC)


def _ledger(client: Any) -> DynamoLedger:
    quotas, stops = DynamoMonthlyQuota(client, "usage", _now), DynamoHardLimits(client, "usage", _now)
    return DynamoLedger(client, "decisions", quotas, stops, DynamoConsents(PersonTable(client, "subjects")))


def _function(
    model: LoadedModel, ledger: Any, admission: RateLimiter | None = None, log: StringIO | None = None
) -> Handler:
    telemetry = Telemetry(f"benchmark-{id(model)}", log or StringIO(), traced=False)
    scoring = Scoring(_OneModel(model), _no_feature_set, ledger, _now, timedelta(hours=24), keys=tenant_key)
    app = create_app(
        title="",
        routers=[routes.router],
        telemetry=telemetry,
        max_body_bytes=262_144,
        state={"scoring": scoring},
        rate_limiter=admission,
    )
    entry = lambda_handler(app, telemetry)

    return lambda sent: entry(sent, _Context())


def _checked(handler: Handler, case: ModelCase) -> Handler:
    """Return the handler if it returns a score; raise RuntimeError otherwise: an error is a fast response."""
    answer: Any = handler(event(case.contract, case.rows[0]))
    if answer["statusCode"] != 201:
        raise RuntimeError(answer["body"])
    return handler


def _authorizer(tier: Tier) -> dict[str, str]:
    caller = {"tenant_id": "acme", "key_id": "k", "tier": tier, "role": "member"}
    limits = replace(TIER_LIMITS[tier], per_minute=60_000, per_hour=3_600_000)
    return caller | replace(limits, tenant_per_minute=2_400_000, tenant_per_hour=144_000_000).to_context()


def events(case: ModelCase) -> list[dict[str, Any]]:
    """Return the API Gateway event of every row."""
    return [event(case.contract, row) for row in case.rows]


def event(contract: ModelContract, row: tuple[float, ...], tier: Tier = "ENTERPRISE") -> dict[str, Any]:
    """Return the API Gateway event of a request that scores a row."""
    body = {"model": contract.name, "subject_id": "p-1", "features": contract.decode(row)}
    return {
        "resource": "/v1/scores",
        "path": "/v1/scores",
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"},
        "requestContext": {
            "authorizer": _authorizer(tier),
            "path": "/v1/scores",
        },
        "body": json.dumps(body),
    }


def _no_feature_set(name: str) -> Any:
    raise KeyError(name)
