"""The whole warm function in one process: an API Gateway event in, an answer out, AWS answered on the spot."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import count
from typing import Any

import lightgbm
import numpy as np
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from benchmarks.subjects import ENGINE, Subject
from vigil.access.quota.store import DynamoMonthlyQuota
from vigil.access.tenants.model import TIER_LIMITS
from vigil.aws import clients
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
from vigil.runtime.settings import Settings
from vigil.runtime.telemetry import Telemetry
from vigil.web.app import create_app, lambda_handler
from vigil.web.rate_limits import DynamoRequestCounters, RateLimiter, SharedRateLimiter

Handler = Callable[[dict[str, Any]], object]
"""Answers one event of API Gateway."""


_NOBODY = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}


class PackageEngine:
    """The engine that Vigil would have with the lightgbm package instead of the C library."""

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
class _Only:
    """A registry of one model."""

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
    """A ledger that takes every row and keeps none."""

    def commit(self, *_: Any) -> None:
        return None


@dataclass(frozen=True)
class _Body:
    """The body of an answer, as botocore reads it."""

    content: bytes = b"{}"

    def stream(self) -> list[bytes]:
        return [self.content]


class _Context:
    function_name, memory_limit_in_mb = "scoring-api", 1769
    invoked_function_arn, aws_request_id = "arn:aws:lambda:eu-west-1:123456789012:function:scoring-api", "request"


def native(subject: Subject) -> Handler:
    """Return the function on the package's own engine."""
    return _proven(_function(subject.loaded(), _Accepting()), subject)


def package(subject: Subject) -> Handler:
    """Return the same function on the lightgbm package."""
    model = subject.loaded()
    engine = BoostedEngine(PackageEngine(subject.text), ENGINE, model.contract.ensemble.positive_from, "")
    return _proven(
        _function(replace(model, runner=EnsembleRunner(model.contract, {ENGINE.name: engine})), _Accepting()), subject
    )


def with_aws_client(subject: Subject) -> tuple[Handler, Callable[[], int]]:
    """Return the function with its real DynamoDB client, its requests answered before they leave, and their count."""
    os.environ |= _NOBODY
    client = clients.create_client(Settings(stage="local"), "dynamodb")
    sent = count()
    calls = [0]

    def answer(**_: Any) -> AWSResponse:
        calls[0] = next(sent) + 1
        return AWSResponse("http://local", 200, HTTPHeaders(), _Body())

    client.meta.events.register("before-send.dynamodb.PutItem", answer)
    handler = _proven(_function(subject.loaded(), _ledger(client)), subject)
    return handler, lambda: calls[0]


def deployed(subject: Subject, sent: list[tuple[str, bytes]], said: StringIO) -> Handler:
    """Return the function with all its calls to DynamoDB, the limiter's included, its package whole.

    `sent` is told the operation and the body of each request, `said` what is logged.
    """
    os.environ |= _NOBODY
    client = clients.create_client(Settings(stage="local"), "dynamodb")

    def answer(request: Any, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().partition(".")[2]
        sent.append((operation, request.body))
        attributes = b'{"Attributes": {"h": {"N": "1"}}}' if operation == "UpdateItem" else b"{}"
        return AWSResponse("http://local", 200, HTTPHeaders(), _Body(attributes))

    client.meta.events.register("before-send.dynamodb", answer)
    limiter = SharedRateLimiter(DynamoRequestCounters(client, "limits"), lambda: datetime.now(UTC))
    return _function(subject.loaded(), _ledger(client), limiter, said)


def _ledger(client: Any) -> DynamoLedger:
    def clock() -> datetime:
        return datetime.now(UTC)

    quotas, stops = DynamoMonthlyQuota(client, "usage", clock), DynamoHardLimits(client, "usage", clock)
    return DynamoLedger(client, "decisions", quotas, stops, DynamoConsents(PersonTable(client, "subjects")))


def _function(
    model: LoadedModel, ledger: Any, admission: RateLimiter | None = None, said: StringIO | None = None
) -> Handler:
    telemetry = Telemetry(f"benchmark-{id(model)}", said or StringIO(), traced=False)
    scoring = Scoring(_Only(model), _no_feature_set, ledger, lambda: datetime.now(UTC), timedelta(hours=24))
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


def _proven(handler: Handler, subject: Subject) -> Handler:
    """Return a handler that gives a score: a refusal would be measured as a fast answer."""
    answer: Any = handler(event(subject.contract, subject.rows[0]))
    if answer["statusCode"] != 201:
        raise RuntimeError(answer["body"])
    return handler


def _authorizer(tier: Tier) -> dict[str, str]:
    caller = {"tenant_id": "acme", "key_id": "k", "tier": tier, "role": "member"}
    return caller | {"limits": replace(TIER_LIMITS[tier], per_minute=60_000, per_hour=3_600_000).to_json()}


def events(subject: Subject) -> list[dict[str, Any]]:
    """Return an event for every row: what API Gateway and the runtime have made before a function is called."""
    return [event(subject.contract, row) for row in subject.rows]


def event(contract: ModelContract, row: tuple[float, ...], tier: Tier = "ENTERPRISE") -> dict[str, Any]:
    """Return the event of API Gateway for a request to score a row."""
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
